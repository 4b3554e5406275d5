#include "engine/distribution/dimension_map.h"

#include <algorithm>

namespace distarray {
namespace {

/// Bounds of a map whose processes own one ascending block each; empty for others.
std::vector<std::int64_t> BoundsOf(const DimensionMap& map) {
  switch (map.kind) {
    case DimensionMap::Kind::kWhole:
      return map.grid_size == 1 ? std::vector<std::int64_t>{0, map.size} : std::vector<std::int64_t>{};
    case DimensionMap::Kind::kBlock:
      return map.bounds;
    case DimensionMap::Kind::kCyclic: {
      if (map.grid_size > 1 && map.size > 0 && (map.size - 1) / map.block_size >= map.grid_size) {
        return {};
      }
      std::vector<std::int64_t> bounds = {0};
      for (std::int64_t p = 0; p < map.grid_size; ++p) {
        bounds.push_back(bounds.back() + map.LocalSize(p));
      }
      return bounds;
    }
    case DimensionMap::Kind::kUnstructured:
      break;
  }
  return {};
}

bool SameLists(const DimensionMap& a, const DimensionMap& b) {
  if (a.indices == b.indices) {
    return true;
  }
  return a.indices && b.indices && *a.indices == *b.indices;
}

/// Whether an unstructured map deals out as another map does.
bool ListsFollow(const DimensionMap& unstructured, const DimensionMap& other) {
  for (std::int64_t p = 0; p < other.grid_size; ++p) {
    const auto& list = (*unstructured.indices)[static_cast<std::size_t>(p)];
    const auto count = static_cast<std::int64_t>(list.size());
    if (count != other.LocalSize(p)) {
      return false;
    }
    for (std::int64_t i = 0; i < count; ++i) {
      if (list[static_cast<std::size_t>(i)] != other.GlobalIndex(p, i)) {
        return false;
      }
    }
  }
  return true;
}

}  // namespace

DimensionMap DimensionMap::Whole(std::int64_t size) {
  DimensionMap map;
  map.size = size;
  return map;
}

DimensionMap DimensionMap::Replicated(std::int64_t size, std::int64_t grid_size) {
  DimensionMap map = Whole(size);
  map.grid_size = grid_size;
  return map;
}

DimensionMap DimensionMap::Block(std::int64_t size, std::int64_t grid_size) {
  const std::int64_t length = size / grid_size + (size % grid_size != 0 ? 1 : 0);
  std::vector<std::int64_t> bounds = {0};
  for (std::int64_t p = 0; p < grid_size; ++p) {
    bounds.push_back(bounds.back() + std::min(length, size - bounds.back()));
  }
  return Block(std::move(bounds));
}

DimensionMap DimensionMap::Block(std::vector<std::int64_t> bounds) {
  DimensionMap map;
  map.kind = Kind::kBlock;
  map.size = bounds.empty() ? 0 : bounds.back();
  map.grid_size = std::max<std::int64_t>(static_cast<std::int64_t>(bounds.size()) - 1, 0);
  map.bounds = std::move(bounds);
  return map;
}

DimensionMap DimensionMap::Cyclic(std::int64_t size, std::int64_t grid_size, std::int64_t block_size) {
  DimensionMap map;
  map.kind = Kind::kCyclic;
  map.size = size;
  map.grid_size = grid_size;
  map.block_size = block_size;
  return map;
}

DimensionMap DimensionMap::Unstructured(IndexLists indices) {
  DimensionMap map;
  map.kind = Kind::kUnstructured;
  map.grid_size = static_cast<std::int64_t>(indices.size());
  for (const auto& list : indices) {
    map.size += static_cast<std::int64_t>(list.size());
  }
  map.indices = std::make_shared<const IndexLists>(std::move(indices));
  return map;
}

std::int64_t DimensionMap::LocalSize(std::int64_t p) const {
  const auto at = static_cast<std::size_t>(p);
  switch (kind) {
    case Kind::kWhole:
      return size;
    case Kind::kBlock:
      return bounds[at + 1] - bounds[at];
    case Kind::kCyclic: {
      const std::int64_t full_blocks = size / block_size;
      const std::int64_t rounds = full_blocks / grid_size;
      const std::int64_t last = full_blocks % grid_size;
      return rounds * block_size + (p < last ? block_size : (p == last ? size % block_size : 0));
    }
    case Kind::kUnstructured:
      break;
  }
  return static_cast<std::int64_t>((*indices)[at].size());
}

std::int64_t DimensionMap::Owner(std::int64_t index) const {
  switch (kind) {
    case Kind::kWhole:
      return 0;
    case Kind::kBlock:
      return std::upper_bound(bounds.begin(), bounds.end(), index) - bounds.begin() - 1;
    case Kind::kCyclic:
      return index / block_size % grid_size;
    case Kind::kUnstructured:
      break;
  }
  const auto found = std::find_if(indices->begin(), indices->end(), [index](const auto& list) {
    return std::find(list.begin(), list.end(), index) != list.end();
  });
  return found - indices->begin();
}

std::int64_t DimensionMap::LocalIndex(std::int64_t index) const {
  switch (kind) {
    case Kind::kWhole:
      return index;
    case Kind::kBlock:
      return index - bounds[static_cast<std::size_t>(Owner(index))];
    case Kind::kCyclic:
      return index / block_size / grid_size * block_size + index % block_size;
    case Kind::kUnstructured:
      break;
  }
  const auto& list = (*indices)[static_cast<std::size_t>(Owner(index))];
  return std::find(list.begin(), list.end(), index) - list.begin();
}

std::int64_t DimensionMap::GlobalIndex(std::int64_t p, std::int64_t local) const {
  switch (kind) {
    case Kind::kWhole:
      return local;
    case Kind::kBlock:
      return bounds[static_cast<std::size_t>(p)] + local;
    case Kind::kCyclic:
      return (local / block_size * grid_size + p) * block_size + local % block_size;
    case Kind::kUnstructured:
      break;
  }
  return (*indices)[static_cast<std::size_t>(p)][static_cast<std::size_t>(local)];
}

char DimensionMap::letter() const {
  constexpr char kLetters[] = {'n', 'b', 'c', 'u'};
  return kLetters[static_cast<int>(kind)];
}

void DimensionMap::Encode(ByteWriter& out) const {
  out.Put(kind);
  out.Put(size);
  out.Put(grid_size);
  out.PutVector(bounds);
  out.Put(block_size);
  out.Put(communication_padding);
  out.Put(boundary_padding);
  out.Put(periodic);
  if (kind == Kind::kUnstructured) {
    for (const auto& list : *indices) {
      out.PutVector(list);
    }
  }
}

DimensionMap DimensionMap::Decode(ByteReader& in) {
  DimensionMap map;
  map.kind = in.Get<Kind>();
  map.size = in.Get<std::int64_t>();
  map.grid_size = in.Get<std::int64_t>();
  map.bounds = in.GetVector<std::int64_t>();
  map.block_size = in.Get<std::int64_t>();
  map.communication_padding = in.Get<std::int64_t>();
  map.boundary_padding = in.Get<std::int64_t>();
  map.periodic = in.Get<bool>();
  if (map.kind == Kind::kUnstructured) {
    IndexLists lists;
    for (std::int64_t p = 0; p < map.grid_size && in.ok(); ++p) {
      lists.push_back(in.GetVector<std::int64_t>());
    }
    map.indices = std::make_shared<const IndexLists>(std::move(lists));
  }
  return map;
}

bool operator==(const DimensionMap& a, const DimensionMap& b) {
  return a.kind == b.kind && a.size == b.size && a.grid_size == b.grid_size && a.bounds == b.bounds &&
         a.block_size == b.block_size && a.communication_padding == b.communication_padding &&
         a.boundary_padding == b.boundary_padding && a.periodic == b.periodic && SameLists(a, b);
}

bool Equivalent(const DimensionMap& a, const DimensionMap& b) {
  if (a.size != b.size || a.grid_size != b.grid_size || a.replicated() != b.replicated()) {
    return false;
  }
  if (a.replicated()) {
    return true;
  }
  const bool a_lists = a.kind == DimensionMap::Kind::kUnstructured;
  const bool b_lists = b.kind == DimensionMap::Kind::kUnstructured;
  if (a_lists && b_lists) {
    return SameLists(a, b);
  }
  if (a_lists || b_lists) {
    return a_lists ? ListsFollow(a, b) : ListsFollow(b, a);
  }
  const auto a_bounds = BoundsOf(a);
  const auto b_bounds = BoundsOf(b);
  if (a_bounds.empty() && b_bounds.empty()) {
    return a.block_size == b.block_size;
  }
  // A cyclic map that wraps around gives process 0 two pieces: never blocks.
  return a_bounds == b_bounds;
}

}  // namespace distarray
