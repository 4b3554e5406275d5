#include "client-cpp/src/shapes.h"

#include <limits>

#include "distarray/error.h"
#include "tests/support/catch.h"

namespace distarray::inline client {
namespace {

constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

TEST_CASE("shapes print as Python's tuples") {
  CHECK(ToString({}) == "()");
  CHECK(ToString({3}) == "(3,)");
  CHECK(ToString({3, 0, 5}) == "(3, 0, 5)");
}

TEST_CASE("shapes are checked") {
  CHECK(CheckShape({}, 8, 2).ok());
  CHECK(CheckShape({kMost / 16, 2}, 8, 2).ok());
  CHECK(CheckShape({kMost, 0, kMost}, 8, 3).ok());
  for (const Shape& bad : {Shape{1, 1, 1}, Shape{-1}, Shape{kMost}, Shape{kMost, kMost}}) {
    CHECK(ReasonOf(CheckShape(bad, 8, 2)) == Reason::kInvalidValue);
  }
}

TEST_CASE("broadcasting follows NumPy") {
  struct Case {
    Shape a, b, expected;
  };
  const Case cases[] = {
      {{}, {}, {}},          {{3}, {}, {3}},  {{}, {3}, {3}},        {{3, 1}, {4}, {3, 4}},
      {{4}, {3, 1}, {3, 4}}, {{1}, {0}, {0}}, {{0, 3}, {1}, {0, 3}}, {{2, 1, 5}, {7, 1}, {2, 7, 5}},
  };
  for (const Case& c : cases) {
    Shape shape = c.a;
    REQUIRE(BroadcastInto(shape, c.b).ok());
    CHECK(shape == c.expected);
  }
  Shape shape = {3, 4};
  const absl::Status status = BroadcastInto(shape, {3});
  CHECK(ReasonOf(status) == Reason::kInvalidValue);
  CHECK(status.message().find("(3, 4) (3,)") != absl::string_view::npos);
}

TEST_CASE("slices have NumPy's shapes") {
  struct Case {
    Index index;
    Shape expected;
  };
  const auto open = std::nullopt;
  const Case cases[] = {
      {{}, {10, 4}},
      {{Ellipsis()}, {10, 4}},
      {{3}, {4}},
      {{-10, -1}, {}},
      {{All(), 2}, {10}},
      {{Ellipsis(), 2}, {10}},
      {{NewAxis(), Ellipsis(), NewAxis()}, {1, 10, 4, 1}},
      {{Range(1, 5), NewAxis(), 3}, {4, 1}},
      {{Range(open, open, -1)}, {10, 4}},
      {{Range(open, open, -3)}, {4, 4}},
      {{Range(8, 2, -2)}, {3, 4}},
      {{Range(-3, open)}, {3, 4}},
      {{Range(open, -3)}, {7, 4}},
      {{Range(5, 5)}, {0, 4}},
      {{Range(7, 3)}, {0, 4}},
      {{Range(100, 200)}, {0, 4}},
      {{Range(-100, 200, 4)}, {3, 4}},
      {{Range(kLeast, kMost, kMost)}, {1, 4}},
      {{Range(kMost, kLeast, kLeast)}, {1, 4}},
      {{Range(open, -100, -1)}, {10, 4}},
      {{Range(-100, open, -1)}, {0, 4}},
  };
  for (const Case& c : cases) {
    const auto shape = SliceShape({10, 4}, c.index);
    REQUIRE(shape.ok());
    CHECK(*shape == c.expected);
  }
}

TEST_CASE("wrong indices are named") {
  CHECK(ReasonOf(SliceShape({10, 4}, {10}).status()) == Reason::kIndexOutOfRange);
  CHECK(ReasonOf(SliceShape({10, 4}, {0, -5}).status()) == Reason::kIndexOutOfRange);
  CHECK(ReasonOf(SliceShape({10, 4}, {0, 0, 0}).status()) == Reason::kIndexOutOfRange);
  CHECK(ReasonOf(SliceShape({}, {0}).status()) == Reason::kIndexOutOfRange);
  CHECK(ReasonOf(SliceShape({10, 4}, {All(), -1, Range(2, 2)}).status()) == Reason::kIndexOutOfRange);
  CHECK(ReasonOf(SliceShape({10, 4}, {Range(0, 1, 0)}).status()) == Reason::kInvalidValue);
  CHECK(ReasonOf(SliceShape({10, 4}, {Ellipsis(), Ellipsis()}).status()) == Reason::kInvalidValue);
}

TEST_CASE("reductions drop or keep their axes") {
  const Shape shape = {2, 3, 4};
  CHECK(*ReducedShape(shape, std::nullopt, false) == Shape{});
  CHECK(*ReducedShape(shape, std::nullopt, true) == Shape{1, 1, 1});
  CHECK(*ReducedShape(shape, std::vector<int>{}, false) == shape);
  CHECK(*ReducedShape(shape, std::vector<int>{-1, 0}, false) == Shape{3});
  CHECK(*ReducedShape(shape, std::vector<int>{1}, true) == Shape{2, 1, 4});
  CHECK(ReasonOf(ReducedShape(shape, std::vector<int>{3}, false).status()) == Reason::kAxisOutOfRange);
  CHECK(ReasonOf(ReducedShape({}, std::vector<int>{0}, false).status()) == Reason::kAxisOutOfRange);
  CHECK(ReasonOf(ReducedShape(shape, std::vector<int>{1, -2}, false).status()) == Reason::kInvalidValue);
}

TEST_CASE("boxes cover an array in C order, each contiguous and small enough") {
  const Shape shapes[] = {{}, {1}, {7}, {0}, {3, 0, 2}, {2, 3, 4}, {5, 1, 7}, {1, 1, 9}, {4, 4}};
  for (const Shape& shape : shapes) {
    for (const std::int64_t most : {1, 2, 3, 5, 7, 12, 1000}) {
      std::int64_t covered = 0;
      ForEachBox(shape, most, [&](const Box& box, std::int64_t offset) {
        CHECK(offset == covered);
        CHECK(ElementCount(box.shape) <= most);
        std::int64_t first = 0;  // offset of the box's first and last element
        std::int64_t last = 0;
        for (std::size_t d = 0; d < shape.size(); ++d) {
          first = first * shape[d] + box.start[d];
          last = last * shape[d] + box.start[d] + box.shape[d] - 1;
          CHECK(box.start[d] + box.shape[d] <= shape[d]);
        }
        CHECK(first == offset);
        CHECK(last == offset + ElementCount(box.shape) - 1);
        covered += ElementCount(box.shape);
      });
      CHECK(covered == ElementCount(shape));
    }
  }
}

}  // namespace
}  // namespace distarray::inline client
