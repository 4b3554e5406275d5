#include "engine/redistribution/dimension_pairs.h"

#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <optional>
#include <utility>

namespace distarray {
namespace {

using Kind = DimensionMap::Kind;

constexpr std::int64_t kNowhere = -1;

bool Unstructured(const DealtDimension& side) {
  return side.map != nullptr && side.map->kind == Kind::kUnstructured && side.view.step != 0;
}

bool BlockCyclic(const DealtDimension& side) {
  return side.map != nullptr && side.map->kind == Kind::kCyclic && side.map->block_size > 1 && side.view.step != 0;
}

// --- Structured dimensions: runs of indices against runs of indices. ---

/// What process p owns between base indices low and high, both included, at least.
std::vector<Segment> SegmentsBetween(const DimensionMap& map, std::int64_t p, std::int64_t low, std::int64_t high) {
  if (map.kind != Kind::kCyclic || map.block_size == 1) {
    return map.Segments(p);
  }
  std::vector<Segment> segments;
  const std::int64_t block = map.block_size;
  const std::int64_t first = low / block;
  for (std::int64_t k = first + (p - first % map.grid_size + map.grid_size) % map.grid_size; k * block <= high;
       k += map.grid_size) {
    segments.push_back({k * block, 1, std::min(block, map.size - k * block), k / map.grid_size * block, 1});
  }
  return segments;
}

/// The runs of view indices that process p holds.
std::vector<Segment> SegmentsOf(const DealtDimension& side, std::int64_t p) {
  const ViewDimension& view = side.view;
  if (view.count == 0) {
    return {};
  }
  if (side.map == nullptr) {
    return {{0, 1, view.count, 0, 0}};
  }
  if (view.step == 0) {
    const bool here = side.alike() || side.map->Owner(view.start) == p;
    return here ? std::vector<Segment>{{0, 1, view.count, side.map->LocalIndex(view.start), 0}}
                : std::vector<Segment>{};
  }
  const std::int64_t last = view.start + (view.count - 1) * view.step;
  const auto base = SegmentsBetween(*side.map, p, std::min(view.start, last), std::max(view.start, last));
  return SliceSegments(base, view.start, view.step, view.count);
}

std::vector<CopyRun> PlainPairs(const DealtDimension& source, std::int64_t p, const DealtDimension& destination,
                                std::int64_t q) {
  std::vector<CopyRun> runs;
  for (const Overlap& overlap : Intersect(SegmentsOf(source, p), SegmentsOf(destination, q))) {
    runs.push_back({overlap.count, overlap.a_start, overlap.a_step, overlap.b_start, overlap.b_step});
  }
  return runs;
}

/// View indices low..end-1.
struct Range {
  std::int64_t low = 0;
  std::int64_t end = 0;
};

/// A range outside of which process p holds nothing.
Range RangeOf(const DealtDimension& side, std::int64_t p) {
  const ViewDimension& view = side.view;
  if (side.map == nullptr || side.map->kind != Kind::kBlock || view.step == 0) {
    return {0, view.count};
  }
  const std::int64_t low = side.map->bounds[static_cast<std::size_t>(p)];
  const std::int64_t high = side.map->bounds[static_cast<std::size_t>(p) + 1] - 1;
  const std::int64_t stride = std::abs(view.step);
  // Distances from the start, in its direction, of the block's nearer and farther end.
  const std::int64_t near = view.step > 0 ? low - view.start : view.start - high;
  const std::int64_t far = view.step > 0 ? high - view.start : view.start - low;
  if (far < 0 || high < low) {
    return {0, 0};
  }
  return {near <= 0 ? 0 : (near - 1) / stride + 1, std::min(far / stride + 1, view.count)};
}

/// View indices after which ownership repeats.
std::int64_t PeriodOf(const DealtDimension& side) {
  if (side.map == nullptr || side.map->kind != Kind::kCyclic || side.view.step == 0) {
    return 1;
  }
  const std::int64_t period = side.map->block_size * side.map->grid_size;
  return period / std::gcd(period, std::abs(side.view.step));
}

/// How far local indices move in `period` view indices, a multiple of PeriodOf.
std::int64_t LocalAdvance(const DealtDimension& side, std::int64_t period) {
  if (side.map == nullptr) {
    return 0;
  }
  return period * side.view.step / (side.map->kind == Kind::kCyclic ? side.map->grid_size : 1);
}

DealtDimension Window(DealtDimension side, std::int64_t low, std::int64_t count) {
  side.view.start += low * side.view.step;
  side.view.count = count;
  return side;
}

/// Of dimensions at least one of which is block-cyclic: the pattern of one period, repeated, and the rest.
std::vector<CopyRun> PeriodicPairs(const DealtDimension& source, std::int64_t p, const DealtDimension& destination,
                                   std::int64_t q) {
  const Range a = RangeOf(source, p);
  const Range b = RangeOf(destination, q);
  const std::int64_t low = std::max(a.low, b.low);
  const std::int64_t count = std::min(a.end, b.end) - low;
  if (count <= 0) {
    return {};
  }
  const std::int64_t first = PeriodOf(source);
  const std::int64_t second = PeriodOf(destination);
  const std::int64_t multiple = second / std::gcd(first, second);
  if (first > count / multiple / 2) {
    return PlainPairs(Window(source, low, count), p, Window(destination, low, count), q);
  }
  const std::int64_t period = first * multiple;
  const std::int64_t repeats = count / period;
  auto runs = PlainPairs(Window(source, low, period), p, Window(destination, low, period), q);
  for (CopyRun& run : runs) {
    run.repeats = repeats;
    run.from_repeat = LocalAdvance(source, period);
    run.to_repeat = LocalAdvance(destination, period);
  }
  const std::int64_t done = repeats * period;
  const auto rest =
      PlainPairs(Window(source, low + done, count - done), p, Window(destination, low + done, count - done), q);
  runs.insert(runs.end(), rest.begin(), rest.end());
  return runs;
}

// --- Unstructured dimensions: the list of one side is walked over, index by index. ---

/// Where a view index lies on one side.
class Finder {
 public:
  explicit Finder(const DealtDimension& side) : side_(side) {
    if (!Unstructured(side)) {
      return;
    }
    const auto size = static_cast<std::size_t>(side.map->size);
    owners_.resize(size);
    locals_.resize(size);
    for (std::size_t p = 0; p < side.map->indices->size(); ++p) {
      const auto& list = (*side.map->indices)[p];
      for (std::size_t i = 0; i < list.size(); ++i) {
        owners_[static_cast<std::size_t>(list[i])] = static_cast<int>(p);
        locals_[static_cast<std::size_t>(list[i])] = static_cast<std::int64_t>(i);
      }
    }
  }

  /// 0 where all processes hold the same.
  std::int64_t Owner(std::int64_t v) const {
    if (side_.alike()) {
      return 0;
    }
    const std::int64_t base = BaseIndex(v);
    return owners_.empty() ? side_.map->Owner(base) : owners_[static_cast<std::size_t>(base)];
  }
  std::int64_t Local(std::int64_t v) const {
    if (side_.map == nullptr) {
      return 0;
    }
    const std::int64_t base = BaseIndex(v);
    return locals_.empty() ? side_.map->LocalIndex(base) : locals_[static_cast<std::size_t>(base)];
  }

 private:
  std::int64_t BaseIndex(std::int64_t v) const { return side_.view.start + v * side_.view.step; }

  DealtDimension side_;
  std::vector<int> owners_;  // by base index, of an unstructured map
  std::vector<std::int64_t> locals_;
};

/// The view index of a base index, or kNowhere.
std::int64_t ViewIndex(const ViewDimension& view, std::int64_t base) {
  const std::int64_t distance = base - view.start;
  const std::int64_t v = distance / view.step;
  return v * view.step == distance && v >= 0 && v < view.count ? v : kNowhere;
}

/// Walks over the lists of the source if it is unstructured, else over those of the destination.
std::vector<std::vector<CopyRun>> WalkedPairs(const DealtDimension& source, const DealtDimension& destination,
                                              bool mine_is_source, std::int64_t mine) {
  const bool walk_source = Unstructured(source);
  const DealtDimension& walked = walk_source ? source : destination;
  const Finder other(walk_source ? destination : source);
  const bool mine_is_walked = walk_source == mine_is_source;
  const bool other_alike = (walk_source ? destination : source).alike();
  std::vector<std::vector<CopyRun>> pairs(
      static_cast<std::size_t>((mine_is_source ? destination : source).coordinates()));
  const std::int64_t first = mine_is_walked ? mine : 0;
  const std::int64_t last = mine_is_walked ? mine : walked.map->grid_size - 1;
  for (std::int64_t p = first; p <= last; ++p) {
    const auto& list = (*walked.map->indices)[static_cast<std::size_t>(p)];
    for (std::size_t i = 0; i < list.size(); ++i) {
      const std::int64_t v = ViewIndex(walked.view, list[i]);
      if (v == kNowhere) {
        continue;
      }
      const std::int64_t owner = other.Owner(v);
      if (!mine_is_walked && !other_alike && owner != mine) {
        continue;
      }
      const auto here = static_cast<std::int64_t>(i);
      auto& runs = pairs[static_cast<std::size_t>(mine_is_walked ? owner : p)];
      AppendPair(runs, walk_source ? here : other.Local(v), walk_source ? other.Local(v) : here);
    }
  }
  return pairs;
}

}  // namespace

std::vector<std::vector<CopyRun>> PairsByCoordinate(const DealtDimension& source, const DealtDimension& destination,
                                                    bool mine_is_source, std::int64_t mine) {
  if (Unstructured(source) || Unstructured(destination)) {
    return WalkedPairs(source, destination, mine_is_source, mine);
  }
  const bool periodic = BlockCyclic(source) || BlockCyclic(destination);
  std::vector<std::vector<CopyRun>> pairs(
      static_cast<std::size_t>((mine_is_source ? destination : source).coordinates()));
  for (std::size_t q = 0; q < pairs.size(); ++q) {
    const std::int64_t p = mine_is_source ? mine : static_cast<std::int64_t>(q);
    const std::int64_t d = mine_is_source ? static_cast<std::int64_t>(q) : mine;
    pairs[q] = periodic ? PeriodicPairs(source, p, destination, d) : PlainPairs(source, p, destination, d);
  }
  return pairs;
}

}  // namespace distarray
