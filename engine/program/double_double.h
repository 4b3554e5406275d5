#pragma once

#include <cmath>

namespace distarray {

/// An unevaluated sum of two float64 numbers, about 32 digits.
struct DoubleDouble {
  double high = 0;
  double low = 0;

  /// Rounded; where a part overflowed, the plain value wins over the error that is then NaN.
  double Round() const {
    const double value = high + low;
    return std::isfinite(value) ? value : high;
  }
};

inline DoubleDouble FastTwoSum(double large, double small) {
  const double sum = large + small;
  return {sum, small - (sum - large)};
}

inline DoubleDouble TwoSum(double x, double y) {
  const double sum = x + y;
  const double part = sum - x;
  return {sum, (x - (sum - part)) + (y - part)};
}

inline DoubleDouble operator-(DoubleDouble x) { return {-x.high, -x.low}; }

inline DoubleDouble operator+(DoubleDouble x, DoubleDouble y) {
  const DoubleDouble high = TwoSum(x.high, y.high);
  const DoubleDouble low = TwoSum(x.low, y.low);
  const DoubleDouble sum = FastTwoSum(high.high, high.low + low.high);
  return FastTwoSum(sum.high, sum.low + low.low);
}

inline DoubleDouble operator*(DoubleDouble x, DoubleDouble y) {
  const double product = x.high * y.high;
  const double error = std::fma(x.high, y.high, -product);
  return FastTwoSum(product, error + (x.high * y.low + x.low * y.high));
}

inline DoubleDouble operator/(DoubleDouble x, double y) {
  const double quotient = x.high / y;
  const double rest = std::fma(-quotient, y, x.high) + x.low;
  return FastTwoSum(quotient, rest / y);
}

}  // namespace distarray
