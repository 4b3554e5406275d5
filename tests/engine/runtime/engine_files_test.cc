#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "tests/engine/runtime/cluster.h"
#include "tests/engine/runtime/programs.h"
#include "tests/support/mpi_test.h"

namespace distarray {
namespace {

/// A folder that goes with the test.
struct Folder {
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "distarray-engine-XXXXXX").string();
    path = mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string path;
};

TEST_CASE("an array is saved, described and loaded with another distribution") {
  Cluster cluster;
  if (!cluster.is_front()) {
    return;
  }
  const Folder folder;
  const std::string path = folder.path + "/a.h5";
  const auto block = cluster.Block({100});
  const NewBuffer array = cluster.New(block, DType::kInt32);
  ProgramBuilder builder;
  builder.Store(builder.CastTo(builder.Index(0), DType::kInt32));
  cluster.Send(cluster.all(), RunProgram{block, builder.program(), {}, {array}, {}});
  const auto saved = cluster.Send(cluster.all(), SaveHdf5{cluster.Whole(array), path, "group/x", SaveMode::kWrite});
  CHECK(cluster.StatusOf(saved).ok());
  const auto inspected = cluster.Await(cluster.Send({0}, InspectHdf5{0, path, "group/x"})).front();
  const auto info = DatasetInfo::Decode(inspected.bytes);
  CHECK(info.ok());
  CHECK((info.ok() && info->shape == Shape{100} && info->dtype == DType::kInt32));

  std::vector<int> targets = cluster.all();
  std::reverse(targets.begin(), targets.end());
  const auto cyclic = cluster.Define({{DimensionMap::Cyclic(100, cluster.engine_count())}, targets});
  const NewBuffer loaded = cluster.New(cyclic, DType::kInt32);
  CHECK(cluster.StatusOf(cluster.Send(cluster.all(), LoadHdf5{loaded, path, "group/x"})).ok());
  CHECK(cluster.FetchAs<std::int32_t>(loaded) == cluster.FetchAs<std::int32_t>(array));
  // On one engine only.
  const NewBuffer alone = cluster.New(cluster.Define(SingleTarget({100}, cluster.engine_count() - 1)), DType::kInt32);
  CHECK(cluster.StatusOf(cluster.Send({cluster.engine_count() - 1}, LoadHdf5{alone, path, "group/x"})).ok());
  CHECK(cluster.FetchAs<std::int32_t>(alone) == cluster.FetchAs<std::int32_t>(array));
}

TEST_CASE("files fail on all engines alike") {
  Cluster cluster;
  if (!cluster.is_front()) {
    return;
  }
  const Folder folder;
  const auto block = cluster.Block({100});
  const NewBuffer absent = cluster.New(block, DType::kInt32);
  const auto load = cluster.Send(cluster.all(), LoadHdf5{absent, folder.path + "/none.h5", "x"});
  for (const CommandReply& reply : cluster.Await(load)) {
    CHECK(reply.reason == Reason::kFileNotFound);
  }
  const auto save =
      cluster.Send(cluster.all(), SaveHdf5{cluster.Whole(absent), folder.path + "/b.h5", "x", SaveMode::kWrite});
  for (const CommandReply& reply : cluster.Await(save)) {
    CHECK(reply.reason == Reason::kFileNotFound);
  }
  CHECK_FALSE(std::filesystem::exists(folder.path + "/b.h5"));
  CHECK(cluster.Await(cluster.Send({0}, InspectHdf5{0, folder.path + "/none.h5", "x"})).front().reason ==
        Reason::kFileNotFound);
}

TEST_CASE("what failed on one engine is not saved by any") {
  Cluster cluster;
  if (!cluster.is_front()) {
    return;
  }
  const Folder folder;
  const auto block = cluster.Block({100});
  const NewBuffer array = cluster.New(block, DType::kInt64);
  ProgramBuilder builder;
  const ValueId exponent =
      builder.Apply("subtract", {builder.Number({std::int64_t{98}}, DType::kInt64), builder.Index(0)});
  builder.Store(builder.Apply("power", {builder.Number({std::int64_t{1}}, DType::kInt64), exponent}));
  cluster.Send(cluster.all(), RunProgram{block, builder.program(), {}, {array}, {}});
  const auto save =
      cluster.Send(cluster.all(), SaveHdf5{cluster.Whole(array), folder.path + "/b.h5", "x", SaveMode::kWrite});
  for (const CommandReply& reply : cluster.Await(save)) {
    CHECK(reply.reason == Reason::kInvalidValue);
  }
  CHECK(std::filesystem::is_empty(folder.path));
}

}  // namespace
}  // namespace distarray
