#include <absl/strings/str_cat.h>

#include <algorithm>
#include <limits>

#include "engine/base/error.h"
#include "engine/index/view.h"

namespace distarray {
namespace {

struct Range {
  std::int64_t start = 0;
  std::int64_t step = 1;
  std::int64_t count = 0;
};

/// Python's slice.indices() for a dimension of this size.
absl::StatusOr<Range> RangeOf(const SliceEntry& slice, std::int64_t size) {
  // The least number has no negative; no size tells the two apart.
  const std::int64_t step = std::max(slice.step.value_or(1), -std::numeric_limits<std::int64_t>::max());
  if (step == 0) {
    return Error(Reason::kInvalidValue, "slice step cannot be zero");
  }
  const std::int64_t lower = step > 0 ? 0 : -1;
  const std::int64_t upper = step > 0 ? size : size - 1;
  const auto bound = [&](const std::optional<std::int64_t>& given, std::int64_t fallback) {
    if (!given) {
      return fallback;
    }
    return std::clamp(*given < 0 ? *given + size : *given, lower, upper);
  };
  const std::int64_t start = bound(slice.start, step > 0 ? lower : upper);
  const std::int64_t stop = bound(slice.stop, step > 0 ? upper : lower);
  Range range;
  const std::int64_t distance = step > 0 ? stop - start : start - stop;
  if (distance > 0) {
    range.start = start;
    range.count = (distance - 1) / (step > 0 ? step : -step) + 1;
    range.step = range.count > 1 ? step : 1;
  }
  return range;
}

ViewDimension Sliced(const ViewDimension& dimension, const Range& range) {
  ViewDimension sliced = dimension;
  sliced.count = range.count;
  if (dimension.base >= 0 && dimension.step != 0) {
    sliced.start = range.count > 0 ? dimension.start + range.start * dimension.step : 0;
    sliced.step = range.count > 1 ? dimension.step * range.step : 1;
  }
  return sliced;
}

absl::StatusOr<std::int64_t> CheckedIndex(std::int64_t index, std::int64_t size, std::size_t axis) {
  if (index < -size || index >= size) {
    return Error(Reason::kIndexOutOfRange,
                 absl::StrCat("index ", index, " is out of bounds for axis ", axis, " with size ", size));
  }
  return index < 0 ? index + size : index;
}

struct Consumed {
  std::size_t dimensions = 0;
  std::size_t ellipses = 0;
};

Consumed CountEntries(const std::vector<IndexEntry>& index) {
  Consumed consumed;
  for (const IndexEntry& entry : index) {
    if (std::holds_alternative<EllipsisEntry>(entry)) {
      ++consumed.ellipses;
    } else if (!std::holds_alternative<NewAxisEntry>(entry)) {
      ++consumed.dimensions;
    }
  }
  return consumed;
}

}  // namespace

absl::StatusOr<View> IndexView(const View& view, const std::vector<IndexEntry>& index) {
  const std::size_t ndim = view.dimensions.size();
  const Consumed consumed = CountEntries(index);
  if (consumed.ellipses > 1) {
    return Error(Reason::kInvalidValue, "an index can have only one ellipsis ('...')");
  }
  if (consumed.dimensions > ndim) {
    return Error(Reason::kIndexOutOfRange, absl::StrCat("too many indices: the array has ", ndim, " dimensions, but ",
                                                        consumed.dimensions, " were indexed"));
  }
  View result;
  result.fixed = view.fixed;
  std::size_t axis = 0;
  const auto keep = [&](std::size_t end) {
    for (; axis < end; ++axis) {
      result.dimensions.push_back(view.dimensions[axis]);
    }
  };
  for (const IndexEntry& entry : index) {
    if (std::holds_alternative<EllipsisEntry>(entry)) {
      keep(axis + ndim - consumed.dimensions);
    } else if (std::holds_alternative<NewAxisEntry>(entry)) {
      result.dimensions.push_back({});
    } else if (const auto* slice = std::get_if<SliceEntry>(&entry)) {
      const ViewDimension& dimension = view.dimensions[axis++];
      DA_ASSIGN_OR_RETURN(const Range range, RangeOf(*slice, dimension.count));
      result.dimensions.push_back(Sliced(dimension, range));
    } else {
      const ViewDimension& dimension = view.dimensions[axis];
      DA_ASSIGN_OR_RETURN(const std::int64_t at, CheckedIndex(std::get<std::int64_t>(entry), dimension.count, axis));
      ++axis;
      if (dimension.base >= 0) {
        result.fixed.push_back({dimension.base, dimension.start + at * dimension.step});
      }
    }
  }
  keep(ndim);
  std::sort(result.fixed.begin(), result.fixed.end(),
            [](const FixedDimension& a, const FixedDimension& b) { return a.base < b.base; });
  return result;
}

}  // namespace distarray
