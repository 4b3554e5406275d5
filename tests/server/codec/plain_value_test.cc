#include "server/codec/plain_value.h"

#include <cmath>
#include <limits>
#include <string>

#include "tests/support/catch.h"

namespace distarray::server {
namespace {

using nlohmann::json;

/// The value as the workers' process would read it and send it back: through text.
v1::PlainValue ThereAndBack(const v1::PlainValue& value) {
  const auto encoded = PlainToJson(value, 3, "argument 0");
  REQUIRE(encoded.ok());
  v1::PlainValue back;
  REQUIRE(JsonToPlain(json::parse(encoded->dump()), &back).ok());
  return back;
}

v1::PlainValue Float(double number) {
  v1::PlainValue value;
  value.mutable_scalar()->set_floating(number);
  return value;
}

TEST_CASE("plain values keep their kind and every bit") {
  v1::PlainValue value;
  v1::PlainValue::List* list = value.mutable_list();
  list->add_items()->mutable_nothing();
  list->add_items()->mutable_scalar()->set_boolean(true);
  list->add_items()->mutable_scalar()->set_integer(std::numeric_limits<std::int64_t>::min());
  list->add_items()->mutable_scalar()->set_unsigned_integer(std::numeric_limits<std::uint64_t>::max());
  list->add_items()->mutable_scalar()->set_floating(1.0);
  list->add_items()->mutable_scalar()->set_floating(0.1);
  list->add_items()->mutable_scalar()->set_floating(5e-324);
  list->add_items()->set_text("täxt\n\"quoted\"");
  list->add_items()->set_data(std::string("\0\xff binary", 9));
  list->add_items()->mutable_list();
  (*list->add_items()->mutable_map()->mutable_entries())["float"].set_text("nan");  // no number: a user's map
  (*list->add_items()->mutable_map()->mutable_entries())["deep"].mutable_map();
  CHECK(ThereAndBack(value).SerializeAsString().size() == value.SerializeAsString().size());
  const v1::PlainValue back = ThereAndBack(value);
  for (int i = 0; i < list->items_size(); ++i) {
    INFO("item " << i);
    CHECK(back.list().items(i).SerializeAsString() == list->items(i).SerializeAsString());
  }
}

TEST_CASE("numbers that JSON does not have") {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  CHECK(ThereAndBack(Float(kInfinity)).scalar().floating() == kInfinity);
  CHECK(ThereAndBack(Float(-kInfinity)).scalar().floating() == -kInfinity);
  CHECK(std::isnan(ThereAndBack(Float(std::nan(""))).scalar().floating()));
  v1::PlainValue complex;
  complex.mutable_scalar()->mutable_complex()->set_real(-0.5);
  complex.mutable_scalar()->mutable_complex()->set_imaginary(kInfinity);
  CHECK(ThereAndBack(complex).SerializeAsString() == complex.SerializeAsString());
}

TEST_CASE("bad values are refused by the argument's name") {
  const auto message = [](const v1::PlainValue& value) {
    const auto encoded = PlainToJson(value, 3, "argument 7");
    return encoded.ok() ? "" : std::string(encoded.status().message());
  };
  CHECK(message(v1::PlainValue()).find("argument 7") != std::string::npos);
  v1::PlainValue array;
  array.set_array(3);
  CHECK(message(array).find("there are 3") != std::string::npos);
  array.set_array(-1);
  CHECK_FALSE(message(array).empty());
  array.set_array(2);
  CHECK(message(array).empty());
  v1::PlainValue deep;
  v1::PlainValue* inner = &deep;
  for (int i = 0; i < 90; ++i) {
    inner = inner->mutable_list()->add_items();
  }
  inner->mutable_nothing();
  CHECK(message(deep).find("nested") != std::string::npos);
}

TEST_CASE("what a worker says may be anything") {
  for (const char* text : {R"({"float": "many"})", R"({"complex": [1]})", R"({"bytes": "!"})", R"({"map": 3})", R"({})",
                           R"([{"what": 1}])"}) {
    v1::PlainValue value;
    CHECK_FALSE(JsonToPlain(json::parse(text), &value).ok());
  }
}

}  // namespace
}  // namespace distarray::server
