#include <algorithm>
#include <complex>
#include <cstring>
#include <limits>

#include "engine/kernels/kernel_set.h"
#include "engine/kernels/operations.h"
#include "engine/program/double_double.h"
#include "engine/program/executor.h"
#include "engine/program/reduction_run.h"

namespace distarray {
namespace {

/// The numbers of accumulators: entry k of plane p.
template <typename Number>
class Planes {
 public:
  Planes(const Accumulators& accumulators, std::int64_t components)
      : bytes_(accumulators.bytes.data()), count_(accumulators.count * components) {}

  Number At(std::int64_t plane, std::int64_t k) const {
    Number number;
    std::memcpy(&number, bytes_ + (plane * count_ + k) * static_cast<std::int64_t>(sizeof(Number)), sizeof(Number));
    return number;
  }
  /// Planes `plane` and the next one.
  DoubleDouble Pair(std::int64_t plane, std::int64_t k) const requires std::same_as<Number, double> {
    return {At(plane, k), At(plane + 1, k)};
  }

 private:
  const std::byte* bytes_;
  std::int64_t count_;
};

template <typename T, typename Number>
T ConvertTo(Number number) {
  if constexpr (Complex<T> && Complex<Number>) {
    return T(static_cast<typename T::value_type>(number.real()), static_cast<typename T::value_type>(number.imag()));
  } else if constexpr (Complex<T>) {
    return T(static_cast<typename T::value_type>(number), 0);
  } else if constexpr (Complex<Number>) {
    return static_cast<T>(number.real());
  } else {
    return static_cast<T>(number);
  }
}

/// Writes number_of(k) as element k of dtype at out, for each k below count.
template <typename NumberOf>
void StoreEach(std::int64_t count, DType dtype, std::byte* out, NumberOf&& number_of) {
  Visit(dtype, [&]<typename T>() {
    for (std::int64_t k = 0; k < count; ++k) {
      const T value = ConvertTo<T>(number_of(k));
      std::memcpy(out + k * static_cast<std::int64_t>(sizeof(T)), &value, sizeof(T));
    }
  });
}

/// Sums, means and products of floating numbers, in `components` parts.
void FinishPairs(const Accumulators& accumulators, bool is_complex, double divisor, DType result, std::byte* out) {
  const Planes<double> planes(accumulators, is_complex ? 2 : 1);
  if (is_complex) {
    StoreEach(accumulators.count, result, out, [&](std::int64_t k) {
      return std::complex<double>(planes.Pair(0, 2 * k).Round() / divisor, planes.Pair(0, 2 * k + 1).Round() / divisor);
    });
  } else {
    StoreEach(accumulators.count, result, out, [&](std::int64_t k) { return planes.Pair(0, k).Round() / divisor; });
  }
}

/// (sum of squares - sum^2 / n), of real or imaginary parts.
DoubleDouble SquaredDeviations(DoubleDouble sum, DoubleDouble squares, double n) {
  return squares + -(sum * (sum / n));
}

void FinishSquares(const Accumulators& accumulators, bool is_complex, std::int64_t reduced_count, double correction,
                   bool root, DType result, std::byte* out) {
  const std::int64_t components = is_complex ? 2 : 1;
  const Planes<double> planes(accumulators, components);
  const auto n = static_cast<double>(reduced_count);
  const double divisor = std::max(n - correction, 0.0);
  StoreEach(accumulators.count, result, out, [&](std::int64_t k) {
    double deviations = 0;
    for (std::int64_t c = components * k; c < components * (k + 1); ++c) {
      const double sum = planes.At(0, c);
      const double squares = planes.At(2, c);
      if (std::isfinite(sum) && std::isfinite(squares)) {
        deviations += std::max(SquaredDeviations(planes.Pair(0, c), planes.Pair(2, c), n).Round(), 0.0);
      } else {
        deviations += std::isfinite(sum) ? squares : std::numeric_limits<double>::quiet_NaN();
      }
    }
    const double variance = reduced_count == 0 ? std::numeric_limits<double>::quiet_NaN() : deviations / divisor;
    return root ? std::sqrt(variance) : variance;
  });
}

/// Accumulators that are the results themselves, as `Number`.
template <typename Number>
void FinishPlain(const Accumulators& accumulators, DType result, std::byte* out) {
  const Planes<Number> planes(accumulators, 1);
  StoreEach(accumulators.count, result, out, [&](std::int64_t k) { return planes.At(0, k); });
}

}  // namespace

void CombineAccumulators(int reduction, DType compute, Accumulators& into, const Accumulators& from) {
  const ReductionKernels& kernels = ActiveKernels().Reduce(AccumulationOf(reduction), compute);
  kernels.merge(into.count, into.bytes.data(), from.bytes.data());
}

Accumulators EmptyAccumulators(int reduction, DType compute, std::int64_t count) {
  const ReductionKernels& kernels = ActiveKernels().Reduce(AccumulationOf(reduction), compute);
  Accumulators empty{.count = count};
  empty.bytes.resize(static_cast<std::size_t>(count * kernels.planes * kernels.plane_bytes));
  kernels.clear(count, empty.bytes.data());
  return empty;
}

namespace {

/// Copies `count` accumulators, from the one's `from_first` on to the other's `to_first` on.
void CopyAccumulators(const ReductionKernels& kernels, std::int64_t count, const Accumulators& from,
                      std::int64_t from_first, Accumulators& to, std::int64_t to_first) {
  for (std::int64_t plane = 0; plane < kernels.planes; ++plane) {
    std::memcpy(to.bytes.data() + (plane * to.count + to_first) * kernels.plane_bytes,
                from.bytes.data() + (plane * from.count + from_first) * kernels.plane_bytes,
                static_cast<std::size_t>(count * kernels.plane_bytes));
  }
}

}  // namespace

void CombineBox(const ReduceOutput& reduce, DType compute, const Part& whole, const Part& box, Accumulators& into,
                const Accumulators& from) {
  const ReductionKernels& kernels = ActiveKernels().Reduce(AccumulationOf(reduce.reduction), compute);
  if (into.count == from.count) {
    kernels.merge(into.count, into.bytes.data(), from.bytes.data());
    return;
  }
  // Of the dimensions that are not reduced: rows of the box lie apart in the whole.
  std::vector<std::size_t> kept;
  for (std::size_t d = 0; d < whole.shape.size(); ++d) {
    if (!std::binary_search(reduce.axes.begin(), reduce.axes.end(), static_cast<int>(d))) {
      kept.push_back(d);
    }
  }
  const std::int64_t row = box.shape[kept.back()];
  Accumulators mine = EmptyAccumulators(reduce.reduction, compute, row);
  Accumulators theirs = mine;
  for (std::int64_t first = 0; first < from.count; first += row) {
    std::int64_t at = 0;
    std::int64_t stride = 1;
    std::int64_t rest = first;
    for (std::size_t k = kept.size(); k-- > 0;) {
      const std::size_t d = kept[k];
      at += (box.begin[d] - whole.begin[d] + rest % box.shape[d]) * stride;
      rest /= box.shape[d];
      stride *= whole.shape[d];
    }
    CopyAccumulators(kernels, row, into, at, mine, 0);
    CopyAccumulators(kernels, row, from, first, theirs, 0);
    kernels.merge(row, mine.bytes.data(), theirs.bytes.data());
    CopyAccumulators(kernels, row, mine, 0, into, at);
  }
}

void FinishAccumulators(const ReduceOutput& reduce, DType compute, std::int64_t reduced_count,
                        const Accumulators& accumulators, std::byte* out) {
  const Accumulation how = AccumulationOf(reduce.reduction);
  const std::string_view name = Reductions()[static_cast<std::size_t>(reduce.reduction)].name;
  const bool is_complex = KindOf(compute) == Kind::kComplex;
  if (how == Accumulation::kSquares) {
    FinishSquares(accumulators, is_complex, reduced_count, reduce.correction, name == "std", reduce.result, out);
  } else if (how == Accumulation::kMinimum || how == Accumulation::kMaximum) {
    Visit(compute, [&]<typename T>() {
      // The smallest of no bool is a byte that is neither 0 nor 1.
      using Stored = std::conditional_t<Boolean<T>, std::uint8_t, T>;
      FinishPlain<Stored>(accumulators, reduce.result, out);
    });
  } else if (KindOf(compute) == Kind::kSigned) {
    FinishPlain<std::int64_t>(accumulators, reduce.result, out);
  } else if (KindOf(compute) < Kind::kFloat) {
    FinishPlain<std::uint64_t>(accumulators, reduce.result, out);
  } else if (is_complex && how == Accumulation::kProduct) {
    FinishPlain<std::complex<double>>(accumulators, reduce.result, out);
  } else {
    FinishPairs(accumulators, is_complex, name == "mean" ? static_cast<double>(reduced_count) : 1, reduce.result, out);
  }
}

}  // namespace distarray
