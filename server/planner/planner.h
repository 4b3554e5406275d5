#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "server/planner/lane.h"
#include "server/planner/pass.h"
#include "server/planner/record.h"
#include "server/planner/value.h"

namespace distarray::server {

/// A session's planner: records work, and when a value is needed cuts the recorded graph into passes, copies and files'
/// commands.
class Planner {
 public:
  Planner(Cluster& cluster, std::int64_t lane) : lane_(cluster, lane), recorder_(lane_) {}

  Recorder& recorder() { return recorder_; }
  Lane& lane() { return lane_; }

  /// Gives a value a name. Error kMemoryLimit, from creation on, lazy or not.
  absl::StatusOr<std::shared_ptr<Base>> Name(const ValuePtr& value);

  /// Queues what computes and stores the values; those that cannot be become failed. Afterwards none of them is lazy.
  void Store(const std::vector<ValuePtr>& values);
  /// Stores all named values.
  void StoreNamed();
  /// Runs what is recorded once there is too much of it. Called after every request.
  void KeepBounded();
  /// Tells of a stored value that lost its name, so that memory held only by recorded work stays bounded.
  void NoteUnnamed(const ValuePtr& value);

  /// A write under way: when `until` is set, wait for it, then call `then`; else the write is queued.
  struct Write {
    CompletionPtr until;
    std::function<absl::Status()> then;
  };
  /// target[...] = value (broadcast, cast). Errors: kInvalidValue (shapes), kMemoryLimit; then nothing has changed.
  absl::StatusOr<Write> Assign(const Array& target, const Recorder::UfuncOperand& value, const std::string& origin);

  /// A box of an array's elements, C order.
  struct Box {
    Shape start;
    Shape shape;
  };
  /// The array's box, checked. Both empty: all of it. Error kInvalidValue.
  static absl::StatusOr<Box> CheckBox(const Shape& array, Shape start, Shape shape);
  /// Cuts a box into pieces of at most bytes_max, in C order, each contiguous in the box's C order.
  static std::vector<Box> CutBox(const Box& box, int element_bytes, std::int64_t bytes_max);

  /// Queues the reading of one piece of a stored operand; `reply` gets the bytes.
  CompletionPtr Fetch(const Operand& operand, const Box& box, const std::string& origin,
                      std::function<void(std::string)> reply);
  /// Queues the writing of one piece. Errors as Assign.
  absl::Status Put(const Array& target, const Box& box, std::string bytes, std::shared_ptr<const void> receipt,
                   const std::string& origin);

  /// The array's elements stored whole, for a function to borrow: `whole` says whether they are the array's own or,
  /// where it is a view of a part, a copy, which is to be assigned back if the function may write. A writable one is
  /// nobody else's after this, and what was to read it as it was has been queued. Errors: kMemoryLimit, the array's
  /// own.
  struct Loan {
    ValuePtr value;
    bool whole = true;
  };
  absl::StatusOr<Loan> Lend(const Array& array, bool writable, const std::string& origin);
  /// The function that was lent the base's elements for writing has them until `done`.
  void NoteLent(Base& base, CompletionPtr done) { ReplaceWritten(base, std::move(done)); }

  /// The whole operand in one buffer of its own layout (for files): the operand's value itself where it is that
  /// already.
  ValuePtr Compact(const Operand& operand, const std::string& origin);

 private:
  absl::Status Run(const ValuePtr& value, const std::vector<ValuePtr>& mates);
  absl::Status RunCopy(const ValuePtr& value);
  void Fail(Value& value, absl::Status status);
  absl::Status MakeWritable(Base& base);
  absl::Status WriteElements(const Array& target, const ValuePtr& value, const std::string& origin);
  void ReplaceWritten(Base& base, CompletionPtr done);

  Lane lane_;
  Recorder recorder_;
  std::vector<std::weak_ptr<Value>> recorded_;  // named lazy values, and some that no longer are
  std::int64_t unnamed_bytes_ = 0;
};

}  // namespace distarray::server
