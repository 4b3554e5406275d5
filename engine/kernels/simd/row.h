#pragma once

// Turns `Row("name", lambda)` into the kernels of an operation, one for each dtype the lambda takes. Everything is in
// the namespace of the kernel set it is compiled for, so that no code for a newer processor can be linked into an older
// set.

#include <bit>
#include <type_traits>

#include "engine/kernels/kernel.h"

namespace distarray::DISTARRAY_KERNEL_SET {

template <typename F, typename T>
inline constexpr int kArity = std::is_invocable_v<F, T>         ? 1
                              : std::is_invocable_v<F, T, T>    ? 2
                              : std::is_invocable_v<F, T, T, T> ? 3
                                                                : 0;

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
    const T* __restrict w = static_cast<const T*>(in[0]);
    const T* __restrict x = static_cast<const T*>(in[1]);
    const T* __restrict y = static_cast<const T*>(in[2]);
    T* __restrict z = static_cast<T*>(out);
    for (std::int64_t i = 0; i < n; ++i) {
      z[i] = F{}(w[i], x[i], y[i]);
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

/// What an element is made of, and as bits.
template <typename T>
struct ElementParts {
  using Part = T;
  using Bits = std::conditional_t<sizeof(T) == 1, std::uint8_t,
                                  std::conditional_t<sizeof(T) == 2, std::uint16_t,
                                                     std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>>>;
  static constexpr int kCount = 1;
};
template <>
struct ElementParts<bool> : ElementParts<std::uint8_t> {};
template <typename T>
struct ElementParts<std::complex<T>> : ElementParts<T> {
  static constexpr int kCount = 2;
};

/// out[i] = condition[i] ? x[i] : y[i], by masks: a branch for each element would not become vector instructions, and
/// is mispredicted half of the time.
template <typename T>
std::uint32_t SelectLoop(std::int64_t n, const void* const* in, void* out) {
  using Part = typename ElementParts<T>::Part;
  using Bits = typename ElementParts<T>::Bits;
  constexpr int kCount = ElementParts<T>::kCount;
  const auto* __restrict condition = static_cast<const std::uint8_t*>(in[0]);
  const Part* __restrict x = static_cast<const Part*>(in[1]);
  const Part* __restrict y = static_cast<const Part*>(in[2]);
  Part* __restrict z = static_cast<Part*>(out);
  for (std::int64_t i = 0; i < n; ++i) {
    const Bits mask = static_cast<Bits>(-static_cast<Bits>(condition[i]));
    for (int part = 0; part < kCount; ++part) {
      const Bits if_true = std::bit_cast<Bits>(x[i * kCount + part]);
      const Bits if_false = std::bit_cast<Bits>(y[i * kCount + part]);
      z[i * kCount + part] = std::bit_cast<Part>(static_cast<Bits>(if_false ^ ((if_true ^ if_false) & mask)));
    }
  }
  return 0;
}

/// An operation whose first operand is a condition that decides between the others.
constexpr OperationRow SelectRow(std::string_view name) {
  OperationRow row{.name = name, .operand_count = 3, .condition_first = true};
  [&]<typename... Ts>(std::type_identity<std::tuple<Ts...>>) {
    ((row.kernels[static_cast<std::size_t>(kDTypeOf<Ts>)] = &SelectLoop<Ts>,
      row.results[static_cast<std::size_t>(kDTypeOf<Ts>)] = kDTypeOf<Ts>),
     ...);
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
