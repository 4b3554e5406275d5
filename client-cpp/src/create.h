#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "client-cpp/src/array_state.h"
#include "client-cpp/src/codec.h"

namespace distarray::inline client {

/// Making an array of this many bytes or more awaits the daemon's yes, so that the memory limit is told at the call.
inline constexpr std::int64_t kAdmissionBytes = 16 << 20;

/// Records the making of an array; `deal` fills in how it is dealt out, `content` what its elements are. Failed: as
/// Context's creation functions.
template <typename Deal, typename Content>
Array CreateDealt(const std::shared_ptr<Session>& session, const Shape& shape, DType dtype, Deal&& deal,
                  Content&& content) {
  if (absl::Status valid = CheckShape(shape, SizeOf(dtype), session->dimensions_max()); !valid.ok()) {
    return ArrayState::Failed(session, std::move(valid));
  }
  Array result = ArrayState::New(session, shape, dtype);
  const auto fill = [&](v1::Request& request) {
    v1::CreateRequest& create = *request.mutable_create();
    create.set_key(result.key());
    create.mutable_shape()->Add(shape.begin(), shape.end());
    create.set_dtype(ToWire(dtype));
    deal(*create.mutable_distribution());
    content(create);
  };
  if (result.nbytes() < kAdmissionBytes) {
    session->Record(fill);
    return result;
  }
  absl::Status admitted = session->Admit(fill);
  return admitted.ok() ? result : ArrayState::Failed(session, std::move(admitted));
}

template <typename Content>
Array Create(const std::shared_ptr<Session>& session, const Shape& shape, DType dtype,
             const DistributionRequest& distribution, Content&& content) {
  return CreateDealt(
      session, shape, dtype, [&](v1::DistributionRequest& out) { ToWire(distribution, &out); },
      std::forward<Content>(content));
}

}  // namespace distarray::inline client
