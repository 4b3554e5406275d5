#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

namespace distarray {

/// What a worker said, which may be anything: discarded if it is no JSON, or so deeply nested that whoever copies or
/// writes it again would run out of stack.
nlohmann::json ParseSaid(const std::string& text);

// Parts of it by name; of what is no object, or has none of that name and kind: empty text, `otherwise`, null.
std::string TextOf(const nlohmann::json& object, const char* name);
std::int64_t NumberOf(const nlohmann::json& object, const char* name, std::int64_t otherwise = 0);
nlohmann::json PartOf(const nlohmann::json& object, const char* name);

/// As JSON text, whatever the strings in it are.
std::string Dump(const nlohmann::json& object);

}  // namespace distarray
