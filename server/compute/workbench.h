#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "server/planner/planner.h"

namespace distarray::server {

/// What computations are made with: values brought to where and how an operation of the engines wants them, and the
/// commands that make new ones. Everything it returns is stored (or queued to be).
///
/// Operations of the engines work on *rows*: arrays in blocks of one dimension, all dimensions before it of extent 1
/// and all behind it whole. Their blocks, laid end to end in the order of the targets, are the array in C order; so
/// such an array can be taken for one of another shape without moving anything (Recast).
class Workbench {
 public:
  /// `default_targets`: the session's. Borrowed: the planner.
  Workbench(Planner* planner, std::vector<int> default_targets, std::string origin)
      : planner_(planner), default_targets_(std::move(default_targets)), origin_(std::move(origin)) {}

  Planner& planner() { return *planner_; }
  Recorder& recorder() { return planner_->recorder(); }
  const std::vector<int>& default_targets() const { return default_targets_; }
  const std::string& origin() const { return origin_; }
  Layout Intern(Distribution distribution) {
    return planner_->lane().cluster().registry.Intern(std::move(distribution));
  }
  int engine_count() { return planner_->lane().cluster().engine_count; }

  /// The distribution that makes an array of `shape` rows: blocks of its first dimension that is not 1, over as many of
  /// the targets as it has indices. No elements, one element: the first target.
  Layout RowsLayout(const Shape& shape, const std::vector<int>& targets);
  /// One dimension of `bounds.back()` elements, in these blocks.
  Layout BlockLayout(std::vector<std::int64_t> bounds, std::vector<int> targets);
  /// Whether its one process holds all of a dimension in order: a list of indices may have any.
  static bool IsWhole(const DimensionMap& map) {
    return map.grid_size == 1 && map.kind != DimensionMap::Kind::kUnstructured;
  }
  /// Whether a layout is one of rows, as they are.
  static bool IsRows(const Distribution& distribution);
  /// Where the blocks of rows begin and end in C order, elements; one more than there are targets.
  static std::vector<std::int64_t> FlatBounds(const Distribution& rows);

  /// The operand's elements in a buffer of its own shape, wherever it lies now; itself if it is that. Errors: its own,
  /// kMemoryLimit.
  absl::StatusOr<ValuePtr> Stored(const Operand& operand);
  /// As Stored, laid out so. Moves what is not there.
  absl::StatusOr<ValuePtr> Moved(const Operand& operand, const Layout& layout);
  /// As Stored, as rows over the targets that it has.
  absl::StatusOr<ValuePtr> Rows(const Operand& operand);
  /// As Rows, as one dimension in C order.
  absl::StatusOr<ValuePtr> Flat(const Operand& operand);
  /// As Stored, converted to a dtype.
  absl::StatusOr<ValuePtr> Cast(const Operand& operand, DType dtype);
  /// The same bytes under another layout, whose blocks must have the same length on the same targets. Shares the
  /// buffer: whoever is written first gets elements of its own.
  ValuePtr Recast(const ValuePtr& stored, const Layout& layout, DType dtype);
  /// A 0-d array on the first default target.
  absl::StatusOr<Operand> ScalarArray(const Scalar& scalar, DType dtype);

  static Operand Whole(const ValuePtr& value) { return {value, View::Whole(value->shape)}; }
  /// Gives the value a base. Error kMemoryLimit.
  absl::StatusOr<Array> Name(const ValuePtr& value);

  /// A value that a command is to fill. Error kMemoryLimit.
  struct New {
    ValuePtr value;
    NewBuffer buffer;
    std::shared_ptr<Buffer> memory;
  };
  absl::StatusOr<New> Make(DType dtype, const Layout& layout);
  /// How a command finds a stored value, whole.
  static BufferView ViewOf(const ValuePtr& value);
  /// Queues a command that reads values and fills new ones, on all of their targets. `each_reply`: takes the bytes of
  /// each target's reply.
  CompletionPtr Emit(CommandBody body, const std::vector<ValuePtr>& reads, std::vector<New> makes,
                     std::function<void(int target, std::string bytes)> each_reply = {});

 private:
  Planner* planner_;
  std::vector<int> default_targets_;
  std::string origin_;
};

}  // namespace distarray::server
