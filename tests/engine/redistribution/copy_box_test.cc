#include "engine/redistribution/copy_box.h"

#include <cstdint>
#include <cstring>
#include <numeric>
#include <random>
#include <vector>

#include "tests/support/catch.h"

namespace distarray {
namespace {

/// Offsets of all pairs of a box, in order, worked out plainly.
std::vector<std::pair<std::int64_t, std::int64_t>> PairsOf(const CopyBox& box) {
  std::vector<std::pair<std::int64_t, std::int64_t>> pairs{{box.from, box.to}};
  for (const auto& axis : box.axes) {
    std::vector<std::pair<std::int64_t, std::int64_t>> more;
    for (const auto& [from, to] : pairs) {
      for (const CopyRun& run : axis) {
        for (std::int64_t i = 0; i < run.elements(); ++i) {
          more.emplace_back(from + run.from + i % run.count * run.from_step + i / run.count * run.from_repeat,
                            to + run.to + i % run.count * run.to_step + i / run.count * run.to_repeat);
        }
      }
    }
    pairs = std::move(more);
  }
  return pairs;
}

CopyBox RandomBox(std::mt19937& random, std::int64_t& from_size, std::int64_t& to_size) {
  const auto below = [&random](int end) { return static_cast<std::int64_t>(random() % static_cast<unsigned>(end)); };
  CopyBox box;
  from_size = 1;
  to_size = 1;
  for (std::int64_t axis = below(4); axis > 0; --axis) {
    std::vector<CopyRun> runs;
    std::int64_t from = 0;
    std::int64_t to = 0;
    for (std::int64_t r = 1 + below(3); r > 0; --r) {
      const std::int64_t count = 1 + below(6);
      const std::int64_t from_step = below(3);
      const std::int64_t to_step = 1 + below(2);
      const std::int64_t repeats = random() % 2 == 0 ? 1 : 1 + below(4);
      const std::int64_t from_repeat = below(10);
      const std::int64_t to_repeat = count * to_step + below(2);
      runs.push_back({count, from * from_size, from_step * from_size, to * to_size, to_step * to_size, repeats,
                      from_repeat * from_size, to_repeat * to_size});
      from += (count - 1) * from_step + (repeats - 1) * from_repeat + 1 + below(2);
      to += (count - 1) * to_step + (repeats - 1) * to_repeat + 1 + below(2);
    }
    from_size *= from + 1;
    to_size *= to + 1;
    box.axes.insert(random() % 2 == 0 ? box.axes.begin() : box.axes.end(), runs);
  }
  return box;
}

template <typename T>
void CheckCopies(const CopyBox& plain, std::int64_t from_size, std::int64_t to_size, std::mt19937& random) {
  const auto pairs = PairsOf(plain);
  CopyBox box = plain;
  box.Simplify();
  REQUIRE(PairsOf(box) == pairs);
  std::vector<T> from(static_cast<std::size_t>(from_size));
  std::iota(from.begin(), from.end(), T{1});
  std::vector<T> expected(static_cast<std::size_t>(to_size), T{});
  std::vector<T> expected_packed;
  for (const auto& [f, t] : pairs) {
    expected[static_cast<std::size_t>(t)] = from[static_cast<std::size_t>(f)];
    expected_packed.push_back(from[static_cast<std::size_t>(f)]);
  }
  std::vector<T> to(expected.size(), T{});
  std::vector<T> unpacked(expected.size(), T{});
  std::vector<T> packed(pairs.size());
  CopyCursor copy(box, sizeof(T));
  CopyCursor pack(box, sizeof(T));
  CopyCursor unpack(box, sizeof(T));
  std::int64_t done = 0;
  while (copy.remaining() > 0) {
    const std::int64_t count = std::min<std::int64_t>(copy.remaining(), 1 + static_cast<std::int64_t>(random() % 40));
    auto* const middle = reinterpret_cast<std::byte*>(packed.data() + done);
    copy.Copy(count, reinterpret_cast<const std::byte*>(from.data()), reinterpret_cast<std::byte*>(to.data()));
    pack.Pack(count, reinterpret_cast<const std::byte*>(from.data()), middle);
    unpack.Unpack(count, middle, reinterpret_cast<std::byte*>(unpacked.data()));
    done += count;
  }
  CHECK(to == expected);
  CHECK(packed == expected_packed);
  CHECK(unpacked == expected);
}

TEST_CASE("boxes are copied, packed and unpacked in any pieces") {
  std::mt19937 random(3);
  for (int round = 0; round < 2000; ++round) {
    std::int64_t from_size = 0;
    std::int64_t to_size = 0;
    const CopyBox box = RandomBox(random, from_size, to_size);
    switch (round % 4) {
      case 0:
        CheckCopies<std::uint8_t>(box, from_size, to_size, random);
        break;
      case 1:
        CheckCopies<std::uint16_t>(box, from_size, to_size, random);
        break;
      case 2:
        CheckCopies<std::uint32_t>(box, from_size, to_size, random);
        break;
      default:
        CheckCopies<std::uint64_t>(box, from_size, to_size, random);
    }
  }
}

TEST_CASE("what is contiguous is seen to be") {
  CopyBox box;
  box.axes = {{{4, 0, 30, 7, 1}}, {{10, 5, 3, 0, 4}}, {{3, 0, 1, 0, 40}}};
  box.Simplify();
  CHECK(box.axes.size() == 3);
  CHECK(box.ContiguousFrom() == 5);
  CHECK_FALSE(box.ContiguousTo().has_value());

  box.axes = {{{4, 0, 30, 0, 30}}, {{10, 5, 3, 0, 3}}, {{3, 0, 1, 0, 1}}};
  box.Simplify();
  CHECK(box.axes.size() == 1);
  CHECK(box.ContiguousFrom() == 5);
  CHECK(box.ContiguousTo() == 0);
}

TEST_CASE("runs that repeat are seen to be contiguous, and flattened where they can be") {
  CopyBox box;
  box.axes = {{{2, 0, 1, 0, 1, 50, 10, 2}}};
  box.Simplify();
  CHECK(box.axes.front().front().repeats == 50);
  CHECK(box.ContiguousTo() == 0);
  CHECK_FALSE(box.ContiguousFrom().has_value());
  box.axes = {{{2, 0, 0, 0, 1, 50, 0, 2}}};
  box.Simplify();
  CHECK(box.axes.front().front().repeats == 1);
  CHECK(box.axes.front().front().count == 100);
}

TEST_CASE("pairs are gathered into runs") {
  std::vector<CopyRun> runs;
  for (std::int64_t i = 0; i < 10; ++i) {
    AppendPair(runs, 3 * i, 100 - i);
  }
  AppendPair(runs, 7, 8);
  CHECK(runs.size() == 2);
  CHECK(runs.front().count == 10);
  CHECK(runs.front().to_step == -1);
}

TEST_CASE("runs that go on where the last one ended become one") {
  CopyBox box;
  box.axes = {{{1, 0, 9, 4, 9}, {1, 2, 9, 3, 9}, {3, 4, 2, 2, -1}, {2, 20, 1, 30, 1}}};
  const auto pairs = PairsOf(box);
  box.Simplify();
  CHECK(box.axes.front().size() == 2);
  CHECK(PairsOf(box) == pairs);
}

}  // namespace
}  // namespace distarray
