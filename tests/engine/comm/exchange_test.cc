#include "engine/comm/exchange.h"

#include <sched.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <numeric>
#include <vector>

#include "engine/comm/group_communicator.h"
#include "tests/support/mpi_test.h"

namespace distarray {
namespace {

void Finish(Exchange& exchange, const Completion& completion) {
  while (!completion.done()) {
    exchange.Progress();
    sched_yield();
  }
}

TEST_CASE("messages of all sizes between all engines") {
  Exchange exchange(MPI_COMM_WORLD, -1);
  const int count = exchange.engine_count();
  for (const std::int64_t size : {0, 1, 1000, 100000, 5000000}) {
    const auto fill = [&](int from, int to) {
      return std::vector<std::uint8_t>(static_cast<std::size_t>(size), static_cast<std::uint8_t>(1 + from * 16 + to));
    };
    std::deque<std::vector<std::uint8_t>> sent;
    std::vector<std::vector<std::uint8_t>> received;
    Completion sending;
    std::deque<Completion> receiving(static_cast<std::size_t>(count));
    for (int peer = 0; peer < count; ++peer) {
      received.emplace_back(static_cast<std::size_t>(size));
      exchange.Receive(7, peer, received.back().data(), size, receiving[static_cast<std::size_t>(peer)]);
      sent.push_back(fill(exchange.self(), peer));
      exchange.Send(7, peer, sent.back().data(), size, sending);
    }
    bool right = true;
    for (int peer = 0; peer < count; ++peer) {
      const auto p = static_cast<std::size_t>(peer);
      Finish(exchange, receiving[p]);
      right = right && received[p] == fill(peer, exchange.self()) && receiving[p].received_bytes == size;
    }
    Finish(exchange, sending);
    REQUIRE_ON_ALL(right);
    REQUIRE_ON_ALL(exchange.pending() == 0);
  }
}

TEST_CASE("messages longer than a piece") {
  Exchange exchange(MPI_COMM_WORLD, -1);
  const std::int64_t size = 2 * Exchange::kPiece + 12345;
  const int to = (exchange.self() + 1) % exchange.engine_count();
  const int from = (exchange.self() + exchange.engine_count() - 1) % exchange.engine_count();
  std::vector<std::uint8_t> sent(static_cast<std::size_t>(size));
  std::iota(sent.begin(), sent.end(), std::uint8_t{0});
  std::vector<std::uint8_t> received(sent.size());
  Completion both;
  exchange.Receive(1, from, received.data(), size, both);
  exchange.Send(1, to, sent.data(), size, both);
  Finish(exchange, both);
  REQUIRE_ON_ALL(received == sent);
}

TEST_CASE("commands do not mix, and messages of one keep their order") {
  Exchange exchange(MPI_COMM_WORLD, -1);
  const int to = (exchange.self() + 1) % exchange.engine_count();
  const int from = (exchange.self() + exchange.engine_count() - 1) % exchange.engine_count();
  constexpr int kMessages = 200;
  std::vector<int> sent(2 * kMessages);
  std::iota(sent.begin(), sent.end(), 0);
  std::vector<int> received(sent.size(), -1);
  Completion both;
  for (int i = 0; i < kMessages; ++i) {
    exchange.Send(5, to, &sent[static_cast<std::size_t>(i)], sizeof(int), both);
    exchange.Send(6, to, &sent[static_cast<std::size_t>(kMessages + i)], sizeof(int), both);
  }
  for (int i = 0; i < kMessages; ++i) {
    exchange.Receive(6, from, &received[static_cast<std::size_t>(kMessages + i)], sizeof(int), both);
  }
  for (int i = 0; i < kMessages; ++i) {
    exchange.Receive(5, from, &received[static_cast<std::size_t>(i)], sizeof(int), both);
  }
  Finish(exchange, both);
  REQUIRE_ON_ALL(received == sent);
}

TEST_CASE("a receiver may have more room than a message needs") {
  Exchange exchange(MPI_COMM_WORLD, -1);
  std::vector<char> room(1000);
  Completion sending;
  Completion receiving;
  const char text[] = "twelve bytes";
  exchange.Receive(9, exchange.self(), room.data(), 1000, receiving);
  exchange.Send(9, exchange.self(), text, 12, sending);
  Finish(exchange, receiving);
  Finish(exchange, sending);
  REQUIRE_ON_ALL(receiving.received_bytes == 12);
  REQUIRE_ON_ALL(exchange.completed() >= 2);
}

TEST_CASE("a group has its engines in the order of the targets") {
  Exchange exchange(MPI_COMM_WORLD, -1);
  std::vector<int> targets;
  for (int t = exchange.engine_count() - 1; t >= 0; t -= 2) {
    targets.push_back(t);
  }
  bool right = true;
  const auto at = std::find(targets.begin(), targets.end(), exchange.self());
  for (int round = 0; at != targets.end() && round < 20; ++round) {
    const GroupCommunicator group(exchange, targets);
    int rank = -1;
    int sum = 0;
    MPI_Comm_rank(group.get(), &rank);
    MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_SUM, group.get());
    const int count = static_cast<int>(targets.size());
    right = right && rank == at - targets.begin() && sum == count * (count - 1) / 2;
  }
  REQUIRE_ON_ALL(right);
}

}  // namespace
}  // namespace distarray
