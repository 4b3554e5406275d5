#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "distarray/distarray.h"
#include "tests/client_cpp/values.h"
#include "tests/support/catch.h"

namespace distarray::inline client {

/// An array in the test's own memory, in C order: what distributed ones are held against.
template <Element T>
struct Dense {
  Shape shape;
  std::vector<T> values;

  /// Every element by its index.
  static Dense Of(const Shape& shape, const std::function<T(const Shape& index)>& element) {
    Dense dense{shape, {}};
    Shape index(shape.size(), 0);
    std::int64_t count = 1;
    for (const std::int64_t length : shape) {
      count *= length;
    }
    for (std::int64_t i = 0; i < count; ++i) {
      dense.values.push_back(element(index));
      for (std::size_t d = shape.size(); d-- > 0 && ++index[d] == shape[d];) {
        index[d] = 0;
      }
    }
    return dense;
  }
  /// Of no pattern: multiples of 1/4 (of integers, 1) within [-limit, limit].
  static Dense Mixed(const Shape& shape, int limit = 9, std::uint32_t seed = 7) {
    return Of(shape, [&](const Shape&) {
      seed = seed * 1664525 + 1013904223;
      const auto number = static_cast<int>(seed >> 8U) % (8 * limit + 1) - 4 * limit;
      return static_cast<T>(std::is_integral_v<T> ? number / 4 : number / 4.0);
    });
  }

  T at(const Shape& index) const {
    std::int64_t place = 0;
    for (std::size_t d = 0; d < shape.size(); ++d) {
      place = place * shape[d] + (index[d] < 0 ? index[d] + shape[d] : index[d]);
    }
    return values.at(static_cast<std::size_t>(place));
  }
};

/// Puts arrays on the engines of one daemon, dealt out in one way.
class Dealer {
 public:
  static constexpr int kWays = 5;

  Dealer(const Context& context, int engines, int way) : context_(context), engines_(engines), way_(way) {}

  const Context& context() const { return context_; }
  std::string name() const;

  template <Element T>
  Array operator()(const Dense<T>& dense) const {
    const auto elements = std::make_unique<T[]>(dense.values.size() + 1);
    std::copy(dense.values.begin(), dense.values.end(), elements.get());
    return context_.FromSpan(std::span<const T>(elements.get(), dense.values.size()), dense.shape,
                             Distributed(dense.shape));
  }

 private:
  DistributionRequest Distributed(const Shape& shape) const;

  const Context& context_;
  int engines_;
  int way_;
};

/// On one engine and on three: blocks; blocks of uneven sizes, one of them empty; cyclic; blocks of two dealt in turn
/// along the last dimension; all on the last engine.
void OnAllDistributions(const std::function<void(const Dealer& deal)>& test);

/// The array is what the test expects, element by element.
template <Element T>
void CheckSame(const Array& array, const Dense<T>& expected) {
  INFO(array.status().ToString());
  REQUIRE(array.ok());
  CHECK(array.shape() == expected.shape);
  REQUIRE(array.dtype() == kDTypeOf<T>);
  CHECK(Values<T>(array) == expected.values);
}

/// As CheckSame, of numbers that are rounded differently.
template <Element T>
void CheckClose(const Array& array, const Dense<T>& expected, double tolerance = 1e-12) {
  INFO(array.status().ToString());
  REQUIRE(array.ok());
  CHECK(array.shape() == expected.shape);
  REQUIRE(array.dtype() == kDTypeOf<T>);
  const std::vector<T> values = Values<T>(array);
  REQUIRE(values.size() == expected.values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    INFO("element " << i << ": " << values[i] << ", expected " << expected.values[i]);
    const bool both_nan = values[i] != values[i] && expected.values[i] != expected.values[i];
    CHECK((both_nan || values[i] == expected.values[i] ||
           std::abs(values[i] - expected.values[i]) <= tolerance * (1 + std::abs(expected.values[i]))));
  }
}

/// What a call that waits gave; the test fails with its error.
template <typename T>
T Got(absl::StatusOr<T> result) {
  INFO(result.status().ToString());
  REQUIRE(result.ok());
  return *std::move(result);
}

/// The failure's reason.
inline Reason Why(const Array& array) { return ReasonOf(array.status()); }
template <typename T>
Reason Why(const absl::StatusOr<T>& result) {
  return ReasonOf(result.status());
}

}  // namespace distarray::inline client
