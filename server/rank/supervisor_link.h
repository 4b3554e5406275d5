#pragma once

#include <cstdint>
#include <memory>
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

  void Register(std::int64_t segment, int fd, std::int64_t bytes) override;
  void Unregister(std::int64_t segment) override;

 private:
  SupervisorLink(Link link, std::int64_t epoch, std::string instance);
  void Beat();

  Link link_;
  std::int64_t epoch_;
  std::string instance_;
  UniqueFd stop_;  // for the front
  UniqueFd end_;   // for the thread
  std::thread thread_;
};

}  // namespace distarray::server
