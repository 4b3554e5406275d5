#include "engine/gathering/select_rows.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "engine/base/error.h"

namespace distarray {
namespace {

constexpr std::size_t kGroup = 8;  // mask elements looked at together

std::uint64_t GroupAt(std::span<const std::uint8_t> mask, std::size_t at) {
  std::uint64_t group = 0;
  std::memcpy(&group, mask.data() + at, kGroup);
  return group;
}

/// Calls some(i) for where the mask may be true and none(i) for groups where it nowhere is; in order.
template <typename Group, typename One>
void Walk(std::span<const std::uint8_t> mask, Group&& group, One&& one) {
  std::size_t i = 0;
  for (; i + kGroup <= mask.size(); i += kGroup) {
    if (GroupAt(mask, i) != 0) {
      group(i);
    }
  }
  for (; i < mask.size(); ++i) {
    one(i);
  }
}

/// Elements of a known size: without branches, as masks are hard to foretell.
template <typename Element>
std::int64_t SelectElements(std::span<const std::uint8_t> mask, const std::byte* from, std::span<std::byte> to) {
  const auto room = static_cast<std::int64_t>(to.size() / sizeof(Element));
  std::int64_t out = 0;
  const auto put = [&](std::size_t i) {
    std::memcpy(to.data() + out * static_cast<std::int64_t>(sizeof(Element)), from + i * sizeof(Element),
                sizeof(Element));
    out += mask[i] != 0 ? 1 : 0;
  };
  const auto one = [&](std::size_t i) {
    if (mask[i] != 0) {
      put(i);
    }
  };
  Walk(
      mask,
      [&](std::size_t i) {
        if (out + static_cast<std::int64_t>(kGroup) <= room) {
          for (std::size_t k = 0; k < kGroup; ++k) {
            put(i + k);
          }
        } else {
          for (std::size_t k = 0; k < kGroup; ++k) {
            one(i + k);
          }
        }
      },
      one);
  return out;
}

template <typename Element>
std::int64_t PutElements(std::span<const std::uint8_t> mask, std::span<const std::byte> from, std::byte* to) {
  std::int64_t in = 0;
  const auto one = [&](std::size_t i) {
    if (mask[i] != 0) {
      std::memcpy(to + i * sizeof(Element), from.data() + in * static_cast<std::int64_t>(sizeof(Element)),
                  sizeof(Element));
      ++in;
    }
  };
  Walk(
      mask,
      [&](std::size_t i) {
        for (std::size_t k = 0; k < kGroup; ++k) {
          one(i + k);
        }
      },
      one);
  return in;
}

/// Calls run(first, count) for the runs of true elements.
template <typename Run>
void WalkRuns(std::span<const std::uint8_t> mask, Run&& run) {
  std::size_t i = 0;
  while (i < mask.size()) {
    if (mask[i] == 0) {
      ++i;
      continue;
    }
    const std::size_t first = i;
    while (i < mask.size() && mask[i] != 0) {
      ++i;
    }
    run(static_cast<std::int64_t>(first), static_cast<std::int64_t>(i - first));
  }
}

using Wide = std::array<std::uint64_t, 2>;

}  // namespace

std::int64_t CountTrue(std::span<const std::uint8_t> mask) {
  std::int64_t count = 0;
  constexpr std::size_t kBlock = std::size_t{1} << 12;
  for (std::size_t begin = 0; begin < mask.size(); begin += kBlock) {
    const std::size_t end = std::min(begin + kBlock, mask.size());
    std::uint32_t some = 0;
    for (std::size_t i = begin; i < end; ++i) {
      some += mask[i] != 0 ? 1U : 0U;
    }
    count += some;
  }
  return count;
}

absl::StatusOr<std::int64_t> CountRepeated(std::span<const std::int64_t> repeats) {
  std::int64_t sum = 0;
  for (const std::int64_t repeat : repeats) {
    if (repeat < 0) {
      return Error(Reason::kInvalidValue, absl::StrCat("repeats must not be negative, ", repeat, " was given"));
    }
    if (__builtin_add_overflow(sum, repeat, &sum)) {
      return Error(Reason::kMemoryLimit, "repeats: the repeated array has more than 2^63 elements");
    }
  }
  return sum;
}

std::int64_t CopySelected(std::span<const std::uint8_t> mask, const std::byte* from, std::int64_t row_bytes,
                          std::span<std::byte> to) {
  switch (row_bytes) {
    case 0:  // rows of no elements, for which there may be no memory
      return CountTrue(mask);
    case 1:
      return SelectElements<std::uint8_t>(mask, from, to);
    case 2:
      return SelectElements<std::uint16_t>(mask, from, to);
    case 4:
      return SelectElements<std::uint32_t>(mask, from, to);
    case 8:
      return SelectElements<std::uint64_t>(mask, from, to);
    case 16:
      return SelectElements<Wide>(mask, from, to);
    default:
      break;
  }
  std::int64_t out = 0;
  WalkRuns(mask, [&](std::int64_t first, std::int64_t count) {
    std::memcpy(to.data() + out * row_bytes, from + first * row_bytes, static_cast<std::size_t>(count * row_bytes));
    out += count;
  });
  return out;
}

std::int64_t PutSelectedRows(std::span<const std::uint8_t> mask, std::span<const std::byte> from,
                             std::int64_t row_bytes, std::byte* to) {
  switch (row_bytes) {
    case 0:  // rows of no elements, for which there may be no memory
      return CountTrue(mask);
    case 1:
      return PutElements<std::uint8_t>(mask, from, to);
    case 2:
      return PutElements<std::uint16_t>(mask, from, to);
    case 4:
      return PutElements<std::uint32_t>(mask, from, to);
    case 8:
      return PutElements<std::uint64_t>(mask, from, to);
    case 16:
      return PutElements<Wide>(mask, from, to);
    default:
      break;
  }
  std::int64_t in = 0;
  WalkRuns(mask, [&](std::int64_t first, std::int64_t count) {
    std::memcpy(to + first * row_bytes, from.data() + in * row_bytes, static_cast<std::size_t>(count * row_bytes));
    in += count;
  });
  return in;
}

std::int64_t RepeatRows(std::span<const std::int64_t> repeats, const std::byte* from, std::int64_t row_bytes,
                        std::byte* to) {
  std::int64_t out = 0;
  for (std::size_t i = 0; i < repeats.size(); ++i) {
    for (std::int64_t k = 0; k < repeats[i]; ++k, ++out) {
      if (row_bytes == 0) {
        continue;
      }
      std::memcpy(to + out * row_bytes, from + static_cast<std::int64_t>(i) * row_bytes,
                  static_cast<std::size_t>(row_bytes));
    }
  }
  return out;
}

std::int64_t SelectCoordinates(std::span<const std::uint8_t> mask, std::int64_t first, Coordinate coordinate,
                               std::int64_t stride, std::span<std::int64_t> to) {
  const std::int64_t room = stride == 0 ? 0 : (static_cast<std::int64_t>(to.size()) + stride - 1) / stride;
  std::int64_t out = 0;
  // Numbers first, by a loop without branches; where they are coordinates they are only divided.
  const auto put = [&](std::size_t i) {
    to[static_cast<std::size_t>(out * stride)] = first + static_cast<std::int64_t>(i);
    out += mask[i] != 0 ? 1 : 0;
  };
  const auto one = [&](std::size_t i) {
    if (mask[i] != 0) {
      put(i);
    }
  };
  Walk(
      mask,
      [&](std::size_t i) {
        const bool roomy = out + static_cast<std::int64_t>(kGroup) <= room;
        for (std::size_t k = 0; k < kGroup; ++k) {
          roomy ? put(i + k) : one(i + k);
        }
      },
      one);
  if (coordinate.divisor == 1 && first + static_cast<std::int64_t>(mask.size()) <= coordinate.size) {
    return out;
  }
  for (std::int64_t i = 0; i < out; ++i) {
    std::int64_t& number = to[static_cast<std::size_t>(i * stride)];
    number = number / coordinate.divisor % coordinate.size;
  }
  return out;
}

}  // namespace distarray
