#include "distarray/random.h"

#include <utility>

#include "client-cpp/src/create.h"

namespace distarray::inline client {

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

}  // namespace distarray::inline client
