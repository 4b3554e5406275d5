#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/dtype/dtype.h"

namespace distarray {

/// A sequence of elements of which several engines have a part each, one behind the other; sorted, each has as many of
/// them as before. All parts know this.
struct SortedSegment {
  DType dtype = DType::kFloat64;
  bool indices = false;              // not the elements are wanted, but their positions in the sequence (int64)
  bool descending = false;           // stable too
  std::vector<std::int64_t> counts;  // elements of each part

  std::int64_t size() const { return std::accumulate(counts.begin(), counts.end(), std::int64_t{0}); }
  int part_count() const { return static_cast<int>(counts.size()); }

  static constexpr std::int64_t kBucket = std::int64_t{1} << 16;  // elements that a bucket should have
  static constexpr std::int64_t kSamplesPerSplitter = 16;

  std::int64_t SplitterCount() const {
    const std::int64_t parts = part_count();
    return std::min(size(), std::max(size() / kBucket, parts > 1 ? 8 * parts : 0));
  }
};

/// How the buckets of a segment pass to the parts that will have them. `sequence` are the buckets' numbers in the order
/// of their elements; some of the classifier's buckets have been cut into pieces: the first keeps the number, the
/// others have numbers behind the classifier's. The parts take up buckets in rounds, so that memory for their keys is
/// small.
struct SegmentPlan {
  struct Cut {
    int bucket = 0;
    std::vector<std::int64_t> begins;  // of the pieces but the first, among this part's elements of the bucket in order
    std::vector<int> numbers;          // of these pieces
  };
  int rounds = 1;
  std::vector<Cut> cuts;
  std::vector<int> sequence;
  std::vector<int> begins;                          // [part * rounds + round]: in sequence; one more at the end
  std::vector<std::vector<std::int64_t>> incoming;  // [from part]: elements of each bucket of this part's, in sequence

  int BeginOf(int part, int round) const { return begins[static_cast<std::size_t>(part * rounds + round)]; }
  int EndOf(int part, int round) const { return begins[static_cast<std::size_t>(part * rounds + round) + 1]; }

  std::string Encode() const;
  static SegmentPlan Decode(std::string_view bytes);
};

}  // namespace distarray
