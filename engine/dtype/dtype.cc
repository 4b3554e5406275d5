#include "engine/dtype/dtype.h"

#include <algorithm>

namespace distarray {
namespace {

constexpr std::array<DTypeInfo, kDTypeCount> kInfos = {{
    {"bool", 1, Kind::kBool},
    {"int8", 1, Kind::kSigned},
    {"int16", 2, Kind::kSigned},
    {"int32", 4, Kind::kSigned},
    {"int64", 8, Kind::kSigned},
    {"uint8", 1, Kind::kUnsigned},
    {"uint16", 2, Kind::kUnsigned},
    {"uint32", 4, Kind::kUnsigned},
    {"uint64", 8, Kind::kUnsigned},
    {"float32", 4, Kind::kFloat},
    {"float64", 8, Kind::kFloat},
    {"complex64", 8, Kind::kComplex},
    {"complex128", 16, Kind::kComplex},
}};

/// The narrowest type of a kind with at least this many bytes.
DType TypeOf(Kind kind, int size) {
  for (int i = 0; i < kDTypeCount; ++i) {
    const auto dtype = static_cast<DType>(i);
    if (KindOf(dtype) == kind && SizeOf(dtype) >= size) {
      return dtype;
    }
  }
  return DType::kComplex128;
}

/// Bytes of the real floating type that holds every value of dtype (nearly, for 64-bit integers), as NumPy pairs them.
int FloatSizeFor(DType dtype) {
  switch (KindOf(dtype)) {
    case Kind::kBool:
      return 4;
    case Kind::kUnsigned:
    case Kind::kSigned:
      return SizeOf(dtype) <= 2 ? 4 : 8;
    case Kind::kFloat:
      return SizeOf(dtype);
    case Kind::kComplex:
      return SizeOf(dtype) / 2;
  }
  return 8;
}

/// Result of a signed and an unsigned type.
DType MixedResult(DType is_signed, DType is_unsigned) {
  if (SizeOf(is_signed) > SizeOf(is_unsigned)) {
    return is_signed;
  }
  return is_unsigned == DType::kUInt64 ? DType::kFloat64 : TypeOf(Kind::kSigned, 2 * SizeOf(is_unsigned));
}

}  // namespace

const DTypeInfo& InfoOf(DType dtype) { return kInfos[static_cast<std::size_t>(dtype)]; }

std::optional<DType> DTypeFromName(std::string_view name) {
  for (int i = 0; i < kDTypeCount; ++i) {
    if (kInfos[static_cast<std::size_t>(i)].name == name) {
      return static_cast<DType>(i);
    }
  }
  return std::nullopt;
}

DType ResultType(DType a, DType b) {
  const Kind kind_a = KindOf(a);
  const Kind kind_b = KindOf(b);
  const Kind kind = std::max(kind_a, kind_b);
  switch (kind) {
    case Kind::kBool:
      return DType::kBool;
    case Kind::kFloat:
      return TypeOf(kind, std::max(FloatSizeFor(a), FloatSizeFor(b)));
    case Kind::kComplex:
      return TypeOf(kind, 2 * std::max(FloatSizeFor(a), FloatSizeFor(b)));
    case Kind::kUnsigned:
    case Kind::kSigned:
      break;
  }
  if (kind_a == kind_b) {
    return SizeOf(a) >= SizeOf(b) ? a : b;
  }
  if (kind_a == Kind::kBool || kind_b == Kind::kBool) {
    return kind_a == Kind::kBool ? b : a;
  }
  return kind_a == Kind::kSigned ? MixedResult(a, b) : MixedResult(b, a);
}

bool CanCastSameKind(DType from, DType to) { return KindOf(from) <= KindOf(to); }

DType RealOf(DType dtype) {
  if (dtype == DType::kComplex64) {
    return DType::kFloat32;
  }
  return dtype == DType::kComplex128 ? DType::kFloat64 : dtype;
}

}  // namespace distarray
