#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/command/channel.h"
#include "engine/command/command.h"

namespace distarray {

/// A front without a server, on rank 0, and engines on the other ranks of MPI_COMM_WORLD.
///
///   Cluster cluster;
///   if (cluster.is_front()) { ... }   // the engines run within the constructor until the front's destructor
class Cluster {
 public:
  /// Collective.
  Cluster();
  ~Cluster();
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  bool is_front() const { return front_; }
  /// On an engine: what RunEngine returned.
  int engine_result() const { return engine_result_; }
  int engine_count() const { return engine_count_; }
  std::vector<int> all() const;

  // On the front only.

  DistributionId Define(const Distribution& distribution);
  const Distribution& distribution(DistributionId id) const { return *distributions_.at(id); }
  DistributionId Block(const Shape& shape);  // the first dimension over all engines
  NewBuffer New(DistributionId distribution, DType dtype);

  /// Sends a command; returns its number.
  std::int64_t Send(const std::vector<int>& targets, CommandBody body, std::int64_t lane = 1);
  /// What the targets of a command answered, in order of targets. Waits. Fails the test after a minute.
  std::vector<CommandReply> Await(std::int64_t number);
  /// Await; the first failure.
  absl::Status StatusOf(std::int64_t number);
  /// Commands that were answered so far.
  const std::vector<std::int64_t>& order() const { return order_; }
  /// Drops the connections, as a front that dies does.
  void Abandon();
  void ReadReplies(int timeout_ms);

  /// Elements of an array, C order, as bytes.
  absl::StatusOr<std::string> Fetch(const NewBuffer& buffer, std::int64_t lane = 1);
  template <typename T>
  std::vector<T> FetchAs(const NewBuffer& buffer) {
    const auto bytes = Fetch(buffer);
    if (!bytes.ok()) {
      return {};
    }
    std::vector<T> values(bytes->size() / sizeof(T));
    std::copy(bytes->begin(), bytes->end(), reinterpret_cast<char*>(values.data()));
    return values;
  }
  BufferView Whole(const NewBuffer& buffer) const;

 private:
  struct Expected {
    std::vector<int> targets;
    std::map<int, CommandReply> replies;
  };

  bool front_ = false;
  int engine_result_ = 0;
  int engine_count_ = 0;
  std::vector<Channel> engines_;
  std::map<DistributionId, DistributionPtr> distributions_;
  std::map<std::int64_t, Expected> expected_;
  std::vector<std::int64_t> order_;
  std::int64_t next_number_ = 1;
  std::int64_t next_id_ = 1;
};

}  // namespace distarray
