#include "server/planner/known_distribution.h"

#include <utility>

namespace distarray::server {

Layout DistributionRegistry::Intern(Distribution distribution) {
  ByteWriter writer;
  distribution.Encode(writer);
  std::string encoding = std::move(writer).Take();
  std::weak_ptr<const KnownDistribution>& slot = state_->known[encoding];
  if (Layout known = slot.lock()) {
    return known;
  }
  auto made = std::make_unique<KnownDistribution>();
  made->id = state_->next++;
  made->value = std::make_shared<const Distribution>(std::move(distribution));
  state_->emit(DefineDistribution{.id = made->id, .distribution = made->value});
  Layout layout(made.release(), [state = state_, encoding = std::move(encoding)](const KnownDistribution* dead) {
    const auto found = state->known.find(encoding);
    if (found != state->known.end() && found->second.expired()) {
      state->known.erase(found);
    }
    if (state->emit) {
      state->emit(ForgetDistributions{.ids = {dead->id}});
    }
    delete dead;
  });
  slot = layout;
  return layout;
}

Layout DistributionRegistry::Find(DistributionId id) const {
  for (const auto& [encoding, weak] : state_->known) {
    if (Layout layout = weak.lock(); layout && layout->id == id) {
      return layout;
    }
  }
  return nullptr;
}

}  // namespace distarray::server
