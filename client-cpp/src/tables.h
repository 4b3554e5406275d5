#pragma once

#include <absl/status/statusor.h>

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "distarray/dtype.h"
#include "distarray/scalar.h"
#include "distarray/v1/session.pb.h"

namespace distarray::inline client {

/// What decides the dtype of a result: an array's dtype, or a number.
using OperandType = std::variant<DType, const Scalar*>;

/// The daemon's functions and their dtypes, from which the client works out the dtype of every result by itself.
class Tables {
 public:
  /// Error kInternal: tables that this version cannot read.
  static absl::StatusOr<Tables> FromWire(const v1::ServerInfo& info);

  /// The dtype of an elementwise function's result; `asked`: numpy's dtype=. Errors: kUnknownOperation; kInvalidType
  /// not defined for these dtypes; kInvalidValue another number of operands, an integer that does not fit.
  absl::StatusOr<DType> UfuncType(std::string_view name, std::span<const OperandType> operands,
                                  std::optional<DType> asked) const;
  /// The dtype of a reduction's result. Errors: kUnknownOperation, kInvalidType.
  absl::StatusOr<DType> ReductionType(std::string_view name, DType source, std::optional<DType> asked) const;
  /// NumPy 2's result_type.
  DType Promote(DType a, DType b) const {
    return promotions_[static_cast<std::size_t>(a)][static_cast<std::size_t>(b)];
  }
  /// NumPy 2's result_type of the operands, weak scalars among them. Error kInvalidValue: an integer that does not fit.
  absl::StatusOr<DType> Promote(std::span<const OperandType> operands) const;

 private:
  using Loops = std::array<std::optional<DType>, kDTypeCount>;  // result, by the operands' dtype
  struct Operation {
    std::size_t operand_count = 0;
    Loops loops;
  };

  std::array<std::array<DType, kDTypeCount>, kDTypeCount> promotions_{};
  std::map<std::string, Operation, std::less<>> operations_;
  std::map<std::string, Loops, std::less<>> reductions_;
};

/// The dtype that a weak scalar takes beside an array. Error kInvalidValue: an integer that does not fit an integer
/// dtype.
absl::StatusOr<DType> WeakType(const Scalar& scalar, DType array);

/// numpy.can_cast(from, to, "same_kind").
inline bool CanCastSameKind(DType from, DType to) { return KindOf(from) <= KindOf(to); }

}  // namespace distarray::inline client
