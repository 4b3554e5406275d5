#pragma once

#include <complex>
#include <cstdint>
#include <variant>

#include "engine/base/status.h"
#include "engine/dtype/dtype.h"

namespace distarray {

/// A number of any kind, exactly: bool, integers of both signs, floating, complex.
struct Scalar {
  std::variant<bool, std::int64_t, std::uint64_t, double, std::complex<double>> value = std::int64_t{0};

  friend bool operator==(const Scalar&, const Scalar&) = default;
};

Kind KindOf(const Scalar& scalar);

/// The dtype that a weak scalar (a Python number) takes beside an array of dtype `array`, NumPy 2's rule (NEP 50).
/// Error kInvalidValue: an integer out of bounds for an integer dtype.
absl::StatusOr<DType> WeakScalarType(const Scalar& scalar, DType array);

/// The dtype a weak scalar has by itself: bool, int64 (uint64 from 2^63), float64, complex128.
DType DefaultType(const Scalar& scalar);

/// Writes the scalar as one element of dtype (SizeOf(dtype) bytes at out), converted as NumPy's astype (convert.h for
/// floating to integer); complex to real drops the imaginary part.
void StoreScalar(const Scalar& scalar, DType dtype, void* out);

}  // namespace distarray
