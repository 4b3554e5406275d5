#include "tests/engine/distribution/maps.h"
#include "tests/engine/io/files.h"

namespace distarray::io {
namespace {

std::vector<int> FirstTargets(std::int64_t count) {
  std::vector<int> targets;
  for (int target = 0; target < static_cast<int>(count); ++target) {
    targets.push_back(target);
  }
  return targets;
}

/// Maps of every kind for as many processes as there are ranks, empty blocks and all.
std::vector<DimensionMap> Maps(std::int64_t size, std::int64_t processes) {
  std::vector<DimensionMap> maps;
  for (const DimensionMap& map : MapsOf(size)) {
    if (map.grid_size == processes) {
      maps.push_back(map);
    }
  }
  return maps;
}

TEST_CASE("every distribution of one dimension, saved and loaded as any other") {
  const TemporaryFolder folder;
  const std::string path = folder / "a.h5";
  for (const std::int64_t size : {1, 23}) {
    std::vector<Distribution> all;
    for (int processes = 1; processes <= Ranks(); ++processes) {
      for (const DimensionMap& map : Maps(size, processes)) {
        all.push_back({{map}, FirstTargets(processes)});
      }
    }
    for (std::size_t i = 0; i < all.size(); ++i) {
      const Distribution& other = all[(i * 7 + 3) % all.size()];
      INFO("saved " << Describe(all[i].dimensions[0]) << ", loaded " << Describe(other.dimensions[0]));
      REQUIRE_ON_ALL(SaveValues<double>(path, "x", SaveMode::kWrite, all[i]).ok());
      REQUIRE_ON_ALL(LoadAndCompare<double>(path, "x", all[i]).ok());
      REQUIRE_ON_ALL(LoadAndCompare<double>(path, "x", other).ok());
    }
  }
}

TEST_CASE("grids of several dimensions") {
  const TemporaryFolder folder;
  const std::string path = folder / "a.h5";
  const int ranks = Ranks();
  const int rows = ranks == 4 ? 2 : 1;
  const int columns = ranks / rows;
  const auto targets = FirstTargets(ranks);
  const DimensionMap whole = DimensionMap::Whole(5);
  std::vector<Distribution> all = {
      {{DimensionMap::Block(7, rows), DimensionMap::Block(9, columns), whole}, targets},
      {{DimensionMap::Cyclic(7, rows, 2), DimensionMap::Cyclic(9, columns), whole}, targets},
      {{DimensionMap::Cyclic(7, columns), DimensionMap::Cyclic(9, rows, 2), whole}, targets},
      {{Scrambled(7, rows), DimensionMap::Cyclic(9, columns, 2), whole}, targets},
      {{Scrambled(7, columns), Scrambled(9, rows), whole}, targets},
      {{DimensionMap::Whole(7), Scrambled(9, ranks), whole}, targets},
      {{DimensionMap::Whole(7), DimensionMap::Whole(9), DimensionMap::Cyclic(5, ranks)}, targets},
      SingleTarget({7, 9, 5}, 0),
  };
  for (std::size_t i = 0; i < all.size(); ++i) {
    INFO("saved " << i);
    REQUIRE_ON_ALL(SaveValues<std::int32_t>(path, "x", SaveMode::kWrite, all[i]).ok());
    for (const Distribution& other : all) {
      REQUIRE_ON_ALL(LoadAndCompare<std::int32_t>(path, "x", other).ok());
    }
  }
}

template <typename T>
void CheckType(const TemporaryFolder& folder) {
  const std::string path = folder / "types.h5";
  const std::string name(NameOf(kDTypeOf<T>));
  INFO(name);
  const Distribution rows = Rows({9, 3});
  REQUIRE_ON_ALL(SaveValues<T>(path, name, SaveMode::kAppend, rows).ok());
  REQUIRE_ON_ALL(LoadAndCompare<T>(path, name, rows).ok());
  const auto info = InspectDataset(path, name);
  REQUIRE_ON_ALL(info.ok());
  CHECK(info->dtype == kDTypeOf<T>);
  CHECK(info->shape == Shape{9, 3});
}

TEST_CASE("every element type") {
  const TemporaryFolder folder;
  [&]<std::size_t... kIndex>(std::index_sequence<kIndex...>) {
    (CheckType<std::tuple_element_t<kIndex, ElementTypes>>(folder), ...);
  }
  (std::make_index_sequence<static_cast<std::size_t>(kDTypeCount)>());
  CHECK(folder.Names() == std::vector<std::string>{"types.h5"});
}

TEST_CASE("numbers without dimension and arrays without elements") {
  const TemporaryFolder folder;
  const std::string path = folder / "a.h5";
  for (const Shape& shape : {Shape{}, Shape{0}, Shape{4, 0, 3}}) {
    const Distribution distribution = Rows(shape);
    INFO(ToString(shape));
    REQUIRE_ON_ALL(SaveValues<float>(path, "x", SaveMode::kWrite, distribution).ok());
    REQUIRE_ON_ALL(LoadAndCompare<float>(path, "x", distribution).ok());
    REQUIRE_ON_ALL(InspectDataset(path, "x")->shape == shape);
  }
  const Distribution empty_blocks{{DimensionMap::Block(0, Ranks())}, FirstTargets(Ranks())};
  REQUIRE_ON_ALL(SaveValues<float>(path, "y", SaveMode::kAppend, empty_blocks).ok());
  REQUIRE_ON_ALL(LoadAndCompare<float>(path, "y", empty_blocks).ok());
}

TEST_CASE("a larger array") {
  const TemporaryFolder folder;
  const std::string path = folder / "a.h5";
  const std::int64_t size = 1 << 18;
  const std::vector<Distribution> all = {Rows({size}),
                                         {{DimensionMap::Cyclic(size, Ranks())}, FirstTargets(Ranks())},
                                         {{DimensionMap::Cyclic(size, Ranks(), 37)}, FirstTargets(Ranks())}};
  for (const Distribution& distribution : all) {
    INFO(Describe(distribution.dimensions[0]));
    REQUIRE_ON_ALL(SaveValues<double>(path, "x", SaveMode::kWrite, distribution).ok());
    for (const Distribution& other : all) {
      REQUIRE_ON_ALL(LoadAndCompare<double>(path, "x", other).ok());
    }
  }
  const Distribution scattered{{Scrambled(20000, Ranks())}, FirstTargets(Ranks())};
  REQUIRE_ON_ALL(SaveValues<double>(path, "u", SaveMode::kAppend, scattered).ok());
  REQUIRE_ON_ALL(LoadAndCompare<double>(path, "u", Rows({20000})).ok());
  REQUIRE_ON_ALL(LoadAndCompare<double>(path, "u", scattered).ok());
}

}  // namespace
}  // namespace distarray::io
