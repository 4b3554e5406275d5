#include "engine/storage/buffer_store.h"

#include <absl/strings/str_cat.h>

#include <utility>

#include "engine/base/error.h"

namespace distarray {

absl::Status BufferStore::Add(std::int64_t id, BufferPtr buffer) {
  if (!buffers_.emplace(id, std::move(buffer)).second) {
    return Error(Reason::kInternal, absl::StrCat("buffer ", id, " exists already"));
  }
  return absl::OkStatus();
}

absl::StatusOr<BufferPtr> BufferStore::Find(std::int64_t id) const {
  const auto found = buffers_.find(id);
  if (found == buffers_.end()) {
    return Error(Reason::kInternal, absl::StrCat("buffer ", id, " is not stored here"));
  }
  return found->second;
}

}  // namespace distarray
