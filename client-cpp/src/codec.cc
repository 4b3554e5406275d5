#include "client-cpp/src/codec.h"

#include <absl/strings/str_cat.h>

#include <complex>
#include <utility>

#include "client-cpp/src/status.h"

namespace distarray::inline client {
namespace {

void ToWire(const DimensionMap& map, v1::DimensionMap* out) {
  out->set_size(map.size);
  out->set_grid_size(map.grid_size);
  switch (map.kind) {
    case DimensionMap::Kind::kWhole:
      out->mutable_whole();
      break;
    case DimensionMap::Kind::kBlock: {
      v1::DimensionMap::Block& block = *out->mutable_block();
      block.mutable_bounds()->Add(map.bounds.begin(), map.bounds.end());
      block.set_communication_padding(map.communication_padding);
      block.set_boundary_padding(map.boundary_padding);
      block.set_periodic(map.periodic);
      break;
    }
    case DimensionMap::Kind::kCyclic:
      out->mutable_cyclic()->set_block_size(map.block_size);
      break;
    case DimensionMap::Kind::kUnstructured:
      for (const auto& list : map.indices) {
        out->mutable_unstructured()->add_processes()->mutable_indices()->Add(list.begin(), list.end());
      }
      break;
  }
}

absl::StatusOr<DimensionMap> FromWire(const v1::DimensionMap& message) {
  DimensionMap map;
  map.size = message.size();
  map.grid_size = message.grid_size();
  switch (message.kind_case()) {
    case v1::DimensionMap::kWhole:
      return map;
    case v1::DimensionMap::kBlock:
      map.kind = DimensionMap::Kind::kBlock;
      map.bounds.assign(message.block().bounds().begin(), message.block().bounds().end());
      map.communication_padding = message.block().communication_padding();
      map.boundary_padding = message.block().boundary_padding();
      map.periodic = message.block().periodic();
      return map;
    case v1::DimensionMap::kCyclic:
      map.kind = DimensionMap::Kind::kCyclic;
      map.block_size = message.cyclic().block_size();
      return map;
    case v1::DimensionMap::kUnstructured:
      map.kind = DimensionMap::Kind::kUnstructured;
      for (const auto& process : message.unstructured().processes()) {
        map.indices.emplace_back(process.indices().begin(), process.indices().end());
      }
      return map;
    case v1::DimensionMap::KIND_NOT_SET:
      break;
  }
  return Error(Reason::kInternal, "the daemon sent a kind of distribution that this client does not know");
}

absl::StatusOr<Value> NumberFromWire(const v1::Scalar& scalar) {
  switch (scalar.value_case()) {
    case v1::Scalar::kBoolean:
      return Value(scalar.boolean());
    case v1::Scalar::kInteger:
      return Value(static_cast<std::int64_t>(scalar.integer()));
    case v1::Scalar::kUnsignedInteger:
      return Value(static_cast<std::uint64_t>(scalar.unsigned_integer()));
    case v1::Scalar::kFloating:
      return Value(scalar.floating());
    case v1::Scalar::kComplex:
      return Value(std::complex<double>(scalar.complex().real(), scalar.complex().imaginary()));
    case v1::Scalar::VALUE_NOT_SET:
      break;
  }
  return Error(Reason::kInternal, "the daemon sent a number that this client does not know");
}

}  // namespace

v1::DType ToWire(DType dtype) { return static_cast<v1::DType>(static_cast<int>(dtype) + 1); }

absl::StatusOr<DType> FromWire(v1::DType dtype) {
  const int number = static_cast<int>(dtype) - 1;
  if (number < 0 || number >= kDTypeCount) {
    return Error(Reason::kInternal, absl::StrCat("the daemon sent dtype ", dtype, ", which this client does not know"));
  }
  return static_cast<DType>(number);
}

void ToWire(const Scalar& scalar, v1::Scalar* out) {
  const Scalar::Value& value = scalar.value();
  if (const auto* const boolean = std::get_if<bool>(&value)) {
    out->set_boolean(*boolean);
  } else if (const auto* const integer = std::get_if<std::int64_t>(&value)) {
    out->set_integer(*integer);
  } else if (const auto* const wide = std::get_if<std::uint64_t>(&value)) {
    out->set_unsigned_integer(*wide);
  } else if (const auto* const floating = std::get_if<double>(&value)) {
    out->set_floating(*floating);
  } else {
    const auto& complex = std::get<std::complex<double>>(value);
    out->mutable_complex()->set_real(complex.real());
    out->mutable_complex()->set_imaginary(complex.imag());
  }
  if (scalar.dtype().has_value()) {
    out->set_dtype(ToWire(*scalar.dtype()));
  }
}

void ToWire(const Index& index, v1::Index* out) {
  for (const IndexEntry& entry : index) {
    v1::IndexEntry& message = *out->add_entries();
    if (const auto* const integer = std::get_if<std::int64_t>(&entry.value())) {
      message.set_integer(*integer);
    } else if (const auto* const range = std::get_if<Range>(&entry.value())) {
      v1::IndexEntry::Slice& slice = *message.mutable_slice();
      if (range->start.has_value()) {
        slice.set_start(*range->start);
      }
      if (range->stop.has_value()) {
        slice.set_stop(*range->stop);
      }
      slice.set_step(range->step);
    } else if (std::holds_alternative<All>(entry.value())) {
      message.mutable_slice();
    } else if (std::holds_alternative<Ellipsis>(entry.value())) {
      message.mutable_ellipsis();
    } else {
      message.mutable_newaxis();
    }
  }
}

void ToWire(const DistributionRequest& request, v1::DistributionRequest* out) {
  out->set_kinds(request.kinds);
  out->mutable_grid_shape()->Add(request.grid_shape.begin(), request.grid_shape.end());
  out->mutable_targets()->Add(request.targets.begin(), request.targets.end());
  if (request.exact.has_value()) {
    v1::Distribution& exact = *out->mutable_exact();
    exact.mutable_targets()->Add(request.exact->targets.begin(), request.exact->targets.end());
    for (const DimensionMap& map : request.exact->dimensions) {
      ToWire(map, exact.add_dimensions());
    }
  }
}

absl::StatusOr<ArrayInfo> FromWire(const v1::ArrayInfo& message) {
  ArrayInfo info;
  info.key = message.key();
  info.shape.assign(message.shape().begin(), message.shape().end());
  const auto dtype = FromWire(message.dtype());
  DA_RETURN_IF_ERROR(dtype.status());
  info.dtype = *dtype;
  for (const v1::DimensionMap& dimension : message.distribution().dimensions()) {
    auto map = FromWire(dimension);
    DA_RETURN_IF_ERROR(map.status());
    info.distribution.dimensions.push_back(*std::move(map));
  }
  info.distribution.targets.assign(message.distribution().targets().begin(), message.distribution().targets().end());
  info.nbytes = message.nbytes();
  info.view = message.view();
  info.materialized = message.materialized();
  return info;
}

absl::StatusOr<Explanation> FromWire(const v1::Explanation& message) {
  Explanation explanation;
  for (const v1::Explanation::Step& one : message.steps()) {
    if (one.kind() < v1::Explanation::Step::KIND_PROGRAM || one.kind() > v1::Explanation::Step::KIND_EDGES) {
      return Error(Reason::kInternal, "the daemon sent a kind of step that this client does not know");
    }
    explanation.steps.push_back({
        .kind = static_cast<Explanation::Step::Kind>(one.kind() - v1::Explanation::Step::KIND_PROGRAM),
        .shape = {one.shape().begin(), one.shape().end()},
        .targets = {one.targets().begin(), one.targets().end()},
        .operations = {one.operations().begin(), one.operations().end()},
        .operand_count = one.operand_count(),
        .instruction_count = one.instruction_count(),
        .moved_bytes = one.moved_bytes(),
        .memory_bytes = one.memory_bytes(),
    });
  }
  return explanation;
}

absl::StatusOr<Value> FromWire(const v1::PlainValue& message) {
  switch (message.value_case()) {
    case v1::PlainValue::kNothing:
      return Value();
    case v1::PlainValue::kScalar:
      return NumberFromWire(message.scalar());
    case v1::PlainValue::kText:
      return Value(message.text());
    case v1::PlainValue::kData:
      return Value(Value::Bytes{message.data()});
    case v1::PlainValue::kList: {
      Value::List list;
      for (const v1::PlainValue& item : message.list().items()) {
        auto value = FromWire(item);
        DA_RETURN_IF_ERROR(value.status());
        list.push_back(*std::move(value));
      }
      return Value(std::move(list));
    }
    case v1::PlainValue::kMap: {
      Value::Map map;
      for (const auto& [name, entry] : message.map().entries()) {
        auto value = FromWire(entry);
        DA_RETURN_IF_ERROR(value.status());
        map.emplace(name, *std::move(value));
      }
      return Value(std::move(map));
    }
    case v1::PlainValue::kArray:  // of arguments only
    case v1::PlainValue::VALUE_NOT_SET:
      break;
  }
  return Error(Reason::kInternal, "the daemon sent a value that this client does not know");
}

}  // namespace distarray::inline client
