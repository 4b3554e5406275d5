#include "engine/index/pieces.h"

#include <algorithm>

namespace distarray {
namespace {

/// Consecutive indices.
struct Range {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

bool InBlocks(const DimensionMap& map) {
  return map.kind == DimensionMap::Kind::kBlock ||
         (map.kind != DimensionMap::Kind::kUnstructured && map.grid_size == 1);
}

Range RangeOf(const DimensionMap& map, std::int64_t coordinate) {
  if (map.kind != DimensionMap::Kind::kBlock) {
    return {0, map.size};
  }
  const auto c = static_cast<std::size_t>(coordinate);
  return {map.bounds[c], map.bounds[c + 1]};
}

std::vector<Range> ShareOf(const Distribution& distribution, int rank) {
  const auto coordinates = distribution.Coordinates(rank);
  std::vector<Range> share;
  for (std::size_t d = 0; d < coordinates.size(); ++d) {
    share.push_back(RangeOf(distribution.dimensions[d], coordinates[d]));
  }
  return share;
}

/// The coordinates whose ranges meet `range`, and what of it they hold.
struct Met {
  std::int64_t coordinate = 0;
  Range range;
};
std::vector<Met> MeetingOf(const DimensionMap& map, Range range) {
  std::vector<Met> met;
  for (std::int64_t c = 0; c < map.grid_size; ++c) {
    const Range held = RangeOf(map, c);
    const Range common{std::max(held.begin, range.begin), std::min(held.end, range.end)};
    if (common.begin < common.end) {
      met.push_back({c, common});
    }
  }
  return met;
}

}  // namespace

std::optional<Pieces> Pieces::Of(const Distribution& base, const View& view, const Distribution& space) {
  const auto repeats = [](const ViewDimension& dimension) {
    return dimension.count != 1 && (dimension.base < 0 || dimension.step == 0);
  };
  const auto replicated = [](const DimensionMap& map) { return map.replicated(); };
  if (view.shape() != space.shape() || std::any_of(view.dimensions.begin(), view.dimensions.end(), repeats) ||
      std::any_of(base.dimensions.begin(), base.dimensions.end(), replicated)) {
    return std::nullopt;
  }
  Pieces pieces(base, view, space);
  const auto in_blocks = [](const Distribution& one) {
    return std::all_of(one.dimensions.begin(), one.dimensions.end(), InBlocks);
  };
  if (!in_blocks(space) || !in_blocks(pieces.owners_) || !IsRegular(base, view, pieces.owners_)) {
    return std::nullopt;
  }
  return pieces;
}

std::vector<Piece> Pieces::At(int rank) const {
  const auto share = ShareOf(space_, rank);
  const int target = space_.targets[static_cast<std::size_t>(rank)];
  std::vector<std::vector<Met>> met;
  for (std::size_t d = 0; d < share.size(); ++d) {
    met.push_back(MeetingOf(owners_.dimensions[d], share[d]));
    if (met.back().empty()) {
      return {};
    }
  }
  std::vector<Piece> pieces;
  std::int64_t edges = 0;
  std::vector<std::size_t> at(met.size(), 0);
  std::vector<std::int64_t> coordinates(met.size(), 0);
  while (true) {
    Piece piece{.offset = edges};
    std::int64_t count = 1;
    for (std::size_t d = 0; d < at.size(); ++d) {
      const Met& one = met[d][at[d]];
      coordinates[d] = one.coordinate;
      piece.begin.push_back(one.range.begin - share[d].begin);
      piece.shape.push_back(one.range.end - one.range.begin);
      count *= piece.shape.back();
    }
    piece.owner = owners_.targets[static_cast<std::size_t>(owners_.RankAt(coordinates))];
    edges += piece.owner == target ? 0 : count;
    pieces.push_back(std::move(piece));
    std::size_t d = at.size();
    while (d > 0 && ++at[d - 1] == met[d - 1].size()) {
      at[--d] = 0;
    }
    if (d == 0) {
      return pieces;
    }
  }
}

Distribution Pieces::Edges() const {
  std::vector<std::int64_t> bounds{0};
  for (std::size_t rank = 0; rank < space_.targets.size(); ++rank) {
    std::int64_t elements = bounds.back();
    for (const Piece& piece : At(static_cast<int>(rank))) {
      if (piece.owner != space_.targets[rank]) {
        std::int64_t count = 1;
        for (const std::int64_t extent : piece.shape) {
          count *= extent;
        }
        elements += count;
      }
    }
    bounds.push_back(elements);
  }
  return {{DimensionMap::Block(std::move(bounds))}, space_.targets};
}

LocalRegion Pieces::RegionAt(int target, int rank) const {
  LocalRegion region = *RegionOfView(base_, view_, owners_, target);
  const auto share = ShareOf(space_, rank);
  const auto held = ShareOf(owners_, owners_.RankOf(target));
  for (std::size_t d = 0; d < share.size(); ++d) {
    region.offset += (share[d].begin - held[d].begin) * region.strides[d];
    region.shape[d] = share[d].end - share[d].begin;
  }
  return region;
}

}  // namespace distarray
