#include "engine/worker/function_call.h"

#include <absl/strings/str_cat.h>

#include <cstring>
#include <utility>

#include "engine/base/error.h"

namespace distarray {

FunctionCall::~FunctionCall() {
  for (const Loan& loan : loans_) {
    if (loan.buffer != nullptr) {
      loan.buffer->TakeBack(loan.writable);
    }
  }
  for (const auto& [block_number, block] : blocks_) {
    pool_->Free(block);
  }
}

void FunctionCall::Borrow(Loan loan) {
  if (loan.buffer != nullptr) {
    loan.buffer->Lend(loan.writable);
  }
  loans_.push_back(std::move(loan));
}

std::int64_t FunctionCall::lent_bytes() const {
  std::int64_t bytes = 0;
  for (const Loan& loan : loans_) {
    bytes += loan.buffer == nullptr ? 0 : loan.buffer->bytes();
  }
  return bytes;
}

absl::StatusOr<std::int64_t> FunctionCall::Allocate(std::int64_t bytes) {
  if (bytes < 0 || bytes > command.allowance_bytes - allocated_bytes_) {
    return Error(Reason::kMemoryLimit,
                 absl::StrCat("a local array of ", bytes, " bytes; the daemon's --memory-limit leaves ",
                              command.allowance_bytes - allocated_bytes_, " for this call on this target"));
  }
  DA_ASSIGN_OR_RETURN(const Block block, pool_->AllocateAlone(owner_, bytes));
  allocated_bytes_ += bytes;
  blocks_.emplace(++last_block_, block);
  return last_block_;
}

absl::StatusOr<bool> FunctionCall::Prepare(std::int64_t block, std::int64_t budget) {
  const auto found = blocks_.find(block);
  if (found == blocks_.end() || found->second.bytes == 0) {
    return true;
  }
  absl::StatusOr<bool> ready = pool_->Prepare(found->second, budget);
  if (!ready.ok()) {
    Free(block);
  }
  return ready;
}

void FunctionCall::Free(std::int64_t block) {
  if (const auto taken = Take(block); taken.ok()) {
    allocated_bytes_ -= taken->bytes;
    pool_->Free(*taken);
  }
}

absl::StatusOr<Block> FunctionCall::Take(std::int64_t block) {
  const auto found = blocks_.find(block);
  if (found == blocks_.end()) {
    return Error(Reason::kInternal, absl::StrCat("the worker named block ", block, ", which it was not given"));
  }
  const Block taken = found->second;
  blocks_.erase(found);
  return taken;
}

absl::StatusOr<Block> FunctionCall::CopyLoan(std::size_t loan) const {
  if (loan >= loans_.size()) {
    return Error(Reason::kInternal, absl::StrCat("the worker named argument ", loan, ", which it was not given"));
  }
  const BufferPtr& lent = loans_[loan].buffer;
  if (lent == nullptr) {
    return Block{};
  }
  DA_ASSIGN_OR_RETURN(const Block block, pool_->Allocate(owner_, lent->bytes()));
  absl::StatusOr<bool> ready = false;
  while (ready.ok() && !*ready) {
    ready = pool_->Prepare(block, MemoryPool::kLargeBlock);
  }
  if (!ready.ok()) {
    pool_->Free(block);
    return ready.status();
  }
  if (block.bytes > 0) {
    std::memcpy(block.data, lent->data(), static_cast<std::size_t>(block.bytes));
  }
  return block;
}

}  // namespace distarray
