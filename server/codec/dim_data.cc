#include "server/codec/dim_data.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace distarray::server {
namespace {

using nlohmann::json;

absl::Status Unfit(std::size_t dimension, const std::string& what) {
  return Error(Reason::kInvalidValue,
               absl::StrCat("the targets' local arrays do not make one array: dimension ", dimension, ": ", what));
}

/// One dimension of one target's part; an empty dict is a whole one.
struct Entry {
  std::string kind = "b";
  std::int64_t size = 0;
  std::int64_t grid_size = 1;
  std::int64_t rank = 0;
  std::int64_t start = 0;
  std::int64_t stop = 0;
  std::int64_t block_size = 1;
  bool periodic = false;
  std::vector<std::int64_t> indices;
};

std::optional<std::int64_t> IntegerOf(const json& dict, const char* name, std::optional<std::int64_t> fallback = {}) {
  const auto found = dict.find(name);
  if (found == dict.end()) {
    return fallback;
  }
  return found->is_number_integer() ? std::optional(found->get<std::int64_t>()) : std::nullopt;
}

absl::StatusOr<Entry> ParseEntry(const json& dict, std::size_t dimension) {
  const auto missing = [&](const char* name) {
    return Unfit(dimension, absl::StrCat("\"", name, "\" is missing or no integer"));
  };
  Entry entry;
  if (!dict.is_object()) {
    return Unfit(dimension, "dim_data has no dict for it");
  }
  const auto kind = dict.find("dist_type");
  if (kind == dict.end() || !kind->is_string()) {
    return Unfit(dimension, "\"dist_type\" is missing");
  }
  entry.kind = kind->get<std::string>();
  const auto take = [&dict](const char* name, std::int64_t& field, std::optional<std::int64_t> fallback = {}) {
    const std::optional<std::int64_t> value = IntegerOf(dict, name, fallback);
    field = value.value_or(0);
    return value.has_value() && *value >= 0;
  };
  for (const auto& [name, field] : {std::pair("size", &entry.size), std::pair("proc_grid_size", &entry.grid_size),
                                    std::pair("proc_grid_rank", &entry.rank)}) {
    if (!take(name, *field)) {
      return missing(name);
    }
  }
  if (entry.kind == "b" && !(take("start", entry.start) && take("stop", entry.stop))) {
    return missing("start, stop");
  }
  const auto periodic = dict.find("periodic");
  entry.periodic = periodic != dict.end() && *periodic == true;
  if (entry.kind == "c" && !(take("block_size", entry.block_size, 1) && entry.block_size > 0)) {
    return missing("block_size");
  }
  if (entry.kind == "u") {
    const auto indices = dict.find("indices");
    if (indices == dict.end() || !indices->is_array() ||
        !std::all_of(indices->begin(), indices->end(), [](const json& each) { return each.is_number_integer(); })) {
      return missing("indices");
    }
    entry.indices = indices->get<std::vector<std::int64_t>>();
  }
  return entry;
}

absl::StatusOr<DimensionMap> MapOf(const std::vector<Entry>& by_rank, std::size_t dimension) {
  const Entry& first = by_rank.front();
  for (const Entry& entry : by_rank) {
    if (entry.kind != first.kind || entry.size != first.size || entry.block_size != first.block_size) {
      return Unfit(dimension, absl::StrCat("process 0 says ", first.kind, " of size ", first.size, ", process ",
                                           entry.rank, " ", entry.kind, " of size ", entry.size));
    }
  }
  if (first.kind == "c") {
    return DimensionMap::Cyclic(first.size, first.grid_size, first.block_size);
  }
  if (first.kind == "u") {
    DimensionMap::IndexLists lists;
    for (const Entry& entry : by_rank) {
      lists.push_back(entry.indices);
    }
    DimensionMap map = DimensionMap::Unstructured(std::move(lists));
    if (map.size != first.size) {
      return Unfit(dimension, absl::StrCat("the lists have ", map.size, " indices; its size is ", first.size));
    }
    return map;
  }
  if (first.kind != "b") {
    return Unfit(dimension, absl::StrCat("\"dist_type\" is \"", first.kind, "\"; expected b, c or u"));
  }
  std::vector<std::int64_t> bounds = {0};
  for (const Entry& entry : by_rank) {
    if (entry.start != bounds.back() || entry.stop < entry.start) {
      return Unfit(dimension, absl::StrCat("process ", entry.rank, " holds [", entry.start, ", ", entry.stop,
                                           "); expected a block that starts at ", bounds.back()));
    }
    bounds.push_back(entry.stop);
  }
  if (bounds.back() != first.size) {
    return Unfit(dimension, absl::StrCat("the blocks end at ", bounds.back(), "; its size is ", first.size));
  }
  if (by_rank.size() == 1 && !first.periodic) {
    return DimensionMap::Whole(first.size);
  }
  DimensionMap map = DimensionMap::Block(std::move(bounds));
  map.periodic = first.periodic;
  return map;
}

/// The entries of one dimension by process: each named by some target, all targets that name it agreeing.
absl::StatusOr<std::vector<Entry>> ByRank(const std::vector<Entry>& entries, std::size_t dimension) {
  const std::int64_t count = entries.front().grid_size;
  if (count < 1 || count > static_cast<std::int64_t>(entries.size())) {
    return Unfit(dimension, absl::StrCat("a process grid of ", count, " for ", entries.size(), " targets"));
  }
  std::vector<std::optional<Entry>> found(static_cast<std::size_t>(count));
  for (const Entry& entry : entries) {
    if (entry.grid_size != count || entry.rank >= count) {
      return Unfit(dimension, absl::StrCat("process ", entry.rank, " of ", entry.grid_size, " for ", entries.size(),
                                           " targets, ", count, " processes said first"));
    }
    auto& slot = found[static_cast<std::size_t>(entry.rank)];
    if (slot && (slot->start != entry.start || slot->stop != entry.stop || slot->indices != entry.indices)) {
      return Unfit(dimension, absl::StrCat("two targets tell of process ", entry.rank, " differently"));
    }
    slot = entry;
  }
  std::vector<Entry> by_rank;
  for (std::size_t rank = 0; rank < found.size(); ++rank) {
    if (!found[rank]) {
      return Unfit(dimension, absl::StrCat("no target tells of process ", rank));
    }
    by_rank.push_back(*found[rank]);
  }
  return by_rank;
}

}  // namespace

absl::StatusOr<Distribution> DistributionFromDimData(const std::vector<json>& dim_data, const std::vector<int>& targets,
                                                     int engine_count) {
  Distribution distribution;
  std::vector<std::vector<std::int64_t>> coordinates(targets.size());
  const std::size_t ndim = dim_data.front().size();
  for (const json& each : dim_data) {
    if (!each.is_array() || each.size() != ndim) {
      return Error(Reason::kInvalidValue, absl::StrCat("the targets' local arrays do not make one array: one has ",
                                                       ndim, " dimensions, another ", each.size()));
    }
  }
  for (std::size_t dimension = 0; dimension < ndim; ++dimension) {
    std::vector<Entry> entries;
    for (std::size_t i = 0; i < dim_data.size(); ++i) {
      DA_ASSIGN_OR_RETURN(Entry entry, ParseEntry(dim_data[i][dimension], dimension));
      coordinates[i].push_back(entry.rank);
      entries.push_back(std::move(entry));
    }
    DA_ASSIGN_OR_RETURN(const std::vector<Entry> by_rank, ByRank(entries, dimension));
    DA_ASSIGN_OR_RETURN(DimensionMap map, MapOf(by_rank, dimension));
    distribution.dimensions.push_back(std::move(map));
  }
  std::int64_t processes = 1;
  for (const DimensionMap& map : distribution.dimensions) {
    processes *= map.grid_size;
  }
  if (processes != static_cast<std::int64_t>(targets.size())) {
    return Error(Reason::kInvalidValue,
                 absl::StrCat("the targets' local arrays do not make one array: their process grid has ", processes,
                              " processes, ", targets.size(), " targets returned one"));
  }
  distribution.targets.assign(targets.size(), -1);
  for (std::size_t i = 0; i < targets.size(); ++i) {
    int& place = distribution.targets[static_cast<std::size_t>(distribution.RankAt(coordinates[i]))];
    if (place >= 0) {
      return Error(Reason::kInvalidValue, absl::StrCat("the targets' local arrays do not make one array: targets ",
                                                       place, " and ", targets[i], " hold the same part"));
    }
    place = targets[i];
  }
  DA_RETURN_IF_ERROR(distribution.Validate(engine_count));
  return distribution;
}

}  // namespace distarray::server
