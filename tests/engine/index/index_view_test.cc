#include <limits>
#include <string>

#include "engine/base/error.h"
#include "engine/index/view.h"
#include "tests/support/catch.h"

namespace distarray {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();

using Index = std::vector<IndexEntry>;
using Bound = std::optional<std::int64_t>;

/// Python's definition of a slice: walk from the clipped start.
std::vector<std::int64_t> Walk(Bound start, Bound stop, std::int64_t step, std::int64_t size) {
  const auto clip = [&](std::int64_t at) {
    at = at < 0 ? at + size : at;
    return step > 0 ? std::clamp<std::int64_t>(at, 0, size) : std::clamp<std::int64_t>(at, -1, size - 1);
  };
  std::vector<std::int64_t> indices;
  std::int64_t at = start ? clip(*start) : (step > 0 ? 0 : size - 1);
  const std::int64_t end = stop ? clip(*stop) : (step > 0 ? size : -1);
  for (; step > 0 ? at < end : at > end; at += step) {
    indices.push_back(at);
  }
  return indices;
}

std::vector<std::int64_t> Indices(const ViewDimension& dimension) {
  std::vector<std::int64_t> indices;
  for (std::int64_t v = 0; v < dimension.count; ++v) {
    indices.push_back(dimension.start + v * dimension.step);
  }
  return indices;
}

TEST_CASE("slices of one dimension, and slices of those, are Python's") {
  std::vector<Bound> bounds = {std::nullopt, kMost, kLeast};
  for (std::int64_t at = -7; at <= 7; ++at) {
    bounds.push_back(at);
  }
  for (const std::int64_t size : {0, 1, 5}) {
    for (const Bound& start : bounds) {
      for (const Bound& stop : bounds) {
        for (const std::int64_t step : {1, 2, 3, 9, -1, -2, -5}) {
          const auto view = IndexView(View::Whole({size}), {SliceEntry{start, stop, step}});
          const auto expected = Walk(start, stop, step, size);
          REQUIRE(Indices(view->dimensions[0]) == expected);
          const auto again = IndexView(*view, {SliceEntry{-1, std::nullopt, -2}});
          std::vector<std::int64_t> taken;
          for (const std::int64_t v : Walk(-1, std::nullopt, -2, static_cast<std::int64_t>(expected.size()))) {
            taken.push_back(expected[static_cast<std::size_t>(v)]);
          }
          REQUIRE(Indices(again->dimensions[0]) == taken);
        }
      }
    }
  }
  CHECK(IndexView(View::Whole({5}), {SliceEntry{{}, {}, kLeast}})->shape() == Shape{1});
  CHECK(IndexView(View::Whole({5}), {SliceEntry{{}, {}, kMost}})->shape() == Shape{1});
}

TEST_CASE("integers, ellipsis and new axes") {
  const View whole = View::Whole({2, 3, 4});
  const View last = *IndexView(whole, {EllipsisEntry{}, std::int64_t{-1}});
  CHECK(last.shape() == Shape{2, 3});
  CHECK(last.fixed == std::vector<FixedDimension>{{2, 3}});
  const View mixed = *IndexView(whole, {NewAxisEntry{}, std::int64_t{1}, EllipsisEntry{}, NewAxisEntry{}});
  CHECK(mixed.shape() == Shape{1, 3, 4, 1});
  CHECK(IndexView(mixed, {std::int64_t{0}, EllipsisEntry{}, std::int64_t{-1}})->shape() == Shape{3, 4});
  CHECK(*IndexView(whole, {}) == whole);
  CHECK(*IndexView(whole, {EllipsisEntry{}}) == whole);
  const View element = *IndexView(whole, {std::int64_t{1}, std::int64_t{0}, std::int64_t{2}, EllipsisEntry{}});
  CHECK(element.shape().empty());
  CHECK(element.fixed == std::vector<FixedDimension>{{0, 1}, {1, 0}, {2, 2}});
  CHECK(IndexView(View::Whole({4, 3}), {SliceEntry{}, SliceEntry{2, 2, {}}})->shape() == Shape{4, 0});
  CHECK(*IndexView(View::Whole({1, 0}), {SliceEntry{{}, {}, -1}, SliceEntry{{}, {}, -1}}) == View::Whole({1, 0}));
}

TEST_CASE("broadcast dimensions can be indexed") {
  const View wide = *BroadcastView(*IndexView(View::Whole({6}), {SliceEntry{4, 5, {}}}), {3, 7});
  CHECK(IndexView(wide, {SliceEntry{1, {}, {}}, SliceEntry{{}, {}, -3}})->shape() == Shape{2, 3});
  CHECK(IndexView(wide, {std::int64_t{2}, std::int64_t{6}})->fixed == std::vector<FixedDimension>{{0, 4}});
}

TEST_CASE("wrong indices") {
  const View whole = View::Whole({2, 3});
  const std::pair<Index, Reason> table[] = {
      {{std::int64_t{2}}, Reason::kIndexOutOfRange},
      {{SliceEntry{}, std::int64_t{-4}}, Reason::kIndexOutOfRange},
      {{kLeast}, Reason::kIndexOutOfRange},
      {{SliceEntry{}, SliceEntry{}, SliceEntry{}}, Reason::kIndexOutOfRange},
      {{SliceEntry{}, std::int64_t{-1}, SliceEntry{2, 2, {}}}, Reason::kIndexOutOfRange},
      {{SliceEntry{{}, {}, 0}}, Reason::kInvalidValue},
      {{EllipsisEntry{}, EllipsisEntry{}}, Reason::kInvalidValue},
  };
  for (const auto& [index, reason] : table) {
    CHECK(ReasonOf(IndexView(whole, index).status()) == reason);
  }
  CHECK(std::string(IndexView(whole, {SliceEntry{}, std::int64_t{3}}).status().message()) ==
        "index 3 is out of bounds for axis 1 with size 3");
  CHECK_FALSE(IndexView(View::Whole({0}), {std::int64_t{0}}).ok());
}

}  // namespace
}  // namespace distarray
