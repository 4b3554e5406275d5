#include "server/config/parse.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "server/config/settings.h"
#include "tests/support/catch.h"

namespace distarray::server {
namespace {

std::map<std::string, std::string> variables;

std::optional<std::string> FakeVariable(const std::string& name) {
  const auto found = variables.find(name);
  return found == variables.end() ? std::nullopt : std::optional(found->second);
}

std::variant<Options, Farewell> Parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "distarrayd");
  return ParseOptions(static_cast<int>(arguments.size()), arguments.data(), &FakeVariable);
}

Options Good(std::vector<const char*> arguments) {
  const auto parsed = Parse(std::move(arguments));
  if (const auto* farewell = std::get_if<Farewell>(&parsed)) {
    FAIL(farewell->text);
  }
  return std::get<Options>(parsed);
}

std::string Mistake(std::vector<const char*> arguments) {
  const auto parsed = Parse(std::move(arguments));
  const auto* farewell = std::get_if<Farewell>(&parsed);
  REQUIRE(farewell != nullptr);
  CHECK(farewell->exit_code == 2);
  return farewell->text;
}

bool Holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// A configuration file for one test.
class File {
 public:
  explicit File(const std::string& text) : path_("parse_test-" + std::to_string(getpid()) + ".toml") {
    std::ofstream(path_) << text;
  }
  ~File() { std::remove(path_.c_str()); }
  const char* path() const { return path_.c_str(); }

 private:
  std::string path_;
};

}  // namespace

TEST_CASE("a flag beats a variable, a variable the file, the file the default") {
  const File file("# comment\nengines = 3\nsession-grace = \"1m\"\nallow-remote = true\nmessage-limit = 1048576\n");
  variables = {{"DISTARRAYD_ENGINES", "5"}, {"DISTARRAYD_CONFIG", file.path()}};
  CHECK(Good({}).engines == 5);
  CHECK(Good({"--engines", "7"}).engines == 7);
  CHECK(Good({"--engines=7"}).engines == 7);
  variables.erase("DISTARRAYD_ENGINES");
  const Options options = Good({});
  CHECK(options.engines == 3);
  CHECK(options.session_grace_seconds == 60);
  CHECK(options.allow_remote);
  CHECK(options.message_limit_bytes == 1 << 20);
  CHECK(options.listen == "127.0.0.1:7755");
  variables.clear();
  CHECK(Good({}).engines == DefaultOptions().engines);
}

TEST_CASE("a mistake names where it is, what was given and what is expected") {
  variables = {};
  CHECK(Holds(Mistake({"--engines", "many"}), "--engines: got \"many\", expected a whole number"));
  CHECK(Holds(Mistake({"--memory-limit", "big"}), "--memory-limit: got \"big\""));
  CHECK(Holds(Mistake({"--data-root", "/does/not/exist"}), "existing directory"));
  CHECK(Holds(Mistake({"--bogus"}), "--bogus"));
  CHECK(Holds(Mistake({"stray"}), "stray"));
  CHECK(Holds(Mistake({"--engines"}), "--engines"));
  variables = {{"DISTARRAYD_HEARTBEAT_TIMEOUT", "0.1"}};
  CHECK(Holds(Mistake({}), "DISTARRAYD_HEARTBEAT_TIMEOUT: got \"0.1\""));
  variables = {};
  const File wrong_value("engines = \"x\"\n");
  CHECK(Holds(Mistake({"--config", wrong_value.path()}), std::string("engines in ") + wrong_value.path()));
}

TEST_CASE("a wrong file is told by name and line") {
  variables = {};
  CHECK(Holds(Mistake({"--config", "/does/not/exist.toml"}), "/does/not/exist.toml"));
  {
    const File broken("engines = 2\nlisten = [\n");
    CHECK(Holds(Mistake({"--config", broken.path()}), "line "));
  }
  const File unknown("engine = 2\n");
  CHECK(Holds(Mistake({"--config", unknown.path()}), "engine in "));
}

TEST_CASE("an address that others can reach needs --allow-remote") {
  variables = {};
  CHECK(Holds(Mistake({"--listen", "0.0.0.0:7755"}), "--allow-remote"));
  CHECK(Good({"--listen", "0.0.0.0:7755", "--allow-remote"}).listen == "0.0.0.0:7755");
  CHECK(Good({"--listen", "[::1]:0"}).listen == "[::1]:0");
}

TEST_CASE("help and version say so and succeed") {
  variables = {};
  const auto help = Parse({"--help"});
  REQUIRE(std::holds_alternative<Farewell>(help));
  CHECK(std::get<Farewell>(help).exit_code == 0);
  for (const Setting& setting : Settings()) {
    CHECK(Holds(std::get<Farewell>(help).text, "--" + std::string(setting.name)));
  }
  CHECK(Holds(std::get<Farewell>(help).text, "shmem_enabled"));
  CHECK(Holds(std::get<Farewell>(Parse({"--version"})).text, "distarrayd "));
}

TEST_CASE("what is passed on to the ranks says the same") {
  variables = {};
  const Options options = Good({"--engines=3", "--listen=0.0.0.0:1", "--allow-remote", "--memory-limit=3GiB",
                                "--data-root=/", "--port-file=here", "--session-grace=500ms", "--log-level=debug",
                                "--message-limit=64KiB", "--heartbeat-timeout=2s"});
  const std::vector<std::string> flags = FlagsOf(options);
  std::vector<const char*> pointers;
  std::transform(flags.begin(), flags.end(), std::back_inserter(pointers),
                 [](const std::string& flag) { return flag.c_str(); });
  const Options again = Good(pointers);
  CHECK(again.engines == options.engines);
  CHECK(again.listen == options.listen);
  CHECK(again.allow_remote);
  CHECK(again.memory_limit_bytes == 3LL << 30);
  CHECK(again.data_root == "/");
  CHECK(again.port_file == options.port_file);
  CHECK(again.session_grace_seconds == 0.5);
  CHECK(again.log_level == "debug");
  CHECK(again.message_limit_bytes == 64 << 10);
  CHECK(again.heartbeat_timeout_seconds == 2);
}

}  // namespace distarray::server
