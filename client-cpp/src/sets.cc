#include "distarray/sets.h"

#include "client-cpp/src/computing.h"
#include "distarray/cumulative.h"
#include "distarray/functions.h"
#include "distarray/indexing.h"
#include "distarray/manipulation.h"
#include "distarray/operators.h"
#include "distarray/sorting.h"

namespace distarray::inline client {
namespace {

/// The elements in order, and where others begin.
class Runs {
 public:
  /// `ordered`: with where the elements were, for Indices and Inverse.
  static absl::StatusOr<Runs> Of(const Array& x, bool ordered, bool equal_nan = false) {
    DA_RETURN_IF_ERROR(x.status());
    Runs runs;
    runs.shape_ = x.shape();
    const Array flat = Ravel(x);
    // A stable order puts the first of equal elements first; sorted by themselves, zeros of either sign are mixed.
    if (ordered) {
      runs.order_ = Argsort(flat);
    }
    runs.sorted_ = ordered ? Take(flat, runs.order_, 0) : Sort(flat);
    runs.marks_ = FullLike(flat, flat.shape(), true, DType::kBool);
    if (flat.size() > 1) {
      const Array here = runs.sorted_.Slice({Range(1, {})});
      const Array before = runs.sorted_.Slice({Range({}, -1)});
      Array differ = here != before;
      if (equal_nan && KindOf(x.dtype()) >= Kind::kFloat) {
        differ = differ & ~(IsNan(here) & IsNan(before));
      }
      DA_RETURN_IF_ERROR(runs.marks_.Assign({Range(1, {})}, differ));
    }
    DA_ASSIGN_OR_RETURN(runs.begins_, FlatNonzero(runs.marks_));
    return runs;
  }

  Array Values() const { return Take(sorted_, begins_, 0); }
  Array Indices() const { return Take(order_, begins_, 0); }
  absl::StatusOr<Array> Counts() const {
    const std::int64_t count = begins_.size();
    const Array ends = FullLike(begins_, {count}, sorted_.size(), DType::kInt64);
    if (count > 1) {
      DA_RETURN_IF_ERROR(ends.Assign({Range({}, -1)}, begins_.Slice({Range(1, {})})));
    }
    return ends - begins_;
  }
  absl::StatusOr<Array> Inverse() const {
    const Array inverse = FullLike(order_, order_.shape(), 0, DType::kInt64);
    if (inverse.size() != 0) {
      DA_RETURN_IF_ERROR(PutAt(inverse, {order_}, CumulativeSum(marks_, 0, {.dtype = DType::kInt64}) - 1));
    }
    return Reshape(inverse, shape_);
  }

 private:
  Shape shape_;   // of the array
  Array order_;   // where the sorted elements were
  Array sorted_;  // in one dimension
  Array marks_;   // whether another element begins
  Array begins_;  // where the marks are true
};

}  // namespace

absl::StatusOr<UniqueAllResult> UniqueAll(const Array& x) {
  DA_ASSIGN_OR_RETURN(const Runs runs, Runs::Of(x, true));
  DA_ASSIGN_OR_RETURN(const Array inverse, runs.Inverse());
  DA_ASSIGN_OR_RETURN(const Array counts, runs.Counts());
  return UniqueAllResult{runs.Values(), runs.Indices(), inverse, counts};
}

absl::StatusOr<UniqueCountsResult> UniqueCounts(const Array& x) {
  DA_ASSIGN_OR_RETURN(const Runs runs, Runs::Of(x, false));
  DA_ASSIGN_OR_RETURN(const Array counts, runs.Counts());
  return UniqueCountsResult{runs.Values(), counts};
}

absl::StatusOr<UniqueInverseResult> UniqueInverse(const Array& x) {
  DA_ASSIGN_OR_RETURN(const Runs runs, Runs::Of(x, true));
  DA_ASSIGN_OR_RETURN(const Array inverse, runs.Inverse());
  return UniqueInverseResult{runs.Values(), inverse};
}

absl::StatusOr<Array> UniqueValues(const Array& x) { return Unique(x, false); }

absl::StatusOr<Array> Unique(const Array& x, bool equal_nan) {
  DA_ASSIGN_OR_RETURN(const Runs runs, Runs::Of(x, false, equal_nan));
  return runs.Values();
}

}  // namespace distarray::inline client
