#include "engine/kernels/operations.h"

#include <string>

#include "engine/kernels/kernel_set.h"
#include "tests/support/catch.h"

namespace distarray {
namespace {

struct Expected {
  const char* name;
  int operand_count;
  const char* results;  // NumPy 2's, one letter a dtype in the order of ElementTypes; t is bool, '.' a TypeError
};

// Where NumPy gives float16 (int8, uint8 and bool in mathematics), float32 is expected.
constexpr Expected kNumPy[] = {
    {"absolute", 1, "tbhilBHILfdfd"},      {"add", 2, "tbhilBHILfdFD"},         {"angle", 1, "fffddffddfdfd"},
    {"arccos", 1, "fffddffddfdFD"},        {"arccosh", 1, "fffddffddfdFD"},     {"arcsin", 1, "fffddffddfdFD"},
    {"arcsinh", 1, "fffddffddfdFD"},       {"arctan", 1, "fffddffddfdFD"},      {"arctan2", 2, "fffddffddfd.."},
    {"arctanh", 1, "fffddffddfdFD"},       {"bitwise_and", 2, "tbhilBHIL...."}, {"bitwise_count", 1, "BBBBBBBBB...."},
    {"bitwise_or", 2, "tbhilBHIL...."},    {"bitwise_xor", 2, "tbhilBHIL...."}, {"cbrt", 1, "fffddffddfd.."},
    {"ceil", 1, "tbhilBHILfd.."},          {"clip", 3, "bbhilBHILfdFD"},        {"conj", 1, "bbhilBHILfdFD"},
    {"conjugate", 1, "bbhilBHILfdFD"},     {"copy", 1, "tbhilBHILfdFD"},        {"copysign", 2, "fffddffddfd.."},
    {"cos", 1, "fffddffddfdFD"},           {"cosh", 1, "fffddffddfdFD"},        {"deg2rad", 1, "fffddffddfd.."},
    {"degrees", 1, "fffddffddfd.."},       {"divide", 2, "dddddddddfdFD"},      {"equal", 2, "ttttttttttttt"},
    {"exp", 1, "fffddffddfdFD"},           {"exp2", 1, "fffddffddfdFD"},        {"expm1", 1, "fffddffddfdFD"},
    {"fabs", 1, "fffddffddfd.."},          {"float_power", 2, "dddddddddddDD"}, {"floor", 1, "tbhilBHILfd.."},
    {"floor_divide", 2, "bbhilBHILfd.."},  {"fmax", 2, "tbhilBHILfdFD"},        {"fmin", 2, "tbhilBHILfdFD"},
    {"fmod", 2, "bbhilBHILfd.."},          {"gcd", 2, "bbhilBHIL...."},         {"greater", 2, "ttttttttttttt"},
    {"greater_equal", 2, "ttttttttttttt"}, {"heaviside", 2, "fffddffddfd.."},   {"hypot", 2, "fffddffddfd.."},
    {"imag", 1, "tbhilBHILfdfd"},          {"invert", 1, "tbhilBHIL...."},      {"isfinite", 1, "ttttttttttttt"},
    {"isinf", 1, "ttttttttttttt"},         {"isnan", 1, "ttttttttttttt"},       {"lcm", 2, "bbhilBHIL...."},
    {"left_shift", 2, "bbhilBHIL...."},    {"less", 2, "ttttttttttttt"},        {"less_equal", 2, "ttttttttttttt"},
    {"log", 1, "fffddffddfdFD"},           {"log10", 1, "fffddffddfdFD"},       {"log1p", 1, "fffddffddfdFD"},
    {"log2", 1, "fffddffddfdFD"},          {"logaddexp", 2, "fffddffddfd.."},   {"logaddexp2", 2, "fffddffddfd.."},
    {"logical_and", 2, "ttttttttttttt"},   {"logical_not", 1, "ttttttttttttt"}, {"logical_or", 2, "ttttttttttttt"},
    {"logical_xor", 2, "ttttttttttttt"},   {"maximum", 2, "tbhilBHILfdFD"},     {"minimum", 2, "tbhilBHILfdFD"},
    {"mod", 2, "bbhilBHILfd.."},           {"multiply", 2, "tbhilBHILfdFD"},    {"negative", 1, ".bhilBHILfdFD"},
    {"nextafter", 2, "fffddffddfd.."},     {"not_equal", 2, "ttttttttttttt"},   {"positive", 1, ".bhilBHILfdFD"},
    {"power", 2, "bbhilBHILfdFD"},         {"rad2deg", 1, "fffddffddfd.."},     {"radians", 1, "fffddffddfd.."},
    {"real", 1, "tbhilBHILfdfd"},          {"reciprocal", 1, "bbhilBHILfdFD"},  {"remainder", 2, "bbhilBHILfd.."},
    {"right_shift", 2, "bbhilBHIL...."},   {"rint", 1, "fffddffddfdFD"},        {"sign", 1, ".bhilBHILfdFD"},
    {"signbit", 1, "ttttttttttt.."},       {"sin", 1, "fffddffddfdFD"},         {"sinh", 1, "fffddffddfdFD"},
    {"spacing", 1, "fffddffddfd.."},       {"sqrt", 1, "fffddffddfdFD"},        {"square", 1, "bbhilBHILfdFD"},
    {"subtract", 2, ".bhilBHILfdFD"},      {"tan", 1, "fffddffddfdFD"},         {"tanh", 1, "fffddffddfdFD"},
    {"true_divide", 2, "dddddddddfdFD"},   {"trunc", 1, "tbhilBHILfd.."},       {"where", 3, "tbhilBHILfdFD"},
};

constexpr std::string_view kLetters = "tbhilBHILfdFD";

TEST_CASE("Operations have NumPy's names, operands and result dtypes") {
  REQUIRE(Operations().size() == std::size(kNumPy));
  for (const Expected& expected : kNumPy) {
    CAPTURE(expected.name);
    const int number = FindOperation(expected.name);
    REQUIRE(number >= 0);
    const Operation& operation = Operations()[static_cast<std::size_t>(number)];
    CHECK(operation.operand_count == expected.operand_count);
    CHECK(operation.condition_first == (operation.name == "where"));
    CHECK(operation.may_fail == (operation.name == "power"));
    std::string results;
    for (const auto& loop : operation.loops) {
      results += loop.has_value() ? kLetters[static_cast<std::size_t>(loop->result)] : '.';
    }
    CHECK(results == expected.results);
  }
}

TEST_CASE("Operations are ordered by name and found by it") {
  for (std::size_t i = 0; i < Operations().size(); ++i) {
    CHECK(FindOperation(Operations()[i].name) == static_cast<int>(i));
    CHECK((i == 0 || Operations()[i - 1].name < Operations()[i].name));
  }
  CHECK(FindOperation("frobnicate") == -1);
  CHECK(FindOperation("") == -1);
}

TEST_CASE("An operation computes in the dtype it is computed in") {
  for (const Operation& operation : Operations()) {
    for (const auto& loop : operation.loops) {
      if (loop.has_value()) {
        CAPTURE(operation.name, NameOf(loop->compute));
        const auto again = operation.loops[static_cast<std::size_t>(loop->compute)];
        REQUIRE(again.has_value());
        CHECK(again->compute == loop->compute);
        CHECK(again->result == loop->result);
      }
    }
  }
}

TEST_CASE("Every set has a kernel for every loop") {
  for (const char* name : {"baseline", "avx2", "avx512"}) {
    const KernelTable* set = FindKernelSet(name);
    if (set == nullptr) {
      continue;
    }
    CAPTURE(name);
    CHECK(set->name == std::string(name));
    for (std::size_t i = 0; i < Operations().size(); ++i) {
      for (const auto& loop : Operations()[i].loops) {
        CHECK((!loop.has_value() || set->operations[i][static_cast<std::size_t>(loop->compute)] != nullptr));
      }
    }
    for (const auto& from : set->casts) {
      for (const CastKernel cast : from) {
        CHECK(cast != nullptr);
      }
    }
  }
  CHECK(FindKernelSet("z80") == nullptr);
  CHECK(FindKernelSet("baseline") != nullptr);
}

TEST_CASE("Reductions have NumPy's dtypes") {
  const auto loop = [](std::string_view name, DType source) {
    return *Reductions()[static_cast<std::size_t>(FindReduction(name))].loops[static_cast<std::size_t>(source)];
  };
  CHECK(Reductions().size() == 9);
  CHECK(FindReduction("median") == -1);
  CHECK(loop("sum", DType::kInt8).result == DType::kInt64);
  CHECK(loop("sum", DType::kUInt8).result == DType::kUInt64);
  CHECK(loop("sum", DType::kBool).result == DType::kInt64);
  CHECK(loop("prod", DType::kFloat32).result == DType::kFloat32);
  CHECK(loop("mean", DType::kFloat32).result == DType::kFloat32);
  CHECK(loop("mean", DType::kInt32).result == DType::kFloat64);
  CHECK(loop("mean", DType::kComplex64).result == DType::kComplex64);
  CHECK(loop("var", DType::kComplex64).result == DType::kFloat32);
  CHECK(loop("std", DType::kComplex128).result == DType::kFloat64);
  CHECK(loop("max", DType::kUInt16).result == DType::kUInt16);
  CHECK(loop("any", DType::kComplex128).compute == DType::kBool);
}

}  // namespace
}  // namespace distarray
