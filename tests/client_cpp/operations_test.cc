// Table for table: each operation that the daemon lists has a C++ function, which does what the name says.
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "distarray/v1/service.grpc.pb.h"
#include "tests/client_cpp/daemon.h"
#include "tests/client_cpp/dense.h"

namespace distarray::inline client {
namespace {

using Unary = Array (*)(const Operand&);
using Binary = Array (*)(const Operand&, const Operand&);
using Ternary = Array (*)(const Operand&, const Operand&, const Operand&);
using Names = std::set<std::string>;

const std::map<std::string, Unary> kUnary = {
    {"absolute", Absolute},
    {"angle", Angle},
    {"arccos", Arccos},
    {"arccosh", Arccosh},
    {"arcsin", Arcsin},
    {"arcsinh", Arcsinh},
    {"arctan", Arctan},
    {"arctanh", Arctanh},
    {"bitwise_count", BitwiseCount},
    {"cbrt", Cbrt},
    {"ceil", Ceil},
    {"conjugate", Conjugate},
    {"cos", Cos},
    {"cosh", Cosh},
    {"deg2rad", Deg2rad},
    {"exp", Exp},
    {"exp2", Exp2},
    {"expm1", Expm1},
    {"fabs", Fabs},
    {"floor", Floor},
    {"imag", Imag},
    {"invert", Invert},
    {"isfinite", IsFinite},
    {"isinf", IsInf},
    {"isnan", IsNan},
    {"log", Log},
    {"log10", Log10},
    {"log1p", Log1p},
    {"log2", Log2},
    {"logical_not", LogicalNot},
    {"negative", Negative},
    {"positive", Positive},
    {"rad2deg", Rad2deg},
    {"real", Real},
    {"reciprocal", Reciprocal},
    {"rint", Rint},
    {"sign", Sign},
    {"signbit", Signbit},
    {"sin", Sin},
    {"sinh", Sinh},
    {"spacing", Spacing},
    {"sqrt", Sqrt},
    {"square", Square},
    {"tan", Tan},
    {"tanh", Tanh},
    {"trunc", Trunc},
};

const std::map<std::string, Binary> kBinary = {
    {"add", Add},
    {"arctan2", Arctan2},
    {"bitwise_and", BitwiseAnd},
    {"bitwise_or", BitwiseOr},
    {"bitwise_xor", BitwiseXor},
    {"copysign", Copysign},
    {"divide", Divide},
    {"equal", Equal},
    {"float_power", FloatPower},
    {"floor_divide", FloorDivide},
    {"fmax", Fmax},
    {"fmin", Fmin},
    {"fmod", Fmod},
    {"gcd", Gcd},
    {"greater", Greater},
    {"greater_equal", GreaterEqual},
    {"heaviside", Heaviside},
    {"hypot", Hypot},
    {"lcm", Lcm},
    {"left_shift", LeftShift},
    {"less", Less},
    {"less_equal", LessEqual},
    {"logaddexp", Logaddexp},
    {"logaddexp2", Logaddexp2},
    {"logical_and", LogicalAnd},
    {"logical_or", LogicalOr},
    {"logical_xor", LogicalXor},
    {"maximum", Maximum},
    {"minimum", Minimum},
    {"multiply", Multiply},
    {"nextafter", Nextafter},
    {"not_equal", NotEqual},
    {"power", Power},
    {"remainder", Remainder},
    {"right_shift", RightShift},
    {"subtract", Subtract},
};

const std::map<std::string, Ternary> kTernary = {{"clip", Clip}, {"where", Where}};

const std::map<std::string, Array (*)(const Array&, const ReduceOptions&)> kReductions = {
    {"sum", Sum}, {"prod", Prod}, {"min", Min},   {"max", Max},   {"mean", Mean},
    {"var", Var}, {"std", Std},   {"any", AnyOf}, {"all", AllOf},
};

// NumPy's second names, for which C++ has the first; and the copy, which is a method of arrays.
const Names kOtherNames = {"conj", "copy", "degrees", "mod", "radians", "true_divide"};

// What each computation makes of a, which holds 0, 1, 2, 3, in C++: its first result.
const std::map<std::string, absl::StatusOr<Array> (*)(const Array& a)> kComputations = {
    {"argsort", [](const Array& a) -> absl::StatusOr<Array> { return Argsort(a, 0, true); }},
    {"argwhere", [](const Array& a) { return Argwhere(a); }},
    {"bincount", [](const Array& a) { return Bincount(a); }},
    {"histogram",
     [](const Array& a) -> absl::StatusOr<Array> {
       const auto histogram = Histogram(a, {.bins = 2});
       return histogram.ok() ? histogram->counts : absl::StatusOr<Array>(histogram.status());
     }},
    {"matmul", [](const Array& a) -> absl::StatusOr<Array> { return Matmul(a, a); }},
    {"nonzero", [](const Array& a) { return FlatNonzero(a); }},
    {"put",
     [](const Array& a) -> absl::StatusOr<Array> {
       const Array b = a.Copy();
       const absl::Status put = PutAt(b, {a.Slice({Range(0, 2)})}, 9);
       return put.ok() ? b : absl::StatusOr<Array>(put);
     }},
    {"put_where",
     [](const Array& a) -> absl::StatusOr<Array> {
       const Array b = a.Copy();
       const absl::Status put = PutWhere(b, a > 1, a.Slice({Range(0, 2)}));
       return put.ok() ? b : absl::StatusOr<Array>(put);
     }},
    {"repeat", [](const Array& a) { return Repeat(a, a); }},
    {"reshape",
     [](const Array& a) -> absl::StatusOr<Array> {
       return Ravel(Reshape(a, {2, 2}));
     }},
    {"scan", [](const Array& a) -> absl::StatusOr<Array> { return CumulativeSum(a); }},
    {"searchsorted", [](const Array& a) -> absl::StatusOr<Array> { return SearchSorted(a, a, Side::kRight); }},
    {"select", [](const Array& a) { return TakeWhere(a, a > 1); }},
    {"sort", [](const Array& a) -> absl::StatusOr<Array> { return Sort(a, 0, true); }},
    {"take", [](const Array& a) -> absl::StatusOr<Array> { return Take(Flip(a), a, 0); }},
    {"take_along_axis",
     [](const Array& a) -> absl::StatusOr<Array> {
       return Ravel(TakeAlongAxis(Reshape(a, {2, 2}), Reshape(a, {2, 2}) % 2, 0));
     }},
};

const std::map<std::string, std::vector<std::int64_t>> kComputed = {
    {"argsort", {3, 2, 1, 0}},
    {"argwhere", {1, 2, 3}},
    {"bincount", {1, 1, 1, 1}},
    {"histogram", {2, 2}},
    {"matmul", {14}},
    {"nonzero", {1, 2, 3}},
    {"put", {9, 9, 2, 3}},
    {"put_where", {0, 1, 0, 1}},
    {"repeat", {1, 2, 2, 3, 3, 3}},
    {"reshape", {0, 1, 2, 3}},
    {"scan", {0, 1, 3, 6}},
    {"searchsorted", {1, 2, 3, 4}},
    {"select", {2, 3}},
    {"sort", {3, 2, 1, 0}},
    {"take", {3, 2, 1, 0}},
    {"take_along_axis", {0, 3, 0, 3}},
};

v1::ServerInfo Info() {
  const auto stub =
      v1::DistArray::NewStub(grpc::CreateChannel(Daemon::Shared().address(), grpc::InsecureChannelCredentials()));
  grpc::ClientContext call;
  v1::ServerInfo info;
  const grpc::Status status = stub->Info(&call, {}, &info);
  INFO(status.error_message());
  REQUIRE(status.ok());
  return info;
}

template <typename Rows>
Names NamesOf(const Rows& rows) {
  Names names;
  for (const auto& row : rows) {
    names.insert(row.name());
  }
  return names;
}

template <typename Map>
void AddNames(const Map& map, Names& names) {
  for (const auto& [name, function] : map) {
    names.insert(name);
  }
}

// The array's elements as numbers that can be told apart; NaN are all one.
std::vector<std::string> Elements(const Array& x) {
  const std::vector<std::complex<double>> numbers = Values<std::complex<double>>(x.AsType(DType::kComplex128));
  std::vector<std::string> texts{std::string(NameOf(x.dtype()))};
  for (const auto& number : numbers) {
    const auto part = [](double value) { return std::isnan(value) ? "nan" : std::to_string(value); };
    texts.push_back(part(number.real()) + " " + part(number.imag()));
  }
  return texts;
}

// An array of a dtype that the operation is defined for: float64, else int64, else what comes first.
template <typename Row>
Array OperandFor(const Context& context, const Row& row) {
  const auto defined = [&](v1::DType dtype) {
    return std::any_of(row.loops().begin(), row.loops().end(),
                       [&](const auto& loop) { return loop.operands() == dtype; });
  };
  const Array x = context.FromVector(std::vector<double>{0.25, 1, 3, 2});
  if (defined(v1::DTYPE_FLOAT64)) {
    return x;
  }
  REQUIRE(row.loops_size() > 0);
  return x.AsType(defined(v1::DTYPE_INT64) ? DType::kInt64 : static_cast<DType>(row.loops(0).operands() - 1));
}

TEST_CASE("every elementwise operation has its function") {
  const v1::ServerInfo info = Info();
  Names names = kOtherNames;
  AddNames(kUnary, names);
  AddNames(kBinary, names);
  AddNames(kTernary, names);
  CHECK(NamesOf(info.operations()) == names);
  const Context context = ConnectToShared();
  for (const v1::ServerInfo::Operation& row : info.operations()) {
    INFO(row.name());
    const Array x = OperandFor(context, row);
    const Array y = Flip(x);
    const Array z = Roll(x, 1);
    const Operand operands[] = {x, y, z};
    const Array expected = Ufunc(row.name(), std::span(operands).first(static_cast<std::size_t>(row.operand_count())));
    if (kUnary.contains(row.name())) {
      CHECK(Elements(kUnary.at(row.name())(x)) == Elements(expected));
    } else if (kBinary.contains(row.name())) {
      CHECK(Elements(kBinary.at(row.name())(x, y)) == Elements(expected));
    } else if (kTernary.contains(row.name())) {
      CHECK(Elements(kTernary.at(row.name())(x, y, z)) == Elements(expected));
    }
  }
}

TEST_CASE("every reduction has its function") {
  const v1::ServerInfo info = Info();
  Names names;
  AddNames(kReductions, names);
  CHECK(NamesOf(info.reductions()) == names);
  const Context context = ConnectToShared();
  for (const auto& [name, function] : kReductions) {
    INFO(name);
    const Array x = Reshape(context.FromVector(std::vector<double>{0.25, 1, 0, 3, 2, 0}), {2, 3});
    CHECK(Elements(function(x, {.axes = {{0}}})) == Elements(Reduce(name, x, {.axes = {{0}}})));
  }
}

TEST_CASE("every computation has its function") {
  const v1::ServerInfo info = Info();
  Names names;
  AddNames(kComputations, names);
  CHECK(NamesOf(info.computations()) == names);
  const Context context = ConnectToShared();
  for (const auto& [name, function] : kComputations) {
    INFO(name);
    CHECK(Values<std::int64_t>(Got(function(context.Arange(4)))) == kComputed.at(name));
  }
}

}  // namespace
}  // namespace distarray::inline client
