#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/command/command.h"
#include "engine/distribution/distribution.h"

namespace distarray::server {

/// A distribution that the engines know by number.
struct KnownDistribution {
  DistributionId id = 0;
  DistributionPtr value;

  const Distribution& operator*() const { return *value; }
  const Distribution* operator->() const { return value.get(); }
};
/// Equal distributions are the same object, so comparing pointers compares distributions.
using Layout = std::shared_ptr<const KnownDistribution>;

/// Gives distributions numbers and has them defined on (and, when nobody holds them any more, forgotten by) the
/// engines.
class DistributionRegistry {
 public:
  using Emit = std::function<void(CommandBody)>;
  explicit DistributionRegistry(Emit emit) : state_(std::make_shared<State>()) { state_->emit = std::move(emit); }
  ~DistributionRegistry() { state_->emit = nullptr; }

  Layout Intern(Distribution distribution);
  /// By number; null if nobody holds it. Takes time in how many there are.
  Layout Find(DistributionId id) const;

 private:
  struct State {
    Emit emit;
    DistributionId next = 1;
    std::unordered_map<std::string, std::weak_ptr<const KnownDistribution>> known;  // by encoding
  };
  std::shared_ptr<State> state_;
};

}  // namespace distarray::server
