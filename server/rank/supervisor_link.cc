#include "server/rank/supervisor_link.h"

#include <absl/strings/numbers.h>
#include <poll.h>
#include <sys/eventfd.h>

#include <array>
#include <csignal>

#include "server/config/parse.h"
#include "server/supervisor/job.h"

namespace distarray::server {
namespace {

constexpr int kBeatMs = 1000;

void Signal(int event_fd) { eventfd_write(event_fd, 1); }

}  // namespace

absl::StatusOr<std::unique_ptr<SupervisorLink>> SupervisorLink::FromEnvironment(std::int64_t rank) {
  const std::optional<std::string> name = Variable(kSupervisorVariable);
  if (!name) {
    return nullptr;
  }
  std::int64_t epoch = 0;
  if (!absl::SimpleAtoi(Variable(kEpochVariable).value_or(""), &epoch)) {
    return absl::UnavailableError("the supervisor has named no epoch");
  }
  DA_ASSIGN_OR_RETURN(Link link, Link::Connect(*name));
  DA_RETURN_IF_ERROR(link.Send(Hello{.rank = rank, .epoch = epoch, .cookie = Variable(kCookieVariable).value_or("")}));
  return std::unique_ptr<SupervisorLink>(
      new SupervisorLink(std::move(link), epoch, Variable(kInstanceVariable).value_or("")));
}

SupervisorLink::SupervisorLink(Link link, std::int64_t epoch, std::string instance)
    : link_(std::move(link)),
      epoch_(epoch),
      instance_(std::move(instance)),
      stop_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      end_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  thread_ = std::thread([this] { Beat(); });
}

SupervisorLink::~SupervisorLink() {
  Signal(end_.get());
  thread_.join();
}

void SupervisorLink::Beat() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  while (true) {
    std::array<pollfd, 2> waited = {pollfd{.fd = end_.get(), .events = POLLIN, .revents = 0},
                                    pollfd{.fd = link_.fd(), .events = POLLIN, .revents = 0}};
    poll(waited.data(), waited.size(), kBeatMs);
    if (waited[0].revents != 0) {
      return;
    }
    const absl::StatusOr<std::optional<Link::Received>> received = link_.Receive();
    const bool alive = received.ok() && link_.Send(Heartbeat{}, -1, /*wait=*/false).ok();
    if (!alive) {
      // Nobody is left to serve for; the other threads may be inside MPI, so nothing is tidied up.
      _exit(1);
    }
    if (received->has_value()) {
      Handle((*received)->message);
    }
  }
}

void SupervisorLink::Handle(const LinkMessage& message) {
  if (std::holds_alternative<Stop>(message)) {
    Signal(stop_.get());
    return;
  }
  const std::scoped_lock lock(mutex_);
  if (on_workers_) {
    on_workers_(message);
  }
}

void SupervisorLink::ListenForWorkers(OnWorkers listener) {
  const std::scoped_lock lock(mutex_);
  on_workers_ = std::move(listener);
}

void SupervisorLink::StartPool(std::int64_t pool) { link_.Send(StartWorkers{.pool = pool}).IgnoreError(); }

void SupervisorLink::StopPool(std::int64_t pool) { link_.Send(StopWorkers{.pool = pool}).IgnoreError(); }

void SupervisorLink::TellReady(const std::string& address) {
  // If it fails the supervisor is gone, and Beat ends the process.
  link_.Send(Ready{.address = address}).IgnoreError();
}

void SupervisorLink::Register(std::int64_t segment, int fd, std::int64_t bytes) {
  link_.Send(RegisterSegment{.segment = segment, .bytes = bytes}, fd).IgnoreError();
}

void SupervisorLink::Unregister(std::int64_t segment) {
  link_.Send(UnregisterSegment{.segment = segment}).IgnoreError();
}

}  // namespace distarray::server
