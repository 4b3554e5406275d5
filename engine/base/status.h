#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

/// Leaves the enclosing function with the status of `expr` unless it is OK.
#define DA_RETURN_IF_ERROR(expr)                              \
  do {                                                        \
    if (::absl::Status da_status = (expr); !da_status.ok()) { \
      return da_status;                                       \
    }                                                         \
  } while (false)

#define DA_CONCAT_INNER(a, b) a##b
#define DA_CONCAT(a, b) DA_CONCAT_INNER(a, b)

/// `DA_ASSIGN_OR_RETURN(auto x, F());` declares x with the value of F(), or leaves the enclosing function with its
/// status.
#define DA_ASSIGN_OR_RETURN(declaration, expr)       \
  auto DA_CONCAT(da_result_, __LINE__) = (expr);     \
  if (!DA_CONCAT(da_result_, __LINE__).ok()) {       \
    return DA_CONCAT(da_result_, __LINE__).status(); \
  }                                                  \
  declaration = *std::move(DA_CONCAT(da_result_, __LINE__))
