#pragma once

#include <optional>
#include <vector>

#include "engine/distribution/distribution.h"
#include "engine/index/pieces.h"
#include "engine/index/view.h"
#include "engine/redistribution/copy_box.h"

namespace distarray {

/// Elements of a distributed array, to be copied from or to.
struct RedistributionSide {
  const Distribution* distribution = nullptr;
  const View* view = nullptr;
};

/// What one engine has to do in a copy between two views of the same shape. A pair of engines has at most one stream;
/// its elements are in the order of the box, which both work out alike.
///
/// Where several engines hold copies of the source, a destination takes its own if it has one, else they share the
/// work. Where copies of the destination exist, each receives.
struct RedistributionPlan {
  struct Stream {
    int peer = 0;  // target
    CopyBox box;   // simplified; only this engine's side of it is filled in
  };
  std::vector<Stream> sends;     // by distance from this engine to the peer, see below
  std::vector<Stream> receives;  // by distance from the peer to this engine
  std::optional<CopyBox> local;
};

/// The plan of engine `self`. Streams from target s to target d are in order of (d - s) mod engine_count everywhere, so
/// that engines which take up only the first few of their streams at a time always meet. Takes time in the number of
/// the engine's own peers and of runs, not of elements (but of unstructured dimensions). Preconditions: equal shapes,
/// no broadcast in the destination, no repeated targets.
RedistributionPlan PlanRedistribution(const RedistributionSide& source, const RedistributionSide& destination, int self,
                                      int engine_count);

/// The plan of engine `self` for copying the edges of a space (engine/index/pieces.h) to where they are read, into
/// dense memory on each. `pieces` is of the source's view and of `space`.
RedistributionPlan PlanEdges(const Pieces& pieces, const Distribution& space, int self, int engine_count);

}  // namespace distarray
