#pragma once

#include <absl/status/statusor.h>

#include <string>

#include "distarray/array_info.h"
#include "distarray/distribution.h"
#include "distarray/explanation.h"
#include "distarray/index.h"
#include "distarray/scalar.h"
#include "distarray/v1/arrays.pb.h"
#include "distarray/v1/operations.pb.h"
#include "distarray/v1/types.pb.h"
#include "distarray/value.h"

namespace distarray::inline client {

// The library's values as they travel. Error kInternal: the daemon sent what this version does not know.

v1::DType ToWire(DType dtype);
absl::StatusOr<DType> FromWire(v1::DType dtype);

void ToWire(const Scalar& scalar, v1::Scalar* out);
void ToWire(const Index& index, v1::Index* out);
void ToWire(const DistributionRequest& request, v1::DistributionRequest* out);

absl::StatusOr<ArrayInfo> FromWire(const v1::ArrayInfo& info);
absl::StatusOr<Explanation> FromWire(const v1::Explanation& message);
absl::StatusOr<Value> FromWire(const v1::PlainValue& message);

}  // namespace distarray::inline client
