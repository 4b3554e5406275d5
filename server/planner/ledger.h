#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "engine/base/status.h"

namespace distarray::server {

/// Counts the bytes of all arrays against the daemon's limit.
class Ledger {
 private:
  struct Books {
    std::int64_t limit = 0;
    std::int64_t used = 0;
  };

 public:
  explicit Ledger(std::int64_t limit_bytes) : books_(std::make_shared<Books>(Books{.limit = limit_bytes})) {}

  /// Bytes charged until it is destroyed or assigned to.
  class Charge {
   public:
    Charge() = default;
    Charge(Charge&& other) noexcept : books_(std::move(other.books_)), bytes_(std::exchange(other.bytes_, 0)) {}
    Charge& operator=(Charge&& other) noexcept {
      Charge moved(std::move(other));
      std::swap(books_, moved.books_);
      std::swap(bytes_, moved.bytes_);
      return *this;
    }
    ~Charge() {
      if (books_) {
        books_->used -= bytes_;
      }
    }
    bool held() const { return books_ != nullptr; }

   private:
    friend class Ledger;
    std::shared_ptr<Books> books_;
    std::int64_t bytes_ = 0;
  };

  /// Error kMemoryLimit, naming what was asked for, what is in use and the limit.
  absl::StatusOr<Charge> Reserve(std::int64_t bytes);

  std::int64_t used_bytes() const { return books_->used; }
  std::int64_t limit_bytes() const { return books_->limit; }

 private:
  std::shared_ptr<Books> books_;
};

}  // namespace distarray::server
