#include "engine/runtime/engine.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "tests/engine/runtime/cluster.h"
#include "tests/engine/runtime/programs.h"
#include "tests/support/mpi_test.h"

namespace distarray {
namespace {

/// A new int64 array of the positions along dimension 0.
RunProgram Arange(const NewBuffer& output) {
  ProgramBuilder builder;
  builder.Store(builder.Index(0));
  return {output.distribution, builder.program(), {}, {output}, {}};
}

std::vector<std::int64_t> Iota(std::int64_t count) {
  std::vector<std::int64_t> values(static_cast<std::size_t>(count));
  std::iota(values.begin(), values.end(), 0);
  return values;
}

TEST_CASE("bytes stored come back") {
  Cluster cluster;
  if (!cluster.is_front()) {
    return;
  }
  const int last = cluster.engine_count() - 1;
  const auto distribution = cluster.Define(SingleTarget({5}, last));
  const auto buffer = cluster.New(distribution, DType::kInt16);
  const std::string bytes("0123456789");
  const auto stored = cluster.Send({last}, StoreBytes{buffer, bytes});
  const auto fetched = cluster.Send({last}, FetchBytes{buffer.buffer, distribution});
  CHECK(cluster.StatusOf(stored).ok());
  CHECK(cluster.Await(fetched).front().bytes == bytes);
  CHECK(cluster.Fetch(buffer).value() == bytes);
}

TEST_CASE("large bytes stored come back") {
  Cluster cluster;
  if (!cluster.is_front()) {
    return;
  }
  const std::int64_t size = 40 << 20;
  const auto distribution = cluster.Define(SingleTarget({size}, 0));
  const auto buffer = cluster.New(distribution, DType::kInt8);
  std::string bytes(static_cast<std::size_t>(size), '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<char>(i * 7 + i / 1000);
  }
  CHECK(cluster.StatusOf(cluster.Send({0}, StoreBytes{buffer, bytes})).ok());
  const auto fetched = cluster.Fetch(buffer);
  CHECK(fetched.ok());
  CHECK((fetched.ok() && *fetched == bytes));
}

TEST_CASE("an array is computed, dealt out anew and gathered") {
  Cluster cluster;
  if (!cluster.is_front()) {
    return;
  }
  for (const std::int64_t size : {1, 10, 1000, 3000000}) {
    const auto block = cluster.New(cluster.Block({size}), DType::kInt64);
    const auto cyclic = cluster.New(
        cluster.Define({{DimensionMap::Cyclic(size, cluster.engine_count(), 3)}, cluster.all()}), DType::kInt64);
    const auto computed = cluster.Send(cluster.all(), Arange(block));
    const auto copied = cluster.Send(cluster.all(), Redistribute{cluster.Whole(block), cyclic});
    CHECK(cluster.StatusOf(computed).ok());
    CHECK(cluster.StatusOf(copied).ok());
    CHECK(cluster.FetchAs<std::int64_t>(block) == Iota(size));
    CHECK(cluster.FetchAs<std::int64_t>(cyclic) == Iota(size));
    cluster.Send(cluster.all(), FreeBuffers{{block.buffer, cyclic.buffer}});
    CHECK_FALSE(cluster.Fetch(block).ok());
  }
}

TEST_CASE("a redistribution can write into part of an array") {
  Cluster cluster;
  if (!cluster.is_front()) {
    return;
  }
  const auto base = cluster.New(cluster.Block({20}), DType::kInt64);
  const auto part = cluster.New(cluster.Define(SingleTarget({5}, cluster.engine_count() - 1)), DType::kInt64);
  cluster.Send(cluster.all(), Arange(base));
  cluster.Send({cluster.engine_count() - 1}, Arange(part));
  View view;
  view.dimensions = {{0, 18, -3, 5}};
  const auto copied = cluster.Send(
      cluster.all(), Redistribute{cluster.Whole(part), BufferView{base.buffer, base.distribution, base.dtype, view}});
  CHECK(cluster.StatusOf(copied).ok());
  auto expected = Iota(20);
  for (std::size_t i = 0; i < 5; ++i) {
    expected[18 - 3 * i] = static_cast<std::int64_t>(i);
  }
  CHECK(cluster.FetchAs<std::int64_t>(base) == expected);
}

TEST_CASE("targets that have nothing to do answer all the same") {
  Cluster cluster;
  if (!cluster.is_front()) {
    return;
  }
  const auto one = cluster.New(cluster.Define(SingleTarget({5}, 0)), DType::kInt64);
  CHECK(cluster.StatusOf(cluster.Send(cluster.all(), Arange(one))).ok());
  CHECK(cluster.Await(cluster.Send(cluster.all(), Arange(cluster.New(one.distribution, DType::kInt64)))).size() ==
        static_cast<std::size_t>(cluster.engine_count()));
}

TEST_CASE("thousands of queued commands are each answered once") {
  Cluster cluster;
  if (!cluster.is_front()) {
    return;
  }
  const auto distribution = cluster.Block({16});
  std::vector<std::int64_t> numbers;
  for (int i = 0; i < 20000; ++i) {
    const auto buffer = cluster.New(distribution, DType::kInt64);
    numbers.push_back(cluster.Send(cluster.all(), Arange(buffer), 1 + i % 3));
    cluster.Send(cluster.all(), FreeBuffers{{buffer.buffer}}, 1 + i % 3);
  }
  bool fine = true;
  for (const auto number : numbers) {
    fine = fine && cluster.StatusOf(number).ok();
  }
  CHECK(fine);
}

TEST_CASE("a long command does not hold up other lanes") {
  Cluster cluster;
  if (!cluster.is_front()) {
    return;
  }
  const auto large = cluster.Block({50000000});
  const auto small = cluster.Block({16});
  ProgramBuilder heavy;
  ValueId value = heavy.CastTo(heavy.Index(0), DType::kFloat64);
  for (int i = 0; i < 8; ++i) {
    value = heavy.Apply("sin", {value});
  }
  heavy.Reduce("sum", value, {0});
  const auto total = cluster.New(cluster.Define(SingleTarget({}, 0)), DType::kFloat64);
  const auto slow = cluster.Send(cluster.all(), RunProgram{large, heavy.program(), {}, {}, {total}}, 1);
  std::int64_t last = 0;
  for (int i = 0; i < 10; ++i) {
    last = cluster.Send(cluster.all(), Arange(cluster.New(small, DType::kInt64)), 2);
    CHECK(cluster.StatusOf(last).ok());
  }
  CHECK(std::count(cluster.order().begin(), cluster.order().end(), slow) == 0);
  CHECK(cluster.StatusOf(slow).ok());
}

TEST_CASE("distributions are forgotten only after the commands that need them") {
  Cluster cluster;
  if (!cluster.is_front()) {
    return;
  }
  const auto distribution = cluster.Block({5000000});
  std::vector<std::int64_t> numbers;
  for (int i = 0; i < 4; ++i) {
    const auto buffer = cluster.New(distribution, DType::kInt64);
    numbers.push_back(cluster.Send(cluster.all(), Arange(buffer)));
    cluster.Send(cluster.all(), FreeBuffers{{buffer.buffer}});
  }
  cluster.Send(cluster.all(), ForgetDistributions{{distribution}}, 0);
  for (const auto number : numbers) {
    CHECK(cluster.StatusOf(number).ok());
  }
  CHECK(cluster.StatusOf(cluster.Send(cluster.all(), Arange(cluster.New(cluster.Block({3}), DType::kInt64)))).ok());
  CHECK_FALSE(cluster.StatusOf(cluster.Send(cluster.all(), Arange(cluster.New(distribution, DType::kInt64)))).ok());
}

/// Seconds of processor time this process has had.
double ProcessorTime() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

TEST_CASE("an idle engine takes no processor time") {
  double used = ProcessorTime();
  Cluster cluster;
  if (cluster.is_front()) {
    CHECK(cluster.StatusOf(cluster.Send(cluster.all(), Arange(cluster.New(cluster.Block({10}), DType::kInt64)))).ok());
    sleep(2);
    return;
  }
  used = ProcessorTime() - used;
  CHECK(used < 0.1);
}

TEST_CASE("engines end when the front says so, and when it is gone") {
  int result = 0;
  {
    Cluster cluster;
    result = cluster.engine_result();
  }
  REQUIRE_ON_ALL(result == 0);
  Cluster cluster;
  if (cluster.is_front()) {
    cluster.Abandon();
  }
  REQUIRE_ON_ALL(cluster.is_front() || cluster.engine_result() == 1);
}

}  // namespace
}  // namespace distarray
