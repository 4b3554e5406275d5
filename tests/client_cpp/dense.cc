#include "tests/client_cpp/dense.h"

#include <numeric>

namespace distarray::inline client {
namespace {

Context Started(int engines) {
  auto context = Context::StartPrivate(engines);
  INFO(context.status().ToString());
  REQUIRE(context.ok());
  return *std::move(context);
}

// Blocks that grow, of which the second is empty.
std::vector<std::int64_t> UnevenBounds(std::int64_t size, int parts) {
  std::vector<std::int64_t> bounds{0};
  for (int i = 1; i < parts; ++i) {
    bounds.push_back(size / 4 * (i / 2 + 1));
  }
  bounds.push_back(size);
  return bounds;
}

// Neither arrays nor memory, once what was let go has been told of.
void CheckNothingLeft(const Context& context) {
  context.Flush();
  CHECK(context.Wait().ok());
  CHECK(Got(context.List()).empty());
  CHECK(Got(context.Info()).memory_used_bytes == 0);
}

}  // namespace

std::string Dealer::name() const {
  constexpr const char* kNames[] = {"blocks", "uneven blocks", "cyclic", "blocks of two in turn", "on one engine"};
  return std::string(kNames[way_]) + ", " + std::to_string(engines_) + " engines";
}

DistributionRequest Dealer::Distributed(const Shape& shape) const {
  if (shape.empty() || way_ == 0) {
    return {};
  }
  if (way_ == 2) {
    return {.kinds = "c"};
  }
  Distribution exact;
  for (const std::int64_t length : shape) {
    exact.dimensions.push_back(DimensionMap::Whole(length));
  }
  if (way_ == 4) {
    exact.targets = {engines_ - 1};
    return {.exact = exact};
  }
  exact.targets.resize(static_cast<std::size_t>(engines_));
  std::iota(exact.targets.rbegin(), exact.targets.rend(), 0);
  if (way_ == 1) {
    exact.dimensions.front() = DimensionMap::Block(UnevenBounds(shape.front(), engines_));
  } else {
    exact.dimensions.back() = DimensionMap::Cyclic(shape.back(), engines_, 2);
  }
  return {.exact = exact};
}

void OnAllDistributions(const std::function<void(const Dealer& deal)>& test) {
  static const Context one = Started(1);
  static const Context three = Started(3);
  for (int way = 0; way < Dealer::kWays; ++way) {
    for (const auto& [context, engines] : {std::pair(&one, 1), std::pair(&three, 3)}) {
      const Dealer deal(*context, engines, way);
      INFO(deal.name());
      test(deal);
      CheckNothingLeft(*context);
    }
  }
}

}  // namespace distarray::inline client
