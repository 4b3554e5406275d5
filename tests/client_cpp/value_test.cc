// Values of functions: what they hold, and as what it can be had.
#include <complex>
#include <cstdint>
#include <limits>
#include <string>

#include "client-cpp/src/arguments.h"
#include "client-cpp/src/codec.h"
#include "distarray/distarray.h"
#include "tests/support/catch.h"

namespace distarray::inline client {
namespace {

template <Element T>
Reason ReasonNot(const Value& value) {
  return ReasonOf(value.To<T>().status());
}

TEST_CASE("values hold what they are made of") {
  CHECK(Value().is_nothing());
  CHECK(std::get<bool>(Value(true).scalar()->value()));
  CHECK(std::get<std::int64_t>(Value(3).scalar()->value()) == 3);
  CHECK(std::get<double>(Value(0.5F).scalar()->value()) == 0.5);
  CHECK(Value(Scalar::Typed(std::int8_t{1})).scalar()->dtype() == DType::kInt8);
  CHECK(*Value("text").text() == "text");
  CHECK(*Value(std::string("text")).text() == "text");
  CHECK(*Value(Value::Bytes{"data"}).bytes() == "data");
  const Value list(Value::List{1, "two", Value::List{3.0}});
  REQUIRE(list.list()->size() == 3);
  CHECK(list.list()->at(2).list()->size() == 1);
  const Value map(Value::Map{{"one", 1}, {"none", {}}});
  CHECK(map.map()->at("none").is_nothing());
  CHECK(std::holds_alternative<Array>(Value(Array()).held()));
  CHECK(std::holds_alternative<ReadOnly>(Value(ReadOnly(Array())).held()));
  CHECK(map.list() == nullptr);
  CHECK(list.text() == nullptr);
  CHECK(list.scalar() == nullptr);
}

TEST_CASE("numbers convert to what has room for them") {
  constexpr std::uint64_t kBig = std::numeric_limits<std::uint64_t>::max();
  CHECK(*Value(true).To<bool>());
  CHECK(*Value(true).To<std::int32_t>() == 1);
  CHECK(*Value(true).To<double>() == 1);
  CHECK(*Value(-128).To<std::int8_t>() == -128);
  CHECK(*Value(kBig).To<std::uint64_t>() == kBig);
  CHECK(*Value(3).To<float>() == 3);
  CHECK(*Value(0.5).To<double>() == 0.5);
  CHECK(*Value(2).To<std::complex<double>>() == std::complex<double>(2, 0));
  CHECK(*Value(std::complex<double>(1, 2)).To<std::complex<float>>() == std::complex<float>(1, 2));

  CHECK(ReasonNot<std::int8_t>(128) == Reason::kInvalidValue);
  CHECK(ReasonNot<std::uint8_t>(-1) == Reason::kInvalidValue);
  CHECK(ReasonNot<std::int64_t>(kBig) == Reason::kInvalidValue);
  CHECK(ReasonNot<bool>(1) == Reason::kInvalidType);
  CHECK(ReasonNot<std::int64_t>(1.0) == Reason::kInvalidType);
  CHECK(ReasonNot<double>(std::complex<double>(1, 0)) == Reason::kInvalidType);
  CHECK(ReasonNot<double>("1") == Reason::kInvalidType);
  CHECK(ReasonNot<double>({}) == Reason::kInvalidType);
  CHECK(Value("1").To<double>().status().message() == "value: text, expected float64");
  CHECK(Value(300).To<std::int8_t>().status().message() == "value: an integer that does not fit, expected int8");
}

TEST_CASE("lists of numbers convert as a whole") {
  const std::vector<double> numbers = {1, 2.5};
  CHECK(*Value(Value::List(numbers.begin(), numbers.end())).ToVector<double>() == numbers);
  CHECK(*Value(Value::List{true, false}).ToVector<bool>() == std::vector<bool>{true, false});
  CHECK(Value(Value::List{}).ToVector<float>()->empty());
  CHECK(ReasonOf(Value(Value::List{1, "two"}).ToVector<double>().status()) == Reason::kInvalidType);
  CHECK(ReasonOf(Value(1).ToVector<double>().status()) == Reason::kInvalidType);
}

TEST_CASE("values of the daemon that this client does not know are errors") {
  v1::PlainValue message;
  CHECK(ReasonOf(FromWire(message).status()) == Reason::kInternal);
  message.mutable_scalar();
  CHECK(ReasonOf(FromWire(message).status()) == Reason::kInternal);
  message.mutable_list()->add_items()->set_array(0);
  CHECK(ReasonOf(FromWire(message).status()) == Reason::kInternal);
  (*message.mutable_map()->mutable_entries())["x"].mutable_scalar();
  CHECK(ReasonOf(FromWire(message).status()) == Reason::kInternal);
}

TEST_CASE("UTF-8 is told from what is none") {
  for (const char* const text :
       {"", "text", "\u00e9\u20ac\U0001f600", "\xed\x9f\xbf", "\xee\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    CHECK(IsUtf8(text));
  }
  for (const char* const text : {"\x80", "\xc3", "\xc3(", "\xc0\xaf", "\xc1\xbf", "\xe2\x82", "\xe0\x9f\xbf",
                                 "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"}) {
    CHECK_FALSE(IsUtf8(text));
  }
  CHECK(IsUtf8(std::string("\0", 1)));
}

TEST_CASE("a local array's elements come as its dtype") {
  LocalArray local{.dtype = DType::kInt16, .shape = {2}, .bytes = std::string("\x01\x00\x00\x01", 4)};
  CHECK(*local.ToVector<std::int16_t>() == std::vector<std::int16_t>{1, 256});
  CHECK(ReasonOf(local.ToVector<float>().status()) == Reason::kInvalidType);
  local = {.dtype = DType::kBool, .shape = {2}, .bytes = std::string("\x01\x00", 2)};
  CHECK(*local.ToVector<bool>() == std::vector<bool>{true, false});
}

}  // namespace
}  // namespace distarray::inline client
