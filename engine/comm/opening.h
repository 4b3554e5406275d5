#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/status.h"

namespace distarray {

/// The first message of every stream from one engine to another: how long the stream is and, if it is short, its bytes;
/// or why there is none, so that a peer whose input failed leaves nobody waiting. Bytes that are not in the opening
/// follow in messages of their own.
struct Opening {
  static constexpr std::int64_t kInline = std::int64_t{16} << 10;  // streams up to this many bytes are in the opening
  static constexpr std::int64_t kCapacity = kInline + 16;          // room that an opening needs at most

  std::int64_t stream_bytes = 0;
  std::span<const std::byte> bytes;  // all of the stream, or none of it

  bool whole() const { return static_cast<std::int64_t>(bytes.size()) == stream_bytes; }
};

/// An opening with room for `inline_bytes` bytes of the stream at its end: all of them, or 0.
std::string MakeOpening(std::int64_t stream_bytes, std::int64_t inline_bytes);
/// Where the inline bytes go.
std::byte* InlineBytesOf(std::string& opening);
/// An opening that says why there is no stream. Precondition: !status.ok().
std::string MakeFailedOpening(const absl::Status& status);
/// Borrows from `message`. The error is the sender's, or kInternal for bytes that are no opening.
absl::StatusOr<Opening> ReadOpening(std::string_view message);

}  // namespace distarray
