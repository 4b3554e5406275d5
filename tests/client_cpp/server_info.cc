#include "tests/client_cpp/server_info.h"

#include <functional>
#include <string_view>

namespace distarray::inline client {
namespace {

// numpy.result_type, row by row: a digit is a dtype's position.
constexpr std::string_view kPromotions[] = {
    "0123456789abc",                                                     // bool
    "11234234a9abc", "22234234a9abc", "33334334aaacc", "44444444aaacc",  // int8 to int64
    "5223456789abc", "6333466789abc", "744447778aacc", "8aaaa8888aacc",  // uint8 to uint64
    "999aa99aa9abc", "aaaaaaaaaaacc",                                    // float32, float64
    "bbbccbbccbcbc", "ccccccccccccc",                                    // complex64, complex128
};

v1::DType At(int position) { return static_cast<v1::DType>(position + 1); }

bool IsComplex(v1::DType dtype) { return dtype >= v1::DTYPE_COMPLEX64; }
bool IsFloating(v1::DType dtype) { return dtype >= v1::DTYPE_FLOAT32; }
bool IsUnsigned(v1::DType dtype) { return dtype >= v1::DTYPE_UINT8 && dtype <= v1::DTYPE_UINT64; }

using ResultOf = std::function<v1::DType(v1::DType)>;  // unspecified: no loop

template <typename Row>
void AddLoops(Row& row, const ResultOf& result_of) {
  for (int i = 0; i < 13; ++i) {
    const v1::DType result = result_of(At(i));
    if (result != v1::DTYPE_UNSPECIFIED) {
      v1::ServerInfo::Loop& loop = *row.add_loops();
      loop.set_operands(At(i));
      loop.set_compute(At(i));
      loop.set_result(result);
    }
  }
}

void AddOperation(v1::ServerInfo& info, const char* name, int operand_count, const ResultOf& result_of) {
  v1::ServerInfo::Operation& operation = *info.add_operations();
  operation.set_name(name);
  operation.set_operand_count(operand_count);
  AddLoops(operation, result_of);
}

void AddReduction(v1::ServerInfo& info, const char* name, const ResultOf& result_of) {
  v1::ServerInfo::Reduction& reduction = *info.add_reductions();
  reduction.set_name(name);
  AddLoops(reduction, result_of);
}

}  // namespace

v1::ServerInfo SmallServerInfo() {
  v1::ServerInfo info;
  info.set_version("0.0.1");
  info.set_engine_count(2);
  info.set_dimensions_max(32);
  info.set_chunk_bytes_max(64);
  info.set_message_bytes_max(8 << 20);
  for (const std::string_view row : kPromotions) {
    for (const char digit : row) {
      info.add_promotions(At(digit <= '9' ? digit - '0' : digit - 'a' + 10));
    }
  }
  const ResultOf same = [](v1::DType dtype) { return dtype; };
  const ResultOf to_bool = [](v1::DType) { return v1::DTYPE_BOOL; };
  AddOperation(info, "add", 2, same);
  AddOperation(info, "copy", 1, same);
  AddOperation(info, "where", 3, same);
  AddOperation(info, "less", 2, to_bool);
  AddOperation(info, "divide", 2, [](v1::DType dtype) { return IsFloating(dtype) ? dtype : v1::DTYPE_FLOAT64; });
  AddOperation(info, "invert", 1, [](v1::DType dtype) { return IsFloating(dtype) ? v1::DTYPE_UNSPECIFIED : dtype; });
  AddReduction(info, "any", to_bool);
  AddReduction(info, "min", [](v1::DType dtype) { return IsComplex(dtype) ? v1::DTYPE_UNSPECIFIED : dtype; });
  AddReduction(info, "sum", [](v1::DType dtype) {
    return IsFloating(dtype) ? dtype : IsUnsigned(dtype) ? v1::DTYPE_UINT64 : v1::DTYPE_INT64;
  });
  return info;
}

}  // namespace distarray::inline client
