#pragma once

#include <vector>

#include "distarray/distarray.h"
#include "tests/support/catch.h"

namespace distarray::inline client {

/// The array's elements; the test fails with the error if there are none.
template <Element T>
std::vector<T> Values(const Array& array) {
  auto values = array.ToVector<T>();
  INFO(values.status().ToString());
  REQUIRE(values.ok());
  return *std::move(values);
}

template <Element T>
T Item(const Array& array) {
  const auto value = array.Item<T>();
  INFO(value.status().ToString());
  REQUIRE(value.ok());
  return *value;
}

}  // namespace distarray::inline client
