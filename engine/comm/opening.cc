#include "engine/comm/opening.h"

#include <algorithm>
#include <cstring>

#include "engine/base/error.h"

namespace distarray {
namespace {

struct Head {
  std::int32_t reason = 0;     // 0: a stream
  std::int32_t following = 0;  // bytes after this, of text or of the stream
  std::int64_t stream_bytes = 0;
};
static_assert(Opening::kCapacity == Opening::kInline + static_cast<std::int64_t>(sizeof(Head)));

}  // namespace

std::string MakeOpening(std::int64_t stream_bytes, std::int64_t inline_bytes) {
  const Head head{0, static_cast<std::int32_t>(inline_bytes), stream_bytes};
  std::string message(sizeof(head) + static_cast<std::size_t>(inline_bytes), '\0');
  std::memcpy(message.data(), &head, sizeof(head));
  return message;
}

std::byte* InlineBytesOf(std::string& opening) { return reinterpret_cast<std::byte*>(opening.data() + sizeof(Head)); }

std::string MakeFailedOpening(const absl::Status& status) {
  const auto length = std::min<std::size_t>(status.message().size(), Opening::kInline);
  const Head head{static_cast<std::int32_t>(ReasonOf(status)), static_cast<std::int32_t>(length), 0};
  std::string message(sizeof(head) + length, '\0');
  std::memcpy(message.data(), &head, sizeof(head));
  std::memcpy(message.data() + sizeof(head), status.message().data(), length);
  return message;
}

absl::StatusOr<Opening> ReadOpening(std::string_view message) {
  Head head;
  if (message.size() < sizeof(head)) {
    return Error(Reason::kInternal, "a message from another engine opens no stream");
  }
  std::memcpy(&head, message.data(), sizeof(head));
  message.remove_prefix(sizeof(head));
  if (message.size() != static_cast<std::size_t>(head.following)) {
    return Error(Reason::kInternal, "a message from another engine opens no stream");
  }
  if (head.reason != 0) {
    return Error(static_cast<Reason>(head.reason), message);
  }
  return Opening{head.stream_bytes, {reinterpret_cast<const std::byte*>(message.data()), message.size()}};
}

}  // namespace distarray
