#include "engine/comm/opening.h"

#include <cstring>
#include <string>

#include "engine/base/error.h"
#include "tests/support/catch.h"

namespace distarray {
namespace {

TEST_CASE("an opening holds a short stream") {
  std::string message = MakeOpening(5, 5);
  std::memcpy(InlineBytesOf(message), "bytes", 5);
  const auto opening = ReadOpening(message);
  REQUIRE(opening.ok());
  CHECK(opening->whole());
  CHECK(opening->stream_bytes == 5);
  CHECK(std::memcmp(opening->bytes.data(), "bytes", 5) == 0);
}

TEST_CASE("an opening announces a long stream") {
  const std::string message = MakeOpening(1 << 30, 0);
  const auto opening = ReadOpening(message);
  REQUIRE(opening.ok());
  CHECK_FALSE(opening->whole());
  CHECK(opening->stream_bytes == 1 << 30);
}

TEST_CASE("an opening says why there is no stream") {
  const auto status = ReadOpening(MakeFailedOpening(Error(Reason::kMemoryLimit, "no room"))).status();
  CHECK(ReasonOf(status) == Reason::kMemoryLimit);
  CHECK(status.message() == "no room");
  const std::string long_text(100000, 'x');
  const std::string message = MakeFailedOpening(Error(Reason::kInternal, long_text));
  CHECK(static_cast<std::int64_t>(message.size()) <= Opening::kCapacity);
  CHECK_FALSE(ReadOpening(message).ok());
}

TEST_CASE("bytes that are no opening") {
  CHECK_FALSE(ReadOpening("").ok());
  CHECK_FALSE(ReadOpening("short").ok());
  CHECK_FALSE(ReadOpening(MakeOpening(5, 5) + "x").ok());
}

}  // namespace
}  // namespace distarray
