#pragma once

#include <poll.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "server/supervisor/link.h"
#include "server/supervisor/segments.h"

namespace distarray::server {

/// "front" or "engine 2".
std::string NameOfRank(std::int64_t rank);

/// The supervisor's side of the links to the job's ranks: who is connected, and when each was heard of last.
class RankLinks {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// `listener` and `segments` are borrowed.
  RankLinks(int listener, std::int64_t ranks, SegmentHolder* segments)
      : listener_(listener), ranks_(ranks), segments_(segments) {}

  /// Drops all links; from now on only this job's ranks are let in.
  void NewJob(std::int64_t epoch, std::string cookie);

  void AppendTo(std::vector<pollfd>& waited) const;

  struct Event {
    enum class Kind { kJoined, kReady, kLost, kStartWorkers, kStopWorkers } kind;
    std::int64_t rank = 0;
    pid_t pid = 0;
    std::string address;    // kReady: host:port
    std::int64_t pool = 0;  // of workers
  };
  /// Takes in all that has arrived.
  std::vector<Event> Serve(Time now);

  /// A rank that has not been heard of for `timeout`. Call it right after Serve, so that our own being stopped is not
  /// held against the ranks.
  std::optional<Event> Overdue(Time now, std::chrono::duration<double> timeout) const;

  /// Asks the front to drain and end, or tells it of workers. False: it is not there.
  bool TellFront(const LinkMessage& message) const;

 private:
  struct Rank {
    Link link;
    pid_t pid = 0;
    Time heard;
  };
  void Welcome(Time now, std::vector<Event>& events);
  // False: the rank is gone.
  bool Listen(std::int64_t number, Rank& rank, Time now, std::vector<Event>& events);

  int listener_;
  std::int64_t ranks_;
  SegmentHolder* segments_;
  std::int64_t epoch_ = 0;
  std::string cookie_;
  std::map<std::int64_t, Rank> joined_;
  std::vector<Link> strangers_;  // connected, but have not said who they are
};

}  // namespace distarray::server
