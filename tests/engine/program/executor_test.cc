#include "engine/program/executor.h"

#include <cmath>
#include <random>

#include "engine/base/error.h"
#include "tests/engine/program/program_builder.h"
#include "tests/support/catch.h"

namespace distarray {
namespace {

/// a * b + c, computed point by point, and by the executor with operands that lie as the regions say.
void CheckExpression(const Shape& shape, const LocalRegion& a, const LocalRegion& b, const LocalRegion& out,
                     std::size_t block_size, std::int64_t slice) {
  std::mt19937_64 random(3);
  std::vector<double> block_a(block_size);
  std::vector<double> block_b(block_size);
  for (std::size_t i = 0; i < block_size; ++i) {
    block_a[i] = static_cast<double>(random() % 1000);
    block_b[i] = static_cast<double>(random() % 1000);
  }
  std::vector<double> result(block_size, -1);
  std::vector<double> expected(block_size, -1);
  Shape index(shape.size(), 0);
  if (CountOf(shape) > 0) {
    do {
      expected[static_cast<std::size_t>(PositionOf(out, index))] =
          block_a[static_cast<std::size_t>(PositionOf(a, index))] *
              block_b[static_cast<std::size_t>(PositionOf(b, index))] +
          0.5;
    } while (NextIndex(shape, index));
  }
  ProgramBuilder builder;
  const ValueId va = builder.Operand(DType::kFloat64);
  const ValueId vb = builder.Operand(DType::kFloat64);
  builder.Store(builder.Apply("add", {builder.Apply("multiply", {va, vb}), builder.Number(0.5, DType::kFloat64)}));
  REQUIRE(builder.program().Validate(static_cast<int>(shape.size())).ok());
  Executor executor(builder.program(), SingleTarget(shape, 0), 0, {Operand(block_a, a), Operand(block_b, b)},
                    {Output(result, out)});
  REQUIRE(RunAll(executor, slice).ok());
  REQUIRE(result == expected);
}

TEST_CASE("Dense operands of odd sizes, in slices of any length") {
  for (const std::int64_t size : {0, 1, 2, 127, 128, 129, 255, 256, 257, 1000, 5000}) {
    for (const std::int64_t slice : {1, 100, 1 << 30}) {
      CAPTURE(size, slice);
      const LocalRegion dense = DenseRegion({size});
      CheckExpression({size}, dense, dense, dense, static_cast<std::size_t>(size) + 1, slice);
    }
  }
}

TEST_CASE("Strided, broadcast, transposed and reversed operands") {
  const Shape shapes[] = {{},        {7},         {300},      {3, 5},      {40, 300},   {300, 40},
                          {100, 3},  {2, 3, 400}, {30, 4, 5}, {5, 30, 3},  {33, 65, 2}, {1, 500, 1},
                          {17, 300}, {64, 64},    {3, 0, 5},  {2, 3, 4, 5}};
  std::mt19937_64 random(11);
  for (const Shape& shape : shapes) {
    for (int trial = 0; trial < 12; ++trial) {
      const auto make = [&](bool may_broadcast) {
        // Dimensions in any order, with gaps, some reversed, some repeated.
        std::vector<std::size_t> order(shape.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        if (random() % 2 == 0) {
          std::shuffle(order.begin(), order.end(), random);
        }
        LocalRegion region{shape, 3, std::vector<std::int64_t>(shape.size())};
        std::int64_t step = random() % 2 == 0 ? 1 : 2;
        for (std::size_t k = order.size(); k-- > 0;) {
          const std::size_t d = order[k];
          region.strides[d] = may_broadcast && random() % 3 == 0 ? 0 : step;
          step *= std::max<std::int64_t>(shape[d], 1);
          if (random() % 4 == 0) {
            step += 1;
          }
          if (random() % 4 == 0) {
            region.offset += region.strides[d] * std::max<std::int64_t>(shape[d] - 1, 0);
            region.strides[d] = -region.strides[d];
          }
        }
        return region;
      };
      const LocalRegion a = make(true);
      const LocalRegion b = make(true);
      const LocalRegion out = make(false);
      const auto block_size = static_cast<std::size_t>(40 * CountOf(shape) + 1000);
      CAPTURE(ToString(shape), trial);
      CheckExpression(shape, a, b, out, block_size, trial % 2 == 0 ? 777 : 1 << 30);
    }
  }
}

TEST_CASE("Large outputs and operands") {
  const Shape shape = {700, 1000};
  const LocalRegion dense = DenseRegion(shape);
  LocalRegion misaligned = dense;
  misaligned.offset = 3;
  LocalRegion transposed{shape, 0, {1, 700}};
  LocalRegion wide{shape, 5, {1010, 1}};
  CheckExpression(shape, dense, dense, dense, 710000, 100000);
  CheckExpression(shape, dense, misaligned, misaligned, 710000, 1 << 30);
  CheckExpression(shape, transposed, dense, dense, 710000, 100000);
  CheckExpression(shape, dense, wide, wide, 710000, 1 << 30);
  CheckExpression(shape, transposed, transposed, transposed, 710000, 1 << 30);
}

TEST_CASE("Several outputs of several dtypes, unused values, values used twice") {
  const std::int64_t size = 1000;
  const Distribution space = SingleTarget({size}, 0);
  std::vector<float> x(1000);
  std::iota(x.begin(), x.end(), -500.0F);
  ProgramBuilder b;
  const ValueId v = b.Operand(DType::kFloat32);
  const ValueId square = b.Apply("square", {v});
  b.Apply("sqrt", {v});
  b.Store(square);
  b.Store(b.Apply("less", {v, b.Number(0.0, DType::kFloat32)}));
  b.Store(b.To(DType::kInt16, b.Apply("add", {square, square})));
  b.Store(b.To(DType::kComplex128, v));
  b.Store(v);
  b.Store(square);
  b.Store(b.Number(std::int64_t{7}, DType::kInt8));
  b.Store(b.Apply("where", {b.Apply("greater", {v, v}), v, square}));
  REQUIRE(b.program().Validate(1).ok());
  const LocalRegion dense = DenseRegion({size});
  std::vector<float> squares(1000), copy(1000), again(1000), chosen(1000);
  std::vector<std::uint8_t> negative(1000);
  std::vector<std::int16_t> twice(1000);
  std::vector<std::complex<double>> complex(1000);
  std::vector<std::int8_t> seven(1000);
  Executor executor(b.program(), space, 0, {Operand(x, dense)},
                    {Output(squares, dense), Output(negative, dense), Output(twice, dense), Output(complex, dense),
                     Output(copy, dense), Output(again, dense), Output(seven, dense), Output(chosen, dense)});
  REQUIRE(RunAll(executor).ok());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const float sum = 2 * x[i] * x[i];
    REQUIRE(squares[i] == x[i] * x[i]);
    REQUIRE(negative[i] == (x[i] < 0));
    REQUIRE(twice[i] == static_cast<std::int16_t>(static_cast<std::int32_t>(sum)));
    REQUIRE(complex[i] == std::complex<double>(x[i]));
    REQUIRE(copy[i] == x[i]);
    REQUIRE(again[i] == squares[i]);
    REQUIRE(seven[i] == 7);
    REQUIRE(chosen[i] == squares[i]);
  }
}

TEST_CASE("Outputs may be the operands' own elements") {
  const std::int64_t size = 1000;
  std::vector<double> x(1000);
  std::iota(x.begin(), x.end(), 0.0);
  std::vector<double> other(1000);
  const LocalRegion dense = DenseRegion({size});
  ProgramBuilder b;
  const ValueId v = b.Operand(DType::kFloat64);
  b.Store(b.Apply("negative", {v}));  // in place
  b.Store(b.Apply("add", {v, v}));    // still of the old values
  Executor executor(b.program(), SingleTarget({size}, 0), 0, {Operand(x, dense)},
                    {Output(x, dense), Output(other, dense)});
  REQUIRE(RunAll(executor, 100).ok());
  for (std::size_t i = 0; i < x.size(); ++i) {
    REQUIRE(x[i] == -static_cast<double>(i));
    REQUIRE(other[i] == 2 * static_cast<double>(i));
  }
}

TEST_CASE("A failure of an operation ends the program") {
  std::vector<std::int64_t> base(2000, 3);
  std::vector<std::int64_t> exponent(2000, 2);
  exponent[1500] = -1;
  std::vector<std::int64_t> out(2000);
  const LocalRegion dense = DenseRegion({2000});
  ProgramBuilder b;
  b.Store(b.Apply("power", {b.Operand(DType::kInt64), b.Operand(DType::kInt64)}));
  Executor executor(b.program(), SingleTarget({2000}, 0), 0, {Operand(base, dense), Operand(exponent, dense)},
                    {Output(out, dense)});
  const absl::Status status = RunAll(executor, 100);
  REQUIRE_FALSE(status.ok());
  CHECK(ReasonOf(status) == Reason::kInvalidValue);
  CHECK(status.message() == "integers to negative integer powers are not allowed");
}

TEST_CASE("Global indices under every map") {
  const DimensionMap::IndexLists lists = {{3, 0, 9, 12}, {1, 2, 4}, {11, 10, 8, 7, 6, 5}};
  const DimensionMap rows[] = {
      DimensionMap::Whole(13),           DimensionMap::Block(13, 3),
      DimensionMap::Cyclic(13, 3),       DimensionMap::Cyclic(13, 3, 2),
      DimensionMap::Unstructured(lists), DimensionMap::Block(std::vector<std::int64_t>{0, 0, 13}),
      DimensionMap::Cyclic(200, 3, 7),   DimensionMap::Block(200, 3)};
  for (const DimensionMap& first : rows) {
    for (const DimensionMap& second : rows) {
      Distribution space;
      space.dimensions = {first, second};
      space.targets.resize(static_cast<std::size_t>(first.grid_size * second.grid_size));
      std::iota(space.targets.begin(), space.targets.end(), 0);
      for (int rank = 0; rank < static_cast<int>(space.targets.size()); ++rank) {
        const Shape shape = space.LocalShape(rank);
        const LocalRegion dense = DenseRegion(shape);
        std::vector<std::int64_t> i(static_cast<std::size_t>(CountOf(shape)));
        std::vector<std::int64_t> j(i.size());
        std::vector<std::int64_t> mixed(i.size());
        ProgramBuilder b;
        const ValueId row = b.Index(0);
        const ValueId column = b.Index(1);
        b.Store(row);
        b.Store(column);
        b.Store(b.Apply("add", {b.Apply("multiply", {row, b.Number(std::int64_t{1000}, DType::kInt64)}), column}));
        Executor executor(b.program(), space, rank, {}, {Output(i, dense), Output(j, dense), Output(mixed, dense)});
        REQUIRE(RunAll(executor, 50).ok());
        const auto coordinates = space.Coordinates(rank);
        for (std::size_t k = 0; k < i.size(); ++k) {
          const auto local = static_cast<std::int64_t>(k);
          const std::int64_t expected_row = first.GlobalIndex(coordinates[0], local / shape[1]);
          const std::int64_t expected_column = second.GlobalIndex(coordinates[1], local % shape[1]);
          CAPTURE(rank, k, first.letter(), second.letter());
          REQUIRE(i[k] == expected_row);
          REQUIRE(j[k] == expected_column);
          REQUIRE(mixed[k] == expected_row * 1000 + expected_column);
        }
      }
    }
  }
}

TEST_CASE("The kernel set has a name") {
  const std::string name = KernelSet();
  CHECK((name == "baseline" || name == "avx2" || name == "avx512"));
}

}  // namespace
}  // namespace distarray
