#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/distribution/dimension_map.h"

namespace distarray {

inline std::string Describe(const DimensionMap& map) {
  std::string text = std::string(1, map.letter()) + " size " + std::to_string(map.size) + " on " +
                     std::to_string(map.grid_size) + " block_size " + std::to_string(map.block_size) + " bounds";
  for (const auto bound : map.bounds) {
    text += " " + std::to_string(bound);
  }
  if (map.indices) {
    for (const auto& list : *map.indices) {
      text += " [";
      for (const auto index : list) {
        text += " " + std::to_string(index);
      }
      text += " ]";
    }
  }
  return text;
}

/// Unstructured lists of a scrambled kind: index i of n goes to process i * i % grid; every other list descends.
inline DimensionMap Scrambled(std::int64_t size, std::int64_t grid) {
  DimensionMap::IndexLists lists(static_cast<std::size_t>(grid));
  for (std::int64_t i = 0; i < size; ++i) {
    auto& list = lists[static_cast<std::size_t>((i * i + i / 3) % grid)];
    list.insert(i % 4 == 0 ? list.begin() : list.end(), i);
  }
  return DimensionMap::Unstructured(std::move(lists));
}

/// Maps of every kind of a dimension of this size.
inline std::vector<DimensionMap> MapsOf(std::int64_t size) {
  std::vector<DimensionMap> maps = {DimensionMap::Whole(size)};
  for (std::int64_t grid = 1; grid <= 4; ++grid) {
    maps.push_back(DimensionMap::Block(size, grid));
    maps.push_back(Scrambled(size, grid));
    for (std::int64_t block = 1; block <= 4; ++block) {
      maps.push_back(DimensionMap::Cyclic(size, grid, block));
    }
  }
  maps.push_back(DimensionMap::Block({0, 0, size / 3, size / 3, size}));
  maps.push_back(DimensionMap::Block({0, size / 2, size / 2 + (size > 1 ? 1 : 0), size, size}));
  DimensionMap::IndexLists reversed(2);
  for (std::int64_t i = size; i-- > 0;) {
    reversed[i < size / 2 ? 0 : 1].push_back(i);
  }
  maps.push_back(DimensionMap::Unstructured(std::move(reversed)));
  return maps;
}

}  // namespace distarray
