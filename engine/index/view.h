#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/status.h"
#include "engine/distribution/distribution.h"

namespace distarray {

/// One dimension of a view: view index v is base index start + v * step of base dimension `base`. step 0 repeats one
/// element (broadcast); base -1: a new dimension with no counterpart (count 1 or broadcast).
struct ViewDimension {
  int base = -1;
  std::int64_t start = 0;
  std::int64_t step = 1;
  std::int64_t count = 1;
  friend bool operator==(const ViewDimension&, const ViewDimension&) = default;
};

/// A base dimension that an integer index removed.
struct FixedDimension {
  int base = 0;
  std::int64_t index = 0;
  friend bool operator==(const FixedDimension&, const FixedDimension&) = default;
};

/// Which elements of a base array an array consists of: an axis permutation with start, step and count in each
/// dimension. Every base dimension occurs exactly once, in `dimensions` or in `fixed`.
struct View {
  std::vector<ViewDimension> dimensions;
  std::vector<FixedDimension> fixed;

  static View Whole(const Shape& shape);
  Shape shape() const;
  bool IsWhole(const Shape& base) const;
  friend bool operator==(const View&, const View&) = default;

  void Encode(ByteWriter& out) const;
  static View Decode(ByteReader& in);
};

/// One entry of an index expression.
struct SliceEntry {
  std::optional<std::int64_t> start, stop, step;
};
struct EllipsisEntry {};
struct NewAxisEntry {};
using IndexEntry = std::variant<std::int64_t, SliceEntry, EllipsisEntry, NewAxisEntry>;

/// The view that NumPy's basic indexing of `view` gives. Errors: kIndexOutOfRange (integer out of bounds, too many
/// indices), kInvalidValue (step 0, two ellipses).
absl::StatusOr<View> IndexView(const View& view, const std::vector<IndexEntry>& index);

/// The view whose dimension d is dimension axes[d] of `view`. Errors: kAxisOutOfRange; kInvalidValue: not each once.
absl::StatusOr<View> PermuteView(const View& view, const std::vector<int>& axes);

/// The view broadcast to `shape` (NumPy's rules: leading dimensions are added, size 1 is repeated). Error
/// kInvalidValue.
absl::StatusOr<View> BroadcastView(const View& view, const Shape& shape);

/// NumPy's broadcast shape of several. Error kInvalidValue: "shapes (3,) and (4,) do not broadcast".
absl::StatusOr<Shape> BroadcastShapes(const std::vector<Shape>& shapes);

/// How the elements of a view of an array distributed as `base` lie on the targets that own them, nothing moved:
/// SliceMap for each dimension, grid coordinate of the owner for fixed ones. Targets that own nothing are dropped (an
/// empty view keeps the first target). New dimensions are whole. Broadcast dimensions (step 0) are whole with the count
/// of the view, on the owner of the element.
Distribution DistributionOfView(const Distribution& base, const View& view);

/// Where a target's part of a view lies in its dense C-order block of the base: one regular run a view dimension, in
/// elements. dimension d, local view index i is at offset + sum_d i_d * stride[d].
struct LocalRegion {
  Shape shape;                        // of the part: DistributionOfView(...).LocalShape
  std::int64_t offset = 0;            // elements from the block's begin
  std::vector<std::int64_t> strides;  // elements; 0 where broadcast
};

/// The regular region of `target`'s part of a view whose local order is that of `space` restricted to that target
/// (space == DistributionOfView(base, view), or the same with broadcast dimensions dealt out over a grid while the base
/// is replicated there); nullopt where the part is not regular (a strided slice of a block-cyclic or unstructured
/// dimension): redistribute first. Empty region if the target owns nothing.
std::optional<LocalRegion> RegionOfView(const Distribution& base, const View& view, const Distribution& space,
                                        int target);

/// As RegionOfView != nullopt for all targets of `space`, without walking over elements (index lists of one
/// unstructured dimension are compared if they are not the same object).
bool IsRegular(const Distribution& base, const View& view, const Distribution& space);

/// The runs of view dimension d that grid coordinate p (of the base's grid) of its base dimension holds: start = view
/// index, local = index in the base's block along that dimension. Broadcast and new dimensions: one run of the whole
/// count with local_step 0 (none where p does not hold the repeated element).
std::vector<Segment> ViewSegments(const Distribution& base, const View& view, int d, std::int64_t p);

}  // namespace distarray
