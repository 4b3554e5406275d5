// Running sums and products. Compiled once for each kernel set, in a namespace of its own; nothing here may be an
// inline function that another set could be linked to. The results are the same in every set, and do not depend on
// which lines are scanned side by side: no products are contracted, and each lane does what a line alone does.
#include "engine/scans/scan_set.h"

namespace distarray::DISTARRAY_KERNEL_SET {
namespace {

typedef double Vector __attribute__((vector_size(8 * kScanLanes)));
typedef std::int64_t Mask __attribute__((vector_size(8 * kScanLanes)));

/// Adds x to an unevaluated sum (Knuth's TwoSum; errors are collected in `low`).
template <typename V>
void Add(V& high, V& low, const V& x) {
  const V sum = high + x;
  const V part = sum - high;
  low += (high - (sum - part)) + (x - part);
  high = sum;
}

/// The rounded sum. Where it overflowed the errors are NaN; where there are none, -0 stays what it is.
void Round(const Vector& high, const Vector& low, Vector& rounded) {
  const Vector sum = high + low;
  const Mask sound = (sum - sum == 0.0) & (low != 0.0);
  rounded = sound ? sum : high;
}
double RoundOne(double high, double low) {
  const double sum = high + low;
  return sum - sum == 0.0 && low != 0.0 ? sum : high;
}

template <typename T>
void Load(const T* from, Vector& v) {
  typedef T Narrow __attribute__((vector_size(sizeof(T) * kScanLanes)));
  Narrow narrow;
  __builtin_memcpy(&narrow, from, sizeof(narrow));
  v = __builtin_convertvector(narrow, Vector);
}
template <typename T>
void Store(const Vector& v, T* to) {
  typedef T Narrow __attribute__((vector_size(sizeof(T) * kScanLanes)));
  const Narrow narrow = __builtin_convertvector(v, Narrow);
  __builtin_memcpy(to, &narrow, sizeof(narrow));
}

/// Rows become columns, of 8 by 8.
void Transpose(Vector (&v)[kScanLanes]) {
  Vector a[kScanLanes];
  for (int i = 0; i < kScanLanes; i += 2) {
    a[i] = __builtin_shufflevector(v[i], v[i + 1], 0, 8, 2, 10, 4, 12, 6, 14);
    a[i + 1] = __builtin_shufflevector(v[i], v[i + 1], 1, 9, 3, 11, 5, 13, 7, 15);
  }
  Vector b[kScanLanes];
  for (int i = 0; i < kScanLanes; i += 4) {
    for (int j = 0; j < 2; ++j) {
      b[i + j] = __builtin_shufflevector(a[i + j], a[i + j + 2], 0, 1, 8, 9, 4, 5, 12, 13);
      b[i + j + 2] = __builtin_shufflevector(a[i + j], a[i + j + 2], 2, 3, 10, 11, 6, 7, 14, 15);
    }
  }
  for (int j = 0; j < 4; ++j) {
    v[j] = __builtin_shufflevector(b[j], b[j + 4], 0, 1, 2, 3, 8, 9, 10, 11);
    v[j + 4] = __builtin_shufflevector(b[j], b[j + 4], 4, 5, 6, 7, 12, 13, 14, 15);
  }
}

/// Lines of numbers T; of complex numbers there are kParts = 2 in turn.
template <typename T, int kParts, bool kWrite>
void ScanOne(const T* in, T* out, std::int64_t length, ScanState* state, int lane) {
  for (int part = 0; part < kParts; ++part) {
    double high = state->high[part * kScanLanes + lane];
    double low = state->low[part * kScanLanes + lane];
    for (std::int64_t i = 0; i < length; ++i) {
      Add<double>(high, low, static_cast<double>(in[i * kParts + part]));
      if constexpr (kWrite) {
        out[i * kParts + part] = static_cast<T>(RoundOne(high, low));
      }
    }
    state->high[part * kScanLanes + lane] = high;
    state->low[part * kScanLanes + lane] = low;
  }
}

template <typename T, int kParts, bool kWrite>
void Scan(int lanes, const void* const* in, void* const* out, std::int64_t length, ScanState* state) {
  if (lanes < kScanLanes) {
    for (int lane = 0; lane < lanes; ++lane) {
      ScanOne<T, kParts, kWrite>(static_cast<const T*>(in[lane]), kWrite ? static_cast<T*>(out[lane]) : nullptr, length,
                                 state, lane);
    }
    return;
  }
  Vector high[kParts];
  Vector low[kParts];
  for (int part = 0; part < kParts; ++part) {
    Load(state->high + part * kScanLanes, high[part]);
    Load(state->low + part * kScanLanes, low[part]);
  }
  const std::int64_t numbers = length * kParts;
  const std::int64_t whole = numbers / kScanLanes * kScanLanes;
  for (std::int64_t i = 0; i < whole; i += kScanLanes) {
    Vector v[kScanLanes];
    for (int lane = 0; lane < kScanLanes; ++lane) {
      Load(static_cast<const T*>(in[lane]) + i, v[lane]);
    }
    Transpose(v);
    for (int k = 0; k < kScanLanes; ++k) {
      Add<Vector>(high[k % kParts], low[k % kParts], v[k]);
      if constexpr (kWrite) {
        Round(high[k % kParts], low[k % kParts], v[k]);
      }
    }
    if constexpr (kWrite) {
      Transpose(v);
      for (int lane = 0; lane < kScanLanes; ++lane) {
        Store(v[lane], static_cast<T*>(out[lane]) + i);
      }
    }
  }
  for (int part = 0; part < kParts; ++part) {
    Store(high[part], state->high + part * kScanLanes);
    Store(low[part], state->low + part * kScanLanes);
  }
  if (whole < numbers) {
    for (int lane = 0; lane < kScanLanes; ++lane) {
      ScanOne<T, kParts, kWrite>(static_cast<const T*>(in[lane]) + whole,
                                 kWrite ? static_cast<T*>(out[lane]) + whole : nullptr, (numbers - whole) / kParts,
                                 state, lane);
    }
  }
}

template <typename T, int kParts>
void Totals(int lanes, const void* const* in, std::int64_t length, ScanState* state) {
  Scan<T, kParts, false>(lanes, in, nullptr, length, state);
}

template <typename T, int kParts>
void Lines(int lanes, const void* const* in, void* const* out, std::int64_t length, ScanState* state) {
  Scan<T, kParts, true>(lanes, in, out, length, state);
}

template <typename T>
void Columns(std::int64_t rows, std::int64_t columns, const void* in, void* out, std::int64_t stride, double* high,
             double* low) {
  for (std::int64_t i = 0; i < rows; ++i) {
    const T* const from = static_cast<const T*>(in) + i * stride;
    T* const to = static_cast<T*>(out) + i * stride;
#pragma GCC ivdep
    for (std::int64_t j = 0; j < columns; ++j) {
      double h = high[j];
      double l = low[j];
      Add<double>(h, l, static_cast<double>(from[j]));
      high[j] = h;
      low[j] = l;
      to[j] = static_cast<T>(RoundOne(h, l));
    }
  }
}

// One after the other. Unsigned numbers wrap; small ones must not become int first.

template <typename T>
struct Plus {
  static constexpr bool kAnyOrder = true;
  static T Combine(T x, T y) { return static_cast<T>(x + y); }
};
template <typename T>
struct Times {
  static constexpr bool kAnyOrder = T(1) / T(2) == T(0);  // of integers
  using Wide = decltype(T() + 0U);
  static T Combine(T x, T y) { return static_cast<T>(static_cast<Wide>(x) * static_cast<Wide>(y)); }
};
struct Or {
  static constexpr bool kAnyOrder = true;
  static std::uint8_t Combine(std::uint8_t x, std::uint8_t y) { return x | y; }
};
struct And {
  static constexpr bool kAnyOrder = true;
  static std::uint8_t Combine(std::uint8_t x, std::uint8_t y) { return x & y; }
};
template <typename T>
struct Pair {
  T real, imaginary;
};
template <typename T>
struct ComplexTimes {
  static constexpr bool kAnyOrder = false;
  static Pair<T> Combine(Pair<T> x, Pair<T> y) {
    return {x.real * y.real - x.imaginary * y.imaginary, x.real * y.imaginary + x.imaginary * y.real};
  }
};

template <typename T, typename How>
void Plain(std::int64_t rows, std::int64_t columns, const void* in, void* out, const void* before) {
  const T* from = static_cast<const T*>(in);
  T* to = static_cast<T*>(out);
  if (columns == 1) {
    T running = *static_cast<const T*>(before);
    for (std::int64_t i = 0; i < rows; ++i) {
      running = How::Combine(running, from[i]);
      to[i] = running;
    }
    return;
  }
  const T* last = static_cast<const T*>(before);
  for (std::int64_t i = 0; i < rows; ++i) {
#pragma GCC ivdep
    for (std::int64_t j = 0; j < columns; ++j) {
      to[j] = How::Combine(last[j], from[j]);
    }
    last = to;
    from += columns;
    to += columns;
  }
}

template <typename T, typename How>
void Total(std::int64_t n, const void* in, void* total) {
  const T* const from = static_cast<const T*>(in);
  T running = *static_cast<T*>(total);
  for (std::int64_t i = 0; i < n; ++i) {
    running = How::Combine(running, from[i]);
  }
  *static_cast<T*>(total) = running;
}

template <typename T, typename How>
constexpr ScanKernels PlainKernels() {
  ScanKernels kernels;
  kernels.plain = Plain<T, How>;
  kernels.total = How::kAnyOrder ? Total<T, How> : nullptr;
  return kernels;
}

template <typename T, int kParts>
constexpr ScanKernels SumKernels() {
  ScanKernels kernels;
  kernels.totals = Totals<T, kParts>;
  kernels.lines = Lines<T, kParts>;
  kernels.columns = Columns<T>;
  return kernels;
}

template <template <typename> typename How>
constexpr ScanKernels Unsigned(int bytes) {
  switch (bytes) {
    case 1:
      return PlainKernels<std::uint8_t, How<std::uint8_t>>();
    case 2:
      return PlainKernels<std::uint16_t, How<std::uint16_t>>();
    case 4:
      return PlainKernels<std::uint32_t, How<std::uint32_t>>();
    default:
      return PlainKernels<std::uint64_t, How<std::uint64_t>>();
  }
}

}  // namespace

// In the order of ElementTypes. Signed integers as unsigned ones: the same bits, and they wrap.
extern const ScanTable kScans;
const ScanTable kScans = {{
    {{PlainKernels<std::uint8_t, Or>(), Unsigned<Plus>(1), Unsigned<Plus>(2), Unsigned<Plus>(4), Unsigned<Plus>(8),
      Unsigned<Plus>(1), Unsigned<Plus>(2), Unsigned<Plus>(4), Unsigned<Plus>(8), SumKernels<float, 1>(),
      SumKernels<double, 1>(), SumKernels<float, 2>(), SumKernels<double, 2>()}},
    {{PlainKernels<std::uint8_t, And>(), Unsigned<Times>(1), Unsigned<Times>(2), Unsigned<Times>(4), Unsigned<Times>(8),
      Unsigned<Times>(1), Unsigned<Times>(2), Unsigned<Times>(4), Unsigned<Times>(8),
      PlainKernels<float, Times<float>>(), PlainKernels<double, Times<double>>(),
      PlainKernels<Pair<float>, ComplexTimes<float>>(), PlainKernels<Pair<double>, ComplexTimes<double>>()}},
}};

}  // namespace distarray::DISTARRAY_KERNEL_SET
