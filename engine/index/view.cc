#include "engine/index/view.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "engine/base/error.h"

namespace distarray {

View View::Whole(const Shape& shape) {
  View view;
  for (std::size_t d = 0; d < shape.size(); ++d) {
    view.dimensions.push_back({static_cast<int>(d), 0, 1, shape[d]});
  }
  return view;
}

Shape View::shape() const {
  Shape sizes;
  for (const ViewDimension& dimension : dimensions) {
    sizes.push_back(dimension.count);
  }
  return sizes;
}

bool View::IsWhole(const Shape& base) const { return fixed.empty() && dimensions == Whole(base).dimensions; }

void View::Encode(ByteWriter& out) const {
  out.PutVector(dimensions);
  out.PutVector(fixed);
}

View View::Decode(ByteReader& in) {
  View view;
  view.dimensions = in.GetVector<ViewDimension>();
  view.fixed = in.GetVector<FixedDimension>();
  return view;
}

absl::StatusOr<View> PermuteView(const View& view, const std::vector<int>& axes) {
  const int ndim = static_cast<int>(view.dimensions.size());
  View permuted;
  permuted.fixed = view.fixed;
  std::vector<bool> taken(view.dimensions.size(), false);
  for (const int axis : axes) {
    if (axis < -ndim || axis >= ndim) {
      return Error(Reason::kAxisOutOfRange,
                   absl::StrCat("axis ", axis, " is out of bounds for array of dimension ", ndim));
    }
    const auto d = static_cast<std::size_t>(axis < 0 ? axis + ndim : axis);
    if (taken[d]) {
      return Error(Reason::kInvalidValue, absl::StrCat("axes: ", axis, " given twice; expected each axis once"));
    }
    taken[d] = true;
    permuted.dimensions.push_back(view.dimensions[d]);
  }
  if (permuted.dimensions.size() != view.dimensions.size()) {
    return Error(Reason::kInvalidValue, absl::StrCat("axes: ", axes.size(), " given for ", ndim, " dimensions"));
  }
  return permuted;
}

absl::StatusOr<View> BroadcastView(const View& view, const Shape& shape) {
  const auto misfit = [&] {
    return Error(Reason::kInvalidValue,
                 absl::StrCat("shape ", ToString(view.shape()), " does not broadcast to ", ToString(shape)));
  };
  if (view.dimensions.size() > shape.size()) {
    return misfit();
  }
  const std::size_t added = shape.size() - view.dimensions.size();
  View broadcast;
  broadcast.fixed = view.fixed;
  for (std::size_t d = 0; d < shape.size(); ++d) {
    ViewDimension dimension = d < added ? ViewDimension{} : view.dimensions[d - added];
    if (dimension.count != shape[d]) {
      if (dimension.count != 1) {
        return misfit();
      }
      dimension.step = 0;
      dimension.count = shape[d];
    }
    broadcast.dimensions.push_back(dimension);
  }
  return broadcast;
}

absl::StatusOr<Shape> BroadcastShapes(const std::vector<Shape>& shapes) {
  Shape result;
  for (const Shape& shape : shapes) {
    if (shape.size() > result.size()) {
      result.insert(result.begin(), shape.size() - result.size(), 1);
    }
  }
  for (const Shape& shape : shapes) {
    const std::size_t added = result.size() - shape.size();
    for (std::size_t d = 0; d < shape.size(); ++d) {
      std::int64_t& size = result[added + d];
      if (size == 1) {
        size = shape[d];
      } else if (shape[d] != 1 && shape[d] != size) {
        std::string text;
        for (const Shape& each : shapes) {
          absl::StrAppend(&text, &each == &shapes.front() ? "" : (&each == &shapes.back() ? " and " : ", "),
                          ToString(each));
        }
        return Error(Reason::kInvalidValue, absl::StrCat("shapes ", text, " do not broadcast"));
      }
    }
  }
  return result;
}

}  // namespace distarray
