#include "distarray/indexing.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <string>

#include "client-cpp/src/computing.h"
#include "client-cpp/src/shapes.h"
#include "distarray/functions.h"
#include "distarray/manipulation.h"
#include "distarray/reductions.h"

namespace distarray::inline client {
namespace {

absl::Status CheckAll(std::string_view name, const Array& x, std::vector<Array> others) {
  others.insert(others.begin(), x);
  return CheckArrays(name, others);
}

absl::Status CheckIndices(const char* name, const Array& indices) {
  if (!IsInteger(indices.dtype())) {
    return Error(Reason::kInvalidType,
                 absl::StrCat(name, ": ", std::string(NameOf(indices.dtype())), " given, integers expected"));
  }
  return absl::OkStatus();
}

// What index arrays for x's dimensions from `axis` on take: the shape, in which theirs lies between.
struct Chosen {
  int axis = 0;
  Shape shape;
};

absl::StatusOr<Chosen> ChosenBy(std::string_view name, const Array& x, const std::vector<Array>& indices, int axis) {
  DA_RETURN_IF_ERROR(CheckAll(name, x, indices));
  DA_ASSIGN_OR_RETURN(const int place, AxisOf(x, axis));
  const int count = static_cast<int>(indices.size());
  if (count == 0 || place + count > x.ndim()) {
    return Error(Reason::kInvalidValue, absl::StrCat("indices: ", count, " arrays given, 1 to ", x.ndim() - place,
                                                     " expected, one for each of axis ", place, " and those behind"));
  }
  Shape shape;
  for (const Array& one : indices) {
    DA_RETURN_IF_ERROR(CheckIndices("indices", one));
    DA_RETURN_IF_ERROR(BroadcastInto(shape, one.shape()));
  }
  shape.insert(shape.begin(), x.shape().begin(), x.shape().begin() + place);
  shape.insert(shape.end(), x.shape().begin() + place + count, x.shape().end());
  return Chosen{place, std::move(shape)};
}

std::vector<Operand> OperandsOf(const Operand& first, const std::vector<Array>& indices) {
  std::vector<Operand> operands{first};
  operands.insert(operands.end(), indices.begin(), indices.end());
  return operands;
}

// The lengths behind the mask's dimensions.
absl::StatusOr<Shape> BehindMask(std::string_view name, const Array& x, const Array& mask) {
  DA_RETURN_IF_ERROR(CheckAll(name, x, {mask}));
  if (mask.dtype() != DType::kBool) {
    return Error(Reason::kInvalidType,
                 absl::StrCat("mask: ", std::string(NameOf(mask.dtype())), " given, bool expected"));
  }
  const auto count = static_cast<std::ptrdiff_t>(mask.shape().size());
  if (count == 0 || count > x.ndim() || !std::equal(mask.shape().begin(), mask.shape().end(), x.shape().begin())) {
    return Error(Reason::kIndexOutOfRange,
                 absl::StrCat("mask: shape ", ToString(mask.shape()), " given, that of the first dimensions of ",
                              ToString(x.shape()), " expected"));
  }
  return Shape(x.shape().begin() + count, x.shape().end());
}

absl::Status CheckBroadcasts(const Shape& value, const Shape& place) {
  Shape shape = place;
  if (!BroadcastInto(shape, value).ok() || shape != place) {
    return Error(Reason::kInvalidValue, absl::StrCat("value: shape ", ToString(value),
                                                     " given, one that broadcasts to ", ToString(place), " expected"));
  }
  return absl::OkStatus();
}

}  // namespace

Array Take(const Array& x, const Array& indices, std::optional<int> axis) {
  return axis.has_value() ? TakeAt(x, {indices}, *axis) : TakeAt(Ravel(x), {indices});
}

Array TakeAt(const Array& x, const std::vector<Array>& indices, int axis) {
  return Made([&]() -> absl::StatusOr<Array> {
    DA_ASSIGN_OR_RETURN(Chosen chosen, ChosenBy("take", x, indices, axis));
    return Compute("take", OperandsOf(x, indices), {std::move(chosen.shape), x.dtype()}, {{"axis", chosen.axis}});
  });
}

Array TakeAlongAxis(const Array& x, const Array& indices, int axis) {
  return Made([&]() -> absl::StatusOr<Array> {
    DA_RETURN_IF_ERROR(CheckAll("take_along_axis", x, {indices}));
    DA_RETURN_IF_ERROR(CheckIndices("indices", indices));
    if (indices.ndim() != x.ndim()) {
      return Error(Reason::kInvalidValue, absl::StrCat("indices: ", indices.ndim(), " dimensions given, ", x.ndim(),
                                                       " expected, as many as x has"));
    }
    DA_ASSIGN_OR_RETURN(const int place, AxisOf(x, axis));
    if (x.ndim() == 1) {
      return Take(x, indices, 0);
    }
    Shape shape = x.shape();
    Shape others = indices.shape();
    shape[static_cast<std::size_t>(place)] = 1;
    const std::int64_t length = std::exchange(others[static_cast<std::size_t>(place)], 1);
    if (!BroadcastInto(shape, others).ok()) {
      return Error(Reason::kInvalidValue,
                   absl::StrCat("indices: shape ", ToString(indices.shape()), " given, one that broadcasts with ",
                                ToString(x.shape()), " but for axis ", place, " expected"));
    }
    shape[static_cast<std::size_t>(place)] = length;
    return Compute("take_along_axis", {x, indices}, {std::move(shape), x.dtype()}, {{"axis", place}});
  });
}

absl::StatusOr<Array> TakeWhere(const Array& x, const Array& mask) {
  DA_RETURN_IF_ERROR(BehindMask("select", x, mask).status());
  DA_ASSIGN_OR_RETURN(const std::vector<Array> selected, ComputeAwaited("select", {mask, x}, 1));
  return selected.front();
}

absl::StatusOr<Array> Compress(const Array& condition, const Array& x, std::optional<int> axis) {
  DA_RETURN_IF_ERROR(CheckAll("compress", x, {condition}));
  const Array source = axis.has_value() ? x : Ravel(x);
  DA_ASSIGN_OR_RETURN(const int place, AxisOf(source, axis.value_or(0)));
  const std::int64_t length = source.shape()[static_cast<std::size_t>(place)];
  if (condition.ndim() != 1 || condition.size() > length) {
    return Error(Reason::kInvalidValue, absl::StrCat("condition: shape ", ToString(condition.shape()),
                                                     " given, one dimension of at most ", length, " expected"));
  }
  const Array mask = condition.dtype() == DType::kBool ? condition : NotEqual(condition, 0);
  const Array rows = condition.size() < length ? Along(source, place, Range(0, condition.size())) : source;
  DA_ASSIGN_OR_RETURN(const Array taken, TakeWhere(MoveAxis(rows, place, 0), mask));
  return MoveAxis(taken, 0, place);
}

absl::StatusOr<Array> Extract(const Array& condition, const Array& x) { return Compress(Ravel(condition), x); }

absl::Status PutAt(const Array& x, const std::vector<Array>& indices, const Operand& value, int axis) {
  DA_ASSIGN_OR_RETURN(const Chosen chosen, ChosenBy("put", x, indices, axis));
  if (value.array() != nullptr) {
    DA_RETURN_IF_ERROR(CheckAll("put", x, {*value.array()}));
    DA_RETURN_IF_ERROR(CheckBroadcasts(value.array()->shape(), chosen.shape));
  } else if (!value.scalar()->dtype().has_value()) {
    DA_RETURN_IF_ERROR(WeakType(*value.scalar(), x.dtype()).status());
  }
  return ComputeInPlace("put", x, OperandsOf(value, indices), {{"axis", chosen.axis}});
}

absl::Status Put(const Array& x, const Array& indices, const Operand& values) {
  DA_RETURN_IF_ERROR(CheckAll("put", x, {indices}));
  DA_RETURN_IF_ERROR(CheckIndices("indices", indices));
  if (x.ndim() == 0) {
    return Error(Reason::kInvalidValue, "put: a 0-d array given, which has no positions; see Assign");
  }
  const Array flat = Ravel(indices);
  Array repeated;
  std::optional<Operand> value(values);
  if (values.array() != nullptr) {
    DA_RETURN_IF_ERROR(CheckAll("put", x, {*values.array()}));
    repeated = Ravel(*values.array());
    if (repeated.size() == 0) {
      return absl::OkStatus();
    }
    if (repeated.size() < flat.size()) {
      repeated = Take(repeated, Remainder(IndicesLike(flat, 0), repeated.size()), 0);
    }
    repeated = repeated.Slice({Range(0, flat.size())});
    value.emplace(repeated);
  }
  // All coordinates but the first are within bounds, whatever the positions are: the first tells of those that are not.
  std::vector<Array> coordinates;
  Array rest = flat;
  for (std::size_t d = x.shape().size() - 1; d > 0; --d) {
    const std::int64_t length = std::max<std::int64_t>(x.shape()[d], 1);
    coordinates.insert(coordinates.begin(), Remainder(rest, length));
    rest = FloorDivide(rest, length);
  }
  coordinates.insert(coordinates.begin(), rest);
  return PutAt(x, coordinates, *value);
}

absl::Status PutWhere(const Array& x, const Array& mask, const Operand& value) {
  DA_ASSIGN_OR_RETURN(const Shape behind, BehindMask("put_where", x, mask));
  if (value.array() != nullptr) {
    DA_RETURN_IF_ERROR(CheckAll("put_where", x, {*value.array()}));
    const Shape& shape = value.array()->shape();
    // As many rows as are selected: only the daemon knows whether there are.
    if (shape.size() == behind.size() + 1 && shape.front() != 1) {
      Shape selected = behind;
      selected.insert(selected.begin(), shape.front());
      DA_RETURN_IF_ERROR(CheckBroadcasts(shape, selected));
      return ComputeInPlace("put_where", x, {mask, value});
    }
    Shape one = behind;
    one.insert(one.begin(), 1);
    DA_RETURN_IF_ERROR(CheckBroadcasts(shape, shape.size() > behind.size() ? one : behind));
  }
  Index index{Ellipsis()};
  index.insert(index.end(), behind.size(), NewAxis());
  const bool row = value.array() != nullptr && value.array()->shape().size() > behind.size();
  const Array inner = row ? value.array()->Slice({0}) : Array();
  const Operand written = row ? Operand(inner) : value;
  // Converted first: x keeps its dtype, and where promotes.
  const Array converted = written.array() != nullptr ? written.array()->AsType(x.dtype()) : Array();
  return x.Assign(
      {}, written.array() != nullptr ? Where(mask.Slice(index), converted, x) : Where(mask.Slice(index), written, x));
}

absl::StatusOr<std::vector<Array>> Nonzero(const Array& x) {
  DA_RETURN_IF_ERROR(x.status());
  if (x.ndim() == 0) {
    return Error(Reason::kInvalidValue, "nonzero: a 0-d array given, at least one dimension expected");
  }
  return ComputeAwaited("nonzero", {x}, x.ndim());
}

absl::StatusOr<Array> FlatNonzero(const Array& x) {
  const Array flat = Ravel(x);
  DA_ASSIGN_OR_RETURN(const std::vector<Array> positions, Nonzero(flat));
  return positions.front();
}

absl::StatusOr<Array> Argwhere(const Array& x) {
  DA_RETURN_IF_ERROR(x.status());
  if (x.ndim() == 0) {
    DA_ASSIGN_OR_RETURN(const Array positions, FlatNonzero(x));
    return FullLike(x, {positions.size(), 0}, 0, DType::kInt64);
  }
  DA_ASSIGN_OR_RETURN(const std::vector<Array> table, ComputeAwaited("argwhere", {x}, 1));
  return table.front();
}

Array Select(const std::vector<Array>& conditions, const std::vector<Array>& choices, const Operand& otherwise) {
  return Made([&]() -> absl::StatusOr<Array> {
    DA_RETURN_IF_ERROR(CheckArrays("select", conditions));
    if (conditions.size() != choices.size()) {
      return Error(Reason::kInvalidValue, absl::StrCat("choices: ", choices.size(), " given, ", conditions.size(),
                                                       " expected, one a condition"));
    }
    Array result;
    for (std::size_t i = choices.size(); i-- > 0;) {
      if (conditions[i].dtype() != DType::kBool) {
        return Error(Reason::kInvalidType,
                     absl::StrCat("conditions: ", std::string(NameOf(conditions[i].dtype())), " given, bool expected"));
      }
      result = Where(conditions[i], choices[i], i + 1 == choices.size() ? otherwise : Operand(result));
    }
    return result;
  });
}

Array Choose(const Array& numbers, const std::vector<Array>& choices) {
  return Made([&]() -> absl::StatusOr<Array> {
    DA_RETURN_IF_ERROR(CheckAll("choose", numbers, choices));
    DA_RETURN_IF_ERROR(CheckIndices("numbers", numbers));
    if (choices.empty()) {
      return Error(Reason::kInvalidValue, "choices: none given, at least one expected");
    }
    Array result = choices.back();
    for (std::size_t i = choices.size() - 1; i-- > 0;) {
      result = Where(Equal(numbers, static_cast<std::int64_t>(i)), choices[i], result);
    }
    // One choice alone: in the shape of both.
    return choices.size() > 1 ? result : Where(Equal(numbers, 0), result, result);
  });
}

}  // namespace distarray::inline client
