#pragma once

#include <exception>
#include <new>
#include <string>
#include <type_traits>

#include "engine/base/error.h"

namespace distarray {

/// Calls f, which returns a status or nothing; what it throws (containers that find no memory) becomes a status.
template <typename F>
absl::Status Guarded(F&& f) {
  try {
    if constexpr (std::is_void_v<std::invoke_result_t<F>>) {
      f();
      return absl::OkStatus();
    } else {
      return f();
    }
  } catch (const std::bad_alloc&) {
    return Error(Reason::kMemoryLimit, "no memory for an operation's intermediate results on an engine");
  } catch (const std::exception& exception) {
    return Error(Reason::kInternal, std::string("an operation failed on an engine: ") + exception.what());
  }
}

}  // namespace distarray
