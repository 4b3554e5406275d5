// Matrix products of types that BLAS does not know, by register blocking. Compiled once for each kernel set, in a
// namespace of its own; nothing here may be an inline function that another set could be linked to.
#include "engine/linear_algebra/multiply_set.h"

namespace distarray::DISTARRAY_KERNEL_SET {
namespace {

constexpr std::int64_t kDepth = 256;  // of k, at a time: the packed part of b stays in the innermost cache
constexpr int kRows = 4;              // of c, in registers

/// sum + a * b, of numbers T and of vectors V of them. Unsigned numbers wrap; small ones must not become int first.
template <typename T>
struct Arithmetic {
  using Wide = decltype(T() + 0U);
  static T Add(T sum, T a, T b) { return static_cast<T>(sum + static_cast<Wide>(a) * static_cast<Wide>(b)); }
  template <typename V>
  static void AddVector(V& sum, T a, const V& b) {
    sum += a * b;
  }
};
template <typename T>
struct Logic {
  static T Add(T sum, T a, T b) { return static_cast<T>(sum | (a & b)); }
  template <typename V>
  static void AddVector(V& sum, T a, const V& b) {
    sum |= a & b;
  }
};

template <typename T>
struct Matrix {
  T* data;
  std::int64_t row, column;
  T& operator()(std::int64_t i, std::int64_t j) const { return data[i * row + j * column]; }
};

/// c, as few columns wide as a vector has no use for: rows of a times columns of b.
template <typename T, typename How>
void MultiplyNarrow(const PlainProduct& p, Matrix<const T> a, Matrix<const T> b, Matrix<T> c) {
  T column[kDepth];
  for (std::int64_t j = 0; j < p.n; ++j) {
    for (std::int64_t begin = 0; begin < p.k; begin += kDepth) {
      const std::int64_t depth = p.k - begin < kDepth ? p.k - begin : kDepth;
      for (std::int64_t l = 0; l < depth; ++l) {
        column[l] = b(begin + l, j);
      }
      for (std::int64_t i = 0; i < p.m; ++i) {
        const T* const row = &a(i, begin);
        T sum = 0;
        for (std::int64_t l = 0; l < depth; ++l) {
          sum = How::Add(sum, row[l], column[l]);
        }
        T& into = c(i, j);
        into = begin > 0 || p.accumulate ? How::Add(into, T(1), sum) : sum;
      }
    }
  }
}

template <typename T, typename How>
void MultiplyWide(const PlainProduct& p, Matrix<const T> a, Matrix<const T> b, Matrix<T> c) {
  constexpr int kLanes = 64 / sizeof(T);
  constexpr int kColumns = 2 * kLanes;
  typedef T Vector __attribute__((vector_size(64)));
  alignas(64) T packed[kDepth * kColumns];
  const T zero[kRows] = {};
  for (std::int64_t begin = 0; begin < p.k; begin += kDepth) {
    const std::int64_t depth = p.k - begin < kDepth ? p.k - begin : kDepth;
    const bool accumulate = begin > 0 || p.accumulate;
    for (std::int64_t j0 = 0; j0 < p.n; j0 += kColumns) {
      const std::int64_t columns = p.n - j0 < kColumns ? p.n - j0 : kColumns;
      for (std::int64_t l = 0; l < depth; ++l) {
        for (std::int64_t j = 0; j < kColumns; ++j) {
          packed[l * kColumns + j] = j < columns ? b(begin + l, j0 + j) : T(0);
        }
      }
      for (std::int64_t i0 = 0; i0 < p.m; i0 += kRows) {
        const std::int64_t rows = p.m - i0 < kRows ? p.m - i0 : kRows;
        const T* row[kRows];
        std::int64_t step[kRows];
        for (int r = 0; r < kRows; ++r) {
          row[r] = r < rows ? &a(i0 + r, begin) : zero;
          step[r] = r < rows ? a.column : 0;
        }
        Vector sum[kRows][2] = {};
        const Vector* from = reinterpret_cast<const Vector*>(packed);
        for (std::int64_t l = 0; l < depth; ++l, from += 2) {
          for (int r = 0; r < kRows; ++r) {
            const T factor = row[r][l * step[r]];
            How::AddVector(sum[r][0], factor, from[0]);
            How::AddVector(sum[r][1], factor, from[1]);
          }
        }
        for (std::int64_t r = 0; r < rows; ++r) {
          for (std::int64_t j = 0; j < columns; ++j) {
            const T value = sum[r][j / kLanes][j % kLanes];
            T& into = c(i0 + r, j0 + j);
            into = accumulate ? How::Add(into, T(1), value) : value;
          }
        }
      }
    }
  }
}

template <typename T, typename How>
void Multiply(const PlainProduct& given) {
  PlainProduct p = given;
  constexpr std::int64_t kFew = 4;
  if (p.n <= kFew && p.a_column == 1) {
    MultiplyNarrow<T, How>(p, {static_cast<const T*>(p.a), p.a_row, p.a_column},
                           {static_cast<const T*>(p.b), p.b_row, p.b_column},
                           {static_cast<T*>(p.c), p.c_row, p.c_column});
    return;
  }
  if (p.n < p.m && p.n < std::int64_t(64 / sizeof(T))) {  // the transposed product has longer rows
    p = {given.n,        given.m,     given.k, given.b,        given.b_column, given.b_row,     given.a,
         given.a_column, given.a_row, given.c, given.c_column, given.c_row,    given.accumulate};
  }
  MultiplyWide<T, How>(p, {static_cast<const T*>(p.a), p.a_row, p.a_column},
                       {static_cast<const T*>(p.b), p.b_row, p.b_column}, {static_cast<T*>(p.c), p.c_row, p.c_column});
}

/// Of complex numbers, as pairs: only where BLAS is not there, or cannot take the strides.
template <typename T>
void MultiplyComplex(const PlainProduct& p) {
  const T* const a = static_cast<const T*>(p.a);
  const T* const b = static_cast<const T*>(p.b);
  T* const c = static_cast<T*>(p.c);
  for (std::int64_t i = 0; i < p.m; ++i) {
    for (std::int64_t j = 0; j < p.n; ++j) {
      T* const into = c + 2 * (i * p.c_row + j * p.c_column);
      T real = p.accumulate ? into[0] : T(0);
      T imaginary = p.accumulate ? into[1] : T(0);
      for (std::int64_t l = 0; l < p.k; ++l) {
        const T* const x = a + 2 * (i * p.a_row + l * p.a_column);
        const T* const y = b + 2 * (l * p.b_row + j * p.b_column);
        real += x[0] * y[0] - x[1] * y[1];
        imaginary += x[0] * y[1] + x[1] * y[0];
      }
      into[0] = real;
      into[1] = imaginary;
    }
  }
}

}  // namespace

// In the order of ElementTypes. Signed integers are multiplied as unsigned ones: the same bits, and they wrap.
extern const MultiplyTable kMultiply;
const MultiplyTable kMultiply = {
    Multiply<std::uint8_t, Logic<std::uint8_t>>,
    Multiply<std::uint8_t, Arithmetic<std::uint8_t>>,
    Multiply<std::uint16_t, Arithmetic<std::uint16_t>>,
    Multiply<std::uint32_t, Arithmetic<std::uint32_t>>,
    Multiply<std::uint64_t, Arithmetic<std::uint64_t>>,
    Multiply<std::uint8_t, Arithmetic<std::uint8_t>>,
    Multiply<std::uint16_t, Arithmetic<std::uint16_t>>,
    Multiply<std::uint32_t, Arithmetic<std::uint32_t>>,
    Multiply<std::uint64_t, Arithmetic<std::uint64_t>>,
    Multiply<float, Arithmetic<float>>,
    Multiply<double, Arithmetic<double>>,
    MultiplyComplex<float>,
    MultiplyComplex<double>,
};

}  // namespace distarray::DISTARRAY_KERNEL_SET
