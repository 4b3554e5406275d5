#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/index/view.h"

namespace distarray {

/// A box of one target's share of a space, all of it on one target (the owner) that holds the view there.
///
///   a[:-1] of 8 elements, blocks of 4, in the space of a[1:]: the first target reads 0 1 2, which it holds, the second
///   one 3 4 5 6, of which it lacks 3: pieces {owner 0, begin 0, shape 1} and {owner 1, begin 1, shape 3}.
struct Piece {
  int owner = 0;
  Shape begin;  // local indices in the share
  Shape shape;
  std::int64_t offset = 0;  // of the first element among the edges: the pieces that others own, which follow each
                            // other, each in C order
};

/// How the shares of a space fall into pieces of a view. Only blocks do: each dimension of both is dealt out in
/// consecutive indices, and no element is repeated.
class Pieces {
 public:
  /// nullopt: not blocks.
  static std::optional<Pieces> Of(const Distribution& base, const View& view, const Distribution& space);

  /// The pieces of the share of grid rank `rank` of the space, in C order of where they begin.
  std::vector<Piece> At(int rank) const;
  /// Elements of the edges of each rank, laid end to end: their distribution, over the space's targets.
  Distribution Edges() const;
  /// Where a target's elements of the view lie in its block, by local index in `rank`'s share of the space (what is not
  /// the target's is no element). Precondition: the target owns a piece there.
  LocalRegion RegionAt(int target, int rank) const;

 private:
  Pieces(const Distribution& base, const View& view, const Distribution& space)
      : base_(base), view_(view), space_(space), owners_(DistributionOfView(base, view)) {}

  const Distribution& base_;
  const View& view_;
  const Distribution& space_;
  Distribution owners_;  // of the view's elements
};

}  // namespace distarray
