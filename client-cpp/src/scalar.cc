#include "distarray/scalar.h"

namespace distarray::inline client {

Kind Scalar::kind() const {
  constexpr Kind kKinds[] = {Kind::kBool, Kind::kSigned, Kind::kUnsigned, Kind::kFloat, Kind::kComplex};
  return kKinds[value_.index()];
}

DType Scalar::DefaultDType() const {
  constexpr DType kDTypes[] = {DType::kBool, DType::kInt64, DType::kUInt64, DType::kFloat64, DType::kComplex128};
  return kDTypes[value_.index()];
}

}  // namespace distarray::inline client
