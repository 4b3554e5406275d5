#include "engine/program/partition.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "tests/engine/program/program_builder.h"
#include "tests/support/catch.h"

namespace distarray {
namespace {

/// A program with one reduction for each entry of `axes`.
Program Reducing(const std::vector<std::vector<int>>& axes) {
  ProgramBuilder builder;
  const ValueId value = builder.Operand(DType::kFloat64);
  for (const auto& over : axes) {
    builder.Reduce("sum", value, over);
  }
  return builder.program();
}

std::vector<Part> All(Partition partition) {
  std::vector<Part> all;
  for (Part part; partition.Next(part);) {
    all.push_back(part);
  }
  return all;
}

TEST_CASE("a space is one part unless a reduction has many results") {
  for (const auto& axes : std::vector<std::vector<std::vector<int>>>{{}, {{0, 1}}, {{0}}, {{0}, {1}}}) {
    const auto all = All(Partition(Reducing(axes), {7, 100}, 100));
    REQUIRE(all.size() == 1);
    CHECK(all[0].begin == Shape{0, 0});
    CHECK(all[0].shape == Shape{7, 100});
  }
  CHECK(All(Partition(Reducing({{}}), {}, 1)).size() == 1);
  CHECK(All(Partition(Reducing({{0}}), {1000, 0, 5}, 1)).size() == 1);
  CHECK(All(Partition(Reducing({{0}}), {1000, 0}, 1)).size() == 1);
}

TEST_CASE("an engine without elements to reduce cuts as those that have some") {
  for (const std::int64_t rows : {0, 1, 5}) {
    const auto all = All(Partition(Reducing({{0}}), {rows, 10}, 4));
    REQUIRE(all.size() == 3);
    CHECK(all[2].begin == Shape{0, 8});
    CHECK(all[2].shape == Shape{rows, 2});
  }
}

TEST_CASE("parts hold whole reduced dimensions and few results, which follow on each other") {
  const Shape shape{3, 5, 4, 7};
  const std::vector<std::vector<int>> choices{{0}, {1}, {2}, {3}, {0, 2}, {1, 3}, {0, 3}, {1, 2}};
  for (const auto& axes : choices) {
    for (const std::int64_t most : {1, 2, 6, 7, 20, 28, 1000}) {
      std::vector<int> visited(3 * 5 * 4 * 7, 0);
      std::int64_t written = 0;
      for (const Part& part : All(Partition(Reducing({axes, axes}), shape, most))) {
        std::int64_t results = 1;
        std::int64_t first = 0;
        for (std::size_t d = 0; d < shape.size(); ++d) {
          if (std::find(axes.begin(), axes.end(), static_cast<int>(d)) != axes.end()) {
            CHECK(part.begin[d] == 0);
            CHECK(part.shape[d] == shape[d]);
          } else {
            results *= part.shape[d];
            first = first * shape[d] + part.begin[d];
          }
        }
        CHECK(results <= most);
        CHECK(first == written);
        written += results;
        for (std::int64_t i = part.begin[0]; i < part.begin[0] + part.shape[0]; ++i) {
          for (std::int64_t j = part.begin[1]; j < part.begin[1] + part.shape[1]; ++j) {
            for (std::int64_t k = part.begin[2]; k < part.begin[2] + part.shape[2]; ++k) {
              for (std::int64_t l = part.begin[3]; l < part.begin[3] + part.shape[3]; ++l) {
                ++visited[static_cast<std::size_t>(((i * 5 + j) * 4 + k) * 7 + l)];
              }
            }
          }
        }
      }
      CHECK(std::all_of(visited.begin(), visited.end(), [](int times) { return times == 1; }));
    }
  }
}

}  // namespace
}  // namespace distarray
