// Tiny operations from C++ against the daemon at $DISTARRAY_ADDRESS (or the first argument): pipelined ones a second
// and the round trip of a synchronous one, beside one that computes nothing. Prints one JSON object.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "distarray/distarray.h"

namespace {

using distarray::Array;
using distarray::Context;
using Clock = std::chrono::steady_clock;

constexpr int kElements = 16;
constexpr int kWarmup = 2000;
constexpr int kPipelined = 100000;
constexpr int kRounds = 5;
constexpr int kSynchronous = 3000;

double Microseconds(Clock::duration duration) { return std::chrono::duration<double, std::micro>(duration).count(); }

// Microseconds an operation: `count` additions of which only the last result is read.
absl::StatusOr<double> Pipelined(const Context& context, int count) {
  Array x = context.Zeros({kElements});
  if (absl::Status status = x.Wait(); !status.ok()) {
    return status;
  }
  const auto start = Clock::now();
  for (int i = 0; i < count; ++i) {
    x = x + 1.0;
  }
  const auto values = x.ToVector<double>();
  const auto taken = Clock::now() - start;
  if (!values.ok()) {
    return values.status();
  }
  if (values->front() != count) {
    return absl::InternalError("wrong result");
  }
  return Microseconds(taken) / count;
}

struct Percentiles {
  double p50 = 0;
  double p99 = 0;
};

// Microseconds of each call of `call`.
template <typename Call>
absl::StatusOr<Percentiles> Synchronous(Call&& call) {
  std::vector<double> times;
  for (int i = 0; i < kSynchronous; ++i) {
    const auto start = Clock::now();
    if (absl::Status status = call(); !status.ok()) {
      return status;
    }
    times.push_back(Microseconds(Clock::now() - start));
  }
  std::sort(times.begin(), times.end());
  return Percentiles{times[times.size() / 2], times[times.size() * 99 / 100]};
}

absl::Status Run(const std::string& address) {
  const auto context = Context::Connect(address);
  if (!context.ok()) {
    return context.status();
  }
  std::vector<double> pipelined;
  absl::StatusOr<double> warmup = Pipelined(*context, kWarmup);
  for (int round = 0; round < kRounds && warmup.ok(); ++round) {
    warmup = Pipelined(*context, kPipelined);
    pipelined.push_back(warmup.value_or(0));
  }
  if (!warmup.ok()) {
    return warmup.status();
  }
  std::sort(pipelined.begin(), pipelined.end());
  const double pipelined_us = pipelined[pipelined.size() / 2];
  const Array x = context->Ones({kElements});
  const auto sum = Synchronous([&] {
    const auto value = Sum(x + 1.0).Item<double>();
    return value.ok() && *value != 2.0 * kElements ? absl::InternalError("wrong result") : value.status();
  });
  const auto describe = Synchronous([&] { return x.Describe().status(); });
  if (!sum.ok() || !describe.ok()) {
    return sum.ok() ? describe.status() : sum.status();
  }
  std::printf(
      "{\"pipelined_us\": %.3f, \"pipelined_per_second\": %.0f, \"sync_sum_p50_us\": %.1f, \"sync_sum_p99_us\": %.1f, "
      "\"sync_describe_p50_us\": %.1f, \"sync_describe_p99_us\": %.1f}\n",
      pipelined_us, 1e6 / pipelined_us, sum->p50, sum->p99, describe->p50, describe->p99);
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  const absl::Status status = Run(argc > 1 ? argv[1] : "");
  if (!status.ok()) {
    std::fprintf(stderr, "pipelined: %s\n", std::string(status.message()).c_str());
    return 1;
  }
  return 0;
}
