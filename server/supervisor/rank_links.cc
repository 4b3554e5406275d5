#include "server/supervisor/rank_links.h"

#include <absl/strings/str_cat.h>

namespace distarray::server {

std::string NameOfRank(std::int64_t rank) { return rank == 0 ? "front" : absl::StrCat("engine ", rank - 1); }

void RankLinks::NewJob(std::int64_t epoch, std::string cookie) {
  epoch_ = epoch;
  cookie_ = std::move(cookie);
  joined_.clear();
  strangers_.clear();
}

void RankLinks::AppendTo(std::vector<pollfd>& waited) const {
  waited.push_back({.fd = listener_, .events = POLLIN, .revents = 0});
  for (const auto& [number, rank] : joined_) {
    waited.push_back({.fd = rank.link.fd(), .events = POLLIN, .revents = 0});
  }
  for (const Link& stranger : strangers_) {
    waited.push_back({.fd = stranger.fd(), .events = POLLIN, .revents = 0});
  }
}

std::vector<RankLinks::Event> RankLinks::Serve(Time now) {
  std::vector<Event> events;
  while (std::optional<Link> link = Link::Accept(listener_)) {
    strangers_.push_back(*std::move(link));
  }
  Welcome(now, events);
  for (auto each = joined_.begin(); each != joined_.end();) {
    if (Listen(each->first, each->second, now, events)) {
      ++each;
    } else {
      events.push_back({.kind = Event::Kind::kLost, .rank = each->first, .pid = each->second.pid, .address = ""});
      each = joined_.erase(each);
    }
  }
  return events;
}

void RankLinks::Welcome(Time now, std::vector<Event>& events) {
  std::vector<Link> waiting;
  for (Link& stranger : strangers_) {
    absl::StatusOr<std::optional<Link::Received>> received = stranger.Receive();
    if (!received.ok()) {
      continue;
    }
    if (!received->has_value()) {
      waiting.push_back(std::move(stranger));
      continue;
    }
    const auto* hello = std::get_if<Hello>(&(*received)->message);
    // A rank of an earlier job, or somebody else: dropping the link ends it.
    if (hello == nullptr || hello->epoch != epoch_ || hello->cookie != cookie_ || hello->rank < 0 ||
        hello->rank >= ranks_ || joined_.contains(hello->rank)) {
      continue;
    }
    const pid_t pid = stranger.PeerPid();
    events.push_back({.kind = Event::Kind::kJoined, .rank = hello->rank, .pid = pid, .address = ""});
    joined_[hello->rank] = Rank{.link = std::move(stranger), .pid = pid, .heard = now};
  }
  strangers_ = std::move(waiting);
}

bool RankLinks::Listen(std::int64_t number, Rank& rank, Time now, std::vector<Event>& events) {
  while (true) {
    absl::StatusOr<std::optional<Link::Received>> received = rank.link.Receive();
    if (!received.ok()) {
      return false;
    }
    if (!received->has_value()) {
      return true;
    }
    rank.heard = now;
    LinkMessage& message = (*received)->message;
    if (auto* ready = std::get_if<Ready>(&message); ready != nullptr && number == 0) {
      events.push_back({.kind = Event::Kind::kReady, .rank = 0, .pid = rank.pid, .address = std::move(ready->address)});
    } else if (const auto* added = std::get_if<RegisterSegment>(&message);
               added != nullptr && (*received)->fd.valid()) {
      segments_->Add(number, added->segment, std::move((*received)->fd), added->bytes);
    } else if (const auto* removed = std::get_if<UnregisterSegment>(&message)) {
      segments_->Remove(number, removed->segment);
    } else if (const auto* start = std::get_if<StartWorkers>(&message); start != nullptr && number == 0) {
      events.push_back({.kind = Event::Kind::kStartWorkers, .rank = 0, .pid = rank.pid, .pool = start->pool});
    } else if (const auto* stop = std::get_if<StopWorkers>(&message); stop != nullptr && number == 0) {
      events.push_back({.kind = Event::Kind::kStopWorkers, .rank = 0, .pid = rank.pid, .pool = stop->pool});
    }
  }
}

std::optional<RankLinks::Event> RankLinks::Overdue(Time now, std::chrono::duration<double> timeout) const {
  for (const auto& [number, rank] : joined_) {
    if (now - rank.heard > timeout) {
      return Event{.kind = Event::Kind::kLost, .rank = number, .pid = rank.pid, .address = ""};
    }
  }
  return std::nullopt;
}

bool RankLinks::TellFront(const LinkMessage& message) const {
  const auto front = joined_.find(0);
  return front != joined_.end() && front->second.link.Send(message, -1, /*wait=*/false).ok();
}

}  // namespace distarray::server
