// The views of manipulation.h.
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <string>

#include "client-cpp/src/computing.h"
#include "client-cpp/src/shapes.h"
#include "distarray/manipulation.h"

namespace distarray::inline client {
namespace {

using Arrays = absl::StatusOr<std::vector<Array>>;

bool Holds(const std::vector<int>& axes, int axis) { return std::find(axes.begin(), axes.end(), axis) != axes.end(); }

absl::Status CheckRank(const char* name, const Array& x, int least) {
  DA_RETURN_IF_ERROR(x.status());
  if (x.ndim() < least) {
    return Error(Reason::kInvalidValue, absl::StrCat(name, ": at least ", least, " dimensions expected, shape ",
                                                     ToString(x.shape()), " given"));
  }
  return absl::OkStatus();
}

Array Flipped(const Array& x, const std::vector<int>& axes) {
  Index index;
  for (int d = 0; d < x.ndim(); ++d) {
    index.push_back(Range(std::nullopt, std::nullopt, Holds(axes, d) ? -1 : 1));
  }
  return x.Slice(index);
}

Array Squeezed(const Array& x, const std::vector<int>& axes) {
  Index index;
  for (int d = 0; d < x.ndim(); ++d) {
    index.push_back(Holds(axes, d) ? IndexEntry(0) : IndexEntry(All()));
  }
  return x.Slice(index);
}

// Cut at these places of a dimension; none: at the end.
std::vector<Array> Cut(const Array& x, int axis, const std::vector<std::optional<std::int64_t>>& places) {
  std::vector<Array> parts;
  for (std::size_t i = 1; i < places.size(); ++i) {
    parts.push_back(Along(x, axis, Range(places[i - 1], places[i])));
  }
  return parts;
}

}  // namespace

absl::StatusOr<Shape> BroadcastShapes(const std::vector<Shape>& shapes) {
  Shape result;
  for (const Shape& shape : shapes) {
    DA_RETURN_IF_ERROR(BroadcastInto(result, shape));
  }
  return result;
}

Array BroadcastTo(const Array& x, const Shape& shape) {
  return Made([&]() -> absl::StatusOr<Array> {
    DA_RETURN_IF_ERROR(x.status());
    Shape result = shape;
    if (!BroadcastInto(result, x.shape()).ok() || result != shape) {
      return Error(Reason::kInvalidValue,
                   absl::StrCat("shape: ", ToString(shape), " given, to which an array of shape ", ToString(x.shape()),
                                " does not broadcast"));
    }
    return Broadcast(x, shape);
  });
}

Arrays BroadcastArrays(const std::vector<Array>& arrays) {
  Shape shape;
  for (const Array& array : arrays) {
    DA_RETURN_IF_ERROR(array.status());
    DA_RETURN_IF_ERROR(BroadcastInto(shape, array.shape()));
  }
  std::vector<Array> views;
  for (const Array& array : arrays) {
    views.push_back(BroadcastTo(array, shape));
    DA_RETURN_IF_ERROR(views.back().status());
  }
  return views;
}

Array PermuteDims(const Array& x, const std::vector<int>& axes) {
  return Made([&]() -> absl::StatusOr<Array> {
    DA_RETURN_IF_ERROR(x.status());
    DA_ASSIGN_OR_RETURN(const std::vector<int> order, NormalAxes(axes, x.ndim()));
    if (static_cast<int>(order.size()) != x.ndim()) {
      return Error(Reason::kInvalidValue,
                   absl::StrCat("axes: ", order.size(), " given, each of the ", x.ndim(), " dimensions expected once"));
    }
    return Permuted(x, order);
  });
}

Array Transpose(const Array& x) {
  std::vector<int> axes = Counting(x.ndim());
  std::reverse(axes.begin(), axes.end());
  return PermuteDims(x, axes);
}

Array Transpose(const Array& x, const std::vector<int>& axes) { return PermuteDims(x, axes); }

Array MoveAxis(const Array& x, const Axes& source, const Axes& destination) {
  return Made([&]() -> absl::StatusOr<Array> {
    DA_RETURN_IF_ERROR(x.status());
    DA_ASSIGN_OR_RETURN(const std::vector<int> origins, NormalAxes(source, x.ndim()));
    DA_ASSIGN_OR_RETURN(const std::vector<int> places, NormalAxes(destination, x.ndim()));
    if (origins.size() != places.size()) {
      return Error(Reason::kInvalidValue, absl::StrCat("destination: ", places.size(), " axes given, ", origins.size(),
                                                       " expected, as many as source has"));
    }
    std::vector<std::pair<int, int>> moves;
    for (std::size_t i = 0; i < places.size(); ++i) {
      moves.emplace_back(places[i], origins[i]);
    }
    std::sort(moves.begin(), moves.end());
    std::vector<int> order;
    for (int d = 0; d < x.ndim(); ++d) {
      if (!Holds(origins, d)) {
        order.push_back(d);
      }
    }
    for (const auto& [place, origin] : moves) {
      order.insert(order.begin() + place, origin);
    }
    return Permuted(x, order);
  });
}

Array SwapAxes(const Array& x, int axis1, int axis2) {
  return Made([&]() -> absl::StatusOr<Array> {
    DA_ASSIGN_OR_RETURN(const int one, AxisOf(x, axis1));
    DA_ASSIGN_OR_RETURN(const int other, AxisOf(x, axis2));
    std::vector<int> order = Counting(x.ndim());
    std::swap(order[static_cast<std::size_t>(one)], order[static_cast<std::size_t>(other)]);
    return Permuted(x, order);
  });
}

Array ExpandDims(const Array& x, const Axes& axes) {
  return Made([&]() -> absl::StatusOr<Array> {
    DA_RETURN_IF_ERROR(x.status());
    const int ndim = x.ndim() + static_cast<int>(axes.values().size());
    DA_ASSIGN_OR_RETURN(const std::vector<int> places, NormalAxes(axes, ndim));
    Index index;
    for (int d = 0; d < ndim; ++d) {
      index.push_back(Holds(places, d) ? IndexEntry(NewAxis()) : IndexEntry(All()));
    }
    return x.Slice(index);
  });
}

Array Squeeze(const Array& x) {
  std::vector<int> axes;
  for (int d = 0; d < x.ndim(); ++d) {
    if (x.shape()[static_cast<std::size_t>(d)] == 1) {
      axes.push_back(d);
    }
  }
  return Squeezed(x, axes);
}

Array Squeeze(const Array& x, const Axes& axes) {
  return Made([&]() -> absl::StatusOr<Array> {
    DA_RETURN_IF_ERROR(x.status());
    DA_ASSIGN_OR_RETURN(const std::vector<int> places, NormalAxes(axes, x.ndim()));
    for (const int place : places) {
      if (const std::int64_t length = x.shape()[static_cast<std::size_t>(place)]; length != 1) {
        return Error(Reason::kInvalidValue,
                     absl::StrCat("axes: axis ", place, " of length ", length, " given, of length 1 expected"));
      }
    }
    return Squeezed(x, places);
  });
}

Array Flip(const Array& x) { return Flipped(x, Counting(x.ndim())); }

Array Flip(const Array& x, const Axes& axes) {
  return Made([&]() -> absl::StatusOr<Array> {
    DA_RETURN_IF_ERROR(x.status());
    DA_ASSIGN_OR_RETURN(const std::vector<int> turned, NormalAxes(axes, x.ndim()));
    return Flipped(x, turned);
  });
}

Array FlipLr(const Array& x) { return Flip(x, 1); }
Array FlipUd(const Array& x) { return Flip(x, 0); }

Array Rot90(const Array& x, int quarters, std::pair<int, int> axes) {
  return Made([&]() -> absl::StatusOr<Array> {
    DA_RETURN_IF_ERROR(x.status());
    DA_ASSIGN_OR_RETURN(const std::vector<int> plane, NormalAxes({axes.first, axes.second}, x.ndim()));
    switch ((quarters % 4 + 4) % 4) {
      case 0:
        return x.Slice({});
      case 1:
        return SwapAxes(Flip(x, plane[1]), plane[0], plane[1]);
      case 2:
        return Flipped(x, plane);
      default:
        return Flip(SwapAxes(x, plane[0], plane[1]), plane[1]);
    }
  });
}

Array Atleast1d(const Array& x) { return x.ok() && x.ndim() == 0 ? x.Slice({NewAxis()}) : x; }

Array Atleast2d(const Array& x) {
  return x.ok() && x.ndim() < 2 ? x.Slice(Index(static_cast<std::size_t>(2 - x.ndim()), NewAxis())) : x;
}

Array Atleast3d(const Array& x) {
  if (!x.ok() || x.ndim() > 2) {
    return x;
  }
  return x.ndim() == 2 ? x.Slice({Ellipsis(), NewAxis()}) : Atleast2d(x).Slice({Ellipsis(), NewAxis()});
}

Arrays Unstack(const Array& x, int axis) {
  DA_RETURN_IF_ERROR(CheckRank("unstack", x, 1));
  DA_ASSIGN_OR_RETURN(const int place, AxisOf(x, axis));
  std::vector<Array> parts;
  for (std::int64_t i = 0; i < x.shape()[static_cast<std::size_t>(place)]; ++i) {
    parts.push_back(Along(x, place, i));
  }
  return parts;
}

Arrays ArraySplit(const Array& x, std::int64_t sections, int axis) {
  DA_ASSIGN_OR_RETURN(const int place, AxisOf(x, axis));
  if (sections < 1) {
    return Error(Reason::kInvalidValue, absl::StrCat("sections: ", sections, " given, at least 1 expected"));
  }
  const std::int64_t length = x.shape()[static_cast<std::size_t>(place)];
  std::vector<std::optional<std::int64_t>> places;
  for (std::int64_t i = 0; i <= sections; ++i) {
    places.emplace_back(i * (length / sections) + std::min(i, length % sections));
  }
  return Cut(x, place, places);
}

Arrays SplitAt(const Array& x, const std::vector<std::int64_t>& indices, int axis) {
  DA_ASSIGN_OR_RETURN(const int place, AxisOf(x, axis));
  std::vector<std::optional<std::int64_t>> places{0};
  places.insert(places.end(), indices.begin(), indices.end());
  places.emplace_back(std::nullopt);
  return Cut(x, place, places);
}

Arrays Split(const Array& x, std::int64_t sections, int axis) {
  DA_ASSIGN_OR_RETURN(const int place, AxisOf(x, axis));
  const std::int64_t length = x.shape()[static_cast<std::size_t>(place)];
  if (sections > 0 && length % sections != 0) {
    return Error(Reason::kInvalidValue, absl::StrCat("sections: ", sections, " given, a divisor of the length ", length,
                                                     " expected; see ArraySplit"));
  }
  return ArraySplit(x, sections, axis);
}

Arrays VSplit(const Array& x, std::int64_t sections) {
  DA_RETURN_IF_ERROR(CheckRank("vsplit", x, 2));
  return Split(x, sections, 0);
}

Arrays HSplit(const Array& x, std::int64_t sections) {
  DA_RETURN_IF_ERROR(CheckRank("hsplit", x, 1));
  return Split(x, sections, x.ndim() > 1 ? 1 : 0);
}

Arrays DSplit(const Array& x, std::int64_t sections) {
  DA_RETURN_IF_ERROR(CheckRank("dsplit", x, 3));
  return Split(x, sections, 2);
}

}  // namespace distarray::inline client
