#pragma once

#include <chrono>
#include <coroutine>
#include <cstdint>
#include <exception>
#include <utility>

#include "engine/base/status.h"
#include "engine/comm/exchange.h"

namespace distarray {

/// A coroutine that carries out a command, or a part of one, and ends with a status (`co_return status;`). Another one
/// runs it by `co_await Part(...)`; the outermost one is resumed through its Turn. Starts suspended; owns its frame.
class [[nodiscard]] Task {
 public:
  struct promise_type {
    absl::Status status;
    std::coroutine_handle<> waiting;  // who awaits this one; none: the outermost

    Task get_return_object() { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
    std::suspend_always initial_suspend() noexcept { return {}; }
    auto final_suspend() noexcept {
      struct Final {
        bool await_ready() noexcept { return false; }
        std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> ended) noexcept {
          const auto waiting = ended.promise().waiting;
          return waiting ? waiting : std::noop_coroutine();
        }
        void await_resume() noexcept {}
      };
      return Final{};
    }
    void return_value(absl::Status value) { status = std::move(value); }
    // A peer may be waiting for messages that will now never come: only a new job helps.
    [[noreturn]] void unhandled_exception() noexcept { std::terminate(); }
  };

  Task() = default;
  explicit Task(std::coroutine_handle<promise_type> frame) : frame_(frame) {}
  ~Task() { Destroy(); }
  Task(Task&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      Destroy();
      frame_ = std::exchange(other.frame_, nullptr);
    }
    return *this;
  }

  std::coroutine_handle<> frame() const { return frame_; }
  bool done() const { return frame_.done(); }
  const absl::Status& status() const { return frame_.promise().status; }

  auto operator co_await() && noexcept {
    struct Awaiter {
      std::coroutine_handle<promise_type> frame;
      bool await_ready() const noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<> waiting) noexcept {
        frame.promise().waiting = waiting;
        return frame;
      }
      absl::Status await_resume() { return std::move(frame.promise().status); }
    };
    return Awaiter{frame_};
  }

 private:
  void Destroy() {
    if (frame_) {
      frame_.destroy();
    }
  }
  std::coroutine_handle<promise_type> frame_;
};

/// A lane's place among those that share the engine's thread: where its command goes on, and until when it may run now.
class Turn {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Turn(const Exchange& exchange) : exchange_(&exchange) {}

  void Begin(std::coroutine_handle<> at) { resume_ = at; }
  /// Runs the command until it ends or pauses.
  void Run(Clock::time_point end) {
    end_ = end;
    resume_.resume();
  }
  /// True once the lane has used up its slice of time.
  bool Over() const { return Clock::now() >= end_; }
  /// False while the command waits for messages and none have come.
  bool runnable() const { return !waiting_ || exchange_->completed() != seen_; }

  struct Pause {
    Turn* turn;
    bool waiting;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> at) noexcept {
      turn->resume_ = at;
      turn->waiting_ = waiting;
      turn->seen_ = turn->exchange_->completed();
    }
    void await_resume() const noexcept { turn->waiting_ = false; }
  };
  /// `co_await turn.Yield()`: lets the other lanes run.
  Pause Yield() { return {this, false}; }
  /// `co_await turn.ForMessages()`: goes on after some message has come or gone, perhaps another command's: look again.
  Pause ForMessages() { return {this, true}; }

 private:
  const Exchange* exchange_;
  std::coroutine_handle<> resume_;
  Clock::time_point end_;
  bool waiting_ = false;
  std::int64_t seen_ = 0;
};

}  // namespace distarray
