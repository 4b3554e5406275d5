#include "distarray/manipulation.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <numeric>
#include <string>

#include "client-cpp/src/computing.h"
#include "client-cpp/src/shapes.h"

namespace distarray::inline client {
namespace {

std::string Shapes(const std::vector<Array>& arrays) {
  return absl::StrJoin(arrays, ", ",
                       [](std::string* out, const Array& array) { absl::StrAppend(out, ToString(array.shape())); });
}

// The index that makes `target` of `shape`, if they differ in dimensions of length 1 alone.
std::optional<Index> AsIndex(const Shape& shape, const Shape& target) {
  Shape left;
  Shape wanted;
  const auto not_one = [](std::int64_t length) { return length != 1; };
  std::copy_if(shape.begin(), shape.end(), std::back_inserter(left), not_one);
  std::copy_if(target.begin(), target.end(), std::back_inserter(wanted), not_one);
  if (left != wanted) {
    return std::nullopt;
  }
  Index index;
  std::size_t next = 0;
  const auto drop_ones = [&] {
    for (; next < shape.size() && shape[next] == 1; ++next) {
      index.push_back(0);
    }
  };
  for (const std::int64_t length : target) {
    if (length == 1) {
      index.push_back(NewAxis());
      continue;
    }
    drop_ones();
    index.push_back(All());
    ++next;
  }
  drop_ones();
  return index;
}

// A shape with no length left open.
absl::StatusOr<Shape> Wanted(const Array& x, const Shape& shape) {
  const auto error = [&] {
    return Error(Reason::kInvalidValue, absl::StrCat("shape: ", ToString(shape), " given, to which an array of shape ",
                                                     ToString(x.shape()), " cannot be reshaped"));
  };
  Shape target = shape;
  std::int64_t known = 1;
  std::int64_t* open = nullptr;
  for (std::int64_t& length : target) {
    if (length == -1 && open == nullptr) {
      open = &length;
    } else if (length < 0 || __builtin_mul_overflow(known, length, &known)) {
      return error();
    }
  }
  if (open != nullptr) {
    if (known == 0 || x.size() % known != 0) {
      return error();
    }
    *open = x.size() / known;
    known *= *open;
  }
  if (known != x.size()) {
    return error();
  }
  return target;
}

absl::StatusOr<Array> Concatenated(const std::vector<Array>& arrays, int axis) {
  DA_RETURN_IF_ERROR(CheckArrays("concat", arrays));
  Shape shape = arrays.front().shape();
  if (shape.empty()) {
    return Error(Reason::kInvalidValue, "arrays: 0-d ones given, at least one dimension expected; see Stack");
  }
  DA_ASSIGN_OR_RETURN(const int place, AxisOf(arrays.front(), axis));
  const auto along = static_cast<std::size_t>(place);
  shape[along] = 0;
  for (const Array& array : arrays) {
    Shape rest = array.shape();
    const std::int64_t length = along < rest.size() ? std::exchange(rest[along], shape[along]) : 0;
    if (rest != shape) {
      return Error(Reason::kInvalidValue,
                   absl::StrCat("arrays: shapes ", Shapes(arrays), " given, which must agree in all axes but ", place));
    }
    shape[along] += length;
  }
  Array result = EmptyLike(arrays, shape, PromotedType(arrays));
  std::int64_t start = 0;
  for (const Array& array : arrays) {
    const std::int64_t length = array.shape()[along];
    if (array.size() != 0) {
      DA_RETURN_IF_ERROR(result.Assign(IndexAlong(place, Range(start, start + length)), array));
    }
    start += length;
  }
  return result;
}

// A run of a dimension: where its elements go, and where they come from.
struct Run {
  Range to;
  Range from;
};

std::vector<Run> Rolled(std::int64_t length, std::int64_t shift) {
  shift = (shift % length + length) % length;
  if (shift == 0) {
    return {{Range({}, {}), Range({}, {})}};
  }
  return {{Range(shift, {}), Range({}, length - shift)}, {Range({}, shift), Range(length - shift, {})}};
}

// Shifts x by so much along each of its dimensions.
absl::StatusOr<Array> RolledBy(const Array& x, const std::vector<std::int64_t>& totals) {
  if (x.size() == 0) {
    return x.Copy();
  }
  std::vector<std::pair<Index, Index>> pieces{{}};
  for (std::size_t d = 0; d < totals.size(); ++d) {
    std::vector<std::pair<Index, Index>> longer;
    for (const auto& [to, from] : pieces) {
      for (const Run& run : Rolled(x.shape()[d], totals[d])) {
        longer.emplace_back(to, from);
        longer.back().first.push_back(run.to);
        longer.back().second.push_back(run.from);
      }
    }
    pieces = std::move(longer);
  }
  Array result = EmptyLike(std::span(&x, 1), x.shape(), x.dtype());
  for (const auto& [to, from] : pieces) {
    DA_RETURN_IF_ERROR(result.Assign(to, x.Slice(from)));
  }
  return result;
}

template <typename Function>
std::vector<Array> Each(const std::vector<Array>& arrays, Function function) {
  std::vector<Array> results;
  std::transform(arrays.begin(), arrays.end(), std::back_inserter(results), function);
  return results;
}

}  // namespace

Array Reshape(const Array& x, const Shape& shape) {
  return Made([&]() -> absl::StatusOr<Array> {
    DA_RETURN_IF_ERROR(x.status());
    DA_ASSIGN_OR_RETURN(const Shape target, Wanted(x, shape));
    const std::optional<Index> index = AsIndex(x.shape(), target);
    return index.has_value() ? x.Slice(*index) : ReshapedCopy(x, target);
  });
}

Array Ravel(const Array& x) { return x.ok() ? Reshape(x, {x.size()}) : x; }

Array Concat(const std::vector<Array>& arrays, std::optional<int> axis) {
  return Made([&] { return axis.has_value() ? Concatenated(arrays, *axis) : Concatenated(Each(arrays, Ravel), 0); });
}

Array Stack(const std::vector<Array>& arrays, int axis) {
  return Made([&]() -> absl::StatusOr<Array> {
    DA_RETURN_IF_ERROR(CheckArrays("stack", arrays));
    const bool same = std::all_of(arrays.begin(), arrays.end(),
                                  [&](const Array& array) { return array.shape() == arrays.front().shape(); });
    if (!same) {
      return Error(Reason::kInvalidValue,
                   absl::StrCat("arrays: shapes ", Shapes(arrays), " given, equal ones expected"));
    }
    DA_ASSIGN_OR_RETURN(const int place, NormalAxis(axis, arrays.front().ndim() + 1));
    return Concatenated(Each(arrays, [&](const Array& array) { return ExpandDims(array, place); }), place);
  });
}

Array Append(const Array& x, const Array& values, std::optional<int> axis) { return Concat({x, values}, axis); }

Array VStack(const std::vector<Array>& arrays) { return Concat(Each(arrays, Atleast2d)); }

Array HStack(const std::vector<Array>& arrays) {
  const std::vector<Array> given = Each(arrays, Atleast1d);
  return Concat(given, !given.empty() && given.front().ndim() > 1 ? 1 : 0);
}

Array DStack(const std::vector<Array>& arrays) { return Concat(Each(arrays, Atleast3d), 2); }

Array ColumnStack(const std::vector<Array>& arrays) {
  const auto columns = [](const Array& array) { return array.ndim() < 2 ? Transpose(Atleast2d(array)) : array; };
  return Concat(Each(arrays, columns), 1);
}

Array Roll(const Array& x, std::int64_t shift) {
  return x.ok() && x.ndim() != 1 ? Reshape(Roll(Ravel(x), shift, 0), x.shape()) : Roll(x, shift, 0);
}

Array Roll(const Array& x, std::int64_t shift, int axis) {
  return Roll(x, std::vector<std::int64_t>{shift}, std::vector<int>{axis});
}

Array Roll(const Array& x, const std::vector<std::int64_t>& shifts, const std::vector<int>& axes) {
  return Made([&]() -> absl::StatusOr<Array> {
    DA_RETURN_IF_ERROR(x.status());
    if (shifts.size() != axes.size()) {
      return Error(Reason::kInvalidValue,
                   absl::StrCat("shifts: ", shifts.size(), " given, ", axes.size(), " expected, one an axis"));
    }
    std::vector<std::int64_t> totals(x.shape().size(), 0);
    for (std::size_t i = 0; i < axes.size(); ++i) {
      DA_ASSIGN_OR_RETURN(const int axis, AxisOf(x, axes[i]));
      const auto place = static_cast<std::size_t>(axis);
      totals[place] += shifts[i] % std::max<std::int64_t>(x.shape()[place], 1);
    }
    return RolledBy(x, totals);
  });
}

Array Tile(const Array& x, const std::vector<std::int64_t>& repetitions) {
  return Made([&]() -> absl::StatusOr<Array> {
    DA_RETURN_IF_ERROR(x.status());
    if (std::any_of(repetitions.begin(), repetitions.end(), [](auto count) { return count < 0; })) {
      return Error(Reason::kInvalidValue,
                   absl::StrCat("repetitions: ", ToString(repetitions), " given, at least 0 expected"));
    }
    Shape sizes = x.shape();
    std::vector<std::int64_t> counts = repetitions;
    const std::size_t ndim = std::max(sizes.size(), counts.size());
    sizes.insert(sizes.begin(), ndim - sizes.size(), 1);
    counts.insert(counts.begin(), ndim - counts.size(), 1);
    Shape apart;
    Shape repeated;
    Shape shape;
    for (std::size_t d = 0; d < ndim; ++d) {
      apart.insert(apart.end(), {1, sizes[d]});
      repeated.insert(repeated.end(), {counts[d], sizes[d]});
      shape.push_back(counts[d] * sizes[d]);
    }
    return ReshapedCopy(BroadcastTo(Reshape(x, apart), repeated), shape);
  });
}

}  // namespace distarray::inline client
