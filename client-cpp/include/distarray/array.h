#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "distarray/array_info.h"
#include "distarray/distribution.h"
#include "distarray/dtype.h"
#include "distarray/explanation.h"
#include "distarray/index.h"
#include "distarray/operand.h"

namespace distarray::inline client {

struct ArrayState;  // internal

/// A handle of an array that the daemon's engines hold. Copies are handles of the same array; when the last goes, the
/// array is deleted (no call waits for that). Shape and dtype are known at once; elements are fetched only by ToVector,
/// Item and CopyTo.
///
/// Operations are recorded, and return at once. What they are given wrong (shapes that do not broadcast, a dtype the
/// function is not defined for) makes the result a *failed* array: status() says why, everything computed from it is
/// failed too, and the first call that waits (ToVector, Item, CopyTo, Wait, Describe, SaveHdf5) returns the error. So
/// does a failure on the engines. An in-place operation that fails leaves the array as it was; its error is returned by
/// the context's next call that waits.
///
/// Thread-safe as a shared_ptr is: different handles may be used from different threads.
class Array {
 public:
  /// No array: every use is an error.
  Array() = default;

  /// OK, or why this array could not be recorded. Does not ask the daemon.
  const absl::Status& status() const;
  bool ok() const { return status().ok(); }

  /// Of a failed array: empty.
  const Shape& shape() const;
  int ndim() const { return static_cast<int>(shape().size()); }
  /// Number of elements.
  std::int64_t size() const;
  /// Bytes of all elements.
  std::int64_t nbytes() const { return size() * SizeOf(dtype()); }
  /// Of a failed array: float64.
  DType dtype() const;
  /// The array's name within the context's session; 0: failed.
  std::int64_t key() const;

  /// Computes what the array depends on and fetches all elements, in C order. T must be the array's dtype (see AsType).
  /// Errors: INVALID_ARGUMENT/kInvalidType another T; the array's own; UNAVAILABLE/kSessionUnknown the connection is
  /// lost.
  template <Element T>
  absl::StatusOr<std::vector<T>> ToVector() const;
  /// As ToVector, for an array of one element. Errors: as ToVector, and INVALID_ARGUMENT/kInvalidValue another size.
  template <Element T>
  absl::StatusOr<T> Item() const;
  /// As ToVector, into memory of the caller's. Errors: as ToVector, and INVALID_ARGUMENT/kInvalidValue out.size() is
  /// not size().
  template <Element T>
  absl::Status CopyTo(std::span<T> out) const {
    return Read(kDTypeOf<T>, out.data(), static_cast<std::int64_t>(out.size()));
  }
  /// Computes and stores the array. Errors: the array's own, and that of an earlier in-place operation of the context.
  absl::Status Wait() const;
  /// What the daemon knows of it, its distribution above all. Errors: the array's own.
  absl::StatusOr<ArrayInfo> Describe() const;
  /// What would run to compute and store the array (of a view, all of what it is a view of). Nothing runs. Errors: the
  /// array's own.
  absl::StatusOr<Explanation> Explain() const;

  /// A view: shares its elements with this array, so that assigning to it changes this one. Failed:
  /// OUT_OF_RANGE/kIndexOutOfRange an integer outside its dimension or too many entries; INVALID_ARGUMENT/kInvalidValue
  /// a step of 0, several Ellipsis.
  Array Slice(const Index& index) const;
  /// A new array with the same elements.
  Array Copy() const;
  /// The elements converted, as a C cast does.
  Array AsType(DType dtype) const;
  /// A new array with the same elements, dealt out otherwise. A distribution that does not fit is the result's error
  /// when it is read.
  Array Redistribute(const DistributionRequest& distribution) const;

  /// (*this)[index] = value, broadcast and converted to this dtype; an empty index is the whole array. Seen by every
  /// view, not by results recorded before. Errors, at once: as Slice; INVALID_ARGUMENT/kInvalidValue the value does not
  /// broadcast. OK means recorded.
  absl::Status Assign(const Index& index, const Operand& value) const;

  // In place: *this = function(*this, value), seen by every view. The result must have this shape and convert to this
  // dtype under NumPy's "same_kind". A failure, also of the arguments, leaves the array as it was and is returned by
  // the context's next call that waits.

  /// An elementwise function of two operands by NumPy's name. Errors: as Ufunc; INVALID_ARGUMENT/kInvalidValue a result
  /// of another shape, /kInvalidType one that does not convert.
  Array& InPlace(std::string_view name, const Operand& value);
  /// As FloorDivide.
  Array& FloorDivideInPlace(const Operand& divisor);
  /// As Power: an integer to a negative integer power is kInvalidValue.
  Array& PowerInPlace(const Operand& exponent);
  Array& operator+=(const Operand& value);
  Array& operator-=(const Operand& value);
  Array& operator*=(const Operand& value);
  Array& operator/=(const Operand& value);
  Array& operator%=(const Operand& value);
  Array& operator&=(const Operand& value);
  Array& operator|=(const Operand& value);
  Array& operator^=(const Operand& value);
  Array& operator<<=(const Operand& value);
  Array& operator>>=(const Operand& value);

  /// Writes the array to dataset `dataset` (a path; groups are made) of the HDF5 file `path` on the daemon's host, by
  /// all engines in parallel. Atomic: after a failure the old file stands. Errors: the array's own;
  /// NOT_FOUND/kFileNotFound the folder; ALREADY_EXISTS/kFileExists, /kDatasetExists; PERMISSION_DENIED/kFileAccess;
  /// INTERNAL/kIoFailed.
  absl::Status SaveHdf5(const std::string& path, const std::string& dataset = "buffer",
                        FileMode mode = FileMode::kAppend) const;

 private:
  friend struct ArrayState;
  explicit Array(std::shared_ptr<const ArrayState> state) : state_(std::move(state)) {}

  absl::Status Read(DType dtype, void* out, std::int64_t count) const;
  absl::Status CheckItem() const;

  std::shared_ptr<const ArrayState> state_;
};

template <Element T>
absl::StatusOr<std::vector<T>> Array::ToVector() const {
  const auto count = static_cast<std::size_t>(size());
  if constexpr (std::is_same_v<T, bool>) {  // a vector of bits has no memory to read into
    const auto bytes = std::make_unique<bool[]>(count);
    absl::Status status = CopyTo(std::span<bool>(bytes.get(), count));
    if (!status.ok()) {
      return status;
    }
    return std::vector<bool>(bytes.get(), bytes.get() + count);
  } else {
    std::vector<T> elements(count);
    absl::Status status = CopyTo(std::span<T>(elements));
    if (!status.ok()) {
      return status;
    }
    return elements;
  }
}

template <Element T>
absl::StatusOr<T> Array::Item() const {
  absl::Status status = CheckItem();
  T element{};
  if (status.ok()) {
    status = CopyTo(std::span<T>(&element, 1));
  }
  if (!status.ok()) {
    return status;
  }
  return element;
}

}  // namespace distarray::inline client
