#include "engine/linear_algebra/product.h"

#include <algorithm>
#include <complex>
#include <cstring>
#include <limits>
#include <type_traits>

#include "engine/kernels/kernel_set.h"
#include "engine/linear_algebra/blas.h"
#include "engine/linear_algebra/multiply_set.h"

namespace distarray {

// One for each set that CMakeLists.txt compiles.
namespace baseline {
extern const MultiplyTable kMultiply;
}
namespace avx2 {
extern const MultiplyTable kMultiply;
}
namespace avx512 {
extern const MultiplyTable kMultiply;
}

namespace {

/// How a slice of one type is cut: sides so long that BLAS, which packs both factors anew each time, comes within a
/// tenth of its speed, and so much work that it takes about 6 ms on one core.
struct SliceShape {
  std::int64_t side;  // rows and columns
  std::int64_t depth;
  std::int64_t work() const { return side * side * depth; }
};
constexpr std::int64_t kElements = std::int64_t{2} << 20;  // of either factor, that a slice reads

SliceShape ShapeOf(DType dtype) {
  switch (dtype) {
    case DType::kFloat32:
      return {1024, 256};
    case DType::kFloat64:
      return {768, 256};
    case DType::kComplex64:
      return {512, 256};
    case DType::kComplex128:
      return {384, 256};
    default:  // by our own loops
      return {256, 256};
  }
}

const MultiplyTable& ChooseTable() {
  const std::string_view name = ActiveKernels().name;
  return name == "avx512" ? avx512::kMultiply : name == "avx2" ? avx2::kMultiply : baseline::kMultiply;
}

bool FitsInt(std::int64_t number) { return number <= std::numeric_limits<int>::max(); }

void MultiplyPlain(const Product& p) {
  static const MultiplyTable& table = ChooseTable();
  table[static_cast<std::size_t>(p.dtype)]({.m = p.m,
                                            .n = p.n,
                                            .k = p.k,
                                            .a = p.a.data,
                                            .a_row = p.a.transposed ? 1 : p.a.stride,
                                            .a_column = p.a.transposed ? p.a.stride : 1,
                                            .b = p.b.data,
                                            .b_row = p.b.transposed ? 1 : p.b.stride,
                                            .b_column = p.b.transposed ? p.b.stride : 1,
                                            .c = p.c,
                                            .c_row = p.c_stride,
                                            .c_column = 1,
                                            .accumulate = p.accumulate});
}

template <typename T>
void MultiplyByBlas(const Blas& blas, const Product& p) {
  const auto* const a = reinterpret_cast<const T*>(p.a.data);
  const auto* const b = reinterpret_cast<const T*>(p.b.data);
  auto* const c = reinterpret_cast<T*>(p.c);
  const int m = static_cast<int>(p.m);
  const int n = static_cast<int>(p.n);
  const int k = static_cast<int>(p.k);
  const int a_stride = static_cast<int>(p.a.stride);
  const int b_stride = static_cast<int>(p.b.stride);
  if (n == 1) {
    blas.Gemv(p.a.transposed, p.a.transposed ? k : m, p.a.transposed ? m : k, a, a_stride, b,
              p.b.transposed ? 1 : b_stride, p.accumulate, c, static_cast<int>(p.c_stride));
  } else if (m == 1) {
    blas.Gemv(!p.b.transposed, p.b.transposed ? n : k, p.b.transposed ? k : n, b, b_stride, a,
              p.a.transposed ? a_stride : 1, p.accumulate, c, 1);
  } else {
    blas.Gemm(p.a.transposed, p.b.transposed, m, n, k, a, a_stride, b, b_stride, p.accumulate, c,
              static_cast<int>(p.c_stride));
  }
}

void MultiplySlice(const Product& p) {
  if (KindOf(p.dtype) >= Kind::kFloat && FitsInt(p.m) && FitsInt(p.n) && FitsInt(p.k) && FitsInt(p.a.stride) &&
      FitsInt(p.b.stride) && FitsInt(p.c_stride)) {
    if (const Blas* blas = Blas::Get(); blas != nullptr) {
      Visit(p.dtype, [&]<typename T>() {
        if constexpr (std::is_floating_point_v<T> || std::is_same_v<T, std::complex<float>> ||
                      std::is_same_v<T, std::complex<double>>) {
          MultiplyByBlas<T>(*blas, p);
        }
      });
      return;
    }
  }
  MultiplyPlain(p);
}

void Clear(const Product& p) {
  if (p.n == 0) {
    return;  // there may be no memory at all
  }
  for (std::int64_t i = 0; i < p.m; ++i) {
    std::memset(p.c + i * p.c_stride * SizeOf(p.dtype), 0, static_cast<std::size_t>(p.n * SizeOf(p.dtype)));
  }
}

}  // namespace

void Multiply(const Product& product) {
  ProductRun run(product);
  while (run.Advance()) {
  }
}

ProductRun::ProductRun(const Product& product) : whole_(product) {
  const SliceShape shape = ShapeOf(product.dtype);
  // Slices of one length, in whole registers.
  const auto even = [&](std::int64_t length) {
    const std::int64_t slices = std::max<std::int64_t>((length + shape.side - 1) / shape.side, 1);
    return std::clamp<std::int64_t>(((length + slices - 1) / slices + 15) / 16 * 16, 1,
                                    std::max<std::int64_t>(length, 1));
  };
  rows_ = even(product.m);
  columns_ = even(product.n);
  // Where other dimensions are short, this one may be longer.
  const auto fit = [&](std::int64_t length, std::int64_t beside, std::int64_t across) {
    return std::clamp<std::int64_t>(std::min(shape.work() / (beside * across), kElements / std::max(beside, across)), 1,
                                    std::max<std::int64_t>(length, 1));
  };
  depth_ = fit(product.k, rows_, columns_);
  columns_ = fit(product.n, rows_, depth_);
  rows_ = fit(product.m, columns_, depth_);
  if (product.k == 0 && !product.accumulate) {
    Clear(product);
  }
  ended_ = product.m == 0 || product.n == 0 || product.k == 0;
}

bool ProductRun::Advance() {
  if (ended_) {
    return false;
  }
  const int size = SizeOf(whole_.dtype);
  Product slice = whole_;
  slice.m = std::min(rows_, whole_.m - row_);
  slice.n = std::min(columns_, whole_.n - column_);
  slice.k = std::min(depth_, whole_.k - done_);
  slice.a = whole_.a.From(row_, done_, size);
  slice.b = whole_.b.From(done_, column_, size);
  slice.c = whole_.c + (row_ * whole_.c_stride + column_) * size;
  slice.accumulate = whole_.accumulate || done_ > 0;
  MultiplySlice(slice);
  // The rows of a column of slices share its part of b.
  row_ += slice.m;
  if (row_ == whole_.m) {
    row_ = 0;
    column_ += slice.n;
    if (column_ == whole_.n) {
      column_ = 0;
      done_ += slice.k;
      ended_ = done_ == whole_.k;
    }
  }
  return true;
}

void AddProducts(DType dtype, std::int64_t count, const std::byte* from, std::byte* into) {
  Visit(dtype, [&]<typename T>() {
    const auto* const addend = reinterpret_cast<const T*>(from);
    auto* const sum = reinterpret_cast<T*>(into);
    if constexpr (std::is_same_v<T, bool>) {
      for (std::int64_t i = 0; i < count; ++i) {
        sum[i] = sum[i] || addend[i];
      }
    } else if constexpr (std::is_integral_v<T>) {
      using Unsigned = std::make_unsigned_t<T>;
      for (std::int64_t i = 0; i < count; ++i) {
        sum[i] = static_cast<T>(static_cast<Unsigned>(sum[i]) + static_cast<Unsigned>(addend[i]));
      }
    } else {
      for (std::int64_t i = 0; i < count; ++i) {
        sum[i] += addend[i];
      }
    }
  });
}

}  // namespace distarray
