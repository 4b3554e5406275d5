#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace distarray {

/// Buffers of kChunkBytes bytes that messages are packed in, handed round between streams.
class Staging {
 public:
  static constexpr std::int64_t kChunkBytes = std::int64_t{1} << 20;
  using Chunk = std::unique_ptr<std::byte[]>;

  Chunk Take() {
    if (free_.empty()) {
      return std::make_unique_for_overwrite<std::byte[]>(static_cast<std::size_t>(kChunkBytes));
    }
    Chunk chunk = std::move(free_.back());
    free_.pop_back();
    return chunk;
  }
  void Give(Chunk chunk) {
    if (chunk != nullptr) {
      free_.push_back(std::move(chunk));
    }
  }

 private:
  std::vector<Chunk> free_;
};

}  // namespace distarray
