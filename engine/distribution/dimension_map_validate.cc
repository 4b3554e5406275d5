#include <absl/strings/str_cat.h>

#include <algorithm>

#include "engine/base/error.h"
#include "engine/distribution/dimension_map.h"

namespace distarray {
namespace {

absl::Status Invalid(int dimension, absl::string_view what) {
  return Error(Reason::kInvalidValue, absl::StrCat("distribution of dimension ", dimension, ": ", what));
}

absl::Status ValidateBounds(const DimensionMap& map, int dimension) {
  if (static_cast<std::int64_t>(map.bounds.size()) - 1 != map.grid_size) {
    return Invalid(dimension, absl::StrCat("bounds has ", map.bounds.size(), " values, expected ", map.grid_size,
                                           " + 1 for ", map.grid_size, " processes"));
  }
  if (map.bounds.front() != 0 || map.bounds.back() != map.size) {
    return Invalid(dimension, absl::StrCat("bounds run from ", map.bounds.front(), " to ", map.bounds.back(),
                                           ", expected 0 to the size, ", map.size));
  }
  if (!std::is_sorted(map.bounds.begin(), map.bounds.end())) {
    return Invalid(dimension, "bounds must not decrease");
  }
  return absl::OkStatus();
}

absl::Status ValidateLists(const DimensionMap& map, int dimension) {
  if (!map.indices || static_cast<std::int64_t>(map.indices->size()) != map.grid_size) {
    return Invalid(dimension, absl::StrCat("unstructured lists are given for ", map.indices ? map.indices->size() : 0,
                                           " processes, expected ", map.grid_size));
  }
  std::int64_t total = 0;
  for (const auto& list : *map.indices) {
    total += static_cast<std::int64_t>(list.size());
  }
  if (total != map.size) {
    return Invalid(dimension, absl::StrCat("unstructured lists hold ", total, " indices, expected each of 0 to ",
                                           map.size, " (exclusive) once"));
  }
  std::vector<bool> seen(static_cast<std::size_t>(map.size), false);
  for (const auto& list : *map.indices) {
    for (const std::int64_t index : list) {
      if (index < 0 || index >= map.size) {
        return Invalid(dimension, absl::StrCat("unstructured index ", index, " is outside [0, ", map.size, ")"));
      }
      if (seen[static_cast<std::size_t>(index)]) {
        return Invalid(dimension, absl::StrCat("unstructured index ", index, " is listed twice"));
      }
      seen[static_cast<std::size_t>(index)] = true;
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status DimensionMap::Validate(int dimension) const {
  if (size < 0) {
    return Invalid(dimension, absl::StrCat("size ", size, " is negative"));
  }
  if (grid_size < 1) {
    return Invalid(dimension, absl::StrCat("a grid of ", grid_size, " processes, expected at least 1"));
  }
  if (communication_padding < 0 || boundary_padding < 0) {
    return Invalid(dimension, "padding must not be negative");
  }
  switch (kind) {
    case Kind::kWhole:
      return absl::OkStatus();
    case Kind::kBlock:
      return ValidateBounds(*this, dimension);
    case Kind::kCyclic:
      return block_size >= 1 ? absl::OkStatus()
                             : Invalid(dimension, absl::StrCat("block size ", block_size, ", expected at least 1"));
    case Kind::kUnstructured:
      return ValidateLists(*this, dimension);
  }
  return Invalid(dimension, absl::StrCat("unknown kind ", static_cast<int>(kind)));
}

}  // namespace distarray
