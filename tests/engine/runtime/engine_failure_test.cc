// What fails poisons what depends on it, and holds nobody up.
#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "tests/engine/runtime/cluster.h"
#include "tests/engine/runtime/programs.h"
#include "tests/support/mpi_test.h"

namespace distarray {
namespace {

constexpr std::int64_t kSize = 1000;

/// An array that is poisoned on one engine only: 2 ** (the position counted from that engine's end, so negative),
/// int64.
NewBuffer MakeBroken(Cluster& cluster, DistributionId distribution, std::int64_t first_bad) {
  ProgramBuilder builder;
  const ValueId limit = builder.Number({first_bad - 1}, DType::kInt64);
  const ValueId exponent = builder.Apply("subtract", {limit, builder.Index(0)});
  builder.Store(builder.Apply("power", {builder.Number({std::int64_t{1}}, DType::kInt64), exponent}));
  const NewBuffer buffer = cluster.New(distribution, DType::kInt64);
  cluster.Send(cluster.all(), RunProgram{distribution, builder.program(), {}, {buffer}, {}});
  return buffer;
}

RunProgram Copy(const Cluster& cluster, const NewBuffer& from, const OutputBuffer& to) {
  ProgramBuilder builder;
  builder.Store(builder.Load(from.dtype));
  return {from.distribution, builder.program(), {cluster.Whole(from)}, {to}, {}};
}

NewBuffer MakeOnes(Cluster& cluster, DistributionId distribution) {
  ProgramBuilder builder;
  builder.Store(builder.Number({std::int64_t{1}}, DType::kInt64));
  const NewBuffer buffer = cluster.New(distribution, DType::kInt64);
  cluster.Send(cluster.all(), RunProgram{distribution, builder.program(), {}, {buffer}, {}});
  return buffer;
}

TEST_CASE("an operation that fails on the last engine fails all that depends on it") {
  Cluster cluster;
  if (!cluster.is_front()) {
    return;
  }
  const auto distribution = cluster.Block({kSize});
  const auto cyclic = cluster.Define({{DimensionMap::Cyclic(kSize, cluster.engine_count())}, cluster.all()});
  const NewBuffer broken = MakeBroken(cluster, distribution, kSize - 1);
  const NewBuffer copy = cluster.New(distribution, DType::kInt64);
  const NewBuffer dealt = cluster.New(cyclic, DType::kInt64);
  const auto copied = cluster.Send(cluster.all(), Copy(cluster, broken, copy));
  const auto redistributed = cluster.Send(cluster.all(), Redistribute{cluster.Whole(copy), dealt});
  const auto replies = cluster.Await(copied);
  for (int t = 0; t < cluster.engine_count(); ++t) {
    const bool last = t == cluster.engine_count() - 1;
    CHECK(replies[static_cast<std::size_t>(t)].reason == (last ? Reason::kInvalidValue : Reason::kUnspecified));
  }
  for (const CommandReply& reply : cluster.Await(redistributed)) {
    CHECK(reply.reason == Reason::kInvalidValue);
    CHECK(reply.message == replies.back().message);
  }
  CHECK(ReasonOf(cluster.Fetch(dealt).status()) == Reason::kInvalidValue);

  // A reduction's partial results come from everywhere.
  ProgramBuilder builder;
  builder.Reduce("sum", builder.Load(DType::kInt64), {0});
  const NewBuffer total = cluster.New(cluster.Define(SingleTarget({}, 0)), DType::kInt64);
  const auto reduced =
      cluster.Send(cluster.all(), RunProgram{distribution, builder.program(), {cluster.Whole(broken)}, {}, {total}});
  CHECK(cluster.Await(reduced).front().reason == Reason::kInvalidValue);
  CHECK(ReasonOf(cluster.Fetch(total).status()) == Reason::kInvalidValue);

  const NewBuffer ones = MakeOnes(cluster, distribution);
  CHECK(cluster.FetchAs<std::int64_t>(ones) == std::vector<std::int64_t>(kSize, 1));
}

TEST_CASE("an owner of a result that failed still takes the others' partial results") {
  Cluster cluster;
  if (!cluster.is_front()) {
    return;
  }
  // Engine 0 holds the last elements, the bad ones.
  std::vector<int> targets = cluster.all();
  std::vector<std::int64_t> bounds{0};
  DimensionMap::IndexLists lists(targets.size());
  for (std::int64_t i = 0; i < 300000; ++i) {
    lists[static_cast<std::size_t>(i == 299999 ? 0 : i % cluster.engine_count())].push_back(i);
  }
  const auto distribution = cluster.Define({{DimensionMap::Unstructured(lists), DimensionMap::Whole(1)}, targets});
  const NewBuffer broken = MakeBroken(cluster, distribution, 299999);
  ProgramBuilder builder;
  builder.Reduce("sum", builder.Load(DType::kInt64), {0});
  const NewBuffer total = cluster.New(cluster.Define(SingleTarget({1}, 0)), DType::kInt64);
  const RunProgram run{distribution, builder.program(), {cluster.Whole(broken)}, {}, {total}};
  CHECK(cluster.Await(cluster.Send(cluster.all(), run)).front().reason == Reason::kInvalidValue);
  CHECK_FALSE(cluster.Fetch(total).ok());
}

TEST_CASE("too large an array is an error, and the engines go on") {
  Cluster cluster;
  if (!cluster.is_front()) {
    return;
  }
  const auto enormous = cluster.Define(SingleTarget({std::int64_t{1} << 44}, 0));
  const NewBuffer buffer = cluster.New(enormous, DType::kInt64);
  ProgramBuilder builder;
  builder.Store(builder.Index(0));
  const auto made = cluster.Send(cluster.all(), RunProgram{enormous, builder.program(), {}, {buffer}, {}});
  CHECK(cluster.Await(made).front().reason == Reason::kMemoryLimit);
  CHECK(ReasonOf(cluster.StatusOf(cluster.Send({0}, FetchBytes{buffer.buffer, enormous}))) == Reason::kMemoryLimit);

  // No room at the destination: the sources are not held up.
  const auto block = cluster.Block({kSize});
  const NewBuffer ones = MakeOnes(cluster, block);
  const NewBuffer few = MakeOnes(cluster, cluster.Define(SingleTarget({kSize}, 0)));
  View repeated;
  repeated.dimensions = {{-1, 0, 0, std::int64_t{1} << 42}, {0, 0, 1, kSize}};
  const NewBuffer wide = cluster.New(cluster.Define(SingleTarget(repeated.shape(), 0)), DType::kInt64);
  const BufferView source{few.buffer, few.distribution, few.dtype, repeated};
  CHECK(cluster.Await(cluster.Send({0}, Redistribute{source, wide})).front().reason == Reason::kMemoryLimit);
  CHECK(cluster.FetchAs<std::int64_t>(ones) == std::vector<std::int64_t>(kSize, 1));
}

TEST_CASE("an array in place stays as it was when the operands of an operation failed") {
  Cluster cluster;
  if (!cluster.is_front()) {
    return;
  }
  const auto distribution = cluster.Block({kSize});
  const NewBuffer ones = MakeOnes(cluster, distribution);
  const NewBuffer broken = MakeBroken(cluster, distribution, 0);  // everywhere
  CHECK_FALSE(cluster.StatusOf(cluster.Send(cluster.all(), Copy(cluster, broken, cluster.Whole(ones)))).ok());
  CHECK_FALSE(
      cluster.StatusOf(cluster.Send(cluster.all(), Redistribute{cluster.Whole(broken), cluster.Whole(ones)})).ok());
  CHECK(cluster.FetchAs<std::int64_t>(ones) == std::vector<std::int64_t>(kSize, 1));
}

TEST_CASE("commands that make no sense are errors") {
  Cluster cluster;
  if (!cluster.is_front()) {
    return;
  }
  const auto distribution = cluster.Block({kSize});
  const NewBuffer ones = MakeOnes(cluster, distribution);
  const NewBuffer absent = cluster.New(distribution, DType::kInt64);
  const auto reason = [&](CommandBody body) {
    return ReasonOf(cluster.StatusOf(cluster.Send(cluster.all(), std::move(body))));
  };
  CHECK(reason(Copy(cluster, absent, cluster.New(distribution, DType::kInt64))) == Reason::kInternal);
  CHECK(reason(FetchBytes{absent.buffer, distribution}) == Reason::kInternal);
  NewBuffer wrong = ones;
  wrong.dtype = DType::kFloat64;
  CHECK(reason(Copy(cluster, wrong, cluster.New(distribution, DType::kFloat64))) == Reason::kInternal);
  CHECK(reason(Redistribute{cluster.Whole(ones), cluster.New(cluster.Block({kSize + 1}), DType::kInt64)}) ==
        Reason::kInternal);
  RunProgram bad = Copy(cluster, ones, cluster.New(distribution, DType::kInt64));
  bad.operands.clear();
  CHECK(reason(bad) == Reason::kInternal);
  CHECK(reason(StoreBytes{cluster.New(cluster.Define(SingleTarget({4}, 0)), DType::kInt8), "12345"}) ==
        Reason::kInternal);
  CHECK(cluster.FetchAs<std::int64_t>(ones) == std::vector<std::int64_t>(kSize, 1));
}

}  // namespace
}  // namespace distarray
