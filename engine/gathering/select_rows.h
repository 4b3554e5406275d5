#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/base/status.h"

namespace distarray {

/// How often rows are taken, in order: a row's number, 0 or 1 for a mask (its bytes are true if they are not 0).
std::int64_t CountTrue(std::span<const std::uint8_t> mask);
/// The sum. Error kInvalidValue: one is negative.
absl::StatusOr<std::int64_t> CountRepeated(std::span<const std::int64_t> repeats);

/// Copies rows where the mask is true, one behind the other, and gives how many. `to` has room for exactly those.
std::int64_t CopySelected(std::span<const std::uint8_t> mask, const std::byte* from, std::int64_t row_bytes,
                          std::span<std::byte> to);
/// Copies row i repeats[i] times, and gives how many came out.
std::int64_t RepeatRows(std::span<const std::int64_t> repeats, const std::byte* from, std::int64_t row_bytes,
                        std::byte* to);
/// The reverse of CopySelected: the rows of `to` where the mask is true are taken from `from`, one after the other.
std::int64_t PutSelectedRows(std::span<const std::uint8_t> mask, std::span<const std::byte> from,
                             std::int64_t row_bytes, std::byte* to);

/// One dimension of an array whose elements are counted in C order: element i has the coordinate i / divisor % size.
struct Coordinate {
  std::int64_t divisor = 1;
  std::int64_t size = 1;
};
/// The coordinates of the elements where the mask is true, whose first element is number `first`; one every `stride`
/// elements of `to`. Gives how many.
std::int64_t SelectCoordinates(std::span<const std::uint8_t> mask, std::int64_t first, Coordinate coordinate,
                               std::int64_t stride, std::span<std::int64_t> to);

}  // namespace distarray
