#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/command/command.h"
#include "engine/storage/buffer_store.h"
#include "engine/storage/memory_pool.h"

namespace distarray {

/// One function under way, as its engine sees it: the blocks it has borrowed and those that its worker asked for. Gives
/// all of them back at its end.
class FunctionCall {
 public:
  FunctionCall(MemoryPool* pool, std::int64_t owner) : pool_(pool), owner_(owner) {}
  ~FunctionCall();
  FunctionCall(const FunctionCall&) = delete;
  FunctionCall& operator=(const FunctionCall&) = delete;

  /// One of the call's arrays.
  struct Loan {
    BufferPtr buffer;  // null: nothing of it lies here
    DistributionPtr distribution;
    DType dtype = DType::kFloat64;
    bool writable = false;
  };
  /// Precondition: the buffer may be lent.
  void Borrow(Loan loan);
  const std::vector<Loan>& loans() const { return loans_; }
  std::int64_t lent_bytes() const;
  /// Whether anything is lent or kept.
  bool holds_anything() const { return !loans_.empty() || !blocks_.empty(); }

  /// Memory for the worker, being prepared; Prepare goes on with it. Returns its number. Error kMemoryLimit: also past
  /// the allowance.
  absl::StatusOr<std::int64_t> Allocate(std::int64_t bytes);
  /// True when the block can be used. Error kMemoryLimit: it is gone.
  absl::StatusOr<bool> Prepare(std::int64_t block, std::int64_t budget);
  const Block& block(std::int64_t block_number) const { return blocks_.at(block_number); }
  void Free(std::int64_t block);
  /// The block, from here on the caller's. Error kInternal: there is none of that number.
  absl::StatusOr<Block> Take(std::int64_t block);
  /// A copy of what a loan lends here, the caller's. Errors: kMemoryLimit; kInternal: there is no such loan.
  absl::StatusOr<Block> CopyLoan(std::size_t loan) const;

  std::int64_t owner() const { return owner_; }

  CallFunction command;     // once it is to run; job and payload until the worker has them
  std::int64_t number = 0;  // of that command; 0: it is not to run yet, or has been answered
  bool sent = false;        // the worker has it

 private:
  MemoryPool* pool_;
  std::int64_t owner_;
  std::vector<Loan> loans_;
  std::map<std::int64_t, Block> blocks_;
  std::int64_t last_block_ = 0;
  std::int64_t allocated_bytes_ = 0;
};

}  // namespace distarray
