#include "distarray/random.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "client-cpp/src/computing.h"
#include "client-cpp/src/create.h"
#include "client-cpp/src/shapes.h"
#include "distarray/cumulative.h"
#include "distarray/functions.h"
#include "distarray/indexing.h"
#include "distarray/manipulation.h"
#include "distarray/operators.h"
#include "distarray/searching.h"
#include "distarray/sorting.h"

namespace distarray::inline client {
namespace {

// Waits for the least of them, and for their sum.
absl::Status CheckWeights(const Array& p, std::int64_t count) {
  DA_RETURN_IF_ERROR(p.status());
  if (p.shape() != Shape{count}) {
    return Error(Reason::kInvalidValue,
                 absl::StrCat("p: shape ", ToString(p.shape()), " given, ", count, " numbers expected, one a choice"));
  }
  const Array valid = AllOf(p >= 0);
  const Array sum = Sum(p.AsType(DType::kFloat64));
  DA_ASSIGN_OR_RETURN(const bool positive, valid.Item<bool>());
  DA_ASSIGN_OR_RETURN(const double total, sum.Item<double>());
  if (!positive || !(std::abs(total - 1) <= 1e-8)) {
    return Error(Reason::kInvalidValue, absl::StrCat("p: ", positive ? "" : "numbers below 0 or NaN, ", "a sum of ",
                                                     total, " given, numbers from 0 on with a sum of 1 expected"));
  }
  return absl::OkStatus();
}

// How many elements are asked for.
absl::StatusOr<std::int64_t> Wanted(std::int64_t count, const Shape& shape, const ChoiceOptions& options) {
  DA_RETURN_IF_ERROR(CheckShape(shape, SizeOf(DType::kInt64), static_cast<int>(shape.size())));
  const std::int64_t wanted = ElementCount(shape);
  if (count < 0 || (wanted > 0 && count == 0) || (!options.replace && wanted > count)) {
    return Error(Reason::kInvalidValue,
                 absl::StrCat("shape: ", wanted, " elements given of ", count,
                              options.replace ? "" : " without replacement", ", no more expected than there are"));
  }
  return wanted;
}

}  // namespace

Random::Random(Context context, std::uint64_t seed)
    : context_(std::move(context)), seed_(seed), next_stream_(std::make_shared<std::atomic<std::uint64_t>>(0)) {}

Array Random::Make(int kind, const Shape& shape, const Scalar& low, const Scalar& high, DType dtype,
                   const DistributionRequest& distribution) const {
  return Create(context_.session_, shape, dtype, distribution, [&](v1::CreateRequest& create) {
    v1::CreateRequest::Random& random = *create.mutable_random();
    random.set_kind(static_cast<v1::CreateRequest::Random::Kind>(kind));
    random.set_seed(seed_);
    random.set_stream(next_stream_->fetch_add(1));
    ToWire(low, random.mutable_low());
    ToWire(high, random.mutable_high());
  });
}

Array Random::Uniform(const Shape& shape, double low, double high, DType dtype,
                      const DistributionRequest& distribution) const {
  return Make(v1::CreateRequest::Random::KIND_UNIFORM, shape, low, high, dtype, distribution);
}

Array Random::Normal(const Shape& shape, double mean, double deviation, DType dtype,
                     const DistributionRequest& distribution) const {
  return Make(v1::CreateRequest::Random::KIND_NORMAL, shape, mean, deviation, dtype, distribution);
}

Array Random::Integers(const Shape& shape, std::int64_t low, std::int64_t high, DType dtype,
                       const DistributionRequest& distribution) const {
  return Make(v1::CreateRequest::Random::KIND_INTEGERS, shape, low, high, dtype, distribution);
}

Array Random::Exponential(const Shape& shape, double scale, DType dtype,
                          const DistributionRequest& distribution) const {
  if (!(scale >= 0)) {
    return ArrayState::Failed(
        nullptr, Error(Reason::kInvalidValue, absl::StrCat("scale: ", scale, " given, at least 0 expected")));
  }
  return -Log1p(-Uniform(shape, 0, 1, dtype, distribution)) * scale;
}

Array Random::Permutation(std::int64_t count) const {
  if (count < 0) {
    return ArrayState::Failed(
        nullptr, Error(Reason::kInvalidValue, absl::StrCat("count: ", count, " given, at least 0 expected")));
  }
  return Argsort(Make(v1::CreateRequest::Random::KIND_CLOSED_INTEGERS, {count}, std::uint64_t{0},
                      std::numeric_limits<std::uint64_t>::max(), DType::kUInt64, {}));
}

Array Random::Permutation(const Array& x, int axis) const {
  return Made([&]() -> absl::StatusOr<Array> {
    DA_ASSIGN_OR_RETURN(const int place, AxisOf(x, axis));
    return Take(x, Permutation(x.shape()[static_cast<std::size_t>(place)]), place);
  });
}

absl::Status Random::Shuffle(const Array& x, int axis) const { return x.Assign({}, Permutation(x, axis)); }

absl::StatusOr<Array> Random::Choice(std::int64_t count, const Shape& shape, const ChoiceOptions& options) const {
  DA_ASSIGN_OR_RETURN(const std::int64_t wanted, Wanted(count, shape, options));
  if (!options.p.has_value()) {
    return options.replace ? Integers(shape, 0, std::max<std::int64_t>(count, 1))
                           : Reshape(Permutation(count).Slice({Range(0, wanted)}), shape);
  }
  const Array p = *options.p;
  DA_RETURN_IF_ERROR(CheckWeights(p, count));
  if (options.replace) {
    const Array running = Cumsum(p.AsType(DType::kFloat64));
    const Array drawn = Uniform({wanted}) * running.Slice({-1});
    return Reshape(Minimum(SearchSorted(running, drawn, Side::kRight), count - 1), shape);
  }
  const Array possible = CountNonzero(p);
  DA_ASSIGN_OR_RETURN(const std::int64_t most, possible.Item<std::int64_t>());
  if (most < wanted) {
    return Error(Reason::kInvalidValue,
                 absl::StrCat("p: ", most, " numbers other than 0 given, at least ", wanted, " expected"));
  }
  // The first to come of independent processes of these rates (Efraimidis and Spirakis).
  return Reshape(Argsort(Exponential({count}) / p).Slice({Range(0, wanted)}), shape);
}

absl::StatusOr<Array> Random::Choice(const Array& x, const Shape& shape, const ChoiceOptions& options, int axis) const {
  DA_ASSIGN_OR_RETURN(const int place, AxisOf(x, axis));
  DA_ASSIGN_OR_RETURN(const Array chosen, Choice(x.shape()[static_cast<std::size_t>(place)], shape, options));
  const Array taken = Take(x, chosen, place);
  DA_RETURN_IF_ERROR(taken.status());
  return taken;
}

}  // namespace distarray::inline client
