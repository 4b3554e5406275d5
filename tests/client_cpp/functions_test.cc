// Functions of the user's in Python, beside the arrays of a daemon's engines.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/time/clock.h>

#include <cmath>
#include <complex>
#include <limits>
#include <string>

#include "distarray/distarray.h"
#include "tests/client_cpp/daemon.h"
#include "tests/client_cpp/values.h"
#include "tests/support/catch.h"

namespace distarray::inline client {
namespace {

using Doubles = std::vector<double>;
using Targets = std::vector<std::int32_t>;

// As Python writes it, nearly.
std::string Repr(const Value& value) {
  if (const Scalar* const number = value.scalar()) {
    return std::visit(
        [](const auto& held) -> std::string {
          if constexpr (std::is_same_v<std::decay_t<decltype(held)>, bool>) {
            return held ? "True" : "False";
          } else if constexpr (std::is_same_v<std::decay_t<decltype(held)>, std::complex<double>>) {
            return absl::StrCat(held.real(), "+", held.imag(), "j");
          } else if constexpr (std::is_floating_point_v<std::decay_t<decltype(held)>>) {
            return absl::StrCat(held, held == std::floor(held) && std::isfinite(held) ? ".0" : "");
          } else {
            return absl::StrCat(held);
          }
        },
        number->value());
  }
  if (value.text() != nullptr) {
    return absl::StrCat("'", *value.text(), "'");
  }
  if (value.bytes() != nullptr) {
    return absl::StrCat("b'", *value.bytes(), "'");
  }
  std::vector<std::string> parts;
  if (value.list() != nullptr) {
    for (const Value& item : *value.list()) {
      parts.push_back(Repr(item));
    }
    return absl::StrCat("[", absl::StrJoin(parts, ", "), "]");
  }
  if (value.map() != nullptr) {
    for (const auto& [name, entry] : *value.map()) {
      parts.push_back(absl::StrCat(name, ": ", Repr(entry)));
    }
    return absl::StrCat("{", absl::StrJoin(parts, ", "), "}");
  }
  return value.is_nothing() ? "None" : "an array";
}

// What every target returned; the test fails with the error if the call did.
std::string Returned(const CallResult& result) {
  INFO(result.status.ToString());
  REQUIRE(result.ok());
  REQUIRE_FALSE(result.array.has_value());
  std::vector<std::string> values;
  for (const TargetResult& each : result.results) {
    CHECK(each.status.ok());
    values.push_back(Repr(each.value));
  }
  return absl::StrJoin(values, " | ");
}

template <Element T>
std::vector<T> ArrayOf(const CallResult& result) {
  INFO(result.status.ToString());
  REQUIRE(result.ok());
  REQUIRE(result.array.has_value());
  return Values<T>(*result.array);
}

void Register(const Context& context, const std::string& name, const std::string& source) {
  const absl::Status status = context.Register(name, source);
  INFO(status.ToString());
  REQUIRE(status.ok());
}

TEST_CASE("local arrays on all targets become an array") {
  const Context context = ConnectToShared();
  Register(context, "doubled", "def doubled(la):\n    return la * 2\n");
  const Array a = context.Arange(10.0, 20.0);
  CHECK(ArrayOf<double>(context.Call("doubled", {a})) == Values<double>(a * 2));
  CHECK(ArrayOf<double>(context.Call("doubled", {a.Slice({Range(1, 8, 3)})})) == Doubles{22, 28, 34});
  Register(context, "same", "def same(la):\n    return la\n");
  const CallResult same = context.Call("same", {a});
  CHECK(ArrayOf<double>(same) == Values<double>(a));
  CHECK(a.Assign({0}, -1.0).ok());
  CHECK(same.array->Slice({0}).Item<double>().value() == 10);
  const Array table = context.FromSpan(std::span<const double>(Doubles{1, 2, 3, 4, 5, 6}), {2, 3}, {.kinds = "nc"});
  const CallResult transformed = context.Call("doubled", {table});
  CHECK(ArrayOf<double>(transformed) == Doubles{2, 4, 6, 8, 10, 12});
  CHECK(transformed.array->shape() == Shape{2, 3});
  CHECK(transformed.array->Describe()->distribution.kinds() == "nc");
}

TEST_CASE("what a function writes is read afterwards, and by nothing before") {
  const Context context = ConnectToShared();
  Register(context, "fill", "def fill(la, value):\n    la.ndarray[...] = value\n");
  const Array a = context.Zeros({6});
  const Array view = a.Slice({Range(4, std::nullopt)});
  const Array before = a + 1;
  CHECK(Returned(context.Call("fill", {a, 7})) == "None | None");
  CHECK(Values<double>(a) == Doubles(6, 7.0));
  CHECK(Values<double>(view) == Doubles(2, 7.0));
  CHECK(Values<double>(before) == Doubles(6, 1.0));
  CHECK(Item<double>(Sum(a)) == 42);
  CHECK(Returned(context.Call("fill", {view, 0.5})) == "None");
  CHECK(Values<double>(a) == Doubles{7, 7, 7, 7, 0.5, 0.5});
  // Not awaited: what follows waits for it.
  const PendingCall call = context.CallAsync("fill", {a, 3});
  CHECK(Values<double>(a * 2) == Doubles(6, 6.0));
  CHECK(Returned(call.Wait()) == "None | None");
}

TEST_CASE("anything else comes back from each target") {
  const Context context = ConnectToShared();
  Register(context, "limits", "def limits(la):\n    return la.global_limits(0), la.ndarray.sum()\n");
  const Array a = context.Arange(0.0, 10.0);
  CHECK(Returned(context.Call("limits", {a})) == "[[0, 4], 10.0] | [[5, 9], 35.0]");
  CHECK(Returned(context.Call("limits", {a}, {.targets = {1, 0}})) == "[[5, 9], 35.0] | [[0, 4], 10.0]");
  Register(context, "some", "def some(la):\n    return None if la.comm.rank else 5\n");
  const CallResult some = context.Call("some", {a});
  CHECK(Returned(some) == "5 | None");
  CHECK(some.results[0].target == 0);
  CHECK(some.results[1].target == 1);
  Register(context, "numbers", "def numbers(count):\n    return np.arange(count) / 2\n");
  const CallResult numbers = context.Call("numbers", {100'000}, {.targets = {1}});
  REQUIRE(numbers.results.size() == 1);
  CHECK(numbers.results[0].target == 1);
  const auto elements = numbers.results[0].value.ToVector<double>();
  REQUIRE(elements.ok());
  CHECK(elements->size() == 100'000);
  CHECK(elements->back() == 49999.5);
}

TEST_CASE("local arrays that do not become an array come back as copies") {
  const Context context = ConnectToShared();
  const Array a = context.Arange(5);
  const Function squares("squares", "def squares(la):\n    return la * la\n");
  const CallResult result = context.Apply(squares, {a});
  INFO(result.status.ToString());
  REQUIRE(result.ok());
  CHECK_FALSE(result.array.has_value());
  REQUIRE(result.results.size() == 2);
  std::vector<std::int64_t> all;
  for (const TargetResult& each : result.results) {
    REQUIRE(each.local_array.has_value());
    CHECK(each.local_array->shape.size() == 1);
    CHECK(absl::StrContains(each.local_array->dim_data, "\"proc_grid_size\":2"));
    const auto elements = each.local_array->ToVector<std::int64_t>();
    REQUIRE(elements.ok());
    CHECK(static_cast<std::int64_t>(elements->size()) == each.local_array->shape[0]);
    all.insert(all.end(), elements->begin(), elements->end());
  }
  CHECK(all == std::vector<std::int64_t>{0, 1, 4, 9, 16});
  const CallResult mixed =
      context.Call({"mixed", "def mixed(la):\n    return 'text' if la.comm.rank else la + 1\n"}, {a});
  REQUIRE(mixed.ok());
  CHECK(mixed.results[0].local_array.has_value());
  CHECK(Repr(mixed.results[1].value) == "'text'");
  CHECK(context.List()->size() == 1);  // of the parts nothing is left
}

TEST_CASE("arguments by position and by name, nested") {
  const Context context = ConnectToShared();
  Register(context, "echo", "def echo(*args, **kwargs):\n    return [args, kwargs]\n");
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const CallOptions on_one = {.keywords = {{"name", "\u00e9"}, {"deep", Value::List{Value::Map{{"x", Value::List{}}}}}},
                              .targets = {0}};
  CHECK(Returned(context.Apply("echo",
                               {{},
                                true,
                                -3,

                                0.5,
                                -kInfinity,
                                std::complex<double>(1, -2),
                                "text",
                                Value::Bytes{"data"},
                                Value::List{1, Value::List{}},
                                Value::Map{{"a", 1}}},
                               on_one)) ==
        "[[None, True, -3, 0.5, -inf, 1+-2j, 'text', b'data', [1, []], {a: 1}], "
        "{deep: [{x: []}], name: '\u00e9'}]");
  CHECK(Returned(context.Apply("echo", {Value::List{1, 2}}, {.targets = {0}})) == "[[[1, 2]], {}]");
  CHECK(Returned(context.Apply("echo", Arguments(Value::List{1, 2}), {.targets = {0}})) == "[[1, 2], {}]");
  CHECK(Returned(context.Apply("echo")) == "[[], {}] | [[], {}]");  // on all targets
  CHECK(Returned(context.Apply({"f", "def f(x):\n    return str(x)\n"}, {~std::uint64_t{0}}, {.targets = {0}})) ==
        "'18446744073709551615'");
  Value deep = Value::List{std::complex<double>(1, 2)};
  for (int i = 0; i < 29; ++i) {
    deep = Value::Map{{"in", deep}};
  }
  CHECK(Returned(context.Apply({"same", "def same(x):\n    return x\n"}, {deep}, {.targets = {1}})) == Repr(deep));
  const Array a = context.Arange(0.0, 4.0);
  const Array b = context.Ones({4});
  Register(context, "total",
           "def total(nested, *, scale):\n"
           "    first, others = nested\n"
           "    return scale * (first.ndarray.sum() + others['b'][0].ndarray.sum())\n");
  CHECK(Returned(context.Call("total", {Value::List{a, Value::Map{{"b", Value::List{ReadOnly(b)}}}}},
                              {.keywords = {{"scale", 2}}})) == "6.0 | 14.0");
  const CallResult wrong = context.Call("total", {1});
  CHECK(ReasonOf(wrong.status) == Reason::kFunctionFailed);
  CHECK(absl::StrContains(wrong.status.message(), "scale"));
}

TEST_CASE("a function cannot write what it gets to read") {
  const Context context = ConnectToShared();
  Register(context, "write", "def write(la):\n    la.ndarray[...] = 1\n");
  const Array a = context.Zeros({4});
  const CallResult result = context.Call("write", {ReadOnly(a)});
  CHECK(ReasonOf(result.status) == Reason::kFunctionFailed);
  CHECK(absl::StrContains(result.status.message(), "read-only"));
  CHECK(Values<double>(a) == Doubles(4, 0.0));
  CHECK(context.Call("write", {a}).ok());
  CHECK(Values<double>(a) == Doubles(4, 1.0));
}

TEST_CASE("an exception is an error with its target and traceback, and the others' results are there") {
  const Context context = ConnectToShared();
  Register(context, "picky",
           "def picky(la):\n"
           "    print('looking at', la.comm.rank)\n"
           "    if la.comm.rank == 1:\n"
           "        raise ValueError('not this one')\n"
           "    return 5\n");
  const Array a = context.Zeros({4});
  const CallResult result = context.Call("picky", {a});
  CHECK_FALSE(result.ok());
  CHECK(ReasonOf(result.status) == Reason::kFunctionFailed);
  CHECK(TargetsOf(result.status) == Targets{1});
  for (const char* const part : {"on target 1: ValueError: not this one", "Traceback (most recent call last)", "line 4",
                                 "raise ValueError('not this one')"}) {
    CHECK(absl::StrContains(result.status.message(), part));
  }
  REQUIRE(result.results.size() == 2);
  CHECK(result.results[0].status.ok());
  CHECK(Repr(result.results[0].value) == "5");
  CHECK(result.results[0].output == "looking at 0\n");
  CHECK(result.results[1].status == result.status);
  CHECK(result.results[1].exception_type == "ValueError");
  CHECK(result.results[1].output == "looking at 1\n");
  CHECK(result.results[1].value.is_nothing());
  CHECK(Values<double>(a) == Doubles(4, 0.0));  // the session goes on

  const CallResult text = context.Apply({"f", "def f(:\n"});
  CHECK(ReasonOf(text.status) == Reason::kFunctionFailed);
  CHECK(text.results.at(0).exception_type == "SyntaxError");
  CHECK_FALSE(context.Apply({"f", "def g():\n    pass\n"}).ok());
}

TEST_CASE("what a function prints and warns of") {
  const Context context = ConnectToShared();
  const CallResult result = context.Apply({"tell",
                                           "import warnings\n"
                                           "def tell():\n"
                                           "    print('a line')\n"
                                           "    warnings.warn('careful', RuntimeWarning)\n"},
                                          {}, {.targets = {0}});
  REQUIRE(result.ok());
  CHECK(result.results.at(0).output == "a line\n");
  CHECK_FALSE(result.results[0].output_truncated);
  REQUIRE(result.results[0].warnings.size() == 1);
  CHECK(result.results[0].warnings[0].category == "RuntimeWarning");
  CHECK(result.results[0].warnings[0].message == "careful");
  CHECK(result.results[0].warnings[0].line == 4);
}

TEST_CASE("a value that cannot come back says so") {
  const Context context = ConnectToShared();
  const CallResult result = context.Apply({"f", "def f():\n    return {1, 2}\n"});
  CHECK_FALSE(result.ok());
  CHECK(absl::StrContains(result.status.message(), "set"));
  CHECK(TargetsOf(result.status) == Targets{0, 1});
}

TEST_CASE("a call that takes too long is ended") {
  const Context context = ConnectToShared();
  const Array a = context.Zeros({4});
  const CallResult result =
      context.Apply({"wait", "import time\ndef wait(la):\n    la.ndarray[...] = 1\n    time.sleep(600)\n"}, {a},
                    {.timeout = absl::Seconds(2)});
  CHECK(ReasonOf(result.status) == Reason::kTimeout);
  CHECK(result.status.code() == absl::StatusCode::kDeadlineExceeded);
  CHECK(TargetsOf(result.status) == Targets{0, 1});
  CHECK(Values<double>(a) == Doubles(4, 1.0));  // what it had written stays
}

TEST_CASE("a function that ends its process") {
  const Context context = ConnectToShared();
  const CallResult result =
      context.Apply({"leave", "import os\ndef leave():\n    os._exit(3)\n"}, {}, {.targets = {1}});
  CHECK(ReasonOf(result.status) == Reason::kWorkerLost);
  CHECK(TargetsOf(result.status) == Targets{1});
  CHECK(Returned(context.Apply({"f", "def f():\n    return 1\n"})) == "1 | 1");
}

TEST_CASE("others are answered while a function runs, until it is cancelled") {
  const Context context = ConnectToShared();
  Register(context, "wait", "import time\ndef wait(*arrays):\n    while True:\n        time.sleep(0.01)\n");
  const Array a = context.Arange(0.0, 4.0);
  const PendingCall call = context.CallAsync("wait", {ReadOnly(a)});
  CHECK(Values<double>(a + 1) == Doubles{1, 2, 3, 4});
  CHECK(context.Info().ok());
  CHECK(Returned(context.Apply({"f", "def f(la):\n    return la.ndarray.sum()\n"}, {ReadOnly(a)})) == "1.0 | 5.0");
  CHECK_FALSE(call.done());
  const absl::Time start = absl::Now();
  call.Cancel();
  const CallResult result = call.Wait();
  CHECK(absl::Now() - start < absl::Seconds(20));
  CHECK(ReasonOf(result.status) == Reason::kCancelled);
  CHECK(TargetsOf(result.status) == Targets{0, 1});
  CHECK(call.done());
  call.Cancel();
  CHECK(ReasonOf(call.Wait().status) == Reason::kCancelled);

  // What is held up by a function goes on when that is cancelled; one that does not heed an interrupt is ended.
  Register(context, "stay",
           "import time\n"
           "def stay(la):\n"
           "    while True:\n"
           "        try:\n"
           "            time.sleep(600)\n"
           "        except KeyboardInterrupt:\n"
           "            pass\n");
  const PendingCall stubborn = context.CallAsync("stay", {a});
  const PendingCall behind = context.CallAsync({"f", "def f(la):\n    return la.ndarray.sum()\n"}, {a});
  stubborn.Cancel();
  CHECK(ReasonOf(stubborn.Wait().status) == Reason::kCancelled);
  CHECK(Returned(behind.Wait()) == "1.0 | 5.0");
  CHECK(Values<double>(a) == Doubles{0, 1, 2, 3});
}

TEST_CASE("a context that goes takes its calls with it") {
  std::optional<Context> context = ConnectToShared();
  std::optional<PendingCall> call = context->ApplyAsync({"wait", "import time\ndef wait():\n    time.sleep(600)\n"});
  context.reset();
  CHECK_FALSE(call->done());  // the call holds the session
  const absl::Time start = absl::Now();
  call.reset();
  CHECK(absl::Now() - start < absl::Seconds(20));
  CHECK(Returned(ConnectToShared().Apply({"f", "def f():\n    return 1\n"})) == "1 | 1");
}

TEST_CASE("functions by name: listed, replaced, forgotten") {
  const Context context = ConnectToShared();
  CHECK(context.Functions()->empty());
  const std::string source = "def second():\n    return 2\n";
  Register(context, "second", source);
  Register(context, "first", "def first():\n    return 1\n");
  CHECK(Returned(context.Call("second")) == "2 | 2");
  CHECK(Returned(context.Apply("second", {}, {.targets = {0}})) == "2");
  auto functions = context.Functions();
  REQUIRE(functions.ok());
  REQUIRE(functions->size() == 2);
  CHECK(functions->at(0).name == "first");
  CHECK(functions->at(0).calls == 0);
  CHECK(functions->at(1).name == "second");
  CHECK(functions->at(1).source == source);
  CHECK(functions->at(1).python_version.empty());
  CHECK(functions->at(1).calls == 2);
  Register(context, "second", "def second():\n    return 'two'\n");
  CHECK(Returned(context.Call("second", {}, {.targets = {1}})) == "'two'");
  CHECK(ReasonOf(ConnectToShared().Call("second").status) == Reason::kUnknownKey);  // of another session
  REQUIRE(context.Unregister("second").ok());
  CHECK(ReasonOf(context.Unregister("second")) == Reason::kUnknownKey);
  const CallResult unknown = context.Call("second");
  CHECK(ReasonOf(unknown.status) == Reason::kUnknownKey);
  CHECK(absl::StrContains(unknown.status.message(), "second"));
  CHECK(unknown.results.empty());
  CHECK(ReasonOf(context.Register("no name", source)) == Reason::kInvalidValue);
  CHECK(context.Functions()->size() == 1);
}

TEST_CASE("arguments that the daemon refuses") {
  const Context context = ConnectToShared();
  Register(context, "f", "def f(*arrays):\n    return len(arrays)\n");
  const Array a = context.Zeros({4}, DType::kFloat64, {.targets = {0}});
  const Array b = context.Zeros({4}, DType::kFloat64, {.targets = {1}});
  CHECK(ReasonOf(context.Call("f", {a, b}).status) == Reason::kInvalidValue);
  CHECK(Returned(context.Call("f", {a, b}, {.targets = {0, 1}})) == "2 | 2");
  CHECK(ReasonOf(context.Call("f", {}, {.targets = {2}}).status) == Reason::kInvalidValue);
  Array c = context.Zeros({3}, DType::kInt32);
  c += 0.5;  // fails: told by the next call that waits
  CHECK(ReasonOf(context.Call("f").status) == Reason::kInvalidType);
  CHECK(Returned(context.Call("f", {c}, {.targets = {0}})) == "1");
}

}  // namespace
}  // namespace distarray::inline client
