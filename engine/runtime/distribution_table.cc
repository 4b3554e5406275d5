#include "engine/runtime/distribution_table.h"

#include <absl/strings/str_cat.h>

#include "engine/base/error.h"

namespace distarray {

absl::StatusOr<DistributionPtr> DistributionTable::Find(std::int64_t id) const {
  const auto found = known_.find(id);
  if (found == known_.end()) {
    return Error(Reason::kInternal, absl::StrCat("distribution ", id, " is not known here"));
  }
  return found->second;
}

}  // namespace distarray
