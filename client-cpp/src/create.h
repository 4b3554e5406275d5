#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "client-cpp/src/array_state.h"
#include "client-cpp/src/codec.h"

namespace distarray::inline client {

/// Making an array of this many bytes or more awaits the daemon's yes, so that the memory limit is told at the call.
inline constexpr std::int64_t kAdmissionBytes = 16 << 20;

/// Records the making of an array; `content` fills in what its elements are. Failed: as Context's creation functions.
template <typename Content>
Array Create(const std::shared_ptr<Session>& session, const Shape& shape, DType dtype,
             const DistributionRequest& distribution, Content&& content) {
  if (absl::Status valid = CheckShape(shape, SizeOf(dtype), session->dimensions_max()); !valid.ok()) {
    return ArrayState::Failed(session, std::move(valid));
  }
  Array result = ArrayState::New(session, shape, dtype);
  const auto fill = [&](v1::Request& request) {
    v1::CreateRequest& create = *request.mutable_create();
    create.set_key(result.key());
    create.mutable_shape()->Add(shape.begin(), shape.end());
    create.set_dtype(ToWire(dtype));
    ToWire(distribution, create.mutable_distribution());
    content(create);
  };
  if (result.nbytes() < kAdmissionBytes) {
    session->Record(fill);
    return result;
  }
  absl::Status admitted = session->Admit(fill);
  return admitted.ok() ? result : ArrayState::Failed(session, std::move(admitted));
}

}  // namespace distarray::inline client
