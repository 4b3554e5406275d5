#include "distarray/value.h"

#include <absl/strings/str_cat.h>

#include "client-cpp/src/status.h"

namespace distarray::inline client {
namespace {

// In the order of Value::Held; a number's name is that of its kind.
constexpr const char* kNames[] = {"None", "a number", "text", "bytes", "a list", "a map", "an array", "an array"};
// In the order of Scalar::Value.
constexpr const char* kNumberNames[] = {"a bool", "an integer", "an integer", "a floating-point number",
                                        "a complex number"};

}  // namespace

absl::Status Value::NoNumber(DType dtype) const {
  const std::string expected(NameOf(dtype));
  if (scalar() == nullptr) {
    return Error(Reason::kInvalidType, absl::StrCat("value: ", kNames[held_.index()], ", expected ", expected));
  }
  const Scalar::Value& number = scalar()->value();
  const bool integers = scalar()->kind() == Kind::kSigned || scalar()->kind() == Kind::kUnsigned;
  const bool too_large = integers && KindOf(dtype) != Kind::kBool;
  return Error(too_large ? Reason::kInvalidValue : Reason::kInvalidType,
               absl::StrCat("value: ", kNumberNames[number.index()],
                            too_large ? " that does not fit, expected " : ", expected ", expected));
}

absl::Status Value::NoList() const {
  return Error(Reason::kInvalidType, absl::StrCat("value: ", kNames[held_.index()], ", expected a list"));
}

}  // namespace distarray::inline client
