#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <memory>
#include <utility>

#include "client-cpp/src/session.h"
#include "client-cpp/src/shapes.h"
#include "distarray/array.h"

namespace distarray::inline client {

/// What the handles of one array share. The last one deletes the array.
struct ArrayState {
  ArrayState(std::shared_ptr<Session> its_session, std::int64_t its_key, Shape its_shape, DType its_dtype)
      : session(std::move(its_session)), key(its_key), shape(std::move(its_shape)), dtype(its_dtype) {}
  ArrayState(std::shared_ptr<Session> its_session, absl::Status its_error)
      : session(std::move(its_session)), error(std::move(its_error)) {}
  ArrayState(const ArrayState&) = delete;
  ArrayState& operator=(const ArrayState&) = delete;
  ~ArrayState() {
    if (key != 0) {
      session->Forget(key, ElementCount(shape) * SizeOf(dtype));
    }
  }

  static Array Handle(std::shared_ptr<const ArrayState> state) { return Array(std::move(state)); }
  /// A handle of an array about to be made, under a new key.
  static Array New(const std::shared_ptr<Session>& session, Shape shape, DType dtype) {
    return Array(std::make_shared<const ArrayState>(session, session->NewKey(), std::move(shape), dtype));
  }
  static Array Failed(const std::shared_ptr<Session>& session, absl::Status error) {
    return Array(std::make_shared<const ArrayState>(session, std::move(error)));
  }
  /// Null: a default-constructed handle.
  static const ArrayState* Of(const Array& array) { return array.state_.get(); }

  const std::shared_ptr<Session> session;  // null only for failed ones
  const std::int64_t key = 0;              // 0: failed
  const Shape shape;
  const DType dtype = DType::kFloat64;
  const absl::Status error;  // not OK: failed
};

}  // namespace distarray::inline client
