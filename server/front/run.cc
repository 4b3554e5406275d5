// The front's loop: the one thread that owns the state machine. Other threads (gRPC's) leave events in its mailbox.
#include "server/front/run.h"

#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <chrono>
#include <deque>
#include <mutex>
#include <utility>
#include <variant>

#include "server/front/front.h"
#include "server/rpc/server.h"

namespace distarray::server {
namespace {

double Now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

struct ConnectedEvent {
  PeerId id;
  std::shared_ptr<Peer> peer;
};
struct ReceivedEvent {
  PeerId id;
  v1::RequestBatch batch;
  Receipt receipt;
};
struct HalfClosedEvent {
  PeerId id;
};
struct DrainedEvent {
  PeerId id;
  std::int64_t bytes;
};
struct DisconnectedEvent {
  PeerId id;
};
struct CallEvent {
  PeerId id;
  std::string session;
  std::optional<std::int64_t> sequence;
  v1::Request request;
};
struct PoolEvent {
  PoolId pool;
  bool started;
  std::string text;
};
using Event =
    std::variant<PoolEvent, ConnectedEvent, ReceivedEvent, HalfClosedEvent, DrainedEvent, DisconnectedEvent, CallEvent>;

/// Events from rpc's threads, in order; wakes the loop by a descriptor.
class Mailbox final : public Gateway {
 public:
  Mailbox() : wake_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  ~Mailbox() override { close(wake_fd_); }

  void Connected(PeerId id, std::shared_ptr<Peer> peer) override { Push(ConnectedEvent{id, std::move(peer)}); }
  void Received(PeerId id, v1::RequestBatch batch, Receipt receipt) override {
    Push(ReceivedEvent{id, std::move(batch), std::move(receipt)});
  }
  void HalfClosed(PeerId id) override { Push(HalfClosedEvent{id}); }
  void Drained(PeerId id, std::int64_t bytes) override { Push(DrainedEvent{id, bytes}); }
  void Disconnected(PeerId id) override { Push(DisconnectedEvent{id}); }
  void Call(PeerId id, std::string session, std::optional<std::int64_t> sequence, v1::Request request) override {
    Push(CallEvent{id, std::move(session), sequence, std::move(request)});
  }

  void Pool(PoolId pool, bool started, const std::string& text) { Push(PoolEvent{pool, started, text}); }

  int wake_fd() const { return wake_fd_; }
  std::deque<Event> Take() {
    std::uint64_t count = 0;
    (void)!read(wake_fd_, &count, sizeof count);
    const std::scoped_lock lock(mutex_);
    return std::exchange(events_, {});
  }

 private:
  void Push(Event event) {
    bool first = false;
    {
      const std::scoped_lock lock(mutex_);
      first = events_.empty();
      events_.push_back(std::move(event));
    }
    if (first) {
      const std::uint64_t one = 1;
      (void)!write(wake_fd_, &one, sizeof one);
    }
  }
  int wake_fd_;
  std::mutex mutex_;
  std::deque<Event> events_;
};

/// Sockets, mailbox and state machine, turn by turn.
class Loop {
 public:
  Loop(FrontOptions& options, Mailbox& mailbox, Front& front) : options_(options), mailbox_(mailbox), front_(front) {}

  /// Returns true when asked to stop, false when an engine is gone.
  bool Run() {
    while (true) {
      for (Event& event : mailbox_.Take()) {
        Handle(std::move(event));
      }
      const double wait = front_.Expire(Now());
      front_.Settle();
      if (!Send()) {
        return false;
      }
      if (!Wait(wait)) {
        return false;
      }
      if (stop_ && MayEnd()) {
        return true;
      }
    }
  }

  void ShutDownEngines() {
    for (Channel& engine : options_.engines) {
      (void)engine.Send(Command{.body = Shutdown{}}.Encode());
      while (engine.wants_write() && engine.Flush().ok() && engine.wants_write()) {
        pollfd descriptor{.fd = engine.fd(), .events = POLLOUT, .revents = 0};
        constexpr int kPatienceMs = 1000;
        if (poll(&descriptor, 1, kPatienceMs) <= 0) {
          break;
        }
      }
    }
  }

 private:
  /// Whether what was under way when the stop came has ended, or has had its time.
  bool MayEnd() {
    constexpr double kDrainSeconds = 2;
    if (stopped_at_ < 0) {
      stopped_at_ = Now();
      front_.StopTaking();
    }
    return front_.scheduler().idle() || Now() - stopped_at_ > kDrainSeconds;
  }

  void Handle(Event event) {
    if (auto* connected = std::get_if<ConnectedEvent>(&event)) {
      front_.OnConnected(connected->id, std::move(connected->peer));
    } else if (auto* received = std::get_if<ReceivedEvent>(&event)) {
      front_.OnReceived(received->id, std::move(received->batch), received->receipt, Now());
    } else if (auto* half_closed = std::get_if<HalfClosedEvent>(&event)) {
      front_.OnHalfClosed(half_closed->id);
    } else if (auto* drained = std::get_if<DrainedEvent>(&event)) {
      front_.OnDrained(drained->id, drained->bytes);
    } else if (auto* disconnected = std::get_if<DisconnectedEvent>(&event)) {
      front_.OnDisconnected(disconnected->id, Now());
    } else if (auto* call = std::get_if<CallEvent>(&event)) {
      front_.OnCall(call->id, call->session, call->sequence, std::move(call->request), Now());
    } else if (const auto* pool = std::get_if<PoolEvent>(&event)) {
      pool->started ? front_.OnPoolStarted(pool->pool, pool->text) : front_.OnPoolEnded(pool->pool, pool->text);
    }
  }

  bool Send() {
    for (const auto& outgoing : front_.scheduler().TakeOutgoing()) {
      if (const auto status = options_.engines[static_cast<std::size_t>(outgoing.target)].Send(*outgoing.bytes);
          !status.ok()) {
        return Lost(outgoing.target, status);
      }
    }
    return true;
  }

  bool Wait(double seconds) {
    descriptors_.clear();
    descriptors_.push_back({.fd = mailbox_.wake_fd(), .events = POLLIN, .revents = 0});
    descriptors_.push_back({.fd = stop_ ? -1 : options_.stop_fd, .events = POLLIN, .revents = 0});
    for (const Channel& engine : options_.engines) {
      descriptors_.push_back({.fd = engine.fd(),
                              .events = static_cast<short>(engine.wants_write() ? POLLIN | POLLOUT : POLLIN),
                              .revents = 0});
    }
    constexpr int kDrainLookMs = 50;
    const int timeout_ms = stop_ ? kDrainLookMs : seconds < 0 ? -1 : static_cast<int>(seconds * 1000) + 1;
    if (poll(descriptors_.data(), descriptors_.size(), timeout_ms) < 0) {
      return true;  // interrupted
    }
    stop_ = stop_ || descriptors_[1].revents != 0;
    for (std::size_t target = 0; target < options_.engines.size(); ++target) {
      const short happened = descriptors_[target + 2].revents;
      if (happened != 0 && !Serve(static_cast<int>(target), happened)) {
        return stop_;
      }
    }
    return true;
  }

  bool Serve(int target, short happened) {
    Channel& engine = options_.engines[static_cast<std::size_t>(target)];
    if ((happened & POLLOUT) != 0) {
      if (const auto status = engine.Flush(); !status.ok()) {
        return Lost(target, status);
      }
    }
    if ((happened & ~POLLOUT) == 0) {
      return true;
    }
    messages_.clear();
    const absl::Status received = engine.Receive(messages_);
    for (const std::string& message : messages_) {
      absl::StatusOr<CommandReply> reply = CommandReply::Decode(message);
      if (!reply.ok()) {
        return Lost(target, reply.status());
      }
      front_.OnReply(*std::move(reply));
    }
    return received.ok() || Lost(target, received);
  }

  static bool Lost(int target, const absl::Status& status) {
    spdlog::error("front: engine {} is gone: {}", target, std::string(status.message()));
    return false;
  }

  FrontOptions& options_;
  Mailbox& mailbox_;
  Front& front_;
  bool stop_ = false;
  double stopped_at_ = -1;
  std::vector<pollfd> descriptors_;
  std::vector<std::string> messages_;
};

}  // namespace

int RunFront(FrontOptions options) {
  Mailbox mailbox;
  Front front({.engine_count = static_cast<int>(options.engines.size()),
               .epoch = options.epoch,
               .instance = options.instance,
               .user = options.user,
               .memory_limit_bytes = options.memory_limit_bytes,
               .data_root = options.data_root,
               .working_directory = options.working_directory,
               .message_bytes_max = options.message_bytes_max,
               .session_grace_seconds = options.session_grace_seconds,
               .functions = options.functions});
  if (options.listen_for_pools) {
    options.listen_for_pools(
        [&mailbox](PoolId pool, bool started, const std::string& text) { mailbox.Pool(pool, started, text); });
  }
  auto server = RpcServer::Start({.listen = options.listen, .message_bytes_max = options.message_bytes_max}, &mailbox);
  if (!server.ok()) {
    spdlog::error("front: {}", std::string(server.status().message()));
    return 1;
  }
  (*server)->SetServing(true);
  if (options.on_ready) {
    options.on_ready((*server)->address());
  }
  Loop loop(options, mailbox, front);
  const bool stopped = loop.Run();
  if (options.listen_for_pools) {
    options.listen_for_pools({});
  }
  (*server)->SetServing(false);
  // Clients with a stream open would hold a graceful end forever.
  constexpr absl::Duration kGrace = absl::Milliseconds(500);
  (*server)->Shutdown(kGrace);
  if (stopped) {
    loop.ShutDownEngines();
  }
  return stopped ? 0 : 1;
}

}  // namespace distarray::server
