#include "distarray/sorting.h"

#include <absl/strings/str_cat.h>

#include <string>

#include "client-cpp/src/computing.h"
#include "client-cpp/src/shapes.h"
#include "distarray/indexing.h"

namespace distarray::inline client {
namespace {

Array Sorted(std::string_view name, const Array& x, int axis, bool descending, DType dtype) {
  return Made([&]() -> absl::StatusOr<Array> {
    DA_ASSIGN_OR_RETURN(const int place, AxisOf(x, axis));
    return Compute(name, {x}, {x.shape(), dtype}, {{"axis", place}, {"descending", descending}});
  });
}

}  // namespace

Array Sort(const Array& x, int axis, bool descending) { return Sorted("sort", x, axis, descending, x.dtype()); }

Array Argsort(const Array& x, int axis, bool descending) {
  return Sorted("argsort", x, axis, descending, DType::kInt64);
}

Array SearchSorted(const Array& sorted, const Array& values, Side side) {
  return Made([&]() -> absl::StatusOr<Array> {
    const Array both[] = {sorted, values};
    DA_RETURN_IF_ERROR(CheckArrays("searchsorted", both));
    if (sorted.ndim() != 1) {
      return Error(Reason::kInvalidValue,
                   absl::StrCat("sorted: shape ", ToString(sorted.shape()), " given, one dimension expected"));
    }
    return Compute("searchsorted", {sorted, values}, {values.shape(), DType::kInt64},
                   {{"right", side == Side::kRight}});
  });
}

Array SearchSorted(const Array& x, const Array& values, Side side, const Array& sorter) {
  return Made([&]() -> absl::StatusOr<Array> {
    const Array both[] = {x, sorter};
    DA_RETURN_IF_ERROR(CheckArrays("searchsorted", both));
    if (sorter.shape() != x.shape()) {
      return Error(Reason::kInvalidValue, absl::StrCat("sorter: shape ", ToString(sorter.shape()), " given, ",
                                                       ToString(x.shape()), " expected, that of x"));
    }
    return SearchSorted(Take(x, sorter, 0), values, side);
  });
}

}  // namespace distarray::inline client
