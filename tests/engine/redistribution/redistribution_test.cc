#include "engine/redistribution/redistribution.h"

#include <mpi.h>
#include <sched.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "tests/engine/redistribution/random_layouts.h"
#include "tests/support/mpi_test.h"

namespace distarray {
namespace {

std::int64_t next_command = 1;

absl::Status Run(Exchange& exchange, const RedistributionSide& source, const RedistributionSide& destination,
                 int element_size, Redistribution::Ends ends, std::int64_t budget = 1 << 20) {
  Redistribution run(exchange, next_command++,
                     PlanRedistribution(source, destination, exchange.self(), exchange.engine_count()), element_size,
                     std::move(ends));
  while (run.Advance(budget) != Redistribution::State::kDone) {
    exchange.Progress();
    sched_yield();
  }
  return run.status();
}

/// `size` bytes that tell a number (up to the size's range).
void StoreNumber(std::int64_t number, int size, std::byte* at) {
  std::memset(at, 0, static_cast<std::size_t>(size));
  std::memcpy(at, &number, static_cast<std::size_t>(std::min(size, 8)));
  if (size == 16) {
    std::memcpy(at + 8, &number, 8);
  }
}

using Bytes = std::vector<std::byte>;

Bytes Stored(const std::vector<std::int64_t>& numbers, int size) {
  Bytes bytes(numbers.size() * static_cast<std::size_t>(size));
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    StoreNumber(numbers[i], size, bytes.data() + i * static_cast<std::size_t>(size));
  }
  return bytes;
}

/// What target `self` holds of a global array.
std::vector<std::int64_t> LocalPart(const std::vector<std::int64_t>& global, const Distribution& distribution,
                                    int self) {
  std::vector<std::int64_t> part;
  const int rank = distribution.RankOf(self);
  if (rank >= 0) {
    for (const std::int64_t position : GlobalPositions(distribution, rank)) {
      part.push_back(global[static_cast<std::size_t>(position)]);
    }
  }
  return part;
}

std::vector<std::int64_t> Numbers(std::int64_t count, std::int64_t first) {
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    numbers[i] = first + static_cast<std::int64_t>(i) * 7;
  }
  return numbers;
}

std::int64_t CountOf(const Shape& shape) {
  std::int64_t count = 1;
  for (const std::int64_t size : shape) {
    count *= size;
  }
  return count;
}

struct Case {
  Shape source_shape;
  Distribution source;
  View source_view;
  Shape destination_shape;
  Distribution destination;
  View destination_view;
  int element_size = 8;
};

/// Runs a case and compares with the same done to whole arrays.
bool Agrees(Exchange& exchange, const Case& c) {
  const auto source = Numbers(CountOf(c.source_shape), 1000);
  auto destination = Numbers(CountOf(c.destination_shape), 500000);
  const Bytes from = Stored(LocalPart(source, c.source, exchange.self()), c.element_size);
  Bytes to = Stored(LocalPart(destination, c.destination, exchange.self()), c.element_size);
  const auto status = Run(exchange, {&c.source, &c.source_view}, {&c.destination, &c.destination_view}, c.element_size,
                          {from.data(), absl::OkStatus(), to.data(), absl::OkStatus()});
  ForEachIndex(c.source_view.shape(), [&](const std::vector<std::int64_t>& index) {
    const auto a = Position(c.source_shape, BaseIndex(c.source_view, c.source_shape.size(), index));
    const auto b = Position(c.destination_shape, BaseIndex(c.destination_view, c.destination_shape.size(), index));
    destination[static_cast<std::size_t>(b)] = source[static_cast<std::size_t>(a)];
  });
  return status.ok() && exchange.pending() == 0 &&
         to == Stored(LocalPart(destination, c.destination, exchange.self()), c.element_size);
}

TEST_CASE("any view of any distribution to any other") {
  Exchange exchange(MPI_COMM_WORLD, -1);
  RandomLayouts random(20240, exchange.engine_count());
  constexpr std::array<int, 5> kSizes{1, 2, 4, 8, 16};
  for (int round = 0; round < 1500; ++round) {
    Case c;
    c.element_size = kSizes[static_cast<std::size_t>(random.Below(5))];
    c.source_shape = random.MakeShape(random.Below(4), random.Chance(10) ? 60 : 9);
    c.source = random.MakeDistribution(c.source_shape, true);
    c.source_view = random.MakeView(c.source_shape, true);
    const Shape shape = c.source_view.shape();
    if (random.Chance(50)) {
      c.destination_shape = shape;
      c.destination_view = View::Whole(shape);
    } else {
      c.destination_view = random.MakeViewOfShape(shape, c.destination_shape);
    }
    c.destination = random.MakeDistribution(c.destination_shape, true);
    INFO("round " << round);
    REQUIRE_ON_ALL(Agrees(exchange, c));
  }
}

TEST_CASE("arrays of many chunks") {
  Exchange exchange(MPI_COMM_WORLD, -1);
  RandomLayouts random(7, exchange.engine_count());
  const std::vector<Shape> shapes{{3000000}, {1500, 2000}, {2, 900, 1000}, {700000, 3}};
  for (int round = 0; round < 12; ++round) {
    Case c;
    c.element_size = round % 2 == 0 ? 8 : 4;
    c.source_shape = shapes[static_cast<std::size_t>(round) % shapes.size()];
    const std::int64_t engines = exchange.engine_count();
    std::vector<int> targets;
    for (int t = 0; t < exchange.engine_count(); ++t) {
      targets.push_back(t);
    }
    const auto deal = [&](std::size_t dimension, bool cyclic) {
      Distribution distribution;
      for (std::size_t d = 0; d < c.source_shape.size(); ++d) {
        const std::int64_t size = c.source_shape[d];
        distribution.dimensions.push_back(d != dimension ? DimensionMap::Whole(size)
                                          : cyclic       ? DimensionMap::Cyclic(size, engines, 1 + round % 3)
                                                         : DimensionMap::Block(size, engines));
      }
      distribution.targets = targets;
      return distribution;
    };
    const std::size_t ndim = c.source_shape.size();
    c.source = deal(0, round % 3 == 0);
    c.destination_shape = c.source_shape;
    c.source_view = View::Whole(c.source_shape);
    c.destination_view = c.source_view;
    c.destination = deal(ndim - 1, true);
    std::reverse(targets.begin(), targets.end());
    INFO("round " << round);
    REQUIRE_ON_ALL(Agrees(exchange, c));
  }
}

TEST_CASE("a transposed view of many elements") {
  Exchange exchange(MPI_COMM_WORLD, -1);
  Case c;
  c.source_shape = {700, 1100};
  c.destination_shape = {1100, 700};
  std::vector<int> targets;
  for (int t = 0; t < exchange.engine_count(); ++t) {
    targets.push_back(t);
  }
  c.source = {{DimensionMap::Block(700, exchange.engine_count()), DimensionMap::Whole(1100)}, targets};
  c.destination = {{DimensionMap::Block(1100, exchange.engine_count()), DimensionMap::Whole(700)}, targets};
  c.source_view.dimensions = {{1, 0, 1, 1100}, {0, 0, 1, 700}};
  c.destination_view = View::Whole(c.destination_shape);
  REQUIRE_ON_ALL(Agrees(exchange, c));
}

TEST_CASE("a failed source tells those that wait for it, a failed destination holds nobody up") {
  Exchange exchange(MPI_COMM_WORLD, -1);
  const int engines = exchange.engine_count();
  std::vector<int> targets;
  for (int t = 0; t < engines; ++t) {
    targets.push_back(t);
  }
  const std::int64_t size = 400000;
  const Distribution source{{DimensionMap::Block(size, engines)}, targets};
  const Distribution destination{{DimensionMap::Cyclic(size, engines)}, targets};
  const View view = View::Whole({size});
  const auto numbers = Numbers(size, 3);
  const Bytes from = Stored(LocalPart(numbers, source, exchange.self()), 8);
  Bytes to(static_cast<std::size_t>(destination.LocalCount(exchange.self())) * 8);
  const absl::Status lost = Error(Reason::kMemoryLimit, "no memory on this one");
  const bool last = exchange.self() == engines - 1;

  const auto bad_source = Run(exchange, {&source, &view}, {&destination, &view}, 8,
                              {from.data(), last ? lost : absl::OkStatus(), to.data(), absl::OkStatus()});
  REQUIRE_ON_ALL(ReasonOf(bad_source) == Reason::kMemoryLimit);
  REQUIRE_ON_ALL(bad_source.message() == lost.message());

  const auto bad_destination =
      Run(exchange, {&source, &view}, {&destination, &view}, 8,
          {from.data(), absl::OkStatus(), last ? nullptr : to.data(), last ? lost : absl::OkStatus()});
  REQUIRE_ON_ALL(last ? ReasonOf(bad_destination) == Reason::kMemoryLimit : bad_destination.ok());
  REQUIRE_ON_ALL(last || to == Stored(LocalPart(numbers, destination, exchange.self()), 8));
  REQUIRE_ON_ALL(exchange.pending() == 0);
}

TEST_CASE("more than 2^31 elements", "[long]") {
  if (std::getenv("DISTARRAY_LONG_TESTS") == nullptr) {
    return;
  }
  Exchange exchange(MPI_COMM_WORLD, -1);
  if (exchange.engine_count() != 2) {
    return;
  }
  // All of it crosses: blocks of more than 2^31 elements change places.
  const std::int64_t half = (std::int64_t{1} << 31) + 12345;
  const Distribution source{{DimensionMap::Block(2 * half, 2)}, {0, 1}};
  const Distribution destination{{DimensionMap::Block(2 * half, 2)}, {1, 0}};
  const View view = View::Whole({2 * half});
  const auto value = [](std::int64_t global) { return static_cast<std::byte>(global % 251); };
  Bytes from(static_cast<std::size_t>(half));
  Bytes to(static_cast<std::size_t>(half));
  for (std::int64_t i = 0; i < half; ++i) {
    from[static_cast<std::size_t>(i)] = value(exchange.self() * half + i);
  }
  const auto status = Run(exchange, {&source, &view}, {&destination, &view}, 1,
                          {from.data(), absl::OkStatus(), to.data(), absl::OkStatus()}, 8 << 20);
  bool equal = true;
  for (std::int64_t i = 0; i < half; ++i) {
    equal = equal && to[static_cast<std::size_t>(i)] == value((1 - exchange.self()) * half + i);
  }
  REQUIRE_ON_ALL(status.ok());
  REQUIRE_ON_ALL(equal);
}

}  // namespace
}  // namespace distarray
