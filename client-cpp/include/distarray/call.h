#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "distarray/value.h"

namespace distarray::inline client {

struct CallState;  // internal

/// A function of the user's, in Python.
struct Function {
  /// One that is registered.
  Function(std::string its_name) : name(std::move(its_name)) {}  // NOLINT(google-explicit-constructor)
  Function(const char* its_name) : name(its_name) {}             // NOLINT(google-explicit-constructor)
  /// One that the source text defines.
  Function(std::string its_name, std::string its_source) : name(std::move(its_name)), source(std::move(its_source)) {}

  std::string name;
  std::string source;  // empty: it is registered
};

/// A registered function, as the daemon tells of it.
struct FunctionInfo {
  std::string name;
  std::string source;          // empty: it was pickled, by a Python client
  std::string python_version;  // of the client that pickled it
  std::int64_t calls = 0;      // so far
};

/// Positional arguments: {array, 2.5, "text"}.
struct Arguments {
  Arguments() = default;
  Arguments(std::initializer_list<Value> its_values) : values(its_values) {}
  explicit Arguments(Value::List its_values) : values(std::move(its_values)) {}

  Value::List values;
};

struct CallOptions {
  Value::Map keywords;  // keyword arguments
  /// In the order of the results. Empty: those of the arrays among the arguments, which must agree; without arrays the
  /// context's.
  std::vector<std::int32_t> targets;
  absl::Duration timeout = absl::InfiniteDuration();  // more than 0; after it the call is ended with kTimeout
};

/// A copy of a local array that a function returned: its target's part of an array.
struct LocalArray {
  DType dtype = DType::kFloat64;
  Shape shape;           // of the part
  std::string dim_data;  // of the Distributed Array Protocol 0.10, as JSON
  std::string bytes;     // of the elements, in C order

  /// The elements, in C order. Error INVALID_ARGUMENT/kInvalidType: T is not the dtype.
  template <Element T>
  absl::StatusOr<std::vector<T>> ToVector() const;

 private:
  absl::Status CheckDType(DType expected) const;
};

template <Element T>
absl::StatusOr<std::vector<T>> LocalArray::ToVector() const {
  absl::Status status = CheckDType(kDTypeOf<T>);
  if (!status.ok()) {
    return status;
  }
  if constexpr (std::is_same_v<T, bool>) {
    return std::vector<bool>(bytes.begin(), bytes.end());
  } else {
    std::vector<T> elements(bytes.size() / sizeof(T));
    std::copy_n(bytes.data(), elements.size() * sizeof(T), reinterpret_cast<char*>(elements.data()));
    return elements;
  }
}

/// What a function did on one target.
struct TargetResult {
  struct Warning {
    std::string category;  // name of the class, "RuntimeWarning"
    std::string message;
    std::string filename;   // where it was raised
    std::int64_t line = 0;  // 1-based
  };

  std::int32_t target = 0;
  /// OK, or why it failed here: kFunctionFailed it raised an exception, whose traceback the message holds; kWorkerLost
  /// its process ended; kTimeout; kCancelled; kMemoryLimit.
  absl::Status status;
  Value value;                            // what it returned
  std::optional<LocalArray> local_array;  // in place of value, if that was a local array
  std::string exception_type;             // name of the class of what it raised, "ZeroDivisionError"
  std::string traceback;                  // the worker's, as Python prints it
  std::string output;                     // what it printed
  bool output_truncated = false;          // it printed more
  std::vector<Warning> warnings;
};

/// How a call ended.
struct [[nodiscard]] CallResult {
  bool ok() const { return status.ok(); }

  /// OK: on all targets. Else the first cause; TargetsOf(status) are all targets on which it failed. Errors: those of
  /// TargetResult; NOT_FOUND/kUnknownKey no such function is registered; PERMISSION_DENIED/kPermissionDenied the daemon
  /// runs none; INVALID_ARGUMENT/kInvalidValue arguments that cannot travel, arrays on different targets, unknown
  /// targets, local arrays that do not fit together; an array's own; UNAVAILABLE/kSessionUnknown.
  absl::Status status;
  /// Of Context::Call, if every target returned a local array: the array that these are parts of.
  std::optional<Array> array;
  /// One a target, in the order of the targets, whatever became of the others. Empty: it did not run.
  std::vector<TargetResult> results;
};

/// A call under way. Copies are handles of the same call, and keep the session; when the last goes, the call goes on,
/// and what it returns is deleted. The session's end cancels it. Thread-safe.
class PendingCall {
 public:
  explicit PendingCall(std::shared_ptr<CallState> state) : state_(std::move(state)) {}

  /// Whether the call has ended.
  bool done() const { return WaitFor(absl::ZeroDuration()); }
  /// Waits so long at most; whether the call has ended.
  bool WaitFor(absl::Duration timeout) const;
  /// Waits until it has ended. The same result each time.
  CallResult Wait() const;
  /// Interrupts the function (KeyboardInterrupt), and ends it if that does not help; it fails with kCancelled unless it
  /// has returned by then. Does not wait for that.
  void Cancel() const;

 private:
  std::shared_ptr<CallState> state_;
};

}  // namespace distarray::inline client
