// Prints how long small commands take; checks only that they work.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <vector>

#include "tests/engine/runtime/cluster.h"
#include "tests/engine/runtime/programs.h"
#include "tests/support/mpi_test.h"

namespace distarray {
namespace {

using Clock = std::chrono::steady_clock;

double Microseconds(Clock::duration duration) { return std::chrono::duration<double, std::micro>(duration).count(); }

TEST_CASE("small commands") {
  Cluster cluster;
  if (!cluster.is_front()) {
    return;
  }
  const auto distribution = cluster.Block({16});
  const Distribution& space = cluster.distribution(distribution);
  const auto single = cluster.Define(ReducedDistribution(space, std::vector<int>{0}, false));
  ProgramBuilder builder;
  const ValueId value = builder.CastTo(builder.Index(0), DType::kFloat64);
  builder.Reduce("sum", builder.Apply("add", {value, builder.Number({1.0}, DType::kFloat64)}), {0});
  std::vector<double> times;
  for (int i = 0; i < 2000; ++i) {
    const NewBuffer result = cluster.New(single, DType::kFloat64);
    const auto begin = Clock::now();
    cluster.Send(cluster.all(), RunProgram{distribution, builder.program(), {}, {}, {result}});
    const auto fetched = cluster.Send({0}, FetchBytes{result.buffer, single});
    const auto reply = cluster.Await(fetched).front();
    times.push_back(Microseconds(Clock::now() - begin));
    cluster.Send({0}, FreeBuffers{{result.buffer}});
    if (reply.bytes.size() != sizeof(double)) {
      FAIL("no result");
    }
  }
  std::sort(times.begin(), times.end());
  std::printf("program with a sum, then fetch: p50 %.1f us, p99 %.1f us\n", times[times.size() / 2],
              times[times.size() * 99 / 100]);

  const auto begin = Clock::now();
  std::int64_t last = 0;
  constexpr int kCommands = 20000;
  ProgramBuilder plain;
  plain.Store(plain.CastTo(plain.Index(0), DType::kFloat64));
  for (int i = 0; i < kCommands; ++i) {
    const NewBuffer output = cluster.New(distribution, DType::kFloat64);
    last = cluster.Send(cluster.all(), RunProgram{distribution, plain.program(), {}, {output}, {}});
    cluster.Send(cluster.all(), FreeBuffers{{output.buffer}});
  }
  CHECK(cluster.StatusOf(last).ok());
  std::printf("pipelined programs: %.2f us each\n", Microseconds(Clock::now() - begin) / kCommands);
}

}  // namespace
}  // namespace distarray
