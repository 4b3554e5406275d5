#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/dtype/dtype.h"

namespace distarray {

/// How often each value occurs among elements of one or two bytes: sorted, that is all there is to know about them.
class ValueCounts {
 public:
  explicit ValueCounts(DType dtype);
  /// Whether elements of a dtype are few-valued enough.
  static bool Suits(DType dtype) { return SizeOf(dtype) <= 2; }

  void Count(const std::byte* elements, std::int64_t count);
  /// Those of another part, as it encoded them.
  void Add(std::string_view encoded);
  std::string Encode() const;

  /// Writes the sorted elements from number `begin` on; `descending`: the greatest is number 0.
  void Fill(bool descending, std::int64_t begin, std::int64_t count, std::byte* out) const;

 private:
  DType dtype_;
  std::vector<std::int64_t> counts_;  // in the order of the values
};

}  // namespace distarray
