#include <string>

#include "engine/distribution/distribution.h"
#include "tests/support/catch.h"

namespace distarray {
namespace {

struct Row {
  Shape shape;
  std::string kinds;
  std::int64_t processes;
  Shape grid;
};

TEST_CASE("the process grid that is chosen") {
  const Row table[] = {
      {{20, 20}, "bb", 12, {3, 4}},
      {{20, 60}, "bb", 12, {2, 6}},
      {{60, 20}, "bb", 12, {6, 2}},
      {{100, 10, 300}, "bnc", 12, {2, 1, 6}},
      {{100, 50, 300}, "bbb", 12, {2, 1, 6}},
      {{100, 100, 150}, "bbb", 12, {2, 2, 3}},
      {{5, 9}, "bb", 4, {1, 4}},
      {{9, 9}, "bb", 4, {2, 2}},
      {{1000, 10}, "bb", 7, {7, 1}},
      {{7, 13}, "bb", 6, {2, 3}},
      {{16, 16, 16}, "bbb", 4, {1, 2, 2}},
      {{16, 16, 16}, "bbb", 8, {2, 2, 2}},
      {{16, 16, 16}, "bbb", 7, {1, 1, 7}},
      {{256, 256, 1024}, "bbn", 8, {2, 4, 1}},
      {{10, 10}, "bb", 9, {3, 3}},
      {{10, 10}, "bb", 5, {1, 5}},
      {{10, 10}, "cc", 8, {2, 4}},
      {{100, 100}, "bb", 48, {6, 8}},
      {{1000, 100}, "bb", 48, {24, 2}},
      {{100, 100, 100}, "bbb", 64, {4, 4, 4}},
      {{2, 3, 4}, "nbc", 4, {1, 2, 2}},
      // No grid uses all: the largest number that fits.
      {{2, 2}, "bb", 16, {2, 2}},
      {{3, 3}, "bb", 7, {2, 3}},
      {{1, 1}, "bb", 4, {1, 1}},
      {{5}, "b", 16, {5}},
      {{0, 4}, "bb", 4, {1, 1}},
      {{}, "", 4, {}},
      {{4, 4}, "nn", 4, {1, 1}},
      {{1000, 1000}, "bb", 1, {1, 1}},
  };
  for (const Row& row : table) {
    std::vector<bool> distributed;
    for (const char kind : row.kinds) {
      distributed.push_back(kind != 'n');
    }
    INFO(ToString(row.shape) << " '" << row.kinds << "' on " << row.processes);
    CHECK(ChooseGrid(row.shape, distributed, row.processes) == row.grid);
  }
}

TEST_CASE("many dimensions and processes take no time") {
  const Shape shape(32, 2);
  const auto grid = ChooseGrid(shape, std::vector<bool>(32, true), 1024);
  std::int64_t processes = 1;
  for (const std::int64_t factor : grid) {
    processes *= factor;
  }
  CHECK(processes == 1024);
}

}  // namespace
}  // namespace distarray
