#include "engine/program/program.h"

#include "engine/base/error.h"
#include "tests/engine/program/program_builder.h"
#include "tests/support/catch.h"

namespace distarray {
namespace {

Program Sample() {
  ProgramBuilder b;
  const ValueId a = b.Operand(DType::kFloat64);
  const ValueId n = b.Operand(DType::kInt32);
  const ValueId sum = b.Apply("add", {a, b.To(DType::kFloat64, n)});
  const ValueId big = b.Apply("greater", {sum, b.Number(2.5, DType::kFloat64)});
  const ValueId noise =
      b.Random({RandomNumber::Kind::kNormal, 7, 9, Scalar{1.5}, Scalar{std::complex<double>(2, 3)}}, DType::kFloat64);
  b.Store(b.Apply("where", {big, sum, noise}));
  b.Store(b.Index(1));
  b.Number(true, DType::kBool);
  b.Number(std::int64_t{-3}, DType::kInt8);
  b.Number(~std::uint64_t{0}, DType::kUInt64);
  b.Reduce("var", sum, {0, 2}, 1);
  b.Reduce("any", big, {});
  return b.program();
}

TEST_CASE("A program comes back from its encoding") {
  const Program program = Sample();
  REQUIRE(program.Validate(3).ok());
  ByteWriter out;
  program.Encode(out);
  const std::string bytes = std::move(out).Take();
  ByteReader in(bytes);
  const Program back = Program::Decode(in);
  CHECK(in.AtEnd());
  CHECK(back.Validate(3).ok());
  CHECK(back.operand_types == program.operand_types);
  REQUIRE(back.instructions.size() == program.instructions.size());
  for (std::size_t i = 0; i < back.instructions.size(); ++i) {
    CHECK(back.instructions[i].dtype == program.instructions[i].dtype);
    REQUIRE(back.instructions[i].what.index() == program.instructions[i].what.index());
    if (const auto* constant = std::get_if<Constant>(&back.instructions[i].what)) {
      CHECK(constant->value == std::get<Constant>(program.instructions[i].what).value);
    }
    if (const auto* random = std::get_if<RandomNumber>(&back.instructions[i].what)) {
      CHECK(random->seed == 7);
      CHECK(random->stream == 9);
      CHECK(random->high == Scalar{std::complex<double>(2, 3)});
    }
  }
  CHECK(back.stores.size() == 2);
  REQUIRE(back.reductions.size() == 2);
  CHECK(back.reductions[0].axes == std::vector<int>{0, 2});
  CHECK(back.reductions[0].correction == 1);
  ByteWriter again;
  back.Encode(again);
  CHECK(std::move(again).Take() == bytes);
}

TEST_CASE("A damaged encoding is noticed") {
  ByteWriter out;
  Sample().Encode(out);
  const std::string bytes = std::move(out).Take();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    ByteReader in(std::string_view(bytes).substr(0, size));
    Program::Decode(in);
    CHECK_FALSE(in.AtEnd());
  }
}

TEST_CASE("What does not fit is refused") {
  const auto refused = [](auto change, int ndim = 3) {
    Program program = Sample();
    change(program);
    const absl::Status status = program.Validate(ndim);
    return !status.ok() && ReasonOf(status) == Reason::kInternal;
  };
  CHECK_FALSE(refused([](Program&) {}));
  CHECK(refused([](Program& p) { std::get<LoadOperand>(p.instructions[0].what).operand = 2; }));
  CHECK(refused([](Program& p) { p.operand_types[0] = DType::kInt8; }));
  CHECK(refused([](Program& p) { std::get<Cast>(p.instructions[2].what).argument = 2; }));
  CHECK(refused([](Program& p) { std::get<Cast>(p.instructions[2].what).argument = -1; }));
  CHECK(refused([](Program& p) { std::get<ApplyOperation>(p.instructions[3].what).operation = 100000; }));
  CHECK(refused([](Program& p) { std::get<ApplyOperation>(p.instructions[3].what).compute = DType::kFloat32; }));
  CHECK(refused([](Program& p) { std::get<ApplyOperation>(p.instructions[3].what).arguments[1] = 1; }));
  CHECK(refused([](Program& p) { std::get<ApplyOperation>(p.instructions[3].what).arguments[1] = 9; }));
  CHECK(refused([](Program& p) { p.instructions[3].dtype = DType::kFloat32; }));
  CHECK(refused([](Program& p) { p.instructions[6].dtype = DType::kInt32; }));
  CHECK(refused([](Program& p) { p.stores[0].value = 1000; }));
  CHECK(refused([](Program& p) { p.stores[0].output = -1; }));
  CHECK(refused([](Program& p) { p.reductions[0].axes = {0, 3}; }));
  CHECK(refused([](Program& p) { p.reductions[0].axes = {2, 0}; }));
  CHECK(refused([](Program& p) { p.reductions[0].reduction = 9; }));
  CHECK(refused([](Program& p) { p.reductions[1].value = 3; }));
  CHECK(refused([](Program&) {}, 1));
  CHECK(refused([](Program& p) { p.instructions[0].dtype = static_cast<DType>(200); }));
}

}  // namespace
}  // namespace distarray
