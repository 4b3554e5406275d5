#include "server/codec/codec.h"

#include <absl/strings/str_cat.h>

#include <limits>

namespace distarray::server {

static_assert(v1::DTYPE_BOOL == static_cast<int>(DType::kBool) + 1);
static_assert(v1::DTYPE_COMPLEX128 == static_cast<int>(DType::kComplex128) + 1);
static_assert(v1::ERROR_REASON_INVALID_VALUE == static_cast<int>(Reason::kInvalidValue));
static_assert(v1::ERROR_REASON_MEMORY_LIMIT == static_cast<int>(Reason::kMemoryLimit));
static_assert(v1::ERROR_REASON_WORKER_LOST == static_cast<int>(kLastReason));

absl::StatusOr<DType> ParseDType(v1::DType dtype, std::string_view argument) {
  if (dtype < v1::DTYPE_BOOL || dtype > v1::DTYPE_COMPLEX128) {
    return Error(Reason::kInvalidType, absl::StrCat(std::string(argument), ": number ", static_cast<int>(dtype),
                                                    " is no element type; expected one of DType, 1 to 13"));
  }
  return static_cast<DType>(dtype - 1);
}

v1::DType EncodeDType(DType dtype) { return static_cast<v1::DType>(static_cast<int>(dtype) + 1); }

absl::StatusOr<TypedScalar> ParseScalar(const v1::Scalar& scalar, std::string_view argument) {
  TypedScalar parsed;
  switch (scalar.value_case()) {
    case v1::Scalar::kBoolean:
      parsed.scalar.value = scalar.boolean();
      break;
    case v1::Scalar::kInteger:
      parsed.scalar.value = std::int64_t{scalar.integer()};
      break;
    case v1::Scalar::kUnsignedInteger:
      parsed.scalar.value = std::uint64_t{scalar.unsigned_integer()};
      break;
    case v1::Scalar::kFloating:
      parsed.scalar.value = scalar.floating();
      break;
    case v1::Scalar::kComplex:
      parsed.scalar.value = std::complex<double>(scalar.complex().real(), scalar.complex().imaginary());
      break;
    case v1::Scalar::VALUE_NOT_SET:
      return Error(Reason::kInvalidType,
                   absl::StrCat(std::string(argument), ": a scalar without a value; expected a number"));
  }
  if (scalar.dtype() != v1::DTYPE_UNSPECIFIED) {
    DA_ASSIGN_OR_RETURN(parsed.dtype, ParseDType(scalar.dtype(), argument));
  }
  return parsed;
}

void EncodeScalar(const Scalar& scalar, v1::Scalar* message) {
  struct Encode {
    v1::Scalar* message;
    void operator()(bool value) const { message->set_boolean(value); }
    void operator()(std::int64_t value) const { message->set_integer(value); }
    void operator()(std::uint64_t value) const { message->set_unsigned_integer(value); }
    void operator()(double value) const { message->set_floating(value); }
    void operator()(const std::complex<double>& value) const {
      message->mutable_complex()->set_real(value.real());
      message->mutable_complex()->set_imaginary(value.imag());
    }
  };
  std::visit(Encode{message}, scalar.value);
}

absl::StatusOr<Shape> ParseShape(const google::protobuf::RepeatedField<std::int64_t>& sizes, DType dtype) {
  Shape shape(sizes.begin(), sizes.end());
  if (shape.size() > kDimensionsMax) {
    return Error(Reason::kInvalidValue, absl::StrCat("shape: ", shape.size(), " dimensions; at most ", kDimensionsMax));
  }
  std::int64_t bytes = SizeOf(dtype);
  bool empty = false;
  bool overflow = false;
  for (const std::int64_t size : shape) {
    if (size < 0) {
      return Error(Reason::kInvalidValue, absl::StrCat("shape: ", ToString(shape), " has a negative size"));
    }
    empty = empty || size == 0;
    overflow = __builtin_mul_overflow(bytes, std::max<std::int64_t>(size, 1), &bytes) || overflow;
  }
  if (overflow && !empty) {
    return Error(Reason::kMemoryLimit, absl::StrCat("shape: ", ToString(shape), " of ", std::string(NameOf(dtype)),
                                                    " needs more than 2^63 bytes"));
  }
  return shape;
}

namespace {

absl::StatusOr<DimensionMap> ParseMap(const v1::DimensionMap& message, int dimension) {
  DimensionMap map;
  map.size = message.size();
  map.grid_size = message.grid_size();
  switch (message.kind_case()) {
    case v1::DimensionMap::kWhole:
      map.kind = DimensionMap::Kind::kWhole;
      if (map.grid_size != 1) {
        return Error(Reason::kInvalidValue, absl::StrCat("distribution: dimension ", dimension,
                                                         " is not distributed but has grid_size ", map.grid_size));
      }
      break;
    case v1::DimensionMap::kBlock:
      map.kind = DimensionMap::Kind::kBlock;
      map.bounds.assign(message.block().bounds().begin(), message.block().bounds().end());
      map.communication_padding = message.block().communication_padding();
      map.boundary_padding = message.block().boundary_padding();
      map.periodic = message.block().periodic();
      break;
    case v1::DimensionMap::kCyclic:
      map.kind = DimensionMap::Kind::kCyclic;
      map.block_size = message.cyclic().block_size();
      break;
    case v1::DimensionMap::kUnstructured: {
      map.kind = DimensionMap::Kind::kUnstructured;
      DimensionMap::IndexLists lists;
      for (const auto& process : message.unstructured().processes()) {
        lists.emplace_back(process.indices().begin(), process.indices().end());
      }
      map.indices = std::make_shared<const DimensionMap::IndexLists>(std::move(lists));
      break;
    }
    case v1::DimensionMap::KIND_NOT_SET:
      return Error(Reason::kInvalidValue, absl::StrCat("distribution: dimension ", dimension,
                                                       " has no kind; expected whole, block, cyclic or unstructured"));
  }
  DA_RETURN_IF_ERROR(map.Validate(dimension));
  return map;
}

}  // namespace

absl::StatusOr<Distribution> ParseDistribution(const v1::Distribution& message, int engine_count) {
  Distribution distribution;
  for (int d = 0; d < message.dimensions_size(); ++d) {
    DA_ASSIGN_OR_RETURN(DimensionMap map, ParseMap(message.dimensions(d), d));
    distribution.dimensions.push_back(std::move(map));
  }
  distribution.targets.assign(message.targets().begin(), message.targets().end());
  DA_RETURN_IF_ERROR(distribution.Validate(engine_count));
  return distribution;
}

void EncodeDistribution(const Distribution& distribution, v1::Distribution* message) {
  for (const DimensionMap& map : distribution.dimensions) {
    v1::DimensionMap* out = message->add_dimensions();
    out->set_size(map.size);
    out->set_grid_size(map.grid_size);
    switch (map.kind) {
      case DimensionMap::Kind::kWhole:
        out->mutable_whole();
        break;
      case DimensionMap::Kind::kBlock: {
        auto* block = out->mutable_block();
        block->mutable_bounds()->Add(map.bounds.begin(), map.bounds.end());
        block->set_communication_padding(map.communication_padding);
        block->set_boundary_padding(map.boundary_padding);
        block->set_periodic(map.periodic);
        break;
      }
      case DimensionMap::Kind::kCyclic:
        out->mutable_cyclic()->set_block_size(map.block_size);
        break;
      case DimensionMap::Kind::kUnstructured:
        for (const auto& list : *map.indices) {
          out->mutable_unstructured()->add_processes()->mutable_indices()->Add(list.begin(), list.end());
        }
        break;
    }
  }
  message->mutable_targets()->Add(distribution.targets.begin(), distribution.targets.end());
}

absl::StatusOr<Distribution> ResolveDistribution(const v1::DistributionRequest& request, const Shape& shape,
                                                 const std::vector<int>& default_targets,
                                                 const std::string& default_kinds, int engine_count) {
  if (request.has_exact()) {
    if (!request.kinds().empty() || request.grid_shape_size() > 0 || request.targets_size() > 0) {
      return Error(Reason::kInvalidValue,
                   "distribution: both exact and kinds, grid_shape or targets given; expected one");
    }
    DA_ASSIGN_OR_RETURN(Distribution exact, ParseDistribution(request.exact(), engine_count));
    if (exact.shape() != shape) {
      return Error(Reason::kInvalidValue,
                   absl::StrCat("distribution: has shape ", ToString(exact.shape()), ", the array ", ToString(shape)));
    }
    return exact;
  }
  DistributionSpec spec;
  spec.kinds = request.kinds();
  if (spec.kinds.empty()) {
    spec.kinds = default_kinds.substr(0, shape.size());
  }
  spec.grid_shape.assign(request.grid_shape().begin(), request.grid_shape().end());
  spec.targets.assign(request.targets().begin(), request.targets().end());
  return MakeDistribution(shape, spec, default_targets, engine_count);
}

absl::StatusOr<std::vector<IndexEntry>> ParseIndex(const v1::Index& index) {
  std::vector<IndexEntry> entries;
  for (const v1::IndexEntry& entry : index.entries()) {
    switch (entry.entry_case()) {
      case v1::IndexEntry::kInteger:
        entries.emplace_back(std::int64_t{entry.integer()});
        break;
      case v1::IndexEntry::kSlice: {
        SliceEntry slice;
        if (entry.slice().has_start()) slice.start = entry.slice().start();
        if (entry.slice().has_stop()) slice.stop = entry.slice().stop();
        if (entry.slice().has_step()) slice.step = entry.slice().step();
        entries.emplace_back(slice);
        break;
      }
      case v1::IndexEntry::kEllipsis:
        entries.emplace_back(EllipsisEntry{});
        break;
      case v1::IndexEntry::kNewaxis:
        entries.emplace_back(NewAxisEntry{});
        break;
      case v1::IndexEntry::ENTRY_NOT_SET:
        return Error(Reason::kInvalidType,
                     "index: an empty entry; expected an integer, a slice, an ellipsis or newaxis");
    }
  }
  return entries;
}

v1::ErrorInfo EncodeError(const absl::Status& status, const std::string& origin) {
  v1::ErrorInfo info;
  info.set_reason(static_cast<v1::ErrorReason>(static_cast<int>(ReasonOf(status))));
  info.set_code(static_cast<int>(status.code()));
  info.set_message(std::string(status.message()));
  info.set_origin(origin);
  for (const auto& [name, value] : DetailsOf(status)) {
    if (name == kTargetDetail) {
      info.add_targets(std::stoi(value));
    } else {
      (*info.mutable_metadata())[name] = value;
    }
  }
  return info;
}

}  // namespace distarray::server
