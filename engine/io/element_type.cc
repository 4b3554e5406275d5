#include "engine/io/element_type.h"

#include <cstring>

namespace distarray::io {
namespace {

hid_t NumberType(DType dtype) {
  switch (dtype) {
    case DType::kBool:
    case DType::kInt8:
      return H5T_NATIVE_INT8;
    case DType::kInt16:
      return H5T_NATIVE_INT16;
    case DType::kInt32:
      return H5T_NATIVE_INT32;
    case DType::kInt64:
      return H5T_NATIVE_INT64;
    case DType::kUInt8:
      return H5T_NATIVE_UINT8;
    case DType::kUInt16:
      return H5T_NATIVE_UINT16;
    case DType::kUInt32:
      return H5T_NATIVE_UINT32;
    case DType::kUInt64:
      return H5T_NATIVE_UINT64;
    case DType::kFloat32:
    case DType::kComplex64:
      return H5T_NATIVE_FLOAT;
    case DType::kFloat64:
    case DType::kComplex128:
      break;
  }
  return H5T_NATIVE_DOUBLE;
}

std::optional<DType> NearestInteger(hid_t type) {
  const std::size_t size = H5Tget_size(type);
  const bool is_signed = H5Tget_sign(type) != H5T_SGN_NONE;
  if (size > 8) {
    return std::nullopt;
  }
  if (size > 4) {
    return is_signed ? DType::kInt64 : DType::kUInt64;
  }
  if (size > 2) {
    return is_signed ? DType::kInt32 : DType::kUInt32;
  }
  if (size > 1) {
    return is_signed ? DType::kInt16 : DType::kUInt16;
  }
  return is_signed ? DType::kInt8 : DType::kUInt8;
}

bool MemberIs(hid_t type, unsigned at, const char* name) {
  char* given = H5Tget_member_name(type, at);
  const bool same = given != nullptr && std::strcmp(given, name) == 0;
  H5free_memory(given);
  return same;
}

std::optional<DType> NearestOfEnumeration(hid_t type) {
  const Handle base(H5Tget_super(type), H5Tclose);
  if (!base.ok()) {
    return std::nullopt;
  }
  if (H5Tget_nmembers(type) == 2 && H5Tget_size(type) == 1) {
    signed char first = -1;
    signed char second = -1;
    H5Tget_member_value(type, 0, &first);
    H5Tget_member_value(type, 1, &second);
    if ((MemberIs(type, 0, "FALSE") && MemberIs(type, 1, "TRUE") && first == 0 && second == 1) ||
        (MemberIs(type, 0, "TRUE") && MemberIs(type, 1, "FALSE") && first == 1 && second == 0)) {
      return DType::kBool;
    }
  }
  return NearestInteger(base.get());
}

std::optional<DType> NearestOfCompound(hid_t type) {
  if (H5Tget_nmembers(type) != 2 || !MemberIs(type, 0, "r") || !MemberIs(type, 1, "i")) {
    return std::nullopt;
  }
  const Handle real(H5Tget_member_type(type, 0), H5Tclose);
  const Handle imaginary(H5Tget_member_type(type, 1), H5Tclose);
  if (H5Tget_class(real.get()) != H5T_FLOAT || H5Tget_class(imaginary.get()) != H5T_FLOAT) {
    return std::nullopt;
  }
  return H5Tget_size(real.get()) <= 4 && H5Tget_size(imaginary.get()) <= 4 ? DType::kComplex64 : DType::kComplex128;
}

}  // namespace

Handle ElementType(DType dtype) {
  const hid_t number = NumberType(dtype);
  if (dtype == DType::kBool) {
    Handle type(H5Tenum_create(number), H5Tclose);
    const signed char values[] = {0, 1};
    const bool made = type.ok() && H5Tenum_insert(type.get(), "FALSE", &values[0]) >= 0 &&
                      H5Tenum_insert(type.get(), "TRUE", &values[1]) >= 0;
    return made ? std::move(type) : Handle();
  }
  if (KindOf(dtype) == Kind::kComplex) {
    const auto size = static_cast<std::size_t>(SizeOf(dtype));
    Handle type(H5Tcreate(H5T_COMPOUND, size), H5Tclose);
    const bool made =
        type.ok() && H5Tinsert(type.get(), "r", 0, number) >= 0 && H5Tinsert(type.get(), "i", size / 2, number) >= 0;
    return made ? std::move(type) : Handle();
  }
  return Handle(H5Tcopy(number), H5Tclose);
}

std::optional<DType> NearestDType(hid_t type) {
  switch (H5Tget_class(type)) {
    case H5T_INTEGER:
      return NearestInteger(type);
    case H5T_FLOAT:
      return H5Tget_size(type) <= 4 ? DType::kFloat32 : DType::kFloat64;
    case H5T_ENUM:
      return NearestOfEnumeration(type);
    case H5T_COMPOUND:
      return NearestOfCompound(type);
    default:
      return std::nullopt;
  }
}

const char* ClassName(hid_t type) {
  switch (H5Tget_class(type)) {
    case H5T_INTEGER:
      return "wide integer";
    case H5T_STRING:
      return "text";
    case H5T_COMPOUND:
      return "compound";
    case H5T_REFERENCE:
      return "reference";
    case H5T_VLEN:
      return "variable-length";
    case H5T_ARRAY:
      return "array";
    case H5T_OPAQUE:
      return "opaque";
    case H5T_BITFIELD:
      return "bit field";
    case H5T_TIME:
      return "time";
    default:
      return "unknown";
  }
}

}  // namespace distarray::io
