#include "distarray/creation.h"

#include <absl/strings/str_cat.h>

#include "client-cpp/src/computing.h"
#include "client-cpp/src/shapes.h"
#include "distarray/functions.h"
#include "distarray/manipulation.h"
#include "distarray/operators.h"

namespace distarray::inline client {
namespace {

// x where its column less its row, and the diagonal, compare so; else 0.
Array Triangle(const char* name, const Array& x, std::int64_t diagonal,
               Array (*compare)(const Operand&, const Operand&)) {
  return Made([&]() -> absl::StatusOr<Array> {
    DA_RETURN_IF_ERROR(x.status());
    if (x.ndim() < 2) {
      return Error(Reason::kInvalidValue,
                   absl::StrCat(name, ": shape ", ToString(x.shape()), " given, at least two dimensions expected"));
    }
    const Array beyond = IndicesLike(x, x.ndim() - 1) - IndicesLike(x, x.ndim() - 2);
    const Array result = Where(compare(beyond, diagonal), x, 0);
    return result.dtype() == x.dtype() ? result : result.AsType(x.dtype());
  });
}

}  // namespace

Array EmptyLike(const Array& x, std::optional<DType> dtype) {
  return x.ok() ? EmptyLike(std::span(&x, 1), x.shape(), dtype.value_or(x.dtype())) : x;
}

Array ZerosLike(const Array& x, std::optional<DType> dtype) { return FullLike(x, 0, dtype); }

Array OnesLike(const Array& x, std::optional<DType> dtype) { return FullLike(x, 1, dtype); }

Array FullLike(const Array& x, const Scalar& value, std::optional<DType> dtype) {
  return x.ok() ? FullLike(x, x.shape(), value, dtype.value_or(x.dtype())) : x;
}

Array Tril(const Array& x, std::int64_t diagonal) { return Triangle("tril", x, diagonal, LessEqual); }

Array Triu(const Array& x, std::int64_t diagonal) { return Triangle("triu", x, diagonal, GreaterEqual); }

absl::StatusOr<std::vector<Array>> Meshgrid(const std::vector<Array>& axes, MeshIndexing indexing) {
  if (axes.empty()) {
    return std::vector<Array>();
  }
  DA_RETURN_IF_ERROR(CheckArrays("meshgrid", axes));
  const std::size_t count = axes.size();
  std::vector<Array> open;
  for (std::size_t i = 0; i < count; ++i) {
    if (axes[i].ndim() > 1) {
      return Error(Reason::kInvalidValue,
                   absl::StrCat("axes: shape ", ToString(axes[i].shape()), " given, at most one dimension expected"));
    }
    const bool exchanged = indexing == MeshIndexing::kXy && count > 1 && i < 2;
    Shape shape(count, 1);
    shape[exchanged ? 1 - i : i] = axes[i].size();
    open.push_back(Reshape(axes[i], shape));
  }
  return BroadcastArrays(open);
}

}  // namespace distarray::inline client
