// Programs over several engines: operands that are views, outputs in place, reductions over any axes.
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include "engine/index/pieces.h"
#include "tests/engine/runtime/cluster.h"
#include "tests/engine/runtime/programs.h"
#include "tests/support/mpi_test.h"

namespace distarray {
namespace {

/// (rows, columns) of the engines' grid, as square as their number allows.
std::pair<std::int64_t, std::int64_t> GridOf(int engines) {
  std::int64_t rows = 1;
  for (std::int64_t r = 1; r * r <= engines; ++r) {
    rows = engines % r == 0 ? r : rows;
  }
  return {rows, engines / rows};
}

/// A buffer of 100 * i + j.
NewBuffer MakeGrid(Cluster& cluster, DistributionId distribution) {
  const NewBuffer buffer = cluster.New(distribution, DType::kInt64);
  ProgramBuilder builder;
  const ValueId hundred = builder.Number({std::int64_t{100}}, DType::kInt64);
  const ValueId row = builder.Apply("multiply", {builder.Index(0), hundred});
  builder.Store(builder.Apply("add", {row, builder.Index(1)}));
  cluster.Send(cluster.all(), RunProgram{distribution, builder.program(), {}, {buffer}, {}});
  return buffer;
}

std::vector<Distribution> Grids(const Cluster& cluster, std::int64_t rows, std::int64_t columns) {
  const auto [r, c] = GridOf(cluster.engine_count());
  const std::int64_t n = cluster.engine_count();
  std::vector<Distribution> all{
      {{DimensionMap::Block(rows, r), DimensionMap::Block(columns, c)}, cluster.all()},
      {{DimensionMap::Cyclic(rows, r), DimensionMap::Cyclic(columns, c, 2)}, cluster.all()},
      {{DimensionMap::Block(rows, n), DimensionMap::Whole(columns)}, cluster.all()},
      {{DimensionMap::Whole(rows), DimensionMap::Cyclic(columns, n)}, cluster.all()},
  };
  if (n > 1) {
    // An engine without elements at coordinate 0.
    std::vector<std::int64_t> bounds(static_cast<std::size_t>(n) + 1, rows);
    bounds[0] = 0;
    bounds[1] = 0;
    all.push_back({{DimensionMap::Block(bounds), DimensionMap::Whole(columns)}, cluster.all()});
    all.push_back({{DimensionMap::Whole(rows), DimensionMap::Whole(columns)}, {cluster.engine_count() - 1}});
  }
  return all;
}

TEST_CASE("reductions over any axes of any grid") {
  Cluster cluster;
  if (!cluster.is_front()) {
    return;
  }
  constexpr std::int64_t kRows = 13;
  constexpr std::int64_t kColumns = 11;
  for (const Distribution& grid : Grids(cluster, kRows, kColumns)) {
    const auto distribution = cluster.Define(grid);
    const NewBuffer source = MakeGrid(cluster, distribution);
    ProgramBuilder builder;
    const ValueId value = builder.Load(DType::kInt64);
    RunProgram run{distribution, {}, {cluster.Whole(source)}, {}, {}};
    const std::vector<std::vector<int>> axes{{0}, {1}, {0, 1}};
    for (const auto& over : axes) {
      for (const char* name : {"sum", "max", "mean"}) {
        builder.Reduce(name, value, over);
        run.results.push_back(
            cluster.New(cluster.Define(ReducedDistribution(grid, over, false)), builder.ResultOf(run.results.size())));
      }
    }
    run.program = builder.program();
    const auto status = cluster.StatusOf(cluster.Send(cluster.all(), run));
    CHECK(status.ok());
    std::vector<std::int64_t> by_column(kColumns);
    std::vector<std::int64_t> by_row(kRows);
    std::vector<double> mean_by_row(kRows);
    for (std::int64_t i = 0; i < kRows; ++i) {
      for (std::int64_t j = 0; j < kColumns; ++j) {
        by_column[static_cast<std::size_t>(j)] += 100 * i + j;
        by_row[static_cast<std::size_t>(i)] += 100 * i + j;
      }
      mean_by_row[static_cast<std::size_t>(i)] = static_cast<double>(by_row[static_cast<std::size_t>(i)]) / kColumns;
    }
    const std::int64_t total = std::accumulate(by_row.begin(), by_row.end(), std::int64_t{0});
    CHECK(cluster.FetchAs<std::int64_t>(run.results[0]) == by_column);
    CHECK(cluster.FetchAs<std::int64_t>(run.results[3]) == by_row);
    CHECK(cluster.FetchAs<double>(run.results[5]) == mean_by_row);
    CHECK(cluster.FetchAs<std::int64_t>(run.results[6]) == std::vector<std::int64_t>{total});
    CHECK(cluster.FetchAs<std::int64_t>(run.results[7]) == std::vector<std::int64_t>{100 * (kRows - 1) + kColumns - 1});
  }
}

TEST_CASE("partial results of many elements") {
  Cluster cluster;
  if (!cluster.is_front()) {
    return;
  }
  constexpr std::int64_t kColumns = 300000;
  const Distribution grid{{DimensionMap::Block(8, cluster.engine_count()), DimensionMap::Whole(kColumns)},
                          cluster.all()};
  const auto distribution = cluster.Define(grid);
  ProgramBuilder builder;
  builder.Reduce("sum", builder.CastTo(builder.Index(1), DType::kFloat64), {0});
  const auto result =
      cluster.New(cluster.Define(ReducedDistribution(grid, std::vector<int>{0}, false)), DType::kFloat64);
  CHECK(cluster.StatusOf(cluster.Send(cluster.all(), RunProgram{distribution, builder.program(), {}, {}, {result}}))
            .ok());
  const auto sums = cluster.FetchAs<double>(result);
  bool equal = sums.size() == kColumns;
  for (std::size_t j = 0; equal && j < sums.size(); ++j) {
    equal = sums[j] == 8.0 * static_cast<double>(j);
  }
  CHECK(equal);
}

TEST_CASE("reductions of no elements") {
  Cluster cluster;
  if (!cluster.is_front()) {
    return;
  }
  const Distribution grid{{DimensionMap::Block(0, cluster.engine_count()), DimensionMap::Whole(3)}, cluster.all()};
  const auto distribution = cluster.Define(grid);
  ProgramBuilder builder;
  builder.Reduce("sum", builder.Index(1), {0});
  const auto result = cluster.New(cluster.Define(ReducedDistribution(grid, std::vector<int>{0}, false)), DType::kInt64);
  CHECK(cluster.StatusOf(cluster.Send(cluster.all(), RunProgram{distribution, builder.program(), {}, {}, {result}}))
            .ok());
  CHECK(cluster.FetchAs<std::int64_t>(result) == std::vector<std::int64_t>{0, 0, 0});
}

TEST_CASE("operands are views, outputs are in place") {
  Cluster cluster;
  if (!cluster.is_front()) {
    return;
  }
  const auto distribution = cluster.Block({12, 10});
  const NewBuffer a = MakeGrid(cluster, distribution);
  // a[:, 1:9:2] = a[:, 8:0:-2] + a[:, :1]
  View target = View::Whole({12, 10});
  target.dimensions[1] = {1, 1, 2, 4};
  View reversed = View::Whole({12, 10});
  reversed.dimensions[1] = {1, 8, -2, 4};
  View column = View::Whole({12, 10});
  column.dimensions[1] = {1, 0, 0, 4};
  const auto space = cluster.Define(DistributionOfView(cluster.distribution(distribution), target));
  ProgramBuilder builder;
  builder.Store(builder.Apply("add", {builder.Load(DType::kInt64), builder.Load(DType::kInt64)}));
  const auto view_of = [&](const View& view) { return BufferView{a.buffer, a.distribution, a.dtype, view}; };
  const auto run = cluster.Send(
      cluster.all(), RunProgram{space, builder.program(), {view_of(reversed), view_of(column)}, {view_of(target)}, {}});
  CHECK(cluster.StatusOf(run).ok());
  std::vector<std::int64_t> expected;
  for (std::int64_t i = 0; i < 12; ++i) {
    for (std::int64_t j = 0; j < 10; ++j) {
      const bool odd = j % 2 == 1 && j < 9;
      expected.push_back(odd ? 100 * i + (8 - (j - 1)) + 100 * i : 100 * i + j);
    }
  }
  CHECK(cluster.FetchAs<std::int64_t>(a) == expected);
}

TEST_CASE("operands of which others hold the edges") {
  Cluster cluster;
  if (!cluster.is_front()) {
    return;
  }
  // a[1:, 1:] + a[:-1, :-1], stored and summed along each axis.
  constexpr std::int64_t kRows = 14;
  constexpr std::int64_t kColumns = 16;
  const auto [r, c] = GridOf(cluster.engine_count());
  const Distribution grid{{DimensionMap::Block(kRows, r), DimensionMap::Block(kColumns, c)}, cluster.all()};
  const NewBuffer a = MakeGrid(cluster, cluster.Define(grid));
  View later = View::Whole({kRows, kColumns});
  View earlier = later;
  for (std::size_t d = 0; d < 2; ++d) {
    later.dimensions[d].start = 1;
    --later.dimensions[d].count;
    --earlier.dimensions[d].count;
  }
  const Distribution space = DistributionOfView(grid, later);
  const auto space_id = cluster.Define(space);
  const auto pieces = Pieces::Of(grid, earlier, space);
  REQUIRE(pieces.has_value());
  const BufferView shifted{a.buffer, a.distribution, a.dtype, earlier};
  const NewBuffer edges = cluster.New(cluster.Define(pieces->Edges()), a.dtype);
  ProgramBuilder builder;
  const ValueId sum = builder.Apply("add", {builder.Load(DType::kInt64), builder.Load(DType::kInt64)});
  builder.Store(sum);
  RunProgram run{space_id, {}, {BufferView{a.buffer, a.distribution, a.dtype, later}, shifted}, {}, {}, {{1, edges}}};
  run.outputs = {cluster.New(space_id, DType::kInt64)};
  for (const std::vector<int>& axes : {std::vector<int>{0}, {1}, {0, 1}}) {
    builder.Reduce("sum", sum, axes);
    run.results.push_back(cluster.New(cluster.Define(ReducedDistribution(space, axes, false)), DType::kInt64));
  }
  run.program = builder.program();
  CHECK(cluster.StatusOf(cluster.Send(cluster.all(), CopyEdges{shifted, space_id, edges})).ok());
  CHECK(cluster.StatusOf(cluster.Send(cluster.all(), run)).ok());
  std::vector<std::int64_t> expected;
  std::vector<std::int64_t> by_column(kColumns - 1);
  std::vector<std::int64_t> by_row(kRows - 1);
  for (std::int64_t i = 0; i < kRows - 1; ++i) {
    for (std::int64_t j = 0; j < kColumns - 1; ++j) {
      expected.push_back(2 * (100 * i + j) + 101);
      by_column[static_cast<std::size_t>(j)] += expected.back();
      by_row[static_cast<std::size_t>(i)] += expected.back();
    }
  }
  CHECK(cluster.FetchAs<std::int64_t>(std::get<NewBuffer>(run.outputs[0])) == expected);
  CHECK(cluster.FetchAs<std::int64_t>(run.results[0]) == by_column);
  CHECK(cluster.FetchAs<std::int64_t>(run.results[1]) == by_row);
  CHECK(cluster.FetchAs<std::int64_t>(run.results[2]) ==
        std::vector<std::int64_t>{std::accumulate(by_row.begin(), by_row.end(), std::int64_t{0})});
  // A failed source fails the edges and what reads them, and nobody waits.
  const NewBuffer nowhere = cluster.New(a.distribution, a.dtype);
  const BufferView missing{nowhere.buffer, nowhere.distribution, nowhere.dtype, earlier};
  const NewBuffer failed = cluster.New(edges.distribution, a.dtype);
  CHECK_FALSE(cluster.StatusOf(cluster.Send(cluster.all(), CopyEdges{missing, space_id, failed})).ok());
  run.edges[0].buffer = failed;
  run.outputs = {cluster.New(space_id, DType::kInt64)};
  CHECK_FALSE(cluster.StatusOf(cluster.Send(cluster.all(), run)).ok());
}

TEST_CASE("a sum does not depend on the distribution") {
  Cluster cluster;
  if (!cluster.is_front()) {
    return;
  }
  std::vector<double> sums;
  for (const Distribution& grid : Grids(cluster, 500, 700)) {
    ProgramBuilder builder;
    const ValueId x = builder.CastTo(builder.Apply("add", {builder.Index(0), builder.Index(1)}), DType::kFloat64);
    builder.Reduce("sum", builder.Apply("sin", {x}), {0, 1});
    const auto result = cluster.New(cluster.Define(SingleTarget({}, grid.targets.front())), DType::kFloat64);
    const auto run = RunProgram{cluster.Define(grid), builder.program(), {}, {}, {result}};
    CHECK(cluster.StatusOf(cluster.Send(cluster.all(), run)).ok());
    sums.push_back(cluster.FetchAs<double>(result).at(0));
  }
  CHECK(sums == std::vector<double>(sums.size(), sums.front()));
}

}  // namespace
}  // namespace distarray
