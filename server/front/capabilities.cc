#include <optional>
#include <string>

#include "engine/kernels/operations.h"
#include "server/codec/codec.h"
#include "server/compute/computation.h"
#include "server/front/front.h"

namespace distarray::server {
namespace {

void FillLoops(const std::array<std::optional<LoopTypes>, kDTypeCount>& loops,
               google::protobuf::RepeatedPtrField<v1::ServerInfo::Loop>* out) {
  for (int dtype = 0; dtype < kDTypeCount; ++dtype) {
    if (const auto& loop = loops[static_cast<std::size_t>(dtype)]) {
      v1::ServerInfo::Loop* row = out->Add();
      row->set_operands(EncodeDType(static_cast<DType>(dtype)));
      row->set_compute(EncodeDType(loop->compute));
      row->set_result(EncodeDType(loop->result));
    }
  }
}

v1::ServerInfo::Parameter::Kind EncodeKind(Kind kind) {
  switch (kind) {
    case Kind::kBool:
      return v1::ServerInfo::Parameter::KIND_BOOLEAN;
    case Kind::kFloat:
      return v1::ServerInfo::Parameter::KIND_FLOATING;
    case Kind::kComplex:
      return v1::ServerInfo::Parameter::KIND_COMPLEX;
    default:
      return v1::ServerInfo::Parameter::KIND_INTEGER;
  }
}

void FillComputations(v1::ServerInfo* info) {
  for (const ComputationRow& computation : Computations()) {
    v1::ServerInfo::Computation* row = info->add_computations();
    row->set_name(std::string(computation.name));
    row->set_operand_count_min(computation.operand_count_min);
    row->set_operand_count_max(computation.operand_count_max);
    row->set_result_count(computation.result_count);
    for (const ParameterRow& parameter : computation.parameters) {
      v1::ServerInfo::Parameter* listed = row->add_parameters();
      listed->set_name(std::string(parameter.name));
      listed->set_kind(EncodeKind(parameter.kind));
      listed->set_documentation(std::string(parameter.documentation));
      if (parameter.default_value) {
        EncodeScalar(*parameter.default_value, listed->mutable_default_value());
      }
    }
  }
}

}  // namespace

void FillCapabilities(v1::ServerInfo* info) {
  for (int a = 0; a < kDTypeCount; ++a) {
    for (int b = 0; b < kDTypeCount; ++b) {
      info->add_promotions(EncodeDType(ResultType(static_cast<DType>(a), static_cast<DType>(b))));
    }
  }
  for (const Operation& operation : Operations()) {
    v1::ServerInfo::Operation* row = info->add_operations();
    row->set_name(std::string(operation.name));
    row->set_operand_count(operation.operand_count);
    FillLoops(operation.loops, row->mutable_loops());
  }
  for (const Reduction& reduction : Reductions()) {
    v1::ServerInfo::Reduction* row = info->add_reductions();
    row->set_name(std::string(reduction.name));
    FillLoops(reduction.loops, row->mutable_loops());
    if (reduction.name == "var" || reduction.name == "std") {
      v1::ServerInfo::Parameter* correction = row->add_parameters();
      correction->set_name("correction");
      correction->set_kind(v1::ServerInfo::Parameter::KIND_FLOATING);
      correction->mutable_default_value()->set_floating(0);
      correction->set_documentation(
          "What is taken from the number of elements in the divisor; ReduceRequest.correction.");
    }
  }
  FillComputations(info);
}

}  // namespace distarray::server
