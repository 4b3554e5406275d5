// Heat spreading in a square plate whose edges are kept cold, on all engines of a daemon: that at
// $DISTARRAY_ADDRESS, or else one of its own, which ends with it.
//
//   heat [points [steps]]
//
// The plate is a points x points array. In each step every inner point moves towards the mean of its four neighbours;
// the neighbours of all points at once are four views of the plate, each shifted by one. Nothing is fetched while it
// runs: the steps are recorded and sent in batches, and the engines compute each in one pass.
//
// The plate starts as sin(pi x) sin(pi y), a shape that the scheme only scales, by a factor known exactly. So the
// program can check its result, and does.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <numbers>
#include <string>

#include "distarray/distarray.h"

namespace {

using distarray::Array;
using distarray::Context;
using distarray::NewAxis;
using distarray::Range;

// Heat that flows between neighbours in a step, of the difference in temperature. More than 1/4 does not converge.
constexpr double kFlow = 0.2;

// sin(pi x) sin(pi y) on an even grid over the unit square.
Array Start(const Context& context, std::int64_t points) {
  const Array x = context.Linspace(0, 1, points);
  const Array wave = distarray::Sin(std::numbers::pi * x);
  return wave.Slice({distarray::All(), NewAxis()}) * wave;
}

absl::Status Step(const Array& plate) {
  const Range inner(1, -1);
  const Range before(0, -2);
  const Range after(2, std::nullopt);
  const Array here = plate.Slice({inner, inner});
  const Array neighbours = plate.Slice({before, inner}) + plate.Slice({after, inner}) + plate.Slice({inner, before}) +
                           plate.Slice({inner, after});
  // The right side is the plate as it was: assigning does not disturb what was recorded before.
  return plate.Assign({inner, inner}, here + kFlow * (neighbours - 4.0 * here));
}

absl::Status Run(std::int64_t points, int steps) {
  absl::StatusOr<Context> context = Context::Connect("");
  if (!context.ok()) {
    return context.status();
  }
  const Array start = Start(*context, points);
  const Array plate = start.Copy();
  for (int i = 0; i < steps; ++i) {
    if (absl::Status status = Step(plate); !status.ok()) {
      return status;
    }
  }
  // Only now is a value asked for, and with it everything before computed.
  const absl::StatusOr<double> hottest = distarray::Max(plate).Item<double>();
  if (!hottest.ok()) {
    return hottest.status();
  }
  const double half_angle = std::numbers::pi / (2.0 * static_cast<double>(points - 1));
  const double factor = std::pow(1.0 - 8.0 * kFlow * std::pow(std::sin(half_angle), 2), steps);
  const absl::StatusOr<double> error = distarray::Max(distarray::Absolute(plate - factor * start)).Item<double>();
  if (!error.ok()) {
    return error.status();
  }
  std::printf("%lld x %lld points, %d steps: hottest %.6f, expected %.6f, largest error %.1e\n",
              static_cast<long long>(points), static_cast<long long>(points), steps, *hottest, factor, *error);
  return *error < 1e-10 ? absl::OkStatus() : absl::InternalError("the plate is not what it should be");
}

}  // namespace

int main(int argc, char** argv) {
  const std::int64_t points = argc > 1 ? std::atoll(argv[1]) : 513;
  const int steps = argc > 2 ? std::atoi(argv[2]) : 100;
  const absl::Status status = Run(points, steps);
  if (!status.ok()) {
    std::fprintf(stderr, "heat: %s\n", std::string(status.message()).c_str());
    return 1;
  }
  return 0;
}
