// Repeat.
#include <absl/strings/str_cat.h>

#include <string>

#include "client-cpp/src/computing.h"
#include "client-cpp/src/shapes.h"
#include "distarray/indexing.h"
#include "distarray/manipulation.h"

namespace distarray::inline client {
namespace {

// What is repeated, along which of its axes.
struct Source {
  Array array;
  int axis = 0;
};

absl::StatusOr<Source> SourceOf(const Array& x, std::optional<int> axis) {
  DA_RETURN_IF_ERROR(x.status());
  const Array source = axis.has_value() && x.ndim() > 0 ? x : Ravel(x);
  DA_ASSIGN_OR_RETURN(const int place, AxisOf(source, axis.value_or(0)));
  return Source{source, place};
}

}  // namespace

Array Repeat(const Array& x, std::int64_t repeats, std::optional<int> axis) {
  return Made([&]() -> absl::StatusOr<Array> {
    DA_ASSIGN_OR_RETURN(const Source source, SourceOf(x, axis));
    if (repeats < 0) {
      return Error(Reason::kInvalidValue, absl::StrCat("repeats: ", repeats, " given, at least 0 expected"));
    }
    const auto place = static_cast<std::size_t>(source.axis);
    Shape shape = source.array.shape();
    Shape wide = shape;
    wide.insert(wide.begin() + source.axis + 1, repeats);
    if (__builtin_mul_overflow(shape[place], repeats, &shape[place])) {
      return Error(Reason::kInvalidValue, absl::StrCat("repeats: ", repeats, " given, which are too many elements"));
    }
    return ReshapedCopy(BroadcastTo(ExpandDims(source.array, source.axis + 1), wide), shape);
  });
}

absl::StatusOr<Array> Repeat(const Array& x, const Array& repeats, std::optional<int> axis) {
  const Array both[] = {x, repeats};
  DA_RETURN_IF_ERROR(CheckArrays("repeat", both));
  DA_ASSIGN_OR_RETURN(const Source source, SourceOf(x, axis));
  if (!IsInteger(repeats.dtype())) {
    return Error(Reason::kInvalidType,
                 absl::StrCat("repeats: ", std::string(NameOf(repeats.dtype())), " given, integers expected"));
  }
  const std::int64_t length = source.array.shape()[static_cast<std::size_t>(source.axis)];
  if (repeats.ndim() > 1 || (repeats.size() != 1 && repeats.size() != length)) {
    return Error(Reason::kInvalidValue, absl::StrCat("repeats: shape ", ToString(repeats.shape()), " given, ", length,
                                                     " numbers expected, one a row, or one"));
  }
  const Array counts = Broadcast(repeats, {length});
  const Array front = MoveAxis(source.array, source.axis, 0);
  DA_ASSIGN_OR_RETURN(const std::vector<Array> repeated, ComputeAwaited("repeat", {counts, front}, 1));
  return MoveAxis(repeated.front(), 0, source.axis);
}

}  // namespace distarray::inline client
