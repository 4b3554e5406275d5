#include "engine/storage/buffer_store.h"

#include <memory>

#include "engine/base/error.h"
#include "tests/support/catch.h"

namespace distarray {
namespace {

TEST_CASE("buffers are found by number until they are erased, and give their memory back") {
  MemoryPool pool(nullptr, 0);
  BufferStore store;
  const auto block = pool.Allocate(3, 800);
  REQUIRE(block.ok());
  REQUIRE(store.Add(5, std::make_shared<Buffer>(&pool, *block, nullptr, DType::kFloat64, 3)).ok());
  CHECK(store.count() == 1);
  auto found = store.Find(5);
  REQUIRE(found.ok());
  CHECK((*found)->data() == block->data);
  CHECK_FALSE(store.Find(6).ok());

  store.Erase(5);
  store.Erase(5);
  CHECK_FALSE(store.Find(5).ok());
  CHECK(pool.in_use() > 0);  // somebody still uses it
  found->reset();
  CHECK(pool.in_use() == 0);
}

TEST_CASE("a number is taken once") {
  MemoryPool pool(nullptr, 0);
  BufferStore store;
  REQUIRE(store.Add(5, std::make_shared<Buffer>(&pool, Block{}, nullptr, DType::kInt8, 3)).ok());
  CHECK_FALSE(store.Add(5, std::make_shared<Buffer>(&pool, Block{}, nullptr, DType::kInt8, 3)).ok());
}

TEST_CASE("a poisoned buffer keeps its first reason") {
  MemoryPool pool(nullptr, 0);
  Buffer buffer(&pool, Block{}, nullptr, DType::kInt8, 3);
  CHECK(buffer.status().ok());
  buffer.Poison(Error(Reason::kMemoryLimit, "first"));
  buffer.Poison(Error(Reason::kInternal, "second"));
  CHECK(ReasonOf(buffer.status()) == Reason::kMemoryLimit);
  CHECK(buffer.status().message() == "first");
}

}  // namespace
}  // namespace distarray
