#include "server/config/values.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/catch.h"

namespace distarray::server {

TEST_CASE("sizes are read in both kinds of units") {
  const std::vector<std::pair<std::string, std::int64_t>> good = {{"1", 1},
                                                                  {"64", 64},
                                                                  {"512B", 512},
                                                                  {"4KiB", 4096},
                                                                  {"16GiB", 16LL << 30},
                                                                  {"16 GiB", 16LL << 30},
                                                                  {"500MB", 500'000'000},
                                                                  {"1.5kib", 1536},
                                                                  {"2TiB", 2LL << 40},
                                                                  {"1kb", 1000}};
  for (const auto& [text, bytes] : good) {
    INFO(text);
    CHECK(ReadBytes(text) == bytes);
  }
  for (const std::string text : {"", "0", "-1", "GiB", "16XB", "16 GiB x", "1e3", "0x10", "99999999TiB", "."}) {
    INFO(text);
    CHECK(!ReadBytes(text));
  }
}

TEST_CASE("a size written is the size read") {
  for (const std::int64_t bytes : {std::int64_t{1}, std::int64_t{1023}, std::int64_t{1} << 10, std::int64_t{3} << 30,
                                   (std::int64_t{1} << 40) + 4096}) {
    INFO(WriteBytes(bytes));
    CHECK(ReadBytes(WriteBytes(bytes)) == bytes);
  }
}

TEST_CASE("percentages, times, switches and whole numbers") {
  CHECK(ReadPercentage("75%") == 75);
  CHECK(ReadPercentage("12.5%") == 12.5);
  for (const std::string text : {"75", "0%", "101%", "%", "-5%"}) {
    INFO(text);
    CHECK(!ReadPercentage(text));
  }
  CHECK(ReadSeconds("5") == 5);
  CHECK(ReadSeconds("500ms") == 0.5);
  CHECK(ReadSeconds("2m") == 120);
  CHECK(!ReadSeconds("0"));
  CHECK(!ReadSeconds("5 days"));
  CHECK(ReadSwitch("Yes") == true);
  CHECK(ReadSwitch("off") == false);
  CHECK(!ReadSwitch("maybe"));
  CHECK(ReadWhole("4", 1, 8) == 4);
  CHECK(!ReadWhole("9", 1, 8));
  CHECK(!ReadWhole("4.0", 1, 8));
}

TEST_CASE("addresses") {
  REQUIRE(ReadHostPort("127.0.0.1:7755"));
  CHECK(ReadHostPort("127.0.0.1:7755")->host == "127.0.0.1");
  CHECK(ReadHostPort("127.0.0.1:7755")->port == 7755);
  REQUIRE(ReadHostPort("[::1]:0"));
  CHECK(ReadHostPort("[::1]:0")->host == "::1");
  for (const std::string text : {"", "localhost", ":1", "a:65536", "a:-1", "::1:5", "a b:1", "a:", "host:port"}) {
    INFO(text);
    CHECK(!ReadHostPort(text));
  }
  CHECK(IsLoopback("127.0.0.1"));
  CHECK(IsLoopback("127.1.2.3"));
  CHECK(IsLoopback("localhost"));
  CHECK(IsLoopback("::1"));
  CHECK(!IsLoopback("0.0.0.0"));
  CHECK(!IsLoopback("127.evil.example"));
  CHECK(!IsLoopback("10.0.0.1"));
}

}  // namespace distarray::server
