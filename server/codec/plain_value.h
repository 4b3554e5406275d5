#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "distarray/v1/operations.pb.h"
#include "engine/base/error.h"

namespace distarray::server {

/// PlainValue as JSON for the workers and back. JSON has no infinities, complex numbers or bytes: these are objects of
/// one entry, {"float": "nan"}, {"complex": [re, im]}, {"bytes": base64}, and a map is {"map": {...}}, so that no map
/// of a user's is taken for one of them. An array is {"array": position}.

/// Error kInvalidValue: none given, an array that is not in the list, or values nested too deep. `argument` is named.
absl::StatusOr<nlohmann::json> PlainToJson(const v1::PlainValue& value, int arrays, std::string_view argument);

/// Error kInternal: no such value.
absl::Status JsonToPlain(const nlohmann::json& json, v1::PlainValue* value);

}  // namespace distarray::server
