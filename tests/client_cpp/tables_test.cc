#include "client-cpp/src/tables.h"

#include <cstdint>
#include <vector>

#include "distarray/error.h"
#include "tests/client_cpp/server_info.h"
#include "tests/support/catch.h"

namespace distarray::inline client {
namespace {

const Tables& Small() {
  static const Tables tables = *Tables::FromWire(SmallServerInfo());
  return tables;
}

absl::StatusOr<DType> TypeOf(std::string_view name, const std::vector<OperandType>& operands,
                             std::optional<DType> asked = std::nullopt) {
  return Small().UfuncType(name, operands, asked);
}

TEST_CASE("arrays promote as the daemon's table says") {
  CHECK(*TypeOf("add", {DType::kInt8, DType::kUInt8}) == DType::kInt16);
  CHECK(*TypeOf("add", {DType::kInt64, DType::kUInt64}) == DType::kFloat64);
  CHECK(*TypeOf("add", {DType::kInt16, DType::kFloat32}) == DType::kFloat32);
  CHECK(*TypeOf("less", {DType::kInt64, DType::kFloat32}) == DType::kBool);
  CHECK(*TypeOf("divide", {DType::kInt8, DType::kInt8}) == DType::kFloat64);
  CHECK(*TypeOf("where", {DType::kComplex128, DType::kInt8, DType::kInt16}) == DType::kInt16);
}

TEST_CASE("numbers are weak") {
  const Scalar one = 1;
  const Scalar yes = true;
  const Scalar half = 0.5F;
  const Scalar i = std::complex<float>(0, 1);
  const Scalar big = std::uint64_t{1} << 63U;
  CHECK(*TypeOf("add", {DType::kFloat32, &half}) == DType::kFloat32);
  CHECK(*TypeOf("add", {DType::kInt8, &one}) == DType::kInt8);
  CHECK(*TypeOf("add", {&one, DType::kBool}) == DType::kInt64);
  CHECK(*TypeOf("add", {DType::kInt8, &half}) == DType::kFloat64);
  CHECK(*TypeOf("add", {DType::kUInt8, &yes}) == DType::kUInt8);
  CHECK(*TypeOf("add", {DType::kFloat32, &i}) == DType::kComplex64);
  CHECK(*TypeOf("add", {DType::kInt8, &i}) == DType::kComplex128);
  CHECK(*TypeOf("add", {DType::kUInt64, &big}) == DType::kUInt64);
  CHECK(*TypeOf("where", {DType::kBool, &one, &half}) == DType::kFloat64);
  const Scalar typed = Scalar::Typed(0.5);
  CHECK(*TypeOf("add", {DType::kFloat32, &typed}) == DType::kFloat64);
  for (const auto& [scalar, dtype] : {std::pair<Scalar, DType>{300, DType::kInt8},
                                      {-1, DType::kUInt8},
                                      {-129, DType::kInt8},
                                      {big, DType::kInt64},
                                      {-1, DType::kUInt64}}) {
    CHECK(ReasonOf(TypeOf("add", {dtype, &scalar}).status()) == Reason::kInvalidValue);
  }
  for (const auto& [scalar, dtype] : {std::pair<Scalar, DType>{127, DType::kInt8},
                                      {-128, DType::kInt8},
                                      {255, DType::kUInt8},
                                      {INT64_MIN, DType::kInt64},
                                      {300, DType::kFloat32}}) {
    CHECK(*TypeOf("add", {dtype, &scalar}) == dtype);
  }
}

TEST_CASE("what cannot be computed is named") {
  CHECK(ReasonOf(TypeOf("nonsense", {DType::kInt8}).status()) == Reason::kUnknownOperation);
  CHECK(ReasonOf(TypeOf("add", {DType::kInt8}).status()) == Reason::kInvalidValue);
  const absl::Status status = TypeOf("invert", {DType::kFloat32}).status();
  CHECK(ReasonOf(status) == Reason::kInvalidType);
  CHECK(status.message().find("float32") != absl::string_view::npos);
}

TEST_CASE("a dtype asked for decides") {
  CHECK(*TypeOf("astype", {DType::kFloat64}, DType::kInt8) == DType::kInt8);
  CHECK(*TypeOf("add", {DType::kInt8, DType::kInt8}, DType::kFloat32) == DType::kFloat32);
  CHECK(*TypeOf("less", {DType::kInt8, DType::kInt8}, DType::kFloat32) == DType::kBool);
}

TEST_CASE("reductions have the daemon's dtypes") {
  CHECK(*Small().ReductionType("sum", DType::kInt8, std::nullopt) == DType::kInt64);
  CHECK(*Small().ReductionType("sum", DType::kInt8, DType::kFloat32) == DType::kFloat32);
  CHECK(*Small().ReductionType("any", DType::kFloat64, std::nullopt) == DType::kBool);
  CHECK(ReasonOf(Small().ReductionType("median", DType::kInt8, std::nullopt).status()) == Reason::kUnknownOperation);
  CHECK(ReasonOf(Small().ReductionType("min", DType::kComplex64, std::nullopt).status()) == Reason::kInvalidType);
}

TEST_CASE("in place, kinds may not fall") {
  CHECK(CanCastSameKind(DType::kFloat64, DType::kFloat32));
  CHECK(CanCastSameKind(DType::kUInt64, DType::kInt8));
  CHECK_FALSE(CanCastSameKind(DType::kInt8, DType::kUInt8));
  CHECK_FALSE(CanCastSameKind(DType::kFloat32, DType::kInt64));
}

TEST_CASE("tables that make no sense are refused") {
  v1::ServerInfo info = SmallServerInfo();
  info.mutable_promotions()->RemoveLast();
  CHECK_FALSE(Tables::FromWire(info).ok());
  info = SmallServerInfo();
  info.set_promotions(5, v1::DTYPE_UNSPECIFIED);
  CHECK_FALSE(Tables::FromWire(info).ok());
}

}  // namespace
}  // namespace distarray::inline client
