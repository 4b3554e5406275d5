#include "engine/storage/memory_pool.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <random>
#include <vector>

#include "engine/base/error.h"
#include "engine/storage/available_memory.h"
#include "tests/support/catch.h"

namespace distarray {
namespace {

constexpr std::int64_t kMebi = std::int64_t{1} << 20;
constexpr std::int64_t kBudget = 3 * kMebi;

class FakeRegistry : public SegmentRegistry {
 public:
  void Register(std::int64_t segment, int fd, std::int64_t bytes) override {
    struct stat info {};
    REQUIRE(fstat(fd, &info) == 0);
    REQUIRE(info.st_size == bytes);
    REQUIRE(segments.emplace(segment, bytes).second);
  }
  void Unregister(std::int64_t segment) override { REQUIRE(segments.erase(segment) == 1); }

  std::map<std::int64_t, std::int64_t> segments;
};

Block Make(MemoryPool& pool, std::int64_t owner, std::int64_t bytes) {
  const auto block = pool.Allocate(owner, bytes);
  REQUIRE(block.ok());
  while (true) {
    const auto ready = pool.Prepare(*block, kBudget);
    REQUIRE(ready.ok());
    if (*ready) {
      return *block;
    }
  }
}

void Fill(const Block& block, int value) { std::memset(block.data, value, static_cast<std::size_t>(block.bytes)); }

bool AllAre(const Block& block, int value) {
  return std::all_of(block.data, block.data + block.bytes, [value](std::byte b) { return b == std::byte(value); });
}

TEST_CASE("blocks are aligned, zero when fresh and accounted for") {
  MemoryPool pool(nullptr, 64 * kMebi);
  std::vector<Block> blocks;
  for (const std::int64_t bytes : {1, 63, 64, 65, 4096, 1 << 20, (1 << 20) - 1, (5 << 20) + 3}) {
    blocks.push_back(Make(pool, 7, bytes));
    CHECK(blocks.back().bytes == bytes);
    CHECK(reinterpret_cast<std::uintptr_t>(blocks.back().data) % 64 == 0);
    CHECK(AllAre(blocks.back(), 0));
    Fill(blocks.back(), static_cast<int>(blocks.size()));
  }
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    CHECK(AllAre(blocks[i], static_cast<int>(i + 1)));
  }
  CHECK(pool.in_use() == pool.in_use(7));
  CHECK(pool.in_use() == 64 * 3 + 128 + 4096 + kMebi + kMebi + 5 * kMebi + 4096);
  CHECK(pool.in_use(8) == 0);
  CHECK(pool.reserved() >= pool.in_use());
  for (const Block& block : blocks) {
    pool.Free(block);
  }
  CHECK(pool.in_use() == 0);
  CHECK(pool.pooled() == pool.reserved());
  CHECK(pool.Trim(0, 1 << 30));
  CHECK(pool.reserved() == 0);
}

TEST_CASE("no bytes need no memory") {
  MemoryPool pool(nullptr, 0);
  const Block block = Make(pool, 1, 0);
  CHECK(block.data == nullptr);
  pool.Free(block);
  CHECK(pool.reserved() == 0);
}

TEST_CASE("large blocks have a segment of their own and are recycled by size class") {
  FakeRegistry registry;
  MemoryPool pool(&registry, 64 * kMebi);
  const Block a = Make(pool, 1, 2 * kMebi);
  const Block b = Make(pool, 1, 2 * kMebi);
  CHECK(a.segment != b.segment);
  CHECK(registry.segments.size() == 2);
  Fill(a, 5);
  pool.Free(a);
  CHECK(pool.pooled() == 2 * kMebi);
  const Block c = Make(pool, 1, 2 * kMebi - 5000);
  CHECK(c.segment == a.segment);
  CHECK(AllAre(c, 5));  // its own memory: not zeroed
  CHECK(registry.segments.size() == 2);
  pool.Free(c);
  const Block d = Make(pool, 1, 3 * kMebi);
  CHECK(d.segment != a.segment);
  pool.Free(b);
  pool.Free(d);
  CHECK(registry.segments.size() == 3);
  CHECK(pool.Trim(0, 1 << 30));
  CHECK(registry.segments.empty());
}

TEST_CASE("memory is zeroed before it passes to another owner") {
  MemoryPool pool(nullptr, 64 * kMebi);
  for (const std::int64_t bytes : {std::int64_t{1000}, 4 * kMebi, 9 * kMebi}) {
    const Block a = Make(pool, 1, bytes);
    Fill(a, 0x5a);
    pool.Free(a);
    const Block b = Make(pool, 2, bytes);
    CHECK(b.segment == a.segment);
    CHECK(AllAre(b, 0));
    pool.Free(b);
    pool.Trim(0, 1 << 30);
  }
}

TEST_CASE("a block freed before it was wholly zeroed is zeroed by the next") {
  MemoryPool pool(nullptr, 64 * kMebi);
  const Block a = Make(pool, 1, 8 * kMebi);
  Fill(a, 0x5a);
  pool.Free(a);
  const auto half = pool.Allocate(2, 8 * kMebi);
  REQUIRE(half.ok());
  CHECK_FALSE(*pool.Prepare(*half, kMebi));
  pool.Free(*half);
  const Block b = Make(pool, 2, 8 * kMebi);
  CHECK(b.segment == a.segment);
  CHECK(AllAre(b, 0));
  pool.Free(b);
}

TEST_CASE("small segments hold blocks of one owner") {
  MemoryPool pool(nullptr, 64 * kMebi);
  const Block a = Make(pool, 1, 100);
  const Block b = Make(pool, 2, 100);
  const Block c = Make(pool, 1, 100);
  CHECK(a.segment == c.segment);
  CHECK(a.segment != b.segment);
  CHECK(a.offset != c.offset);
  for (const Block& block : {a, b, c}) {
    pool.Free(block);
  }
  CHECK(pool.in_use() == 0);
}

TEST_CASE("a small block can have a segment of its own") {
  MemoryPool pool(nullptr, 64 * kMebi);
  const Block small = Make(pool, 1, 100);
  CHECK_FALSE(pool.IsAlone(small));
  CHECK(pool.IsAlone(Block{}));
  for (const std::int64_t bytes : {std::int64_t{1}, std::int64_t{100}, std::int64_t{5000}, kMebi}) {
    const auto block = pool.AllocateAlone(1, bytes);
    REQUIRE(block.ok());
    REQUIRE(*pool.Prepare(*block, kBudget));
    CHECK(pool.IsAlone(*block));
    CHECK(block->bytes == bytes);
    CHECK(block->offset == 0);
    Fill(*block, 3);
    const Block neighbour = Make(pool, 1, 100);
    CHECK(neighbour.segment != block->segment);
    pool.Free(neighbour);
    pool.Free(*block);
  }
  CHECK(pool.AllocateAlone(1, 0)->bytes == 0);
  pool.Free(small);
  CHECK(pool.in_use() == 0);
}

TEST_CASE("memory that was lent for writing is given back when its block is freed, not used again") {
  FakeRegistry registry;
  MemoryPool pool(&registry, 64 * kMebi);
  const Block read = Make(pool, 1, 2 * kMebi);
  const Block written = Make(pool, 1, 2 * kMebi);
  const Block both = Make(pool, 1, 2 * kMebi);
  REQUIRE(pool.Lend(read, false).ok());
  REQUIRE(pool.Lend(written, true).ok());
  REQUIRE(pool.Lend(both, true).ok());
  REQUIRE(pool.Lend(both, false).ok());
  for (const Block& block : {read, written, both}) {
    pool.Free(block);
  }
  CHECK(pool.in_use() == 0);
  CHECK(pool.over_limit());  // something is to be given back
  CHECK(pool.TakeEndedLoans() == std::vector<std::int64_t>{written.segment, both.segment});
  CHECK(pool.TakeEndedLoans().empty());
  // What was only read may be the owner's again, and nobody else's.
  const Block again = Make(pool, 1, 2 * kMebi);
  CHECK(again.segment == read.segment);
  pool.Free(again);
  const Block other = Make(pool, 2, 2 * kMebi);
  CHECK(registry.segments.contains(other.segment));
  for (const Block& old : {read, written, both}) {
    CHECK(other.segment != old.segment);
  }
  pool.Free(other);
  int steps = 0;
  while (!pool.Trim(0, kMebi)) {
    ++steps;
  }
  CHECK(steps >= 4);  // piece by piece
  CHECK(pool.reserved() == 0);
  CHECK(registry.segments.empty());
  CHECK(pool.TakeEndedLoans() == std::vector<std::int64_t>{read.segment});
}

TEST_CASE("what waits for reuse can be bounded and given back piece by piece") {
  MemoryPool pool(nullptr, 16 * kMebi);
  std::vector<Block> blocks;
  for (int i = 0; i < 4; ++i) {
    blocks.push_back(Make(pool, 1, 8 * kMebi));
  }
  for (const Block& block : blocks) {
    pool.Free(block);
  }
  CHECK(pool.over_limit());
  int steps = 0;
  while (!pool.Trim(pool.pooled_limit(), kMebi)) {
    ++steps;
  }
  CHECK(steps >= 15);
  CHECK_FALSE(pool.over_limit());
  CHECK(pool.pooled() == 16 * kMebi);
  CHECK(pool.reserved() == 16 * kMebi);
}

TEST_CASE("more memory than there is is an error") {
  MemoryPool pool(nullptr, 0);
  for (const std::int64_t bytes : {std::int64_t{1} << 62, TotalMemory() + kMebi}) {
    const auto block = pool.Allocate(1, bytes);
    if (block.ok()) {
      const auto ready = pool.Prepare(*block, kMebi);
      CHECK(ReasonOf(ready.status()) == Reason::kMemoryLimit);
      pool.Free(*block);
    } else {
      CHECK(ReasonOf(block.status()) == Reason::kMemoryLimit);
    }
  }
  pool.Trim(0, 1 << 30);
  CHECK(pool.reserved() == 0);
  CHECK(pool.in_use() == 0);
}

TEST_CASE("random use never makes two blocks overlap") {
  MemoryPool pool(nullptr, 8 * kMebi);
  std::mt19937 random(1);
  std::vector<std::pair<Block, int>> live;
  for (int step = 0; step < 3000; ++step) {
    if (live.size() > 60 || (!live.empty() && random() % 2 == 0)) {
      const std::size_t i = random() % live.size();
      REQUIRE(AllAre(live[i].first, live[i].second));
      pool.Free(live[i].first);
      live[i] = live.back();
      live.pop_back();
    } else {
      const auto bytes = static_cast<std::int64_t>(1 + random() % (random() % 8 == 0 ? 3000000u : 30000u));
      live.emplace_back(Make(pool, static_cast<std::int64_t>(random() % 3), bytes), static_cast<int>(random() % 255));
      Fill(live.back().first, live.back().second);
    }
    pool.Trim(pool.pooled_limit(), kMebi);
  }
  for (const auto& [block, value] : live) {
    CHECK(AllAre(block, value));
    pool.Free(block);
  }
  CHECK(pool.in_use() == 0);
}

}  // namespace
}  // namespace distarray
