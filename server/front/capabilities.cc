#include <optional>
#include <string>

#include "engine/kernels/operations.h"
#include "server/codec/codec.h"
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
}

}  // namespace distarray::server
