#include "server/compute/workbench.h"

#include <algorithm>

namespace distarray::server {

Layout Workbench::RowsLayout(const Shape& shape, const std::vector<int>& targets) {
  Distribution rows;
  std::size_t dealt = 0;
  while (dealt < shape.size() && shape[dealt] == 1) {
    ++dealt;
  }
  std::int64_t count = 1;
  for (const std::int64_t size : shape) {
    count *= size;
  }
  const std::int64_t processes =
      count == 0 || dealt == shape.size() ? 1 : std::min<std::int64_t>(shape[dealt], std::ssize(targets));
  for (std::size_t d = 0; d < shape.size(); ++d) {
    rows.dimensions.push_back(DimensionMap::Whole(shape[d]));
  }
  rows.targets = {targets.front()};
  if (processes > 1) {
    DimensionMap map = DimensionMap::Block(shape[dealt], processes);
    // Blocks of ceil(size / processes): the last ones may have come to be empty.
    while (map.bounds.size() > 2 && map.bounds[map.bounds.size() - 2] == map.size) {
      map.bounds.pop_back();
      --map.grid_size;
    }
    rows.targets.assign(targets.begin(), targets.begin() + map.grid_size);
    rows.dimensions[dealt] = std::move(map);
  }
  return Intern(std::move(rows));
}

Layout Workbench::BlockLayout(std::vector<std::int64_t> bounds, std::vector<int> targets) {
  Distribution blocks;
  blocks.dimensions = {targets.size() == 1 ? DimensionMap::Whole(bounds.back())
                                           : DimensionMap::Block(std::move(bounds))};
  blocks.targets = std::move(targets);
  return Intern(std::move(blocks));
}

bool Workbench::IsRows(const Distribution& distribution) {
  bool before = true;  // all dimensions so far have extent 1
  for (const DimensionMap& map : distribution.dimensions) {
    // One process's list of indices may have any order.
    if (map.replicated() || map.kind == DimensionMap::Kind::kUnstructured) {
      return false;
    }
    if (map.grid_size > 1 && (!before || map.kind != DimensionMap::Kind::kBlock || map.communication_padding != 0 ||
                              map.boundary_padding != 0)) {
      return false;
    }
    before = before && map.size == 1;
  }
  return true;
}

std::vector<std::int64_t> Workbench::FlatBounds(const Distribution& rows) {
  std::vector<std::int64_t> bounds{0};
  for (std::size_t rank = 0; rank < rows.targets.size(); ++rank) {
    bounds.push_back(bounds.back() + rows.LocalCount(static_cast<int>(rank)));
  }
  return bounds;
}

absl::StatusOr<ValuePtr> Workbench::Stored(const Operand& operand) {
  ValuePtr value = planner_->Compact(operand, origin_);
  planner_->Store({value});
  if (value->state == Value::State::kFailed) {
    return value->error;
  }
  return value;
}

absl::StatusOr<ValuePtr> Workbench::Moved(const Operand& operand, const Layout& layout) {
  const Layout own = LayoutOf(operand, planner_->lane().cluster().registry);
  if (own == layout || Equivalent(**own, **layout)) {
    DA_ASSIGN_OR_RETURN(ValuePtr value, Stored(operand));
    return value->layout == layout ? value : Recast(value, layout, value->dtype);
  }
  return Stored(Whole(recorder().Redistribute(operand, layout, origin_)));
}

absl::StatusOr<ValuePtr> Workbench::Rows(const Operand& operand) {
  const Layout own = LayoutOf(operand, planner_->lane().cluster().registry);
  if (IsRows(**own)) {
    return Stored(operand);
  }
  return Moved(operand, RowsLayout(operand.view.shape(), own->value->targets));
}

absl::StatusOr<ValuePtr> Workbench::Flat(const Operand& operand) {
  DA_ASSIGN_OR_RETURN(ValuePtr rows, Rows(operand));
  if (rows->shape.size() == 1) {
    return rows;
  }
  return Recast(rows, BlockLayout(FlatBounds(**rows->layout), rows->layout->value->targets), rows->dtype);
}

absl::StatusOr<ValuePtr> Workbench::Cast(const Operand& operand, DType dtype) {
  if (operand.value->dtype == dtype) {
    return Stored(operand);
  }
  return Stored(Whole(recorder().Apply("copy", dtype, dtype, {operand}, operand.view.shape(),
                                       LayoutOf(operand, planner_->lane().cluster().registry), origin_)));
}

ValuePtr Workbench::Recast(const ValuePtr& stored, const Layout& layout, DType dtype) {
  auto value = std::make_shared<Value>();
  value->dtype = dtype;
  value->shape = layout->value->shape();
  value->layout = layout;
  value->origin = stored->origin;
  MarkStored(*value, stored->buffer, stored->done);
  return value;
}

absl::StatusOr<Operand> Workbench::ScalarArray(const Scalar& scalar, DType dtype) {
  const Layout layout = Intern(SingleTarget({}, default_targets_.front()));
  DA_ASSIGN_OR_RETURN(const ValuePtr value,
                      Stored(Whole(recorder().Apply("copy", dtype, dtype, {scalar}, {}, layout, origin_))));
  return Whole(value);
}

absl::StatusOr<Array> Workbench::Name(const ValuePtr& value) {
  DA_ASSIGN_OR_RETURN(auto base, planner_->Name(value));
  return Array{std::move(base), View::Whole(value->shape)};
}

absl::StatusOr<Workbench::New> Workbench::Make(DType dtype, const Layout& layout) {
  New made;
  made.value = std::make_shared<Value>();
  made.value->dtype = dtype;
  made.value->shape = layout->value->shape();
  made.value->layout = layout;
  made.value->origin = origin_;
  DA_ASSIGN_OR_RETURN(Ledger::Charge charge, ChargeFor(planner_->lane(), *made.value));
  made.memory = planner_->lane().MakeBuffer(std::move(charge));
  made.buffer = {.buffer = made.memory->id, .distribution = layout->id, .dtype = dtype};
  return made;
}

BufferView Workbench::ViewOf(const ValuePtr& value) {
  return {.buffer = value->buffer->id,
          .distribution = value->layout->id,
          .dtype = value->dtype,
          .view = View::Whole(value->shape)};
}

CompletionPtr Workbench::Emit(CommandBody body, const std::vector<ValuePtr>& reads, std::vector<New> makes,
                              std::function<void(int, std::string)> each_reply) {
  std::vector<int> targets;
  std::vector<std::shared_ptr<const void>> holds;
  std::vector<CompletionPtr> inputs;
  const auto add = [&](const Layout& layout) {
    targets.insert(targets.end(), layout->value->targets.begin(), layout->value->targets.end());
    holds.push_back(layout);
  };
  for (const ValuePtr& read : reads) {
    add(read->layout);
    inputs.push_back(read->done);
  }
  for (const New& made : makes) {
    add(made.value->layout);
  }
  CompletionPtr done = planner_->lane().Emit(std::move(body), std::move(targets), std::move(holds), std::move(inputs),
                                             origin_, {}, std::move(each_reply));
  for (New& made : makes) {
    MarkStored(*made.value, std::move(made.memory), done);
  }
  return done;
}

}  // namespace distarray::server
