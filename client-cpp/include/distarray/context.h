#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "distarray/array.h"
#include "distarray/call.h"

namespace distarray::inline client {

class PrivateDaemon;  // internal
class Session;        // internal

struct ContextOptions {
  std::string client_name;            // for the daemon's logs; empty: the library's name and version
  std::vector<std::int32_t> targets;  // default targets, in order; empty: all
  std::string default_kinds;  // default distribution, a letter of n, b, c a dimension; empty: block along the first
  absl::Duration connect_timeout = absl::Seconds(10);
};

/// The daemon, as it was when asked.
struct DaemonInfo {
  std::string version;
  std::string instance;    // random name of the daemon's life
  std::int64_t epoch = 0;  // life of the engines: arrays do not survive it
  std::int32_t engine_count = 0;
  std::int64_t memory_limit_bytes = 0;
  std::int64_t memory_used_bytes = 0;
};

/// A session with a daemon, over one connection. Copies share it. Calls that make arrays are sent in batches within a
/// millisecond, in order, and return without waiting; they wait only when thousands of requests or megabytes of data
/// are under way, and for the daemon's yes to an array of 16 MiB and more. Thread-safe.
///
/// When the connection breaks (the daemon was stopped or restarted), the session's arrays are gone for this client:
/// every call that waits fails with UNAVAILABLE/kSessionUnknown. Connect again.
class Context {
 public:
  /// Connects to `address` ("host:port"). Empty: to $DISTARRAY_ADDRESS or, if that is unset too, to a private daemon
  /// that all such contexts of this process share; it is started by the first of them and ends with the process.
  /// Errors: INVALID_ARGUMENT/kInvalidValue not a host:port, unknown or repeated targets; UNAVAILABLE nothing answers
  /// there; DEADLINE_EXCEEDED; without an address also those of StartPrivate.
  static absl::StatusOr<Context> Connect(const std::string& address, const ContextOptions& options = {});
  /// Starts a daemon of `engines` engines for this context alone and connects to it. It ends with the last copy of the
  /// context and of its arrays, whose going waits for that, and with this process, however the process ends (children
  /// that it forks must exec or end). distarrayd is sought in $DISTARRAYD, on PATH, and in build/bin of the current
  /// directory and of those above. Errors: INVALID_ARGUMENT/kInvalidValue engines below 1; NOT_FOUND/kFileNotFound
  /// there is no distarrayd; UNAVAILABLE it does not run, or was not ready within a minute; as Connect.
  static absl::StatusOr<Context> StartPrivate(int engines, const ContextOptions& options = {});

  const std::string& address() const;
  /// Errors: UNAVAILABLE/kSessionUnknown.
  absl::StatusOr<DaemonInfo> Info() const;

  // Creation. Failed: INVALID_ARGUMENT/kInvalidValue a negative or enormous shape; RESOURCE_EXHAUSTED/kMemoryLimit the
  // daemon's arrays would take more than its --memory-limit; kInvalidValue a distribution that does not fit. The daemon
  // alone knows the latter two: an array of 16 MiB and more is failed at once, a smaller one fails when it is read.

  /// Elements are whatever the caller's own freed memory held.
  Array Empty(const Shape& shape, DType dtype = DType::kFloat64, const DistributionRequest& distribution = {}) const;
  Array Zeros(const Shape& shape, DType dtype = DType::kFloat64, const DistributionRequest& distribution = {}) const;
  Array Ones(const Shape& shape, DType dtype = DType::kFloat64, const DistributionRequest& distribution = {}) const;
  /// Every element `value`, of the scalar's own dtype.
  Array Full(const Shape& shape, const Scalar& value, const DistributionRequest& distribution = {}) const;
  Array Full(const Shape& shape, const Scalar& value, DType dtype, const DistributionRequest& distribution = {}) const;
  /// The numbers start, start + step, ... before stop (1-d). Default dtype: int64 if all three are integers, else
  /// float64, or float32 if no argument is wider. The step is the difference of the first two elements in the array's
  /// dtype, as numpy.arange has it. Failed also: INVALID_ARGUMENT/kInvalidValue a step of 0, a start that does not fit
  /// an integer dtype; /kInvalidType complex numbers, bool.
  Array Arange(const Scalar& start, const Scalar& stop, const Scalar& step = 1, std::optional<DType> dtype = {},
               const DistributionRequest& distribution = {}) const;
  /// 0, 1, ..., count - 1.
  Array Arange(std::int64_t count) const { return Arange(0, count); }
  /// `count` numbers from start to stop, stop included if `endpoint` (1-d). Default dtype: that of start, stop and 1.0
  /// together, so float64 for C++'s real numbers. Numbers of an integer dtype are rounded down. Failed also:
  /// INVALID_ARGUMENT/kInvalidType complex numbers for another dtype.
  Array Linspace(const Scalar& start, const Scalar& stop, std::int64_t count = 50, bool endpoint = true,
                 std::optional<DType> dtype = {}, const DistributionRequest& distribution = {}) const;
  /// rows x columns, ones where column - row == diagonal, else zero.
  Array Eye(std::int64_t rows, std::int64_t columns, std::int64_t diagonal = 0, DType dtype = DType::kFloat64,
            const DistributionRequest& distribution = {}) const;
  /// Every element its own index along `axis` (numpy.indices).
  Array Indices(const Shape& shape, int axis, DType dtype = DType::kInt64,
                const DistributionRequest& distribution = {}) const;
  /// The elements given, in C order; they have been copied when the call returns. Failed also:
  /// INVALID_ARGUMENT/kInvalidValue as many elements as the shape has are not given.
  template <Element T>
  Array FromSpan(std::span<const T> elements, const Shape& shape, const DistributionRequest& distribution = {}) const {
    return Upload(kDTypeOf<T>, elements.data(), static_cast<std::int64_t>(elements.size()), shape, distribution);
  }
  /// One dimension.
  template <Element T>
  requires(!std::is_same_v<T, bool>) Array
      FromVector(const std::vector<T>& elements, const DistributionRequest& distribution = {})
  const { return FromSpan(std::span<const T>(elements), {static_cast<std::int64_t>(elements.size())}, distribution); }

  /// Reads dataset `dataset` of the HDF5 file `path` on the daemon's host by all engines in parallel; waits for shape
  /// and dtype. Errors: NOT_FOUND/kFileNotFound, /kDatasetNotFound; PERMISSION_DENIED/kFileAccess;
  /// INVALID_ARGUMENT/kFileFormat, /kInvalidType no such dtype, /kInvalidValue the distribution does not fit;
  /// INTERNAL/kIoFailed; RESOURCE_EXHAUSTED/kMemoryLimit.
  absl::StatusOr<Array> LoadHdf5(const std::string& path, const std::string& dataset = "buffer",
                                 const DistributionRequest& distribution = {}) const;

  // Functions of the user's, in Python, run once on each target beside the blocks: all targets at the same time, in
  // worker processes with an MPI world of their own. An array among the arguments arrives as its target's LocalArray,
  // whose ndarray is the engine's own memory: what the function writes, later operations see, also if it fails.

  /// Registers `source`, text that defines a function `name`, to be called by that name; a name in use is given to the
  /// new function. The text is first run when it is called. Errors: INVALID_ARGUMENT/kInvalidValue no identifier;
  /// PERMISSION_DENIED/kPermissionDenied the daemon runs no functions.
  absl::Status Register(const std::string& name, const std::string& source) const;
  /// Forgets a registered function. Errors: NOT_FOUND/kUnknownKey there is none of that name.
  absl::Status Unregister(const std::string& name) const;
  /// The session's registered functions, ascending by name.
  absl::StatusOr<std::vector<FunctionInfo>> Functions() const;

  /// Calls a function with these positional arguments and waits for its end. If all targets return local arrays they
  /// become one array; else the result has what each target returned.
  CallResult Call(const Function& function, const Arguments& arguments = {}, const CallOptions& options = {}) const {
    return CallAsync(function, arguments, options).Wait();
  }
  /// As Call, for what each target returns: local arrays too come back as such, as copies.
  CallResult Apply(const Function& function, const Arguments& arguments = {}, const CallOptions& options = {}) const {
    return ApplyAsync(function, arguments, options).Wait();
  }
  /// As Call and Apply, without waiting for the end. Operations that use an array which the function may write (not
  /// ReadOnly) are carried out after it; others meanwhile.
  [[nodiscard]] PendingCall CallAsync(const Function& function, const Arguments& arguments = {},
                                      const CallOptions& options = {}) const;
  [[nodiscard]] PendingCall ApplyAsync(const Function& function, const Arguments& arguments = {},
                                       const CallOptions& options = {}) const;

  /// The session's arrays, ascending by key.
  absl::StatusOr<std::vector<ArrayInfo>> List() const;
  /// Computes and stores all that is recorded; the first error of an in-place operation or assignment.
  absl::Status Wait() const;
  /// Sends what is unsent now instead of within a millisecond. Does not wait.
  void Flush() const;

 private:
  friend class Random;
  explicit Context(std::shared_ptr<Session> session) : session_(std::move(session)) {}

  static absl::StatusOr<Context> With(const absl::StatusOr<std::shared_ptr<const PrivateDaemon>>& daemon,
                                      const ContextOptions& options);
  Array Upload(DType dtype, const void* elements, std::int64_t count, const Shape& shape,
               const DistributionRequest& distribution) const;

  std::shared_ptr<Session> session_;
};

}  // namespace distarray::inline client
