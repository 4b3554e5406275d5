#include "client-cpp/src/tables.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <vector>

#include "client-cpp/src/codec.h"
#include "client-cpp/src/status.h"

namespace distarray::inline client {
namespace {

template <typename Repeated, typename Loops>
absl::Status ReadLoops(const Repeated& messages, Loops& loops) {
  for (const auto& message : messages) {
    const auto operands = FromWire(message.operands());
    const auto result = FromWire(message.result());
    DA_RETURN_IF_ERROR(operands.status());
    DA_RETURN_IF_ERROR(result.status());
    loops[static_cast<std::size_t>(*operands)] = *result;
  }
  return absl::OkStatus();
}

bool FitsInteger(const Scalar& scalar, DType dtype) {
  const bool is_signed = KindOf(dtype) == Kind::kSigned;
  const auto bits = static_cast<unsigned>(8 * SizeOf(dtype) - (is_signed ? 1 : 0));
  const std::uint64_t most = ~std::uint64_t{0} >> (64U - bits);
  if (const auto* const wide = std::get_if<std::uint64_t>(&scalar.value())) {
    return *wide <= most;
  }
  const auto value = std::get<std::int64_t>(scalar.value());
  return value >= 0 ? static_cast<std::uint64_t>(value) <= most
                    : is_signed && static_cast<std::uint64_t>(-(value + 1)) <= most;
}

std::string TypeName(const OperandType& operand) {
  const auto* const dtype = std::get_if<DType>(&operand);
  const Scalar* const scalar = dtype == nullptr ? std::get<const Scalar*>(operand) : nullptr;
  return std::string(NameOf(dtype != nullptr ? *dtype : scalar->dtype().value_or(scalar->DefaultDType())));
}

std::string TypeNames(std::span<const OperandType> operands) {
  std::string text;
  for (const OperandType& operand : operands) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", TypeName(operand));
  }
  return text;
}

}  // namespace

absl::StatusOr<DType> WeakType(const Scalar& scalar, DType array) {
  switch (scalar.kind()) {
    case Kind::kBool:
      return DType::kBool;
    case Kind::kFloat:
      return KindOf(array) < Kind::kFloat ? DType::kFloat64 : array;
    case Kind::kComplex:
      if (KindOf(array) == Kind::kComplex) {
        return array;
      }
      return array == DType::kFloat32 ? DType::kComplex64 : DType::kComplex128;
    case Kind::kUnsigned:
    case Kind::kSigned:
      break;
  }
  const DType dtype = array == DType::kBool ? DType::kInt64 : array;
  if (KindOf(dtype) < Kind::kFloat && !FitsInteger(scalar, dtype)) {
    const auto* const wide = std::get_if<std::uint64_t>(&scalar.value());
    return Error(
        Reason::kInvalidValue,
        absl::StrCat("integer ",
                     wide != nullptr ? absl::StrCat(*wide) : absl::StrCat(std::get<std::int64_t>(scalar.value())),
                     " is out of bounds for ", std::string(NameOf(dtype))));
  }
  return dtype;
}

absl::StatusOr<Tables> Tables::FromWire(const v1::ServerInfo& info) {
  Tables tables;
  if (info.promotions_size() != kDTypeCount * kDTypeCount) {
    return Error(Reason::kInternal, absl::StrCat("the daemon knows ", info.promotions_size(),
                                                 " pairs of dtypes, this client ", kDTypeCount * kDTypeCount));
  }
  for (int i = 0; i < info.promotions_size(); ++i) {
    const auto dtype = client::FromWire(info.promotions(i));
    DA_RETURN_IF_ERROR(dtype.status());
    tables.promotions_[static_cast<std::size_t>(i / kDTypeCount)][static_cast<std::size_t>(i % kDTypeCount)] = *dtype;
  }
  for (const v1::ServerInfo::Operation& message : info.operations()) {
    Operation& operation = tables.operations_[message.name()];
    operation.operand_count = static_cast<std::size_t>(message.operand_count());
    DA_RETURN_IF_ERROR(ReadLoops(message.loops(), operation.loops));
  }
  for (const v1::ServerInfo::Reduction& message : info.reductions()) {
    DA_RETURN_IF_ERROR(ReadLoops(message.loops(), tables.reductions_[message.name()]));
  }
  return tables;
}

absl::StatusOr<DType> Tables::Promote(std::span<const OperandType> operands) const {
  std::optional<DType> common;  // of arrays and typed scalars
  for (const OperandType& operand : operands) {
    const auto* const array = std::get_if<DType>(&operand);
    const std::optional<DType> dtype = array != nullptr ? *array : std::get<const Scalar*>(operand)->dtype();
    if (dtype.has_value()) {
      common = common.has_value() ? Promote(*common, *dtype) : *dtype;
    }
  }
  std::optional<DType> promoted = common;
  for (const OperandType& operand : operands) {
    const auto* const scalar = std::get_if<const Scalar*>(&operand);
    if (scalar == nullptr || (*scalar)->dtype().has_value()) {
      continue;
    }
    const absl::StatusOr<DType> weak =
        common.has_value() ? WeakType(**scalar, *common) : absl::StatusOr<DType>((*scalar)->DefaultDType());
    DA_RETURN_IF_ERROR(weak.status());
    promoted = promoted.has_value() ? Promote(*promoted, *weak) : *weak;
  }
  return promoted.value_or(DType::kFloat64);
}

absl::StatusOr<DType> Tables::UfuncType(std::string_view name, std::span<const OperandType> operands,
                                        std::optional<DType> asked) const {
  const bool astype = name == "astype" && asked.has_value();
  const auto found = operations_.find(astype ? std::string_view("copy") : name);
  if (found == operations_.end()) {
    return Error(Reason::kUnknownOperation, absl::StrCat("name: there is no elementwise function ", std::string(name)));
  }
  const auto& [operand_count, loops] = found->second;
  if (operands.size() != operand_count) {
    return Error(Reason::kInvalidValue, absl::StrCat(std::string(name), ": ", operands.size(), " operands given, ",
                                                     operand_count, " expected"));
  }
  if (asked.has_value() && (astype || loops[static_cast<std::size_t>(*asked)].has_value())) {
    return astype ? *asked : *loops[static_cast<std::size_t>(*asked)];
  }
  // The condition takes no part in the promotion.
  const auto promoted = Promote(name == "where" ? operands.subspan(1) : operands);
  DA_RETURN_IF_ERROR(promoted.status());
  if (name == "power" && KindOf(*promoted) < Kind::kFloat) {
    const auto* const exponent = std::get_if<const Scalar*>(&operands[1]);
    const auto* const value = exponent != nullptr ? std::get_if<std::int64_t>(&(*exponent)->value()) : nullptr;
    if (value != nullptr && *value < 0) {
      return Error(Reason::kInvalidValue,
                   absl::StrCat("power: integers to a negative integer power are not allowed (", *value, ")"));
    }
  }
  const auto gives = [&](DType dtype, DType wanted) { return loops[static_cast<std::size_t>(dtype)] == wanted; };
  // Integers that float32 holds (int16 and uint16) meet in it, though their common integer dtype needs float64.
  const bool narrow = (KindOf(*promoted) == Kind::kSigned || KindOf(*promoted) == Kind::kUnsigned) &&
                      gives(*promoted, DType::kFloat64) &&
                      std::all_of(operands.begin(), operands.end(), [&](const OperandType& operand) {
                        const auto* const array = std::get_if<DType>(&operand);
                        const std::optional<DType> dtype =
                            array != nullptr ? *array : std::get<const Scalar*>(operand)->dtype();
                        return dtype.has_value() && gives(*dtype, DType::kFloat32);
                      });
  const auto& result = loops[static_cast<std::size_t>(narrow ? DType::kFloat32 : *promoted)];
  if (!result.has_value()) {
    return Error(Reason::kInvalidType,
                 absl::StrCat(std::string(name), ": not defined for operands of dtype ", TypeNames(operands)));
  }
  return *result;
}

absl::StatusOr<DType> Tables::ReductionType(std::string_view name, DType source, std::optional<DType> asked) const {
  const auto found = reductions_.find(name);
  if (found == reductions_.end()) {
    return Error(Reason::kUnknownOperation, absl::StrCat("name: there is no reduction ", std::string(name)));
  }
  const DType dtype = asked.value_or(source);
  const auto& result = found->second[static_cast<std::size_t>(dtype)];
  if (!result.has_value() || !found->second[static_cast<std::size_t>(source)].has_value()) {
    return Error(Reason::kInvalidType,
                 absl::StrCat(std::string(name), ": not defined for dtype ", std::string(NameOf(dtype))));
  }
  return asked.value_or(*result);
}

}  // namespace distarray::inline client
