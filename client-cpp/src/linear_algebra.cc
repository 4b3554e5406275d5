#include "distarray/linear_algebra.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <string>

#include "client-cpp/src/computing.h"
#include "client-cpp/src/products.h"
#include "client-cpp/src/shapes.h"
#include "distarray/functions.h"
#include "distarray/manipulation.h"
#include "distarray/reductions.h"

namespace distarray::inline client {
namespace {

absl::Status CheckPair(std::string_view name, const Array& x1, const Array& x2) {
  const Array pair[] = {x1, x2};
  return CheckArrays(name, pair);
}

Array Conjugated(const Array& x) { return KindOf(x.dtype()) == Kind::kComplex ? Conjugate(x) : x; }

std::int64_t LengthOf(const Array& x, int axis) { return x.shape()[static_cast<std::size_t>(axis)]; }

std::vector<int> Others(const std::vector<int>& axes, int ndim) {
  std::vector<int> others;
  for (int d = 0; d < ndim; ++d) {
    if (std::find(axes.begin(), axes.end(), d) == axes.end()) {
      others.push_back(d);
    }
  }
  return others;
}

absl::StatusOr<Array> Multiplied(const Array& x1, const Array& x2) {
  DA_RETURN_IF_ERROR(CheckPair("matmul", x1, x2));
  if (x1.ndim() == 0 || x2.ndim() == 0) {
    return Error(Reason::kInvalidValue, "matmul: a 0-d array given, at least one dimension expected");
  }
  const std::int64_t summed = LengthOf(x2, std::max(x2.ndim() - 2, 0));
  if (x1.shape().back() != summed) {
    return Error(Reason::kInvalidValue,
                 absl::StrCat("matmul: shapes ", ToString(x1.shape()), " and ", ToString(x2.shape()),
                              " are not aligned: ", x1.shape().back(), " and ", summed, " are summed over"));
  }
  const auto batch = [](const Shape& shape) {
    return Shape(shape.begin(), shape.end() - std::min<std::ptrdiff_t>(std::ssize(shape), 2));
  };
  Shape shape = batch(x1.shape());
  DA_RETURN_IF_ERROR(BroadcastInto(shape, batch(x2.shape())));
  if (x1.ndim() > 1) {
    shape.push_back(LengthOf(x1, x1.ndim() - 2));
  }
  if (x2.ndim() > 1) {
    shape.push_back(x2.shape().back());
  }
  const Operand operands[] = {x1, x2};
  const OperandType types[] = {x1.dtype(), x2.dtype()};
  DA_ASSIGN_OR_RETURN(const DType dtype, SessionOf(operands)->tables().UfuncType("multiply", types, std::nullopt));
  return Compute("matmul", {x1, x2}, {std::move(shape), dtype});
}

absl::StatusOr<Array> Contracted(const Array& x1, const Array& x2, const std::vector<int>& axes1,
                                 const std::vector<int>& axes2) {
  for (std::size_t i = 0; i < axes1.size(); ++i) {
    if (LengthOf(x1, axes1[i]) != LengthOf(x2, axes2[i])) {
      return Error(Reason::kInvalidValue,
                   absl::StrCat("tensordot: axis ", axes1[i], " of x1 has length ", LengthOf(x1, axes1[i]), ", axis ",
                                axes2[i], " of x2 has ", LengthOf(x2, axes2[i]), "; expected the same"));
    }
  }
  const std::vector<int> free1 = Others(axes1, x1.ndim());
  const std::vector<int> free2 = Others(axes2, x2.ndim());
  if (axes1.empty()) {
    Index index{Ellipsis()};
    index.insert(index.end(), static_cast<std::size_t>(x2.ndim()), NewAxis());
    return Multiply(x1.Slice(index), x2);
  }
  if (free1.empty() && free2.empty()) {
    return SummedProduct(Permuted(x1, axes1), Permuted(x2, axes2), std::nullopt);
  }
  Shape shape;
  for (const int axis : free1) {
    shape.push_back(LengthOf(x1, axis));
  }
  for (const int axis : free2) {
    shape.push_back(LengthOf(x2, axis));
  }
  return Reshape(Matmul(AsMatrix(x1, free1, axes1), AsMatrix(x2, axes2, free2)), shape);
}

}  // namespace

Array Expanded(const Array& x, const std::vector<int>& places) { return ExpandDims(x, places); }

std::vector<int> Joined(std::vector<int> first, const std::vector<int>& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

std::int64_t LengthOf(const Array& x, const std::vector<int>& axes) {
  std::int64_t length = 1;
  for (const int axis : axes) {
    length *= x.shape()[static_cast<std::size_t>(axis)];
  }
  return length;
}

Array SummedOver(const Array& x, const std::optional<std::vector<int>>& axes) {
  if (x.dtype() == DType::kBool) {
    return AnyOf(x, {.axes = axes});
  }
  return Sum(x, {.axes = axes, .dtype = x.dtype()});
}

Array SummedProduct(const Array& x1, const Array& x2, const std::optional<std::vector<int>>& axes) {
  return SummedOver(Multiply(x1, x2), axes);
}

Array AsMatrix(const Array& x, const std::vector<int>& rows, const std::vector<int>& columns) {
  const std::vector<int> turned = Joined(columns, rows);
  if (std::is_sorted(turned.begin(), turned.end())) {
    return MatrixTranspose(Reshape(x, {LengthOf(x, columns), LengthOf(x, rows)}));
  }
  return Reshape(Permuted(x, Joined(rows, columns)), {LengthOf(x, rows), LengthOf(x, columns)});
}

Array Matmul(const Array& x1, const Array& x2) {
  return Made([&] { return Multiplied(x1, x2); });
}

Array MatrixTranspose(const Array& x) {
  return Made([&]() -> absl::StatusOr<Array> {
    DA_RETURN_IF_ERROR(x.status());
    if (x.ndim() < 2) {
      return Error(Reason::kInvalidValue, absl::StrCat("matrix_transpose: shape ", ToString(x.shape()),
                                                       " given, at least two dimensions expected"));
    }
    return SwapAxes(x, -1, -2);
  });
}

Array Vecdot(const Array& x1, const Array& x2, int axis) {
  return Made([&]() -> absl::StatusOr<Array> {
    DA_RETURN_IF_ERROR(CheckPair("vecdot", x1, x2));
    const Array one = MoveAxis(x1, axis, -1);
    const Array other = MoveAxis(x2, axis, -1);
    DA_RETURN_IF_ERROR(one.status());
    DA_RETURN_IF_ERROR(other.status());
    if (one.shape().back() != other.shape().back()) {
      return Error(Reason::kInvalidValue,
                   absl::StrCat("vecdot: the axis has length ", one.shape().back(), " in x1 and ", other.shape().back(),
                                " in x2; expected the same"));
    }
    return SummedProduct(Conjugated(one), other, std::vector<int>{-1});
  });
}

Array Tensordot(const Array& x1, const Array& x2, int axes) {
  return Made([&]() -> absl::StatusOr<Array> {
    DA_RETURN_IF_ERROR(CheckPair("tensordot", x1, x2));
    const int most = std::min(x1.ndim(), x2.ndim());
    if (axes < 0 || axes > most) {
      return Error(Reason::kInvalidValue, absl::StrCat("axes: ", axes, " given, 0 to ", most,
                                                       " expected, the dimensions that both operands have"));
    }
    std::vector<int> last = Counting(x1.ndim());
    last.erase(last.begin(), last.end() - axes);
    return Contracted(x1, x2, last, Counting(axes));
  });
}

Array Tensordot(const Array& x1, const Array& x2, const std::vector<int>& axes1, const std::vector<int>& axes2) {
  return Made([&]() -> absl::StatusOr<Array> {
    DA_RETURN_IF_ERROR(CheckPair("tensordot", x1, x2));
    if (axes1.size() != axes2.size()) {
      return Error(Reason::kInvalidValue,
                   absl::StrCat("axes2: ", axes2.size(), " given, ", axes1.size(), " expected, as many as axes1"));
    }
    DA_ASSIGN_OR_RETURN(const std::vector<int> of_x1, NormalAxes(axes1, x1.ndim()));
    DA_ASSIGN_OR_RETURN(const std::vector<int> of_x2, NormalAxes(axes2, x2.ndim()));
    return Contracted(x1, x2, of_x1, of_x2);
  });
}

Array Dot(const Array& x1, const Array& x2) {
  return Made([&]() -> absl::StatusOr<Array> {
    DA_RETURN_IF_ERROR(CheckPair("dot", x1, x2));
    if (x1.ndim() == 0 || x2.ndim() == 0) {
      return Multiply(x1, x2);
    }
    if (x1.ndim() <= 2 && x2.ndim() <= 2 && x1.ndim() + x2.ndim() > 2) {
      return Matmul(x1, x2);
    }
    return Tensordot(x1, x2, {x1.ndim() - 1}, {std::max(x2.ndim() - 2, 0)});
  });
}

Array Inner(const Array& x1, const Array& x2) {
  return Made([&]() -> absl::StatusOr<Array> {
    DA_RETURN_IF_ERROR(CheckPair("inner", x1, x2));
    return x1.ndim() == 0 || x2.ndim() == 0 ? Multiply(x1, x2) : Tensordot(x1, x2, {-1}, {-1});
  });
}

Array Outer(const Array& x1, const Array& x2) {
  return Made([&]() -> absl::StatusOr<Array> {
    DA_RETURN_IF_ERROR(CheckPair("outer", x1, x2));
    return Multiply(Reshape(x1, {x1.size(), 1}), Reshape(x2, {1, x2.size()}));
  });
}

Array Vdot(const Array& x1, const Array& x2) {
  return Made([&]() -> absl::StatusOr<Array> {
    DA_RETURN_IF_ERROR(CheckPair("vdot", x1, x2));
    if (x1.size() != x2.size()) {
      return Error(Reason::kInvalidValue,
                   absl::StrCat("vdot: ", x1.size(), " and ", x2.size(), " elements given, the same number expected"));
    }
    const bool alike = x1.shape() == x2.shape();
    return SummedProduct(Conjugated(alike ? x1 : Ravel(x1)), alike ? x2 : Ravel(x2), std::nullopt);
  });
}

Array Kron(const Array& x1, const Array& x2) {
  return Made([&]() -> absl::StatusOr<Array> {
    DA_RETURN_IF_ERROR(CheckPair("kron", x1, x2));
    const int ndim = std::max(x1.ndim(), x2.ndim());
    const Array one = Expanded(x1, Counting(ndim - x1.ndim()));
    const Array other = Expanded(x2, Counting(ndim - x2.ndim()));
    std::vector<int> even;
    std::vector<int> odd;
    Shape shape;
    for (int d = 0; d < ndim; ++d) {
      even.push_back(2 * d);
      odd.push_back(2 * d + 1);
      shape.push_back(LengthOf(one, d) * LengthOf(other, d));
    }
    return Reshape(Multiply(Expanded(one, odd), Expanded(other, even)), shape);
  });
}

Array Diagonal(const Array& x, std::int64_t offset, int axis1, int axis2) {
  return Made([&]() -> absl::StatusOr<Array> {
    DA_RETURN_IF_ERROR(x.status());
    DA_ASSIGN_OR_RETURN(const std::vector<int> plane, NormalAxes({axis1, axis2}, x.ndim()));
    const Array moved = Permuted(x, Joined(Others(plane, x.ndim()), plane));
    const std::int64_t rows = LengthOf(moved, x.ndim() - 2);
    const std::int64_t columns = LengthOf(moved, x.ndim() - 1);
    const bool above = offset >= 0;
    const std::int64_t first_row = above ? 0 : std::min(rows, -std::max(offset, -rows));
    const std::int64_t first_column = above ? std::min(offset, columns) : 0;
    const std::int64_t count = std::min(rows - first_row, columns - first_column);
    Shape shape(moved.shape().begin(), moved.shape().end() - 2);
    shape.push_back(rows * columns);
    const Array flat = Reshape(moved, shape);
    if (count == 0) {
      return flat.Slice({Ellipsis(), Range(0, 0)});
    }
    const std::int64_t first = first_row * columns + first_column;
    return flat.Slice({Ellipsis(), Range(first, first + (count - 1) * (columns + 1) + 1, columns + 1)});
  });
}

Array Trace(const Array& x, std::int64_t offset, int axis1, int axis2) {
  return Sum(Diagonal(x, offset, axis1, axis2), {.axes = {{-1}}});
}

}  // namespace distarray::inline client
