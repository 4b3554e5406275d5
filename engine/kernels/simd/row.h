#pragma once

// Turns `Row("name", lambda)` into the kernels of an operation, one for each dtype the lambda takes. Everything is in
// the namespace of the kernel set it is compiled for, so that no code for a newer processor can be linked into an older
// set.

#include <type_traits>

#include "engine/kernels/kernel.h"

namespace distarray::DISTARRAY_KERNEL_SET {

template <typename F, typename T>
inline constexpr int kArity = std::is_invocable_v<F, T>            ? 1
                              : std::is_invocable_v<F, T, T>       ? 2
                              : std::is_invocable_v<F, bool, T, T> ? 3
                              : std::is_invocable_v<F, T, T, T>    ? 3
                                                                   : 0;

/// Whether the first of three operands is a condition.
template <typename F, typename T>
inline constexpr bool kHasCondition = kArity<F, T> == 3 && std::is_invocable_v<F, bool, T, T>;

template <typename F, typename T>
std::uint32_t RunLoop(std::int64_t n, const void* const* in, void* out) {
  if constexpr (kArity<F, T> == 1) {
    const T* __restrict x = static_cast<const T*>(in[0]);
    auto* __restrict z = static_cast<std::invoke_result_t<F, T>*>(out);
    for (std::int64_t i = 0; i < n; ++i) {
      z[i] = F{}(x[i]);
    }
  } else if constexpr (kArity<F, T> == 2) {
    const T* __restrict x = static_cast<const T*>(in[0]);
    const T* __restrict y = static_cast<const T*>(in[1]);
    auto* __restrict z = static_cast<std::invoke_result_t<F, T, T>*>(out);
    for (std::int64_t i = 0; i < n; ++i) {
      z[i] = F{}(x[i], y[i]);
    }
  } else {
    using First = std::conditional_t<kHasCondition<F, T>, bool, T>;
    const First* __restrict first = static_cast<const First*>(in[0]);
    const T* __restrict x = static_cast<const T*>(in[1]);
    const T* __restrict y = static_cast<const T*>(in[2]);
    T* __restrict z = static_cast<T*>(out);
    for (std::int64_t i = 0; i < n; ++i) {
      z[i] = F{}(first[i], x[i], y[i]);
    }
  }
  return 0;
}

template <typename F, typename T>
constexpr void AddLoop(OperationRow& row) {
  constexpr auto kIndex = static_cast<std::size_t>(kDTypeOf<T>);
  if constexpr (kArity<F, T> != 0) {
    row.kernels[kIndex] = &RunLoop<F, T>;
    row.operand_count = kArity<F, T>;
    row.condition_first = kHasCondition<F, T>;
    if constexpr (kArity<F, T> == 1) {
      row.results[kIndex] = kDTypeOf<std::invoke_result_t<F, T>>;
    } else if constexpr (kArity<F, T> == 2) {
      row.results[kIndex] = kDTypeOf<std::invoke_result_t<F, T, T>>;
    } else {
      row.results[kIndex] = kDTypeOf<T>;
    }
  }
}

/// An operation by its scalar function: `[]<Real T>(T x, T y) { return ...; }`. What it returns is the result's dtype.
template <typename F>
constexpr OperationRow Row(std::string_view name, F) {
  OperationRow row{.name = name};
  [&]<typename... Ts>(std::type_identity<std::tuple<Ts...>>) {
    (AddLoop<F, Ts>(row), ...);
  }(std::type_identity<ElementTypes>{});
  return row;
}

constexpr OperationRow NotOnBool(OperationRow row) {
  row.no_bool = true;
  return row;
}

constexpr OperationRow IntegersAsDouble(OperationRow row) {
  row.integers_as_double = true;
  return row;
}

}  // namespace distarray::DISTARRAY_KERNEL_SET
