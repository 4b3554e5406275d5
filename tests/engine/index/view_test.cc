#include "engine/index/view.h"

#include <string>

#include "engine/base/error.h"
#include "tests/support/catch.h"

namespace distarray {
namespace {

TEST_CASE("broadcasting follows NumPy") {
  CHECK(*BroadcastShapes({{3, 1}, {4}}) == Shape{3, 4});
  CHECK(*BroadcastShapes({{}, {2, 1, 5}, {7, 1}}) == Shape{2, 7, 5});
  CHECK(*BroadcastShapes({{0}, {1}}) == Shape{0});
  CHECK(*BroadcastShapes({{4, 1}, {1, 0}}) == Shape{4, 0});
  CHECK(BroadcastShapes({})->empty());
  const auto status = BroadcastShapes({{3}, {4}}).status();
  CHECK(ReasonOf(status) == Reason::kInvalidValue);
  CHECK(std::string(status.message()) == "shapes (3,) and (4,) do not broadcast");
  CHECK_FALSE(BroadcastShapes({{0}, {2}}).ok());
}

TEST_CASE("a view broadcast to a shape repeats elements") {
  const View column = View::Whole({3, 1});
  const auto wide = BroadcastView(column, {2, 3, 4});
  REQUIRE(wide.ok());
  CHECK(wide->shape() == Shape{2, 3, 4});
  CHECK(wide->dimensions[0].base == -1);
  CHECK(wide->dimensions[1] == ViewDimension{0, 0, 1, 3});
  CHECK(wide->dimensions[2] == ViewDimension{1, 0, 0, 4});
  CHECK(*BroadcastView(column, {3, 1}) == column);
  CHECK(BroadcastView(column, {3, 0})->shape() == Shape{3, 0});
  CHECK_FALSE(BroadcastView(column, {4, 1}).ok());
  CHECK_FALSE(BroadcastView(column, {1}).ok());
  CHECK_FALSE(BroadcastView(View::Whole({0}), {1}).ok());
}

TEST_CASE("whole views and encoding") {
  const View whole = View::Whole({3, 0, 1});
  CHECK(whole.IsWhole({3, 0, 1}));
  CHECK_FALSE(whole.IsWhole({3, 0, 2}));
  CHECK(View::Whole({}).IsWhole({}));
  View view = *IndexView(View::Whole({5, 6, 7}), {std::int64_t{2}, SliceEntry{{}, {}, -2}, NewAxisEntry{}});
  CHECK_FALSE(view.IsWhole({5, 6, 7}));
  ByteWriter out;
  view.Encode(out);
  const std::string bytes = std::move(out).Take();
  ByteReader in(bytes);
  CHECK(View::Decode(in) == view);
  CHECK(in.AtEnd());
}

}  // namespace
}  // namespace distarray
