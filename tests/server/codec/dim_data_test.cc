#include "server/codec/dim_data.h"

#include <algorithm>
#include <string>

#include "engine/worker/dim_data.h"
#include "tests/support/catch.h"

namespace distarray::server {
namespace {

using nlohmann::json;

std::vector<json> Exported(const Distribution& distribution) {
  std::vector<json> parts;
  for (std::size_t rank = 0; rank < distribution.targets.size(); ++rank) {
    parts.push_back(DimDataOf(distribution, static_cast<int>(rank)));
  }
  return parts;
}

std::string Refusal(const std::vector<json>& parts, const std::vector<int>& targets = {0, 1}) {
  const auto made = DistributionFromDimData(parts, targets, 8);
  return made.ok() ? "" : std::string(made.status().message());
}

json Block(std::int64_t rank, std::int64_t start, std::int64_t stop, std::int64_t size = 10, std::int64_t grid = 2) {
  return {{"dist_type", "b"},       {"size", size},   {"proc_grid_size", grid},
          {"proc_grid_rank", rank}, {"start", start}, {"stop", stop}};
}

TEST_CASE("what engines export becomes the same distribution again") {
  const std::vector<Distribution> distributions = {
      {.dimensions = {DimensionMap::Block({0, 3, 3, 10}), DimensionMap::Whole(4)}, .targets = {2, 0, 5}},
      {.dimensions = {DimensionMap::Cyclic(11, 2, 3), DimensionMap::Cyclic(5, 2)}, .targets = {0, 1, 2, 3}},
      {.dimensions = {DimensionMap::Unstructured({{3, 0}, {4, 1, 2}}), DimensionMap::Block(6, 2)},
       .targets = {7, 6, 1, 0}},
      {.dimensions = {}, .targets = {3}},
      {.dimensions = {DimensionMap::Whole(0)}, .targets = {1}},
  };
  for (const Distribution& distribution : distributions) {
    const auto made = DistributionFromDimData(Exported(distribution), distribution.targets, 8);
    REQUIRE(made.ok());
    CHECK(Equivalent(*made, distribution));
    CHECK(made->targets == distribution.targets);
  }
}

TEST_CASE("the grid's ranks may lie on the targets in any order") {
  const Distribution distribution{.dimensions = {DimensionMap::Block({0, 3, 10})}, .targets = {0, 1}};
  std::vector<json> parts = Exported(distribution);
  std::swap(parts[0], parts[1]);
  const auto made = DistributionFromDimData(parts, {0, 1}, 2);
  REQUIRE(made.ok());
  CHECK(made->targets == std::vector<int>{1, 0});
}

TEST_CASE("parts that do not fit together are refused, and the message says where") {
  CHECK(Refusal({json::array({Block(0, 0, 4)}), json::array({Block(1, 5, 10)})}).find("starts at 4") !=
        std::string::npos);
  CHECK(Refusal({json::array({Block(0, 0, 4)}), json::array({Block(1, 4, 9)})}).find("end at 9") != std::string::npos);
  CHECK(Refusal({json::array({Block(0, 0, 5)}), json::array({Block(0, 0, 5)})}).find("process 1") != std::string::npos);
  CHECK(Refusal({json::array({Block(0, 0, 5)}), json::array({Block(1, 5, 11, 11)})}).find("size 11") !=
        std::string::npos);
  CHECK(Refusal({json::array({Block(0, 0, 5)}), json::array()}).find("dimensions") != std::string::npos);
  CHECK(Refusal({json::array({Block(0, 0, 5, 10, 3)}), json::array({Block(1, 5, 10, 10, 3)})}) != "");
  CHECK(Refusal({json::array({Block(0, 0, 10, 10, 1)}), json::array({Block(0, 0, 10, 10, 1)})}).find("1 processes") !=
        std::string::npos);
  CHECK(Refusal({json::array({{{"dist_type", "q"}}}), json::array({Block(1, 5, 10)})}) != "");
  CHECK(Refusal({json("text"), json(3)}) != "");
  CHECK(Refusal({json::array({Block(-1, 0, 5)}), json::array({Block(1, 5, 10)})}) != "");
  CHECK(Refusal({json::array({Block(0, 0, 5, 10, std::int64_t{1} << 62)}),
                 json::array({Block(1, 5, 10, 10, std::int64_t{1} << 62)})}) != "");
}

TEST_CASE("unstructured lists that do not partition are refused") {
  const auto list = [](std::int64_t rank, std::vector<std::int64_t> indices) {
    return json::array({{{"dist_type", "u"},
                         {"size", 4},
                         {"proc_grid_size", 2},
                         {"proc_grid_rank", rank},
                         {"indices", std::move(indices)}}});
  };
  CHECK(Refusal({list(0, {0, 2}), list(1, {3, 1})}).empty());
  CHECK_FALSE(Refusal({list(0, {0, 2}), list(1, {2, 1})}).empty());
  CHECK_FALSE(Refusal({list(0, {0, 2}), list(1, {1})}).empty());
}

}  // namespace
}  // namespace distarray::server
