#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>

#include "engine/base/status.h"
#include "engine/comm/exchange.h"
#include "engine/redistribution/receive_stream.h"
#include "engine/redistribution/redistribution_plan.h"
#include "engine/redistribution/send_stream.h"
#include "engine/redistribution/staging.h"

namespace distarray {

/// Carries out one engine's part of a plan, in slices and in bounded memory. Failures do not stop it: peers of an
/// engine whose source has failed are told, and what arrives for a destination that has failed is dropped, so that
/// nobody is left waiting.
class Redistribution {
 public:
  enum class State { kDone, kWorking, kWaiting };

  struct Ends {
    const std::byte* source = nullptr;  // blocks
    absl::Status source_status;         // not OK: nothing to send
    std::byte* destination = nullptr;
    absl::Status destination_status;  // not OK: nowhere to put
  };

  /// `command`: tells its messages from others'. All engines of the plan must take part; `exchange` must outlive it.
  Redistribution(Exchange& exchange, std::int64_t command, RedistributionPlan plan, int element_size, Ends ends);

  /// Copies about `budget` bytes at most. kWaiting: nothing to do before Exchange::completed has changed.
  State Advance(std::int64_t budget);
  /// After the end: OK, or the first of the failures of this engine's ends and of the engines it received from.
  const absl::Status& status() const { return status_; }
  /// Whether elements of this engine's destination may have been written.
  bool wrote() const { return wrote_; }

 private:
  void StartStreams();

  Exchange& exchange_;
  std::int64_t command_;
  RedistributionPlan plan_;
  int element_size_;
  Ends ends_;
  absl::Status status_;
  bool wrote_ = false;
  Staging staging_;
  std::size_t next_send_ = 0;
  std::size_t next_receive_ = 0;
  std::deque<std::unique_ptr<SendStream>> sending_;
  std::deque<std::unique_ptr<ReceiveStream>> receiving_;
  std::optional<CopyCursor> local_;
};

}  // namespace distarray
