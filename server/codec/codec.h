#pragma once

#include <string>
#include <vector>

#include "distarray/v1/arrays.pb.h"
#include "distarray/v1/types.pb.h"
#include "engine/base/error.h"
#include "engine/distribution/distribution.h"
#include "engine/dtype/dtype.h"
#include "engine/dtype/scalar.h"
#include "engine/index/view.h"

namespace distarray::server {

/// Wire to engine values and back: the only code that sees both. Parsing distrusts everything; `argument` names the
/// field in errors.

/// Error kInvalidType: unspecified or unknown.
absl::StatusOr<DType> ParseDType(v1::DType dtype, std::string_view argument);
v1::DType EncodeDType(DType dtype);

/// A number and, if it is typed, its dtype. Error kInvalidType: no value.
struct TypedScalar {
  Scalar scalar;
  std::optional<DType> dtype;
};
absl::StatusOr<TypedScalar> ParseScalar(const v1::Scalar& scalar, std::string_view argument);
void EncodeScalar(const Scalar& scalar, v1::Scalar* message);

/// A shape with at most kDimensionsMax dimensions, none negative, fewer than 2^63 elements and bytes of dtype. Error
/// kInvalidValue.
inline constexpr int kDimensionsMax = 32;
absl::StatusOr<Shape> ParseShape(const google::protobuf::RepeatedField<std::int64_t>& sizes, DType dtype);

/// Error kInvalidValue: not a distribution over engine_count engines.
absl::StatusOr<Distribution> ParseDistribution(const v1::Distribution& message, int engine_count);
void EncodeDistribution(const Distribution& distribution, v1::Distribution* message);

/// The distribution that a request asks for, for an array of `shape`. Error kInvalidValue: also if an exact one has
/// another shape.
absl::StatusOr<Distribution> ResolveDistribution(const v1::DistributionRequest& request, const Shape& shape,
                                                 const std::vector<int>& default_targets,
                                                 const std::string& default_kinds, int engine_count);

absl::StatusOr<std::vector<IndexEntry>> ParseIndex(const v1::Index& index);

/// A failure as it travels.
v1::ErrorInfo EncodeError(const absl::Status& status, const std::string& origin);

}  // namespace distarray::server
