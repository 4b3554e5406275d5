#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "engine/base/status.h"
#include "engine/storage/segment_registry.h"
#include "server/supervisor/link.h"

namespace distarray::server {

/// A rank's side of the link to its supervisor: sends a heartbeat every second from a thread of its own, hands over
/// memory segments, and hears when to stop. When the supervisor is gone, the process ends at once.
class SupervisorLink : public SegmentRegistry {
 public:
  /// As told by the environment that the supervisor has made; nullptr if there is no supervisor. Error kUnavailable: it
  /// is gone.
  static absl::StatusOr<std::unique_ptr<SupervisorLink>> FromEnvironment(std::int64_t rank);
  ~SupervisorLink() override;

  std::int64_t epoch() const { return epoch_; }
  const std::string& instance() const { return instance_; }
  /// Readable once the supervisor has asked the front to stop.
  int stop_fd() const { return stop_.get(); }

  void TellReady(const std::string& address);
  /// Asks for a pool of workers, or for the end of one.
  void StartPool(std::int64_t pool);
  void StopPool(std::int64_t pool);
  /// Who hears of workers (WorkersStarted, WorkersEnded), in the link's own thread. To be set before Start.
  using OnWorkers = std::function<void(const LinkMessage&)>;
  void ListenForWorkers(OnWorkers listener);

  void Register(std::int64_t segment, int fd, std::int64_t bytes) override;
  void Unregister(std::int64_t segment) override;

 private:
  SupervisorLink(Link link, std::int64_t epoch, std::string instance);
  void Beat();
  void Handle(const LinkMessage& message);

  Link link_;
  std::int64_t epoch_;
  std::string instance_;
  UniqueFd stop_;  // for the front
  UniqueFd end_;   // for the thread
  std::mutex mutex_;
  OnWorkers on_workers_;
  std::thread thread_;
};

}  // namespace distarray::server
