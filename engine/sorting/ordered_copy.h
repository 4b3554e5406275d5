#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/sorting/segment.h"

namespace distarray {

/// Sorts one part of a segment that is sorted already: writes its part of the result as if it were, until it finds that
/// it is not. On elements in no order this takes no time.
class OrderedCopy {
 public:
  static std::unique_ptr<OrderedCopy> Make(const SortedSegment& segment, int part, const std::byte* elements,
                                           std::byte* result);
  virtual ~OrderedCopy() = default;

  /// At most so many elements (a batch more or less); true: there is nothing more to do.
  virtual bool Copy(std::int64_t budget) = 0;
  /// For Join: what it has found.
  virtual std::string Ends() const = 0;
  /// From the Ends of all parts, in their order: whether the results are right.
  virtual bool Join(const std::vector<std::string>& ends) const = 0;
};

}  // namespace distarray
