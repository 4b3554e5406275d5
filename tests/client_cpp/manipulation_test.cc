// Arrays of other shapes.
#include "distarray/manipulation.h"

#include "tests/client_cpp/dense.h"

namespace distarray::inline client {
namespace {

using Doubles = Dense<double>;
using Ints = Dense<std::int64_t>;

TEST_CASE("dimensions in another order") {
  OnAllDistributions([](const Dealer& deal) {
    const Doubles x = Doubles::Mixed({4, 5, 3});
    const Array a = deal(x);
    const Doubles turned = Doubles::Of({3, 5, 4}, [&](const Shape& i) { return x.at({i[2], i[1], i[0]}); });
    CheckSame(Transpose(a), turned);
    CheckSame(PermuteDims(a, {2, 1, 0}), turned);
    CheckSame(Transpose(a, {-1, 1, 0}), turned);
    CheckSame(SwapAxes(a, 0, -1), turned);
    CheckSame(MoveAxis(a, {0, 2}, {2, 0}), turned);
    const Doubles moved = Doubles::Of({3, 4, 5}, [&](const Shape& i) { return x.at({i[1], i[2], i[0]}); });
    CheckSame(PermuteDims(a, {2, 0, 1}), moved);
    CheckSame(MoveAxis(a, -1, 0), moved);
    CheckSame(PermuteDims(a, {0, 1, 2}), x);
    CHECK(Transpose(a).Describe()->view);
    // Views: what is written to them, the array has.
    CHECK(Transpose(a).Assign({0, 1}, 100).ok());
    CHECK(Values<double>(a.Slice({2, 1, 0})) == std::vector<double>{100});
  });
}

TEST_CASE("dimensions of length 1 come and go") {
  OnAllDistributions([](const Dealer& deal) {
    const Doubles x = Doubles::Mixed({7, 3});
    const Array a = deal(x);
    const Array wide = ExpandDims(a, {0, -1});
    CheckSame(wide, Doubles{{1, 7, 3, 1}, x.values});
    CheckSame(ExpandDims(a, 1), Doubles{{7, 1, 3}, x.values});
    CheckSame(Squeeze(wide), x);
    CheckSame(Squeeze(wide, {0, 3}), x);
    CheckSame(Squeeze(wide, -1), Doubles{{1, 7, 3}, x.values});
    const Array line = a.Slice({All(), 0});
    const Doubles row = Doubles::Of({7}, [&](const Shape& i) { return x.at({i[0], 0}); });
    CheckSame(Atleast1d(a.Slice({0, 0})), Doubles{{1}, {x.values[0]}});
    CheckSame(Atleast2d(line), Doubles{{1, 7}, row.values});
    CheckSame(Atleast3d(line), Doubles{{1, 7, 1}, row.values});
    CheckSame(Atleast3d(a), Doubles{{7, 3, 1}, x.values});
    CheckSame(Atleast3d(a.Slice({0, 0})), Doubles{{1, 1, 1}, {x.values[0]}});
    CHECK(Atleast2d(a).key() == a.key());
  });
}

TEST_CASE("reversed, turned, broadcast") {
  OnAllDistributions([](const Dealer& deal) {
    const Doubles x = Doubles::Mixed({5, 4});
    const Array a = deal(x);
    CheckSame(Flip(a), Doubles::Of({5, 4}, [&](const Shape& i) { return x.at({4 - i[0], 3 - i[1]}); }));
    const Doubles upside = Doubles::Of({5, 4}, [&](const Shape& i) { return x.at({4 - i[0], i[1]}); });
    CheckSame(Flip(a, 0), upside);
    CheckSame(FlipUd(a), upside);
    CheckSame(FlipLr(a), Doubles::Of({5, 4}, [&](const Shape& i) { return x.at({i[0], 3 - i[1]}); }));
    CheckSame(Rot90(a), Doubles::Of({4, 5}, [&](const Shape& i) { return x.at({i[1], 3 - i[0]}); }));
    CheckSame(Rot90(a, 3), Doubles::Of({4, 5}, [&](const Shape& i) { return x.at({4 - i[1], i[0]}); }));
    CheckSame(Rot90(a, -2), Doubles::Of({5, 4}, [&](const Shape& i) { return x.at({4 - i[0], 3 - i[1]}); }));
    CheckSame(Rot90(a, 4), x);
    CheckSame(Rot90(a, 1, {1, 0}), Doubles::Of({4, 5}, [&](const Shape& i) { return x.at({4 - i[1], i[0]}); }));
    const Array row = a.Slice({0});
    CheckSame(BroadcastTo(row, {2, 3, 4}), Doubles::Of({2, 3, 4}, [&](const Shape& i) { return x.at({0, i[2]}); }));
    const auto pair = Got(BroadcastArrays({row, a.Slice({All(), Range(0, 1)})}));
    CheckSame(pair[0], Doubles::Of({5, 4}, [&](const Shape& i) { return x.at({0, i[1]}); }));
    CheckSame(pair[1], Doubles::Of({5, 4}, [&](const Shape& i) { return x.at({i[0], 0}); }));
  });
  CHECK(Got(BroadcastShapes({{3, 1}, {}, {2, 1, 4}})) == Shape{2, 3, 4});
}

TEST_CASE("cut into parts") {
  OnAllDistributions([](const Dealer& deal) {
    const Doubles x = Doubles::Mixed({7, 4, 2});
    const Array a = deal(x);
    const auto rows = [&](std::int64_t first, std::int64_t count) {
      return Doubles::Of({count, 4, 2}, [&](const Shape& i) { return x.at({first + i[0], i[1], i[2]}); });
    };
    const auto unstacked = Got(Unstack(a, 1));
    REQUIRE(unstacked.size() == 4);
    CheckSame(unstacked[3], Doubles::Of({7, 2}, [&](const Shape& i) { return x.at({i[0], 3, i[1]}); }));
    const auto thirds = Got(ArraySplit(a, 3));
    REQUIRE(thirds.size() == 3);
    CheckSame(thirds[0], rows(0, 3));
    CheckSame(thirds[1], rows(3, 2));
    CheckSame(thirds[2], rows(5, 2));
    const auto cut = Got(SplitAt(a, {2, -1}));
    REQUIRE(cut.size() == 3);
    CheckSame(cut[1], rows(2, 4));
    CheckSame(cut[2], rows(6, 1));
    const auto halves = Got(Split(a, 2, 1));
    CheckSame(halves[1], Doubles::Of({7, 2, 2}, [&](const Shape& i) { return x.at({i[0], 2 + i[1], i[2]}); }));
    CheckSame(Got(HSplit(a, 2))[1], Dense<double>{{7, 2, 2}, Values<double>(halves[1])});
    CheckSame(Got(VSplit(a, 7))[6], rows(6, 1));
    CheckSame(Got(DSplit(a, 2))[1], Doubles::Of({7, 4, 1}, [&](const Shape& i) { return x.at({i[0], i[1], 1}); }));
    CHECK(Got(ArraySplit(a, 9)).back().size() == 0);
  });
}

TEST_CASE("another shape") {
  OnAllDistributions([](const Dealer& deal) {
    const Doubles x = Doubles::Mixed({6, 5, 2});
    const Array a = deal(x);
    CheckSame(Reshape(a, {4, 15}), Doubles{{4, 15}, x.values});
    CheckSame(Reshape(a, {3, -1}), Doubles{{3, 20}, x.values});
    CheckSame(Ravel(a), Doubles{{60}, x.values});
    CheckSame(Reshape(a, {6, 1, 5, 2, 1}), Doubles{{6, 1, 5, 2, 1}, x.values});
    CHECK(Reshape(a, {6, 1, 5, 2}).Describe()->view);
    CHECK_FALSE(Reshape(a, {30, 2}).Describe()->view);
    const Doubles turned = Doubles::Of({2, 5, 6}, [&](const Shape& i) { return x.at({i[2], i[1], i[0]}); });
    CheckSame(Ravel(Transpose(a)), Doubles{{60}, turned.values});
    CheckSame(Ravel(a.Slice({0, 0, 0})), Doubles{{1}, {x.values[0]}});
    CheckSame(Reshape(a.Slice({Range(0, 0)}), {0, 7}), Doubles{{0, 7}, {}});
  });
}

TEST_CASE("put together") {
  OnAllDistributions([](const Dealer& deal) {
    const Ints x = Ints::Mixed({5, 3});
    const Doubles y = Doubles::Mixed({2, 3}, 9, 4);
    const Array a = deal(x);
    const Array b = deal(y);
    const Doubles both = Doubles::Of({7, 3}, [&](const Shape& i) {
      return i[0] < 5 ? static_cast<double>(x.at(i)) : y.at({i[0] - 5, i[1]});
    });
    CheckSame(Concat({a, b}), both);
    CheckSame(VStack({a, b}), both);
    CheckSame(Append(a, b, 0), both);
    CheckSame(Concat({a, b}, std::nullopt), Doubles{{21}, both.values});
    CheckSame(Append(a, b), Doubles{{21}, both.values});
    const Ints beside = Ints::Of({5, 6}, [&](const Shape& i) { return x.at({i[0], i[1] % 3}); });
    CheckSame(Concat({a, a}, -1), beside);
    CheckSame(HStack({a, a}), beside);
    CheckSame(Concat({a.Slice({Range(0, 0)}), a}), x);
    CheckSame(Stack({a, a}, 1), Ints::Of({5, 2, 3}, [&](const Shape& i) { return x.at({i[0], i[2]}); }));
    CheckSame(Stack({a, a}, -1), Ints::Of({5, 3, 2}, [&](const Shape& i) { return x.at({i[0], i[1]}); }));
    CheckSame(DStack({a, a}), Ints::Of({5, 3, 2}, [&](const Shape& i) { return x.at({i[0], i[1]}); }));
    const Array line = a.Slice({All(), 1});
    CheckSame(HStack({line, line}), Ints::Of({10}, [&](const Shape& i) { return x.at({i[0] % 5, 1}); }));
    CheckSame(ColumnStack({line, a}), Ints::Of({5, 4}, [&](const Shape& i) {
                return x.at({i[0], i[1] == 0 ? 1 : i[1] - 1});
              }));
    CheckSame(Stack({a.Slice({0, 0}), a.Slice({1, 1})}), Ints{{2}, {x.at({0, 0}), x.at({1, 1})}});
  });
}

TEST_CASE("rolled and tiled") {
  OnAllDistributions([](const Dealer& deal) {
    const Doubles x = Doubles::Mixed({5, 4});
    const Array a = deal(x);
    const auto rolled = [&](std::int64_t down, std::int64_t right) {
      return Doubles::Of({5, 4}, [&](const Shape& i) {
        return x.at({(i[0] - down + 50) % 5, (i[1] - right + 40) % 4});
      });
    };
    CheckSame(Roll(a, 2, 0), rolled(2, 0));
    CheckSame(Roll(a, -1, 1), rolled(0, -1));
    CheckSame(Roll(a, {7, 1}, {0, 1}), rolled(2, 1));
    CheckSame(Roll(a, {1, 1}, {0, 0}), rolled(2, 0));
    CheckSame(Roll(a, 0, 0), x);
    CheckSame(Roll(a, 3), Doubles::Of({5, 4}, [&](const Shape& i) {
                return x.values[static_cast<std::size_t>((i[0] * 4 + i[1] - 3 + 20) % 20)];
              }));
    CheckSame(Roll(a.Slice({0}), 1), Doubles::Of({4}, [&](const Shape& i) { return x.at({0, (i[0] + 3) % 4}); }));
    CheckSame(Tile(a, {2, 3}), Doubles::Of({10, 12}, [&](const Shape& i) { return x.at({i[0] % 5, i[1] % 4}); }));
    CheckSame(Tile(a, {2}), Doubles::Of({5, 8}, [&](const Shape& i) { return x.at({i[0], i[1] % 4}); }));
    CheckSame(Tile(a, {2, 1, 1}), Doubles::Of({2, 5, 4}, [&](const Shape& i) { return x.at({i[1], i[2]}); }));
    CheckSame(Tile(a, {0, 1}), Doubles{{0, 4}, {}});
  });
}

TEST_CASE("arguments that do not fit, of functions of shapes") {
  OnAllDistributions([](const Dealer& deal) {
    const Array a = deal(Doubles::Mixed({4, 3}));
    CHECK(Why(PermuteDims(a, {0})) == Reason::kInvalidValue);
    CHECK(Why(PermuteDims(a, {0, 0})) == Reason::kInvalidValue);
    CHECK(Why(PermuteDims(a, {0, 2})) == Reason::kAxisOutOfRange);
    CHECK(Why(MoveAxis(a, {0, 1}, 0)) == Reason::kInvalidValue);
    CHECK(Why(SwapAxes(a, 0, 2)) == Reason::kAxisOutOfRange);
    CHECK(Why(ExpandDims(a, 3)) == Reason::kAxisOutOfRange);
    CHECK(Why(Squeeze(a, 0)) == Reason::kInvalidValue);
    CHECK(Why(Flip(a, -3)) == Reason::kAxisOutOfRange);
    CHECK(Why(Rot90(a, 1, {1, -1})) == Reason::kInvalidValue);
    CHECK(Why(BroadcastTo(a, {4})) == Reason::kInvalidValue);
    CHECK(Why(BroadcastTo(a, {4, 4})) == Reason::kInvalidValue);
    CHECK(Why(BroadcastShapes({{2}, {3}})) == Reason::kInvalidValue);
    CHECK(Why(BroadcastArrays({a, a.Slice({Range(0, 2)})})) == Reason::kInvalidValue);
    CHECK(Why(Reshape(a, {5, -1})) == Reason::kInvalidValue);
    CHECK(Why(Reshape(a, {-1, -1})) == Reason::kInvalidValue);
    CHECK(Why(Reshape(a, {11})) == Reason::kInvalidValue);
    CHECK(Why(Concat({})) == Reason::kInvalidValue);
    CHECK(Why(Concat({a, a.Slice({0})})) == Reason::kInvalidValue);
    CHECK(Why(Concat({a, a.Slice({All(), Range(1, {})})})) == Reason::kInvalidValue);
    CHECK(Why(Concat({a, a}, 2)) == Reason::kAxisOutOfRange);
    CHECK(Why(Stack({a, a.Slice({Range(1, {})})})) == Reason::kInvalidValue);
    CHECK(Why(Roll(a, {1, 2, 3}, {0, 1})) == Reason::kInvalidValue);
    CHECK(Why(Tile(a, {-1})) == Reason::kInvalidValue);
    CHECK(Why(ArraySplit(a, 0)) == Reason::kInvalidValue);
    CHECK(Why(Split(a, 3)) == Reason::kInvalidValue);
    CHECK(Why(DSplit(a, 1)) == Reason::kInvalidValue);
    CHECK(Why(Unstack(a, 2)) == Reason::kAxisOutOfRange);
    // A failed array's own error goes on, whatever is done with it.
    const Array failed = Reshape(a, {11});
    CHECK(Transpose(failed).status() == failed.status());
    CHECK(Concat({a, failed}).status() == failed.status());
    CHECK(Tile(Squeeze(Flip(failed)), {2}).status() == failed.status());
    CHECK(Unstack(failed).status() == failed.status());
  });
  CHECK(Why(Transpose(Array())) == Reason::kInvalidValue);
}

}  // namespace
}  // namespace distarray::inline client
