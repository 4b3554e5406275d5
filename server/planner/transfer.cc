// Elements to and from the client, piece by piece: a piece is gathered on (or dealt out from) the target that owns its
// first element.
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <utility>

#include "server/planner/planner.h"

namespace distarray::server {
namespace {

View BoxView(const View& view, const Planner::Box& box) {
  View piece = view;
  for (std::size_t d = 0; d < piece.dimensions.size(); ++d) {
    piece.dimensions[d].start += box.start[d] * piece.dimensions[d].step;
    piece.dimensions[d].count = box.shape[d];
  }
  return piece;
}

std::int64_t CountOf(const Shape& shape) {
  std::int64_t count = 1;
  for (const std::int64_t size : shape) {
    count *= size;
  }
  return count;
}

/// The target that owns the first element of a view (of at least one element).
int FirstOwner(const Distribution& layout, const View& view) {
  std::vector<std::int64_t> coordinates(layout.dimensions.size(), 0);
  for (const ViewDimension& dimension : view.dimensions) {
    if (dimension.base >= 0) {
      coordinates[static_cast<std::size_t>(dimension.base)] =
          layout.dimensions[static_cast<std::size_t>(dimension.base)].Owner(dimension.start);
    }
  }
  for (const FixedDimension& fixed : view.fixed) {
    coordinates[static_cast<std::size_t>(fixed.base)] =
        layout.dimensions[static_cast<std::size_t>(fixed.base)].Owner(fixed.index);
  }
  return layout.targets[static_cast<std::size_t>(layout.RankAt(coordinates))];
}

std::vector<int> Together(int target, const std::vector<int>& others) {
  std::vector<int> all = others;
  all.push_back(target);
  return all;
}

}  // namespace

absl::StatusOr<Planner::Box> Planner::CheckBox(const Shape& array, Shape start, Shape shape) {
  if (start.empty() && shape.empty()) {
    return Box{Shape(array.size(), 0), array};
  }
  if (start.size() != array.size() || shape.size() != array.size()) {
    return Error(Reason::kInvalidValue, absl::StrCat("start, shape: ", start.size(), " and ", shape.size(),
                                                     " numbers for an array of ", array.size(), " dimensions"));
  }
  for (std::size_t d = 0; d < array.size(); ++d) {
    if (start[d] < 0 || shape[d] < 0 || start[d] > array[d] || shape[d] > array[d] - start[d]) {
      return Error(Reason::kInvalidValue, absl::StrCat("start, shape: box ", ToString(start), " + ", ToString(shape),
                                                       " leaves the array's shape ", ToString(array)));
    }
  }
  return Box{std::move(start), std::move(shape)};
}

std::vector<Planner::Box> Planner::CutBox(const Box& box, int element_bytes, std::int64_t bytes_max) {
  // The trailing dimensions that fit whole; the one before them is cut; those before that are taken index by index.
  const auto ndim = box.shape.size();
  if (CountOf(box.shape) == 0 || ndim == 0) {
    return {box};
  }
  std::int64_t run = element_bytes;
  std::size_t cut = ndim;
  while (cut > 0 && run * box.shape[cut - 1] <= bytes_max) {
    run *= box.shape[--cut];
  }
  std::vector<Box> pieces;
  if (cut == 0) {
    return {box};
  }
  const std::size_t split = cut - 1;
  const std::int64_t step = std::max<std::int64_t>(1, bytes_max / run);
  Shape index(split, 0);
  while (true) {
    for (std::int64_t at = 0; at < box.shape[split]; at += step) {
      Box piece = box;
      for (std::size_t d = 0; d < split; ++d) {
        piece.start[d] = box.start[d] + index[d];
        piece.shape[d] = 1;
      }
      piece.start[split] = box.start[split] + at;
      piece.shape[split] = std::min(step, box.shape[split] - at);
      pieces.push_back(std::move(piece));
    }
    std::size_t d = split;
    while (d > 0 && ++index[d - 1] == box.shape[d - 1]) {
      index[--d] = 0;
    }
    if (d == 0) {
      return pieces;
    }
  }
}

CompletionPtr Planner::Fetch(const Operand& operand, const Box& box, const std::string& origin,
                             std::function<void(std::string)> reply) {
  const Value& value = *operand.value;
  auto& registry = lane_.cluster().registry;
  const View piece = BoxView(operand.view, box);
  const std::vector<int>& targets = value.layout->value->targets;
  const bool all_there = targets.size() == 1 && piece.IsWhole(value.shape) &&
                         Equivalent(**value.layout, SingleTarget(value.shape, targets.front()));
  if (all_there) {
    return lane_.Emit(FetchBytes{.buffer = value.buffer->id, .distribution = value.layout->id}, targets, {value.layout},
                      {value.done}, origin, std::move(reply));
  }
  const int target = CountOf(box.shape) == 0 ? targets.front() : FirstOwner(**value.layout, piece);
  const Layout gathered = registry.Intern(SingleTarget(box.shape, target));
  // A piece is small and short-lived: not charged.
  const auto buffer = lane_.MakeBuffer({});
  const CompletionPtr copied = lane_.Emit(
      Redistribute{
          .source = {.buffer = value.buffer->id, .distribution = value.layout->id, .dtype = value.dtype, .view = piece},
          .destination = NewBuffer{.buffer = buffer->id, .distribution = gathered->id, .dtype = value.dtype}},
      Together(target, targets), {value.layout, gathered}, {value.done}, origin);
  return lane_.Emit(FetchBytes{.buffer = buffer->id, .distribution = gathered->id}, {target}, {gathered}, {copied},
                    origin, std::move(reply));
}

absl::Status Planner::Put(const Array& target, const Box& box, std::string bytes, std::shared_ptr<const void> receipt,
                          const std::string& origin) {
  const std::int64_t expected = CountOf(box.shape) * SizeOf(target.dtype());
  if (static_cast<std::int64_t>(bytes.size()) != expected) {
    return Error(Reason::kInvalidValue,
                 absl::StrCat("data: ", bytes.size(), " bytes for a box of shape ", ToString(box.shape), " of ",
                              std::string(NameOf(target.dtype())), "; expected ", expected));
  }
  if (expected == 0) {
    return absl::OkStatus();
  }
  DA_RETURN_IF_ERROR(MakeWritable(*target.base));
  const Value& written = *target.base->value();
  const View piece = BoxView(target.view, box);
  const int owner = FirstOwner(**written.layout, piece);
  const Layout dealt = lane_.cluster().registry.Intern(SingleTarget(box.shape, owner));
  const auto buffer = lane_.MakeBuffer({});
  const CompletionPtr stored =
      lane_.Emit(StoreBytes{.buffer = {.buffer = buffer->id, .distribution = dealt->id, .dtype = written.dtype},
                            .bytes = std::move(bytes)},
                 {owner}, {dealt, std::move(receipt)}, {}, origin);
  CompletionPtr done = lane_.Emit(Redistribute{.source = {.buffer = buffer->id,
                                                          .distribution = dealt->id,
                                                          .dtype = written.dtype,
                                                          .view = View::Whole(box.shape)},
                                               .destination = BufferView{.buffer = written.buffer->id,
                                                                         .distribution = written.layout->id,
                                                                         .dtype = written.dtype,
                                                                         .view = piece}},
                                  Together(owner, written.layout->value->targets), {dealt, written.layout},
                                  {stored, written.done}, origin);
  ReplaceWritten(*target.base, std::move(done));
  return absl::OkStatus();
}

}  // namespace distarray::server
