#include "engine/gathering/select_rows.h"

#include <cstring>
#include <random>
#include <vector>

#include "engine/base/error.h"
#include "tests/support/catch.h"

namespace distarray {
namespace {

using Numbers = std::vector<std::int64_t>;
using Mask = std::vector<std::uint8_t>;
using Bytes = std::vector<std::byte>;

Mask RandomMask(std::size_t count, unsigned share, unsigned seed) {
  std::mt19937 random(seed);
  Mask mask(count);
  for (std::uint8_t& one : mask) {
    one = random() % 100 < share ? static_cast<std::uint8_t>(1 + random() % 2) : 0;  // true is what is not 0
  }
  return mask;
}

TEST_CASE("rows where a mask is true, and back") {
  for (const std::int64_t length : {1, 2, 4, 8, 16, 3, 40}) {
    for (const std::size_t count : {0, 1, 7, 8, 9, 100, 1003}) {
      for (const unsigned share : {0U, 5U, 50U, 95U, 100U}) {
        INFO(count << " rows of " << length << " bytes, " << share << " % taken");
        const Mask mask = RandomMask(count, share, static_cast<unsigned>(count));
        Bytes source(count * static_cast<std::size_t>(length));
        std::mt19937 random(2);
        for (std::byte& byte : source) {
          byte = static_cast<std::byte>(random());
        }
        Bytes expected;
        for (std::size_t i = 0; i < count; ++i) {
          if (mask[i] != 0) {
            const auto begin = source.begin() + static_cast<std::ptrdiff_t>(i) * length;
            expected.insert(expected.end(), begin, begin + length);
          }
        }
        const auto taken = std::ssize(expected) / length;
        CHECK(CountTrue(mask) == taken);
        Bytes selected(expected.size());
        CHECK(CopySelected(mask, source.data(), length, selected) == taken);
        CHECK(selected == expected);
        Bytes back(source.size(), std::byte{77});
        CHECK(PutSelectedRows(mask, selected, length, back.data()) == taken);
        for (std::size_t i = 0; i < count; ++i) {
          const auto at = i * static_cast<std::size_t>(length);
          const std::byte untouched{77};
          CHECK(back[at] == (mask[i] != 0 ? source[at] : untouched));
        }
      }
    }
  }
}

TEST_CASE("coordinates of what is true") {
  const Mask mask = RandomMask(60, 30, 5);  // of shape (3, 4, 5), the part from element 10 on
  constexpr std::int64_t kFirst = 10;
  Numbers expected;
  for (std::size_t i = 0; i < 50; ++i) {
    if (mask[i] != 0) {
      const auto element = kFirst + static_cast<std::int64_t>(i);
      expected.insert(expected.end(), {element / 20, element / 5 % 4, element % 5});
    }
  }
  Numbers table(expected.size(), -1);
  const std::span<const std::uint8_t> part(mask.data(), 50);
  const Coordinate coordinates[] = {{20, 3}, {5, 4}, {1, 5}};
  for (std::size_t d = 0; d < 3; ++d) {
    CHECK(SelectCoordinates(part, kFirst, coordinates[d], 3, std::span(table).subspan(d)) == std::ssize(table) / 3);
  }
  CHECK(table == expected);
}

TEST_CASE("rows so often") {
  const Numbers repeats{2, 0, 3, 1};
  const Numbers source{5, 6, 7, 8};
  CHECK(*CountRepeated(repeats) == 6);
  Numbers result(6);
  CHECK(RepeatRows(repeats, reinterpret_cast<const std::byte*>(source.data()), 8,
                   reinterpret_cast<std::byte*>(result.data())) == 6);
  CHECK(result == Numbers{5, 5, 7, 7, 7, 8});
  CHECK(CountRepeated(Numbers{1, -2}).status().message() == "repeats must not be negative, -2 was given");
  const std::int64_t many = std::int64_t{1} << 62;
  CHECK(ReasonOf(CountRepeated(Numbers{many, many}).status()) == Reason::kMemoryLimit);
}

}  // namespace
}  // namespace distarray
