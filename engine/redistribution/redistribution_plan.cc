#include "engine/redistribution/redistribution_plan.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "engine/redistribution/dimension_pairs.h"

namespace distarray {
namespace {

constexpr std::int64_t kAny = -1;  // a grid coordinate: all processes along it hold the same
using Coordinates = std::vector<std::int64_t>;

const DimensionMap& MapOf(const RedistributionSide& side, int base) {
  return side.distribution->dimensions[static_cast<std::size_t>(base)];
}

int BaseOf(const RedistributionSide& side, int d) { return side.view->dimensions[static_cast<std::size_t>(d)].base; }

/// One engine's block of one side: where its elements lie.
struct LocalSide {
  Coordinates coordinates;
  std::vector<std::int64_t> strides;  // of the block, by base dimension
  std::int64_t offset = 0;            // of the fixed dimensions
};

/// What the engine holds of a side; nothing if it holds none of the view.
std::optional<LocalSide> LocalSideOf(const RedistributionSide& side, int target) {
  const int rank = side.distribution->RankOf(target);
  if (rank < 0) {
    return std::nullopt;
  }
  LocalSide local;
  local.coordinates = side.distribution->Coordinates(rank);
  local.strides = side.distribution->LocalShape(rank);
  std::int64_t stride = 1;
  for (std::size_t b = local.strides.size(); b-- > 0;) {
    stride *= std::exchange(local.strides[b], stride);
  }
  for (const FixedDimension& fixed : side.view->fixed) {
    const DimensionMap& map = MapOf(side, fixed.base);
    const auto b = static_cast<std::size_t>(fixed.base);
    if (!map.replicated() && map.Owner(fixed.index) != local.coordinates[b]) {
      return std::nullopt;
    }
    local.offset += map.LocalIndex(fixed.index) * local.strides[b];
  }
  return local;
}

/// The grid coordinate along one view dimension that a peer may have, and what it then shares with this engine.
struct Candidate {
  std::int64_t coordinate = 0;
  std::vector<CopyRun> runs;  // strides are 1
};

DealtDimension DealtOf(const RedistributionSide& side, std::size_t d) {
  const ViewDimension& dimension = side.view->dimensions[d];
  return {dimension.base < 0 ? nullptr : &MapOf(side, dimension.base), dimension};
}

/// For each view dimension, the coordinates of the other side that share something.
std::vector<std::vector<Candidate>> CandidatesOf(const LocalSide& mine, bool mine_is_source,
                                                 const RedistributionSide& source,
                                                 const RedistributionSide& destination) {
  std::vector<std::vector<Candidate>> candidates(source.view->dimensions.size());
  for (std::size_t d = 0; d < candidates.size(); ++d) {
    const DealtDimension from = DealtOf(source, d);
    const DealtDimension to = DealtOf(destination, d);
    const int base = (mine_is_source ? from : to).view.base;
    const std::int64_t coordinate = base < 0 ? 0 : mine.coordinates[static_cast<std::size_t>(base)];
    auto pairs = PairsByCoordinate(from, to, mine_is_source, coordinate);
    const bool alike = (mine_is_source ? to : from).alike();
    for (std::size_t p = 0; p < pairs.size(); ++p) {
      if (!pairs[p].empty()) {
        candidates[d].push_back({alike ? kAny : static_cast<std::int64_t>(p), std::move(pairs[p])});
      }
    }
  }
  return candidates;
}

/// Calls f(coordinates of the other side's grid, chosen candidate a dimension) for every combination.
void ForEachCell(const RedistributionSide& other, const std::vector<std::vector<Candidate>>& candidates,
                 const std::function<void(const Coordinates&, const std::vector<const Candidate*>&)>& f) {
  Coordinates cell(other.distribution->dimensions.size(), kAny);
  for (const FixedDimension& fixed : other.view->fixed) {
    const DimensionMap& map = MapOf(other, fixed.base);
    cell[static_cast<std::size_t>(fixed.base)] = map.replicated() ? kAny : map.Owner(fixed.index);
  }
  if (std::any_of(candidates.begin(), candidates.end(), [](const auto& list) { return list.empty(); })) {
    return;
  }
  std::vector<std::size_t> at(candidates.size(), 0);
  std::vector<const Candidate*> chosen(candidates.size(), nullptr);
  while (true) {
    for (std::size_t d = 0; d < at.size(); ++d) {
      chosen[d] = &candidates[d][at[d]];
      if (const int base = BaseOf(other, static_cast<int>(d)); base >= 0) {
        cell[static_cast<std::size_t>(base)] = chosen[d]->coordinate;
      }
    }
    f(cell, chosen);
    std::size_t d = at.size();
    while (d > 0 && ++at[d - 1] == candidates[d - 1].size()) {
      at[--d] = 0;
    }
    if (d == 0) {
      return;
    }
  }
}

/// The n-th of the processes that a cell with kAny coordinates stands for.
Coordinates CopyNumber(const Distribution& distribution, Coordinates cell, std::int64_t n) {
  for (std::size_t b = cell.size(); b-- > 0;) {
    if (cell[b] == kAny) {
      const std::int64_t grid_size = distribution.dimensions[b].grid_size;
      cell[b] = n % grid_size;
      n /= grid_size;
    }
  }
  return cell;
}

std::int64_t CopiesOf(const Distribution& distribution, const Coordinates& cell) {
  std::int64_t copies = 1;
  for (std::size_t b = 0; b < cell.size(); ++b) {
    copies *= cell[b] == kAny ? distribution.dimensions[b].grid_size : 1;
  }
  return copies;
}

/// The target that sends a source cell to grid rank `rank` of the destination.
int SenderTo(const Distribution& source, const Coordinates& cell, const Distribution& destination, int rank) {
  const int target = destination.targets[static_cast<std::size_t>(rank)];
  if (std::find(cell.begin(), cell.end(), kAny) == cell.end()) {
    return source.targets[static_cast<std::size_t>(source.RankAt(cell))];
  }
  if (const int own = source.RankOf(target); own >= 0) {
    const Coordinates here = source.Coordinates(own);
    bool holds = true;
    for (std::size_t b = 0; b < cell.size(); ++b) {
      holds = holds && (cell[b] == kAny || cell[b] == here[b]);
    }
    if (holds) {
      return target;
    }
  }
  return source.targets[static_cast<std::size_t>(source.RankAt(CopyNumber(source, cell, rank)))];
}

CopyBox BoxOf(const RedistributionSide& source, const LocalSide* from, const RedistributionSide& destination,
              const LocalSide* to, const std::vector<const Candidate*>& chosen) {
  CopyBox box;
  box.from = from != nullptr ? from->offset : 0;
  box.to = to != nullptr ? to->offset : 0;
  const auto stride_of = [](const RedistributionSide& side, const LocalSide* local, int d) {
    const int base = BaseOf(side, d);
    return local == nullptr || base < 0 ? 0 : local->strides[static_cast<std::size_t>(base)];
  };
  for (int d = 0; d < static_cast<int>(chosen.size()); ++d) {
    const std::int64_t from_stride = stride_of(source, from, d);
    const std::int64_t to_stride = stride_of(destination, to, d);
    auto& axis = box.axes.emplace_back();
    axis = chosen[static_cast<std::size_t>(d)]->runs;
    for (CopyRun& run : axis) {
      run = {run.count,
             run.from * from_stride,
             run.from_step * from_stride,
             run.to * to_stride,
             run.to_step * to_stride,
             run.repeats,
             run.from_repeat * from_stride,
             run.to_repeat * to_stride};
    }
  }
  box.Simplify();
  return box;
}

void Sort(std::vector<RedistributionPlan::Stream>& streams, int self, int engine_count, int sign) {
  const auto distance = [&](const RedistributionPlan::Stream& stream) {
    return (sign * (stream.peer - self) % engine_count + engine_count) % engine_count;
  };
  std::sort(streams.begin(), streams.end(), [&](const auto& x, const auto& y) { return distance(x) < distance(y); });
}

}  // namespace

RedistributionPlan PlanRedistribution(const RedistributionSide& source, const RedistributionSide& destination, int self,
                                      int engine_count) {
  RedistributionPlan plan;
  const auto from = LocalSideOf(source, self);
  const auto to = LocalSideOf(destination, self);
  const Distribution& into = *destination.distribution;
  if (from) {
    Coordinates here = from->coordinates;
    for (std::size_t b = 0; b < here.size(); ++b) {
      here[b] = source.distribution->dimensions[b].replicated() ? kAny : here[b];
    }
    ForEachCell(destination, CandidatesOf(*from, true, source, destination),
                [&](const Coordinates& cell, const std::vector<const Candidate*>& chosen) {
                  const std::int64_t copies = CopiesOf(into, cell);
                  for (std::int64_t n = 0; n < copies; ++n) {
                    const int rank = into.RankAt(CopyNumber(into, cell, n));
                    const int peer = into.targets[static_cast<std::size_t>(rank)];
                    if (peer != self && SenderTo(*source.distribution, here, into, rank) == self) {
                      plan.sends.push_back({peer, BoxOf(source, &*from, destination, nullptr, chosen)});
                    }
                  }
                });
  }
  if (to) {
    const int rank = into.RankOf(self);
    ForEachCell(source, CandidatesOf(*to, false, source, destination),
                [&](const Coordinates& cell, const std::vector<const Candidate*>& chosen) {
                  const int peer = SenderTo(*source.distribution, cell, into, rank);
                  if (peer == self) {
                    plan.local = BoxOf(source, &*from, destination, &*to, chosen);
                  } else {
                    plan.receives.push_back({peer, BoxOf(source, nullptr, destination, &*to, chosen)});
                  }
                });
  }
  Sort(plan.sends, self, engine_count, 1);
  Sort(plan.receives, self, engine_count, -1);
  return plan;
}

namespace {

/// A piece where it lies in its owner's block.
CopyBox SentBox(const Piece& piece, const LocalRegion& region) {
  CopyBox box;
  box.from = region.offset;
  for (std::size_t d = 0; d < piece.shape.size(); ++d) {
    const std::int64_t stride = region.strides[d];
    box.axes.push_back({CopyRun{.count = piece.shape[d], .from = piece.begin[d] * stride, .from_step = stride}});
  }
  box.Simplify();
  return box;
}

/// A piece among the edges.
CopyBox ReceivedBox(const Piece& piece) {
  std::int64_t count = 1;
  for (const std::int64_t extent : piece.shape) {
    count *= extent;
  }
  CopyBox box;
  box.axes = {{CopyRun{.count = count, .to_step = 1}}};
  box.to = piece.offset;
  return box;
}

}  // namespace

RedistributionPlan PlanEdges(const Pieces& pieces, const Distribution& space, int self, int engine_count) {
  RedistributionPlan plan;
  for (std::size_t rank = 0; rank < space.targets.size(); ++rank) {
    const int reader = space.targets[rank];
    for (const Piece& piece : pieces.At(static_cast<int>(rank))) {  // one at most of each owner
      if (piece.owner == self && reader != self) {
        plan.sends.push_back({reader, SentBox(piece, pieces.RegionAt(self, static_cast<int>(rank)))});
      } else if (piece.owner != self && reader == self) {
        plan.receives.push_back({piece.owner, ReceivedBox(piece)});
      }
    }
  }
  Sort(plan.sends, self, engine_count, 1);
  Sort(plan.receives, self, engine_count, -1);
  return plan;
}

}  // namespace distarray
