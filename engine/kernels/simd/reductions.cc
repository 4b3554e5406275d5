#include <cstring>

#include "engine/kernels/simd/reducers.h"
#include "engine/kernels/simd/tables.h"
#include "instruction_set.h"

namespace distarray::DISTARRAY_KERNEL_SET {
namespace {

template <typename T, int kBytes>
struct VectorType {
  typedef T Type __attribute__((vector_size(kBytes)));
};

/// One number at a time: for complex numbers, whose parts do not accumulate apart.
template <typename T, typename Reducer>
struct OneByOne {
  using Number = typename Reducer::Number;
  static constexpr int kComponents = 1;
  static constexpr int kLanes = 1;
  static constexpr int kWidth = 1;

  static void FoldHalf(Number*, int) {}
  static void AddToLanes(std::int64_t n, const T* in, Number* lanes) {
    Number state = lanes[0];
    for (std::int64_t i = 0; i < n; ++i) {
      Reducer::Step(&state, Number(in[i]));
    }
    lanes[0] = state;
  }
  static std::int64_t AddShortRows(std::int64_t, std::int64_t, const T*, Number*, std::int64_t) { return 0; }
  static void AddColumns(std::int64_t rows, std::int64_t n, const T* in, std::int64_t in_step, Number* accumulators,
                         std::int64_t /*count*/, std::int64_t step) {
    for (std::int64_t r = 0; r < rows; ++r) {
      for (std::int64_t i = 0; i < n; ++i) {
        Reducer::Step(accumulators + r * step + i, Number(in[r * in_step + i]));
      }
    }
  }
};

/// Several vectors at a time. Complex numbers are pairs of `kParts` = 2 reals that accumulate apart; n, count and step
/// count the reals.
template <typename T, typename Reducer, int kParts = 1>
struct Vectored {
  using Number = typename Reducer::Number;
  static constexpr int kComponents = kParts;
  static constexpr int kPlanes = Reducer::kPlanes;
  static constexpr int kWidth = kVectorBytes / static_cast<int>(sizeof(Number));
  static constexpr int kUnrolled = kPlanes > 2 ? 2 : 4;  // independent sums hide the latency of additions
  static constexpr int kLanes = kWidth * kUnrolled;
  using Vector = typename VectorType<Number, kVectorBytes>::Type;
  using Source = typename VectorType<T, kWidth* static_cast<int>(sizeof(T))>::Type;

  static Vector Load(const T* from) {
    Source source;
    std::memcpy(&source, from, sizeof(source));
    return __builtin_convertvector(source, Vector);
  }
  /// kWidth accumulators from `first_plane` on, whose planes are `count` numbers apart.
  static void LoadState(const Number* first_plane, std::int64_t count, Vector* state) {
    for (int p = 0; p < kPlanes; ++p) {
      std::memcpy(&state[p], first_plane + p * count, sizeof(Vector));
    }
  }
  static void StoreState(const Vector* state, Number* first_plane, std::int64_t count) {
    for (int p = 0; p < kPlanes; ++p) {
      std::memcpy(first_plane + p * count, &state[p], sizeof(Vector));
    }
  }
  static void StepOne(Number* first_plane, std::int64_t count, T x) {
    Number state[kPlanes];
    for (int p = 0; p < kPlanes; ++p) {
      state[p] = first_plane[p * count];
    }
    Reducer::Step(state, static_cast<Number>(x));
    for (int p = 0; p < kPlanes; ++p) {
      first_plane[p * count] = state[p];
    }
  }

  /// Adds the second half of 2 * half lanes to the first.
  static void FoldHalf(Number* lanes, int half) {
    for (int lane = 0; lane < half; lane += kWidth) {
      Vector into[kPlanes];
      Vector from[kPlanes];
      LoadState(lanes + lane, kLanes, into);
      LoadState(lanes + half + lane, kLanes, from);
      Reducer::Merge(into, from);
      StoreState(into, lanes + lane, kLanes);
    }
  }

  static void AddToLanes(std::int64_t n, const T* in, Number* lanes) {
    Vector state[kUnrolled][kPlanes];
    for (int u = 0; u < kUnrolled; ++u) {
      LoadState(lanes + u * kWidth, kLanes, state[u]);
    }
    std::int64_t i = 0;
    for (; i + kLanes <= n; i += kLanes) {
      for (int u = 0; u < kUnrolled; ++u) {
        Reducer::Step(state[u], Load(in + i + u * kWidth));
      }
    }
    for (; i + kWidth <= n; i += kWidth) {
      Reducer::Step(state[0], Load(in + i));
    }
    for (int u = 0; u < kUnrolled; ++u) {
      StoreState(state[u], lanes + u * kWidth, kLanes);
    }
    for (int lane = 0; i < n; ++i, ++lane) {
      StepOne(lanes + lane, kLanes, in[i]);
    }
  }

  /// Adds rows of n reals to consecutive accumulators, a row in each lane. How many rows that were: as many as fill
  /// vectors.
  static std::int64_t AddShortRows(std::int64_t rows, std::int64_t n, const T* in, Number* accumulators,
                                   std::int64_t count) {
    if (kParts != 1) {
      return 0;
    }
    std::int64_t r = 0;
    for (; r + kWidth <= rows; r += kWidth, in += kWidth * n) {
      Vector state[kPlanes];
      LoadState(accumulators + r, count, state);
      for (std::int64_t i = 0; i < n; ++i) {
        Vector column;
        for (int lane = 0; lane < kWidth; ++lane) {
          column[lane] = static_cast<Number>(in[lane * n + i]);
        }
        Reducer::Step(state, column);
      }
      StoreState(state, accumulators + r, count);
    }
    return r;
  }

  static void AddColumns(std::int64_t rows, std::int64_t n, const T* in, std::int64_t in_step, Number* accumulators,
                         std::int64_t count, std::int64_t step) {
    constexpr std::int64_t kAhead = 1024 / static_cast<std::int64_t>(sizeof(T));
    const bool apart = in_step != n;  // the rows are not in the cache yet
    std::int64_t i = 0;
    for (; i + kWidth <= n; i += kWidth) {
      Vector state[kPlanes];
      LoadState(accumulators + i, count, state);
      for (std::int64_t r = 0; r < rows; ++r) {
        if (step != 0 && r != 0) {
          StoreState(state, accumulators + (r - 1) * step + i, count);
          LoadState(accumulators + r * step + i, count, state);
        }
        if (apart) {
          __builtin_prefetch(in + r * in_step + i + kAhead);
        }
        Reducer::Step(state, Load(in + r * in_step + i));
      }
      StoreState(state, accumulators + (rows - 1) * step + i, count);
    }
    for (; i < n; ++i) {
      for (std::int64_t r = 0; r < rows; ++r) {
        StepOne(accumulators + r * step + i, count, in[r * in_step + i]);
      }
    }
  }
};

/// The kernels of a way to accumulate: fits How's loops over real numbers to the interface.
template <typename T, typename Reducer, typename How>
struct Kernels {
  using Number = typename Reducer::Number;
  static constexpr int kPlanes = Reducer::kPlanes;
  static constexpr int kComponents = How::kComponents;
  static constexpr int kLanes = How::kLanes;

  static void Fill(std::int64_t count, Number* accumulators) {
    for (int p = 0; p < kPlanes; ++p) {
      for (std::int64_t k = 0; k < count; ++k) {
        accumulators[p * count + k] = Reducer::kIdentity[p];
      }
    }
  }
  static void MergeOne(Number* into, std::int64_t into_count, const Number* from, std::int64_t from_count) {
    Number state[kPlanes];
    Number other[kPlanes];
    for (int p = 0; p < kPlanes; ++p) {
      state[p] = into[p * into_count];
      other[p] = from[p * from_count];
    }
    Reducer::Merge(state, other);
    for (int p = 0; p < kPlanes; ++p) {
      into[p * into_count] = state[p];
    }
  }
  /// Adds the lanes, pairwise, to the first kComponents accumulators.
  static void Fold(Number* lanes, Number* accumulators, std::int64_t count) {
    int half = kLanes / 2;
    for (; half >= How::kWidth && How::kWidth > kComponents; half /= 2) {
      How::FoldHalf(lanes, half);
    }
    for (; half >= kComponents; half /= 2) {
      for (int lane = 0; lane < half; ++lane) {
        MergeOne(lanes + lane, kLanes, lanes + half + lane, kLanes);
      }
    }
    for (int c = 0; c < kComponents; ++c) {
      MergeOne(accumulators + c, count, lanes + c, kLanes);
    }
  }

  static void Clear(std::int64_t count, void* accumulators) {
    Fill(count * kComponents, static_cast<Number*>(accumulators));
  }
  static void ClearLanes(void* lanes) { Fill(kLanes, static_cast<Number*>(lanes)); }
  static void AddToLanes(std::int64_t n, const void* in, void* lanes) {
    How::AddToLanes(n * kComponents, static_cast<const T*>(in), static_cast<Number*>(lanes));
  }
  static void FoldLanes(void* lanes, void* accumulators, std::int64_t count, std::int64_t k) {
    Fold(static_cast<Number*>(lanes), static_cast<Number*>(accumulators) + k * kComponents, count * kComponents);
  }
  /// Adds n numbers of one component to one accumulator.
  static void AddRow(std::int64_t n, const T* x, Number* to, std::int64_t count) {
    Number state[kPlanes];
    for (int p = 0; p < kPlanes; ++p) {
      state[p] = to[p * count];
    }
    for (std::int64_t i = 0; i < n; ++i) {
      Reducer::Step(state, static_cast<Number>(x[i * kComponents]));
    }
    for (int p = 0; p < kPlanes; ++p) {
      to[p * count] = state[p];
    }
  }
  static void Rows(std::int64_t rows, std::int64_t n, const void* in, void* accumulators, std::int64_t count,
                   std::int64_t k, std::int64_t step) {
    const T* x = static_cast<const T*>(in);
    Number* to = static_cast<Number*>(accumulators) + k * kComponents;
    const bool is_long = n * kComponents >= 4 * kLanes;  // worth the folding of the lanes
    std::int64_t r = is_long || step != 1 ? 0 : How::AddShortRows(rows, n, x, to, count * kComponents);
    for (; r < rows; ++r) {
      const T* row = x + r * n * kComponents;
      Number* total = to + r * step * kComponents;
      if (is_long) {
        alignas(64) Number lanes[kPlanes * kLanes];
        Fill(kLanes, lanes);
        How::AddToLanes(n * kComponents, row, lanes);
        Fold(lanes, total, count * kComponents);
      } else {
        for (int c = 0; c < kComponents; ++c) {
          AddRow(n, row + c, total + c, count * kComponents);
        }
      }
    }
  }
  static void Columns(std::int64_t rows, std::int64_t n, const void* in, std::int64_t in_step, void* accumulators,
                      std::int64_t count, std::int64_t k, std::int64_t step) {
    How::AddColumns(rows, n * kComponents, static_cast<const T*>(in), in_step * kComponents,
                    static_cast<Number*>(accumulators) + k * kComponents, count * kComponents, step * kComponents);
  }
  static void Merge(std::int64_t count, void* into, const void* from) {
    for (std::int64_t k = 0; k < count * kComponents; ++k) {
      MergeOne(static_cast<Number*>(into) + k, count * kComponents, static_cast<const Number*>(from) + k,
               count * kComponents);
    }
  }

  static constexpr ReductionKernels Make() {
    return {.planes = kPlanes,
            .plane_bytes = static_cast<int>(sizeof(Number)) * kComponents,
            .lanes_bytes = static_cast<int>(sizeof(Number)) * kLanes * kPlanes,
            .clear = &Clear,
            .clear_lanes = &ClearLanes,
            .add_to_lanes = &AddToLanes,
            .fold_lanes = &FoldLanes,
            .rows = &Rows,
            .columns = &Columns,
            .merge = &Merge};
  }
};

template <typename T, typename Reducer, int kParts = 1>
constexpr ReductionKernels kVectored = Kernels<T, Reducer, Vectored<T, Reducer, kParts>>::Make();
template <typename T, typename Reducer>
constexpr ReductionKernels kOneByOne = Kernels<T, Reducer, OneByOne<T, Reducer>>::Make();

/// bool's bytes are 0 and 1.
template <Element T>
using StoredAs = std::conditional_t<Boolean<T>, std::uint8_t, T>;

template <Element T>
constexpr ReductionKernels Choose(Accumulation how) {
  if constexpr (Complex<T>) {
    using R = RealPart<T>;
    switch (how) {
      case Accumulation::kSum:
        return kVectored<R, CompensatedSum, 2>;
      case Accumulation::kSquares:
        return kVectored<R, CompensatedSquares, 2>;
      case Accumulation::kProduct:
        return kOneByOne<T, ComplexProduct>;
      case Accumulation::kMinimum:
        return kOneByOne<T, ComplexExtreme<T, -1>>;
      case Accumulation::kMaximum:
        return kOneByOne<T, ComplexExtreme<T, 1>>;
    }
  } else {
    switch (how) {
      case Accumulation::kMinimum:
        return kVectored<StoredAs<T>, Extreme<StoredAs<T>, -1>>;
      case Accumulation::kMaximum:
        return kVectored<StoredAs<T>, Extreme<StoredAs<T>, 1>>;
      case Accumulation::kSum:
        if constexpr (Floating<T>) {
          return kVectored<T, CompensatedSum>;
        } else if constexpr (Integer<T> && sizeof(T) == 8) {
          return kVectored<T, WrappingSum>;
        }
        break;
      case Accumulation::kProduct:
        if constexpr (Floating<T>) {
          return kVectored<T, CompensatedProduct>;
        } else if constexpr (Integer<T> && sizeof(T) == 8) {
          return kVectored<T, WrappingProduct>;
        }
        break;
      case Accumulation::kSquares:
        if constexpr (Floating<T>) {
          return kVectored<T, CompensatedSquares>;
        }
        break;
    }
  }
  return {};
}

template <typename... Ts>
constexpr ReductionTable MakeTable(std::type_identity<std::tuple<Ts...>>) {
  ReductionTable table{};
  for (int how = 0; how < kAccumulationCount; ++how) {
    table[static_cast<std::size_t>(how)] = {Choose<Ts>(static_cast<Accumulation>(how))...};
  }
  return table;
}

constexpr ReductionTable kTable = MakeTable(std::type_identity<ElementTypes>{});

}  // namespace

const ReductionTable& Reductions() { return kTable; }

}  // namespace distarray::DISTARRAY_KERNEL_SET
