// To and from the front: StoreBytes and FetchBytes.
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <cstring>

#include "engine/runtime/execute.h"
#include "engine/runtime/new_buffer.h"

namespace distarray {
namespace {

constexpr std::size_t kPiece = std::size_t{4} << 20;

Task CopyInSlices(Execution& execution, std::byte* to, const std::byte* from, std::size_t bytes) {
  while (bytes > 0) {
    const std::size_t piece = std::min(bytes, kPiece);
    std::memcpy(to, from, piece);
    to += piece;
    from += piece;
    bytes -= piece;
    if (bytes > 0 && execution.turn.Over()) {
      co_await execution.turn.Yield();
    }
  }
  co_return absl::OkStatus();
}

}  // namespace

Task ExecuteStore(Execution& execution, const StoreBytes& command) {
  PendingBuffer pending{command.buffer, nullptr, nullptr};
  absl::Status status = co_await Make(execution, pending);
  const auto bytes = static_cast<std::int64_t>(command.bytes.size());
  if (status.ok() && pending.buffer == nullptr) {
    status = Error(Reason::kInternal, absl::StrCat("buffer ", command.buffer.buffer, " has no part here to store"));
  } else if (status.ok() && pending.buffer->bytes() != bytes) {
    status = Error(Reason::kInternal, absl::StrCat(bytes, " bytes came for a buffer of ", pending.buffer->bytes()));
  }
  if (status.ok()) {
    status = co_await CopyInSlices(execution, pending.buffer->data(),
                                   reinterpret_cast<const std::byte*>(command.bytes.data()), command.bytes.size());
  }
  status.Update(pending.Publish(execution, status));
  co_return status;
}

Task ExecuteFetch(Execution& execution, const FetchBytes& command) {
  const auto buffer = execution.services.store.Find(command.buffer);
  if (!buffer.ok()) {
    co_return buffer.status();
  }
  if (!(*buffer)->status().ok()) {
    co_return (*buffer)->status();
  }
  const auto bytes = static_cast<std::size_t>((*buffer)->bytes());
  execution.reply_bytes.resize(bytes);
  co_return co_await CopyInSlices(execution, reinterpret_cast<std::byte*>(execution.reply_bytes.data()),
                                  (*buffer)->data(), bytes);
}

}  // namespace distarray
