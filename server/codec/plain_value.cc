#include "server/codec/plain_value.h"

#include <absl/strings/escaping.h>
#include <absl/strings/str_cat.h>

#include <cmath>
#include <limits>
#include <utility>

namespace distarray::server {
namespace {

using nlohmann::json;

constexpr int kDepthMax = 30;  // a protobuf message has 100 levels at most, three for each map

json FloatToJson(double number) {
  if (std::isfinite(number)) {
    return number;
  }
  return {{"float", std::isnan(number) ? "nan" : number > 0 ? "inf" : "-inf"}};
}

std::optional<double> JsonToFloat(const json& value) {
  if (value.is_number()) {
    return value.get<double>();
  }
  const json text = value.is_object() ? value.value("float", json()) : json();
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  return text == "nan"    ? std::optional(std::numeric_limits<double>::quiet_NaN())
         : text == "inf"  ? std::optional(kInfinity)
         : text == "-inf" ? std::optional(-kInfinity)
                          : std::nullopt;
}

absl::StatusOr<json> ScalarToJson(const v1::Scalar& scalar, std::string_view argument) {
  switch (scalar.value_case()) {
    case v1::Scalar::kBoolean:
      return json(scalar.boolean());
    case v1::Scalar::kInteger:
      return json(scalar.integer());
    case v1::Scalar::kUnsignedInteger:
      return json(scalar.unsigned_integer());
    case v1::Scalar::kFloating:
      return FloatToJson(scalar.floating());
    case v1::Scalar::kComplex:
      return json{{"complex", {FloatToJson(scalar.complex().real()), FloatToJson(scalar.complex().imaginary())}}};
    case v1::Scalar::VALUE_NOT_SET:
      break;
  }
  return Error(Reason::kInvalidValue, absl::StrCat(std::string(argument), ": a scalar without a value"));
}

absl::StatusOr<json> Encode(const v1::PlainValue& value, int arrays, std::string_view argument, int depth) {
  if (depth > kDepthMax) {
    return Error(Reason::kInvalidValue,
                 absl::StrCat(std::string(argument), ": nested deeper than ", kDepthMax, " lists and maps"));
  }
  switch (value.value_case()) {
    case v1::PlainValue::kNothing:
      return json(nullptr);
    case v1::PlainValue::kScalar:
      return ScalarToJson(value.scalar(), argument);
    case v1::PlainValue::kText:
      return json(value.text());
    case v1::PlainValue::kData:
      return json{{"bytes", absl::Base64Escape(value.data())}};
    case v1::PlainValue::kList: {
      json list = json::array();
      for (const v1::PlainValue& item : value.list().items()) {
        DA_ASSIGN_OR_RETURN(json encoded, Encode(item, arrays, argument, depth + 1));
        list.push_back(std::move(encoded));
      }
      return list;
    }
    case v1::PlainValue::kMap: {
      json map = json::object();
      for (const auto& [name, entry] : value.map().entries()) {
        DA_ASSIGN_OR_RETURN(map[name], Encode(entry, arrays, argument, depth + 1));
      }
      return json{{"map", std::move(map)}};
    }
    case v1::PlainValue::kArray:
      if (value.array() < 0 || value.array() >= arrays) {
        return Error(Reason::kInvalidValue,
                     absl::StrCat(std::string(argument), ": array ", value.array(), "; there are ", arrays, " arrays"));
      }
      return json{{"array", value.array()}};
    case v1::PlainValue::VALUE_NOT_SET:
      break;
  }
  return Error(Reason::kInvalidValue, absl::StrCat(std::string(argument), ": no value given"));
}

absl::Status NotPlain() { return Error(Reason::kInternal, "a worker's result is no plain value"); }

absl::Status Decode(const json& given, v1::PlainValue* value, int depth);

absl::Status DecodeObject(const json& object, v1::PlainValue* value, int depth) {
  if (const std::optional<double> number = JsonToFloat(object)) {
    value->mutable_scalar()->set_floating(*number);
    return absl::OkStatus();
  }
  if (const auto found = object.find("complex"); found != object.end() && found->is_array() && found->size() == 2) {
    const std::optional<double> real = JsonToFloat((*found)[0]);
    const std::optional<double> imaginary = JsonToFloat((*found)[1]);
    if (!real || !imaginary) {
      return NotPlain();
    }
    value->mutable_scalar()->mutable_complex()->set_real(*real);
    value->mutable_scalar()->mutable_complex()->set_imaginary(*imaginary);
    return absl::OkStatus();
  }
  if (const auto found = object.find("bytes"); found != object.end() && found->is_string()) {
    return absl::Base64Unescape(found->get<std::string>(), value->mutable_data()) ? absl::OkStatus() : NotPlain();
  }
  if (const auto found = object.find("map"); found != object.end() && found->is_object()) {
    auto& entries = *value->mutable_map()->mutable_entries();
    for (const auto& [name, entry] : found->items()) {
      DA_RETURN_IF_ERROR(Decode(entry, &entries[name], depth + 1));
    }
    return absl::OkStatus();
  }
  return NotPlain();
}

absl::Status Decode(const json& given, v1::PlainValue* value, int depth) {
  if (depth > kDepthMax) {
    return NotPlain();
  }
  switch (given.type()) {
    case json::value_t::null:
      value->mutable_nothing();
      return absl::OkStatus();
    case json::value_t::boolean:
      value->mutable_scalar()->set_boolean(given.get<bool>());
      return absl::OkStatus();
    case json::value_t::number_integer:
      value->mutable_scalar()->set_integer(given.get<std::int64_t>());
      return absl::OkStatus();
    case json::value_t::number_unsigned: {
      const auto number = given.get<std::uint64_t>();
      if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        value->mutable_scalar()->set_unsigned_integer(number);
      } else {
        value->mutable_scalar()->set_integer(static_cast<std::int64_t>(number));
      }
      return absl::OkStatus();
    }
    case json::value_t::number_float:
      value->mutable_scalar()->set_floating(given.get<double>());
      return absl::OkStatus();
    case json::value_t::string:
      value->set_text(given.get<std::string>());
      return absl::OkStatus();
    case json::value_t::array:
      value->mutable_list();
      for (const auto& item : given) {
        DA_RETURN_IF_ERROR(Decode(item, value->mutable_list()->add_items(), depth + 1));
      }
      return absl::OkStatus();
    case json::value_t::object:
      return DecodeObject(given, value, depth);
    default:
      return NotPlain();
  }
}

}  // namespace

absl::StatusOr<json> PlainToJson(const v1::PlainValue& value, int arrays, std::string_view argument) {
  return Encode(value, arrays, argument, 0);
}

absl::Status JsonToPlain(const json& json, v1::PlainValue* value) { return Decode(json, value, 0); }

}  // namespace distarray::server
