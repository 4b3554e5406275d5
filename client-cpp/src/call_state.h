#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "client-cpp/src/session.h"
#include "distarray/call.h"

namespace distarray::inline client {

/// What the handles of one call share.
struct CallState {
  /// A call under way. `its_result_key`: of the array that may come of it; 0: none.
  CallState(std::shared_ptr<Session> its_session, std::shared_ptr<Session::Waiter> its_waiter,
            std::string its_operation, std::int64_t its_result_key)
      : session(std::move(its_session)),
        waiter(std::move(its_waiter)),
        operation(std::move(its_operation)),
        result_key(its_result_key) {}
  /// One that was refused before it was sent.
  explicit CallState(absl::Status error) { result.emplace().status = std::move(error); }
  CallState(const CallState&) = delete;
  CallState& operator=(const CallState&) = delete;
  ~CallState();

  const std::shared_ptr<Session> session;         // null: refused
  const std::shared_ptr<Session::Waiter> waiter;  // null: refused
  const std::string operation;                    // to cancel it by
  const std::int64_t result_key = 0;

  std::mutex mutex;
  std::optional<CallResult> result;  // once it has been taken
};

}  // namespace distarray::inline client
