#include "engine/dtype/convert.h"
#include "engine/kernels/simd/number.h"
#include "engine/kernels/simd/tables.h"

namespace distarray::DISTARRAY_KERNEL_SET {
namespace {

/// NumPy's astype.
template <Element To, Element From>
constexpr To Convert(From x) {
  if constexpr (Boolean<To>) {
    return IsTrue(x);
  } else if constexpr (Complex<To>) {
    if constexpr (Complex<From>) {
      return To(static_cast<RealPart<To>>(x.real()), static_cast<RealPart<To>>(x.imag()));
    } else {
      return To(static_cast<RealPart<To>>(x), 0);
    }
  } else if constexpr (Complex<From>) {
    return Convert<To>(x.real());
  } else if constexpr (Floating<From> && Integer<To>) {
    return FloatToInteger<To>(x);
  } else {
    return static_cast<To>(x);
  }
}

template <Element From, Element To>
void RunCast(std::int64_t n, const void* in, void* out) {
  const From* __restrict x = static_cast<const From*>(in);
  To* __restrict z = static_cast<To*>(out);
  for (std::int64_t i = 0; i < n; ++i) {
    z[i] = Convert<To>(x[i]);
  }
}

template <Element From, typename... Tos>
constexpr std::array<CastKernel, kDTypeCount> CastsFrom(std::type_identity<std::tuple<Tos...>>) {
  return {&RunCast<From, Tos>...};
}

template <typename... Froms>
constexpr CastTable MakeCasts(std::type_identity<std::tuple<Froms...>> types) {
  return {CastsFrom<Froms>(types)...};
}

constexpr CastTable kCasts = MakeCasts(std::type_identity<ElementTypes>{});

}  // namespace

const CastTable& Casts() { return kCasts; }

}  // namespace distarray::DISTARRAY_KERNEL_SET
