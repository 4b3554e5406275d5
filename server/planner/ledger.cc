#include "server/planner/ledger.h"

#include <absl/strings/str_cat.h>

#include "engine/base/error.h"

namespace distarray::server {

absl::StatusOr<Ledger::Charge> Ledger::Reserve(std::int64_t bytes) {
  if (bytes > books_->limit - books_->used) {
    absl::Status refused =
        Error(Reason::kMemoryLimit,
              absl::StrCat("memory limit: ", bytes, " bytes asked for, ", books_->used, " of ", books_->limit,
                           " bytes in use; delete arrays, or start the daemon with a larger --memory-limit"));
    AddDetail(refused, "asked_bytes", bytes);
    AddDetail(refused, "used_bytes", books_->used);
    AddDetail(refused, "limit_bytes", books_->limit);
    return refused;
  }
  books_->used += bytes;
  Charge charge;
  charge.books_ = books_;
  charge.bytes_ = bytes;
  return charge;
}

}  // namespace distarray::server
