#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "engine/index/view.h"
#include "engine/program/program.h"
#include "server/planner/known_distribution.h"
#include "server/planner/ledger.h"
#include "server/scheduler/scheduler.h"

namespace distarray::server {

struct Value;
using ValuePtr = std::shared_ptr<Value>;

/// A buffer on the engines; freed there when nothing holds it any more.
struct Buffer {
  BufferId id = 0;
  Ledger::Charge charge;
  std::function<void(BufferId)> release;

  Buffer() = default;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() {
    if (release) {
      release(id);
    }
  }
};

/// A value seen through a view. `view` is over the value's shape; its own shape is what the reader sees.
struct Operand {
  ValuePtr value;
  View view;
};
using Argument = std::variant<Operand, Scalar>;

/// What a lazy value will be computed by.
struct EmptyNode {};
struct ApplyNode {
  int operation = 0;
  DType compute = DType::kFloat64;
  DType result = DType::kFloat64;   // of the operation; the value's own dtype may differ (a cast follows)
  std::vector<Argument> arguments;  // of the value's shape (views broadcast)
};
struct IndexNode {
  int axis = 0;
};
struct RandomNode {
  RandomNumber number;
};
struct ReduceNode {
  int reduction = 0;
  DType compute = DType::kFloat64;
  std::vector<int> axes;
  double correction = 0;
  Operand operand;
};
struct CopyNode {  // the operand's elements, laid out otherwise
  Operand operand;
};
using Node = std::variant<EmptyNode, ApplyNode, IndexNode, RandomNode, ReduceNode, CopyNode>;

/// The elements of an array at one moment: recorded (lazy), then stored in a buffer, or failed. Never changes what it
/// stands for; an assignment makes a new value.
struct Value {
  enum class State : std::uint8_t { kLazy, kStored, kFailed };

  State state = State::kLazy;
  DType dtype = DType::kFloat64;
  Shape shape;
  Layout layout;           // of the buffer; a lazy value's will be this
  std::string origin;      // the client's line that asked for it
  std::int64_t names = 0;  // arrays (bases) whose current value it is
  bool may_fail = false;   // it or what it is computed from can fail on some elements

  Node node;                                  // lazy
  std::vector<std::weak_ptr<Value>> readers;  // lazy values that read this one

  Ledger::Charge charge;                     // lazy and named: room kept for its buffer
  std::shared_ptr<Buffer> buffer;            // stored
  CompletionPtr done;                        // stored: the command that fills the buffer
  std::map<std::string, ValuePtr> replicas;  // small copies of parts of it, laid out for broadcasting

  absl::Status error;  // failed

  bool lazy() const { return state == State::kLazy; }
  bool stored() const { return state == State::kStored; }
  std::int64_t nbytes() const;
  /// Whether it may yet turn out to be an error (of its elements; memory may run out for any).
  bool MayStillFail() const { return may_fail && !(done && done->finished); }
};

/// What owns elements, in NumPy's sense: arrays that are views of one another share a base. Assignments replace its
/// value.
class Base {
 public:
  explicit Base(ValuePtr first) : value_(std::move(first)) { ++value_->names; }
  Base(const Base&) = delete;
  Base& operator=(const Base&) = delete;
  ~Base() { Drop(); }

  const ValuePtr& value() const { return value_; }
  void Replace(ValuePtr next) {
    ++next->names;
    Drop();
    value_ = std::move(next);
  }

 private:
  void Drop() {
    if (--value_->names == 0 && value_->lazy()) {
      value_->charge = {};
    }
  }
  ValuePtr value_;
};

/// What a key names.
struct Array {
  std::shared_ptr<Base> base;
  View view;  // over the base's shape

  Operand operand() const { return {base->value(), view}; }
  Shape shape() const { return view.shape(); }
  DType dtype() const { return base->value()->dtype; }
};

/// Whether a node's own operation can fail on some elements (integers to negative integer powers).
bool CanFail(const Node& node);

/// Values that a node reads, with the views.
std::vector<const Operand*> OperandsOf(const Node& node);

/// Where a value's elements lie as the reader sees them. Shared when the view is whole.
Layout LayoutOf(const Operand& operand, DistributionRegistry& registry);

}  // namespace distarray::server
