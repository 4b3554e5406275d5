#include "server/supervisor/port_file.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "tests/support/catch.h"

namespace distarray::server {

namespace fs = std::filesystem;

TEST_CASE("the port file holds one line, replaces an old one, and is removed only by its owner") {
  const fs::path path = fs::temp_directory_path() / ("port_file_test-" + std::to_string(getpid()));
  REQUIRE(WritePortFile(path.string(), "127.0.0.1:1").ok());
  REQUIRE(WritePortFile(path.string(), "127.0.0.1:2").ok());
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  CHECK(text.str() == "127.0.0.1:2\n");
  RemovePortFile(path.string(), "127.0.0.1:1");
  CHECK(fs::exists(path));
  RemovePortFile(path.string(), "127.0.0.1:2");
  CHECK(!fs::exists(path));
  CHECK(WritePortFile("", "127.0.0.1:1").ok());
  const absl::Status status = WritePortFile("/does/not/exist/file", "127.0.0.1:1");
  CHECK(!status.ok());
  CHECK(std::string(status.message()).find("/does/not/exist/file") != std::string::npos);
}

}  // namespace distarray::server
