#include "engine/gathering/copy_rows.h"

#include <cstring>
#include <random>
#include <vector>

#include "tests/support/catch.h"

namespace distarray {
namespace {

using Numbers = std::vector<std::int64_t>;
using Bytes = std::vector<std::byte>;

Bytes Random(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  Bytes bytes(count);
  for (std::byte& byte : bytes) {
    byte = static_cast<std::byte>(random());
  }
  return bytes;
}

TEST_CASE("rows of any length, and parts of them") {
  for (const std::int64_t length : {1, 2, 3, 4, 8, 12, 16, 100}) {
    for (const std::int64_t gap : {0, 5}) {
      INFO("rows of " << length << " bytes, " << gap << " between them");
      const std::int64_t stride = length + gap;
      constexpr std::int64_t kRows = 90;
      const Bytes source = Random(static_cast<std::size_t>(stride * kRows), 3);
      std::mt19937 random(4);
      Numbers rows(70);
      for (std::int64_t& row : rows) {
        row = static_cast<std::int64_t>(random()) % kRows;
      }
      const auto same = [&](const Bytes& a, std::int64_t at, const Bytes& b, std::int64_t bt) {
        return std::memcmp(a.data() + at, b.data() + bt, static_cast<std::size_t>(length)) == 0;
      };
      Bytes gathered(static_cast<std::size_t>(length) * rows.size());
      GatherRows({source.data(), stride}, rows, length, {gathered.data(), length});
      Bytes moved(gathered.size());
      Numbers backwards(rows.size());
      for (std::size_t i = 0; i < rows.size(); ++i) {
        CHECK(same(gathered, static_cast<std::int64_t>(i) * length, source, rows[i] * stride));
        backwards[i] = static_cast<std::int64_t>(rows.size() - 1 - i);
      }
      MoveRows({source.data(), stride}, rows, length, {moved.data(), length}, backwards);
      Bytes scattered = Random(source.size(), 9);
      Bytes expected = scattered;
      ScatterRows({gathered.data(), length}, rows, length, {scattered.data(), stride});
      for (std::size_t i = 0; i < rows.size(); ++i) {
        CHECK(same(moved, backwards[i] * length, source, rows[i] * stride));
        std::memcpy(expected.data() + rows[i] * stride, gathered.data() + static_cast<std::int64_t>(i) * length,
                    static_cast<std::size_t>(length));
      }
      CHECK(scattered == expected);
    }
  }
}

TEST_CASE("one row for all") {
  const Numbers row{7};
  Numbers to(6, 0);
  ScatterRows({reinterpret_cast<const std::byte*>(row.data()), 0}, Numbers{4, 0, 4}, 8,
              {reinterpret_cast<std::byte*>(to.data()), 8});
  CHECK(to == Numbers{7, 0, 0, 0, 7, 0});
}

TEST_CASE("the last one counts") {
  const Numbers from{1, 2, 3};
  Numbers to(2, 0);
  ScatterRows({reinterpret_cast<const std::byte*>(from.data()), 8}, Numbers{1, 0, 1}, 8,
              {reinterpret_cast<std::byte*>(to.data()), 8});
  CHECK(to == Numbers{2, 3});
}

}  // namespace
}  // namespace distarray
