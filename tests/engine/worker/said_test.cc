#include "engine/worker/said.h"

#include <string>

#include "tests/support/catch.h"

namespace distarray {
namespace {

using nlohmann::json;

std::string Nested(int depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST_CASE("what is JSON is read; what is none, or nested deeply, is not") {
  CHECK(ParseSaid(R"({"a": [1, "b"]})") == json{{"a", {1, "b"}}});
  CHECK(ParseSaid(Nested(200)).is_array());
  // Brackets in text are not nesting.
  CHECK(ParseSaid("\"" + std::string(100'000, '[') + "\"").is_string());
  CHECK(ParseSaid(R"(["\"[[", "\\"])").size() == 2);
  for (const std::string& text : {std::string("{"), std::string(), Nested(300), std::string(1'000'000, '{'),
                                  std::string("\"\\"), "[\"\\\\\"," + Nested(1'000'000) + "]"}) {
    CHECK(ParseSaid(text).is_discarded());
  }
}

TEST_CASE("parts that are not there, or are something else") {
  const json said = {{"text", "x"}, {"number", 3}, {"fraction", 0.5}, {"list", {1}}};
  CHECK(TextOf(said, "text") == "x");
  CHECK(TextOf(said, "number").empty());
  CHECK(TextOf(said, "none").empty());
  CHECK(NumberOf(said, "number") == 3);
  CHECK(NumberOf(said, "fraction") == 0);
  CHECK(NumberOf(said, "text", -1) == -1);
  CHECK(PartOf(said, "list") == json{1});
  CHECK(PartOf(said, "none").is_null());
  for (const json& other : {json(), json(5), json("text"), json::array({1}), json(json::value_t::discarded)}) {
    CHECK(TextOf(other, "text").empty());
    CHECK(NumberOf(other, "number", 7) == 7);
    CHECK(PartOf(other, "list").is_null());
  }
}

TEST_CASE("strings that are no UTF-8 can be written") {
  CHECK(Dump({{"a", "\xff"}}).find("\xff") == std::string::npos);
}

}  // namespace
}  // namespace distarray
