#include "tests/engine/runtime/cluster.h"

#include <mpi.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <stdexcept>

#include "engine/runtime/engine.h"

namespace distarray {
namespace {

constexpr auto kPatience = std::chrono::seconds(60);

}  // namespace

Cluster::Cluster() {
  int rank = 0;
  int size = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  front_ = rank == 0;
  engine_count_ = size - 1;
  static int clusters = 0;
  std::array<char, 64> address{};
  std::snprintf(address.data(), address.size(), "unix:@distarray-test-%d-%d", static_cast<int>(getpid()), clusters++);
  MPI_Bcast(address.data(), static_cast<int>(address.size()), MPI_CHAR, 0, MPI_COMM_WORLD);
  if (!front_) {
    EngineOptions options;
    options.world = MPI_COMM_WORLD;
    options.target = rank - 1;
    options.engine_count = engine_count_;
    options.front = Channel::Connect(address.data(), 10000).value();
    ByteWriter hello;
    hello.Put(options.target);
    options.front.Send(std::move(hello).Take()).IgnoreError();
    engine_result_ = RunEngine(std::move(options));
    return;
  }
  const auto listener = Channel::Listen(address.data()).value();
  engines_.resize(static_cast<std::size_t>(engine_count_));
  for (int i = 0; i < engine_count_; ++i) {
    pollfd wait{listener.fd, POLLIN, 0};
    poll(&wait, 1, 60000);
    Channel channel(accept4(listener.fd, nullptr, nullptr, SOCK_CLOEXEC));
    std::vector<std::string> messages;
    while (messages.empty()) {
      pollfd hello{channel.fd(), POLLIN, 0};
      poll(&hello, 1, 60000);
      channel.Receive(messages).IgnoreError();
    }
    const int target = ByteReader(messages.front()).Get<int>();
    engines_[static_cast<std::size_t>(target)] = std::move(channel);
  }
  close(listener.fd);
  JoinAsFront(MPI_COMM_WORLD);
}

Cluster::~Cluster() {
  if (!front_) {
    return;
  }
  Send(all(), Shutdown{}, 0);
  for (Channel& engine : engines_) {
    while (engine.open() && engine.wants_write() && engine.Flush().ok()) {
      usleep(100);
    }
  }
}

std::vector<int> Cluster::all() const {
  std::vector<int> targets;
  for (int t = 0; t < engine_count_; ++t) {
    targets.push_back(t);
  }
  return targets;
}

void Cluster::Abandon() { engines_.clear(); }

DistributionId Cluster::Define(const Distribution& distribution) {
  const DistributionId id = next_id_++;
  distributions_[id] = std::make_shared<const Distribution>(distribution);
  Send(all(), DefineDistribution{id, distributions_[id]}, 0);
  return id;
}

DistributionId Cluster::Block(const Shape& shape) {
  Distribution distribution;
  for (const std::int64_t size : shape) {
    distribution.dimensions.push_back(distribution.dimensions.empty() ? DimensionMap::Block(size, engine_count_)
                                                                      : DimensionMap::Whole(size));
  }
  distribution.targets = all();
  return Define(distribution);
}

NewBuffer Cluster::New(DistributionId distribution, DType dtype) { return {next_id_++, distribution, dtype}; }

BufferView Cluster::Whole(const NewBuffer& buffer) const {
  return {buffer.buffer, buffer.distribution, buffer.dtype, View::Whole(distribution(buffer.distribution).shape())};
}

std::int64_t Cluster::Send(const std::vector<int>& targets, CommandBody body, std::int64_t lane) {
  Command command{next_number_++, lane, lane, targets, std::move(body)};
  if (HasReply(command.body)) {
    expected_[command.number].targets = targets;
  }
  const std::string bytes = command.Encode();
  for (const int target : targets) {
    if (static_cast<std::size_t>(target) < engines_.size()) {
      engines_[static_cast<std::size_t>(target)].Send(bytes).IgnoreError();
    }
  }
  return command.number;
}

void Cluster::ReadReplies(int timeout_ms) {
  std::vector<pollfd> sockets;
  for (Channel& engine : engines_) {
    sockets.push_back({engine.fd(), static_cast<short>(POLLIN | (engine.wants_write() ? POLLOUT : 0)), 0});
  }
  poll(sockets.data(), sockets.size(), timeout_ms);
  for (Channel& engine : engines_) {
    std::vector<std::string> messages;
    engine.Flush().IgnoreError();
    if (!engine.Receive(messages).ok()) {
      throw std::runtime_error("an engine is gone");
    }
    for (const std::string& bytes : messages) {
      const CommandReply reply = CommandReply::Decode(bytes).value();
      Expected& expected = expected_.at(reply.number);
      if (std::count(expected.targets.begin(), expected.targets.end(), reply.target) != 1 ||
          !expected.replies.emplace(reply.target, reply).second) {
        throw std::runtime_error("an engine answered a command that was not its own, or twice");
      }
      order_.push_back(reply.number);
    }
  }
}

std::vector<CommandReply> Cluster::Await(std::int64_t number) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  Expected& expected = expected_.at(number);
  while (expected.replies.size() < expected.targets.size()) {
    ReadReplies(1000);
    if (std::chrono::steady_clock::now() > end) {
      throw std::runtime_error("command " + std::to_string(number) + " was not answered");
    }
  }
  std::vector<CommandReply> replies;
  for (const int target : expected.targets) {
    replies.push_back(expected.replies.at(target));
  }
  return replies;
}

absl::Status Cluster::StatusOf(std::int64_t number) {
  absl::Status status;
  for (const CommandReply& reply : Await(number)) {
    status.Update(reply.status());
  }
  return status;
}

absl::StatusOr<std::string> Cluster::Fetch(const NewBuffer& buffer, std::int64_t lane) {
  const Distribution& source = distribution(buffer.distribution);
  const DistributionId single = Define(SingleTarget(source.shape(), 0));
  const NewBuffer gathered = New(single, buffer.dtype);
  std::set<int> targets(source.targets.begin(), source.targets.end());
  targets.insert(0);
  const auto copied = Send({targets.begin(), targets.end()}, Redistribute{Whole(buffer), gathered}, lane);
  const auto fetched = Send({0}, FetchBytes{gathered.buffer, single}, lane);
  Send({0}, FreeBuffers{{gathered.buffer}}, lane);
  Send(all(), ForgetDistributions{{single}}, 0);
  absl::Status status = StatusOf(copied);
  const auto reply = Await(fetched).front();
  status.Update(reply.status());
  if (!status.ok()) {
    return status;
  }
  return reply.bytes;
}

}  // namespace distarray
