#include "engine/distribution/common_run.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace distarray {
namespace {

using Wide = __int128;

/// Inverse of a modulo m; a and m have no common factor, m >= 1.
Wide InverseModulo(Wide a, Wide m) {
  Wide previous = m;
  Wide current = a % m;
  Wide previous_factor = 0;
  Wide factor = 1;
  while (current > 1) {
    const Wide quotient = previous / current;
    previous = std::exchange(current, previous - quotient * current);
    previous_factor = std::exchange(factor, previous_factor - quotient * factor);
  }
  return m == 1 ? 0 : (factor % m + m) % m;
}

}  // namespace

std::optional<CommonRun> CommonOf(const Segment& a, const Segment& b) {
  const std::int64_t low = std::max(a.start, b.start);
  const std::int64_t high = std::min(a.last(), b.last());
  if (low > high) {
    return std::nullopt;
  }
  const std::int64_t divisor = std::gcd(a.step, b.step);
  const std::int64_t distance = b.start - a.start;
  if (distance % divisor != 0) {
    return std::nullopt;
  }
  const std::int64_t a_stride = b.step / divisor;  // steps of a between common indices
  const std::int64_t b_stride = a.step / divisor;
  const Wide period = Wide{a.step} * a_stride;
  Wide first = a.start;
  if (a_stride > 1) {
    const Wide offset = Wide{distance / divisor} % a_stride + a_stride;
    first += Wide{a.step} * (offset * InverseModulo(b_stride, a_stride) % a_stride);
  }
  if (first < low) {
    first += (low - first + period - 1) / period * period;
  }
  if (first > high) {
    return std::nullopt;
  }
  CommonRun common;
  common.first = static_cast<std::int64_t>(first);
  Overlap& overlap = common.overlap;
  overlap.count = static_cast<std::int64_t>((high - first) / period) + 1;
  overlap.a_start = a.local_start + (common.first - a.start) / a.step * a.local_step;
  overlap.b_start = b.local_start + (common.first - b.start) / b.step * b.local_step;
  overlap.a_step = overlap.count > 1 ? a_stride * a.local_step : 1;
  overlap.b_step = overlap.count > 1 ? b_stride * b.local_step : 1;
  return common;
}

}  // namespace distarray
