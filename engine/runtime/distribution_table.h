#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "engine/base/status.h"
#include "engine/distribution/distribution.h"

namespace distarray {

/// The distributions that the front has made known, by number.
class DistributionTable {
 public:
  void Add(std::int64_t id, DistributionPtr distribution) { known_[id] = std::move(distribution); }
  void Erase(std::int64_t id) { known_.erase(id); }
  /// Error kInternal: there is none.
  absl::StatusOr<DistributionPtr> Find(std::int64_t id) const;

 private:
  std::unordered_map<std::int64_t, DistributionPtr> known_;
};

}  // namespace distarray
