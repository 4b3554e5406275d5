#include "client-cpp/src/shapes.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <limits>

#include "client-cpp/src/status.h"

namespace distarray::inline client {
namespace {

// Entries that stand for one dimension of the array.
bool ConsumesDimension(const IndexEntry& entry) {
  return !std::holds_alternative<NewAxis>(entry.value()) && !std::holds_alternative<Ellipsis>(entry.value());
}

std::int64_t Clamp(std::int64_t bound, std::int64_t size, std::int64_t low, std::int64_t high) {
  // size is at most 2^63 - 1 and bound negative: no overflow.
  return std::clamp(bound < 0 ? bound + size : bound, low, high);
}

// len(range(size)[range]).
std::int64_t RangeLength(const Range& range, std::int64_t size) {
  if (range.step > 0) {
    const std::int64_t start = range.start ? Clamp(*range.start, size, 0, size) : 0;
    const std::int64_t stop = range.stop ? Clamp(*range.stop, size, 0, size) : size;
    return start < stop ? (stop - start - 1) / range.step + 1 : 0;
  }
  const std::int64_t start = range.start ? Clamp(*range.start, size, -1, size - 1) : size - 1;
  const std::int64_t stop = range.stop ? Clamp(*range.stop, size, -1, size - 1) : -1;
  // Not -step, which overflows for the least number.
  return stop < start ? -((start - stop - 1) / range.step) + 1 : 0;
}

absl::StatusOr<std::vector<bool>> Reduced(int ndim, const std::optional<std::vector<int>>& axes) {
  std::vector<bool> reduced(static_cast<std::size_t>(ndim), !axes.has_value());
  for (const int axis : axes.value_or(std::vector<int>())) {
    if (axis < -ndim || axis >= ndim) {
      return Error(Reason::kAxisOutOfRange,
                   absl::StrCat("axis ", axis, " is out of bounds for array of dimension ", ndim));
    }
    auto flag = reduced[static_cast<std::size_t>(axis < 0 ? axis + ndim : axis)];
    if (flag) {
      return Error(Reason::kInvalidValue, absl::StrCat("axes: axis ", axis, " given twice"));
    }
    flag = true;
  }
  return reduced;
}

}  // namespace

std::string ToString(const Shape& shape) {
  return absl::StrCat("(", absl::StrJoin(shape, ", "), shape.size() == 1 ? ",)" : ")");
}

std::int64_t ElementCount(const Shape& shape) {
  std::int64_t count = 1;
  for (const std::int64_t length : shape) {
    count *= length;
  }
  return count;
}

absl::Status CheckShape(const Shape& shape, std::int64_t element_bytes, int dimensions_max) {
  if (static_cast<int>(shape.size()) > dimensions_max) {
    return Error(Reason::kInvalidValue,
                 absl::StrCat("shape: ", shape.size(), " dimensions given, at most ", dimensions_max, " expected"));
  }
  if (const auto negative = std::find_if(shape.begin(), shape.end(), [](auto length) { return length < 0; });
      negative != shape.end()) {
    return Error(Reason::kInvalidValue, absl::StrCat("shape: ", ToString(shape), " has a negative length"));
  }
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) {
    return absl::OkStatus();
  }
  std::int64_t room = std::numeric_limits<std::int64_t>::max() / element_bytes;
  for (const std::int64_t length : shape) {
    room /= length;
  }
  if (room == 0) {
    return Error(Reason::kInvalidValue, absl::StrCat("shape: ", ToString(shape), " has more than 2^63 - 1 bytes"));
  }
  return absl::OkStatus();
}

absl::Status BroadcastInto(Shape& shape, const Shape& other) {
  const Shape before = shape;
  if (other.size() > shape.size()) {
    shape.insert(shape.begin(), other.size() - shape.size(), 1);
  }
  const std::size_t shift = shape.size() - other.size();
  for (std::size_t i = 0; i < other.size(); ++i) {
    std::int64_t& length = shape[shift + i];
    if (length == 1) {
      length = other[i];
    } else if (other[i] != 1 && other[i] != length) {
      return Error(Reason::kInvalidValue, absl::StrCat("operands could not be broadcast together with shapes ",
                                                       ToString(before), " ", ToString(other)));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Shape> SliceShape(const Shape& shape, const Index& index) {
  const auto named = std::count_if(index.begin(), index.end(), ConsumesDimension);
  const auto ellipses = std::count_if(index.begin(), index.end(), [](const IndexEntry& entry) {
    return std::holds_alternative<Ellipsis>(entry.value());
  });
  if (named > static_cast<std::int64_t>(shape.size())) {
    return Error(Reason::kIndexOutOfRange, absl::StrCat("index: too many entries: the array has ", shape.size(),
                                                        " dimensions, ", named, " were indexed"));
  }
  if (ellipses > 1) {
    return Error(Reason::kInvalidValue, "index: several Ellipsis given, one expected");
  }
  const std::size_t unnamed = shape.size() - static_cast<std::size_t>(named);
  Shape result;
  std::size_t dimension = 0;
  const auto keep = [&](std::size_t count) {
    result.insert(result.end(), shape.begin() + static_cast<std::ptrdiff_t>(dimension),
                  shape.begin() + static_cast<std::ptrdiff_t>(dimension + count));
    dimension += count;
  };
  for (const IndexEntry& entry : index) {
    if (const auto* const integer = std::get_if<std::int64_t>(&entry.value())) {
      const std::int64_t size = shape[dimension];
      if (*integer < -size || *integer >= size) {
        return Error(Reason::kIndexOutOfRange, absl::StrCat("index ", *integer, " is out of bounds for dimension ",
                                                            dimension, " of size ", size));
      }
      ++dimension;
    } else if (const auto* const range = std::get_if<Range>(&entry.value())) {
      if (range->step == 0) {
        return Error(Reason::kInvalidValue, "index: a step of 0 given");
      }
      result.push_back(RangeLength(*range, shape[dimension]));
      ++dimension;
    } else if (std::holds_alternative<NewAxis>(entry.value())) {
      result.push_back(1);
    } else {
      keep(std::holds_alternative<Ellipsis>(entry.value()) ? unnamed : 1);
    }
  }
  keep(shape.size() - dimension);
  return result;
}

absl::StatusOr<Shape> ReducedShape(const Shape& shape, const std::optional<std::vector<int>>& axes, bool keepdims) {
  const auto reduced = Reduced(static_cast<int>(shape.size()), axes);
  DA_RETURN_IF_ERROR(reduced.status());
  Shape result;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (!(*reduced)[i]) {
      result.push_back(shape[i]);
    } else if (keepdims) {
      result.push_back(1);
    }
  }
  return result;
}

void ForEachBox(const Shape& shape, std::int64_t elements_max,
                const std::function<void(const Box& box, std::int64_t offset)>& take) {
  if (ElementCount(shape) == 0) {
    return;
  }
  // The dimension that is cut: those after it fit whole, those before it are stepped through one by one.
  std::size_t cut = shape.size();
  std::int64_t row = 1;
  while (cut > 0 && row * shape[cut - 1] <= elements_max) {
    row *= shape[--cut];
  }
  Box box{Shape(shape.size(), 0), shape};
  if (cut == 0) {
    take(box, 0);
    return;
  }
  --cut;
  const std::int64_t rows = elements_max / row;
  std::fill(box.shape.begin(), box.shape.begin() + static_cast<std::ptrdiff_t>(cut), 1);
  for (std::int64_t offset = 0; offset < ElementCount(shape);) {
    box.shape[cut] = std::min(rows, shape[cut] - box.start[cut]);
    take(box, offset);
    offset += box.shape[cut] * row;
    box.start[cut] += box.shape[cut];
    for (std::size_t d = cut; d > 0 && box.start[d] == shape[d]; --d) {
      box.start[d] = 0;
      ++box.start[d - 1];
    }
  }
}

}  // namespace distarray::inline client
