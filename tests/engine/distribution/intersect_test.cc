#include <chrono>
#include <map>
#include <random>
#include <string>

#include "tests/engine/distribution/maps.h"
#include "tests/support/catch.h"

namespace distarray {
namespace {

using Pairs = std::map<std::int64_t, std::pair<std::int64_t, std::int64_t>>;  // global index: local in a, in b

std::map<std::int64_t, std::int64_t> Elements(const std::vector<Segment>& segments) {
  std::map<std::int64_t, std::int64_t> elements;
  for (const Segment& run : segments) {
    for (std::int64_t i = 0; i < run.count; ++i) {
      elements[run.start + i * run.step] = run.local_start + i * run.local_step;
    }
  }
  return elements;
}

/// Compares with the enumeration of all elements; "" if equal.
std::string Difference(const std::vector<Segment>& a, const std::vector<Segment>& b) {
  const auto in_a = Elements(a);
  const auto in_b = Elements(b);
  std::map<std::int64_t, std::int64_t> global_of;
  Pairs expected;
  for (const auto& [global, local] : in_a) {
    global_of[local] = global;
    if (const auto found = in_b.find(global); found != in_b.end()) {
      expected[global] = {local, found->second};
    }
  }
  Pairs got;
  std::int64_t last_first = -1;
  for (const Overlap& run : Intersect(a, b)) {
    std::int64_t last = -1;
    for (std::int64_t i = 0; i < run.count; ++i) {
      const std::int64_t global = global_of[run.a_start + i * run.a_step];
      if (i == 0 && global <= last_first) {
        return "overlaps out of order";
      }
      last_first = i == 0 ? global : last_first;
      if (global <= last ||
          !got.insert({global, {run.a_start + i * run.a_step, run.b_start + i * run.b_step}}).second) {
        return "an overlap that does not ascend, or twice the same";
      }
      last = global;
    }
  }
  return got == expected ? "" : "other elements";
}

TEST_CASE("intersections of maps of every kind") {
  for (const std::int64_t size : {0, 1, 7, 24, 25}) {
    const auto maps = MapsOf(size);
    for (const DimensionMap& a : maps) {
      for (const DimensionMap& b : maps) {
        for (std::int64_t p = 0; p < a.grid_size; ++p) {
          for (std::int64_t q = 0; q < b.grid_size; ++q) {
            if (const std::string difference = Difference(a.Segments(p), b.Segments(q)); !difference.empty()) {
              FAIL(difference << ": " << Describe(a) << " process " << p << ", " << Describe(b) << " process " << q);
            }
          }
        }
      }
    }
  }
}

TEST_CASE("intersections of single runs") {
  for (std::int64_t step_a = 1; step_a <= 12; ++step_a) {
    for (std::int64_t step_b = 1; step_b <= 12; ++step_b) {
      for (std::int64_t start = 0; start <= 13; ++start) {
        const std::vector<Segment> a = {{5, step_a, 9, 8, -1}};
        const std::vector<Segment> b = {{start, step_b, 11, 100, 3}};
        INFO("steps " << step_a << ", " << step_b << ", start " << start);
        REQUIRE(Difference(a, b) == "");
      }
    }
  }
}

TEST_CASE("runs far above 2^32") {
  const std::int64_t a_step = 2147483647;
  const std::int64_t b_step = 2147483629;  // both prime
  const std::int64_t common = a_step * b_step;
  const auto overlaps = Intersect({{0, a_step, b_step + 1, 0, 1}}, {{0, b_step, a_step + 1, 0, 1}});
  REQUIRE(overlaps.size() == 1);
  CHECK(overlaps[0].count == 2);
  CHECK(overlaps[0].a_step == common / a_step);
  CHECK(overlaps[0].b_step == common / b_step);
  const std::int64_t size = std::int64_t{1} << 62;
  std::int64_t total = 0;
  const DimensionMap block = DimensionMap::Block(size, 5);
  const DimensionMap cyclic = DimensionMap::Cyclic(size, 3);
  for (std::int64_t p = 0; p < 5; ++p) {
    for (std::int64_t q = 0; q < 3; ++q) {
      for (const Overlap& overlap : Intersect(block.Segments(p), cyclic.Segments(q))) {
        total += overlap.count;
        CHECK(block.GlobalIndex(p, overlap.a_start) == cyclic.GlobalIndex(q, overlap.b_start));
      }
    }
  }
  CHECK(total == size);
}

/// Lists of `runs` interleaved progressions.
std::vector<Segment> Interleaved(std::int64_t runs, std::int64_t count, std::int64_t shift) {
  std::vector<Segment> segments;
  for (std::int64_t i = 0; i < runs; ++i) {
    segments.push_back({(i + shift) % runs, runs, count, i * count, 1});
  }
  return segments;
}

TEST_CASE("many interleaved runs are merged by element") {
  CHECK(Difference(Interleaved(100, 4, 0), Interleaved(80, 5, 3)) == "");
  std::mt19937 random(1);
  std::vector<std::int64_t> list(4000);
  for (std::size_t i = 0; i < list.size(); ++i) {
    list[i] = static_cast<std::int64_t>(i);
  }
  std::shuffle(list.begin(), list.end(), random);
  const auto map = DimensionMap::Unstructured({{list.begin(), list.begin() + 1500}, {list.begin() + 1500, list.end()}});
  CHECK(Difference(map.Segments(0), Interleaved(125, 32, 5)) == "");
  CHECK(Difference(map.Segments(1), DimensionMap::Cyclic(4000, 3, 7).Segments(2)) == "");
}

TEST_CASE("a million segments take time in the order of a million") {
  const std::int64_t size = 8'000'000;
  const auto cyclic = DimensionMap::Cyclic(size, 2, 4).Segments(1);
  REQUIRE(cyclic.size() == 1'000'000);
  const auto begin = std::chrono::steady_clock::now();
  std::int64_t total = 0;
  const auto count = [&total](const std::vector<Overlap>& overlaps) {
    for (const Overlap& overlap : overlaps) {
      total += overlap.count;
    }
  };
  count(Intersect(cyclic, DimensionMap::Block(size, 2).Segments(0)));
  count(Intersect(DimensionMap::Block(size, 2).Segments(1), cyclic));
  count(Intersect(cyclic, DimensionMap::Cyclic(size, 3, 5).Segments(0)));
  count(Intersect(cyclic, DimensionMap::Cyclic(size, 3, 5).Segments(1)));
  count(Intersect(cyclic, DimensionMap::Cyclic(size, 3, 5).Segments(2)));
  count(Intersect(Interleaved(1'000'000, 4, 0), Interleaved(800'000, 5, 3)));
  CHECK(total == size / 2 + size / 2 + 4'000'000);
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(60));
}

}  // namespace
}  // namespace distarray
