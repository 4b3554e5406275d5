#include "server/config/parse.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/string_view.h>

#include <cstdlib>
#include <map>

// Failures come as values.
#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>

#include <CLI/CLI.hpp>

#include "server/config/help.h"
#include "server/config/settings.h"
#include "server/config/values.h"

namespace distarray::server {
namespace {

Farewell Mistake(absl::string_view what) {
  return {.exit_code = 2, .text = absl::StrCat("distarrayd: ", what, "\nSee distarrayd --help.\n")};
}

// A value and where it was given, for the message if it is wrong.
struct Given {
  std::string text;
  std::string source;
};
using GivenSettings = std::map<std::string, Given, std::less<>>;

// CLI11 throws; nothing passes beyond this function.
std::optional<Farewell> ReadFlags(int argc, const char* const* argv, GivenSettings& given) {
  CLI::App app;
  bool help = false;
  bool version = false;
  std::map<absl::string_view, std::string> texts;
  std::map<absl::string_view, bool> switches;
  app.set_help_flag();
  app.add_flag("-h,--help", help);
  app.add_flag("--version", version);
  for (const Setting& setting : Settings()) {
    const std::string flag = absl::StrCat("--", setting.name);
    if (setting.value.empty()) {
      app.add_flag(flag, switches[setting.name]);
    } else {
      app.add_option(flag, texts[setting.name]);
    }
  }
  try {
    app.parse(argc, argv);
    if (help || version) {
      return Farewell{.exit_code = 0, .text = help ? HelpText() : VersionText()};
    }
    for (const Setting& setting : Settings()) {
      const std::string flag = absl::StrCat("--", setting.name);
      if (app.count(flag) > 0) {
        const bool is_switch = setting.value.empty();
        given.emplace(setting.name,
                      Given{is_switch ? (switches[setting.name] ? "true" : "false") : texts[setting.name], flag});
      }
    }
  } catch (const CLI::Error& error) {
    return Mistake(error.what());
  }
  return std::nullopt;
}

std::optional<std::string> TextOf(const toml::node& node) {
  if (const auto* text = node.as_string()) {
    return text->get();
  }
  if (const auto* number = node.as_integer()) {
    return absl::StrCat(number->get());
  }
  if (const auto* number = node.as_floating_point()) {
    return absl::StrCat(number->get());
  }
  if (const auto* flag = node.as_boolean()) {
    return flag->get() ? "true" : "false";
  }
  return std::nullopt;
}

bool IsSetting(absl::string_view name) {
  for (const Setting& setting : Settings()) {
    if (setting.name == name) {
      return true;
    }
  }
  return false;
}

std::optional<Farewell> ReadFile(const std::string& path, GivenSettings& given) {
  toml::parse_result parsed = toml::parse_file(path);
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    const std::string place = error.source().begin.line > 0 ? absl::StrCat(" line ", error.source().begin.line) : "";
    return Mistake(absl::StrCat("--config: ", path, place, ": ", std::string(error.description())));
  }
  for (auto&& [key, node] : parsed.table()) {
    const std::string name(key.str());
    const std::string source = absl::StrCat(name, " in ", path);
    const std::optional<std::string> text = TextOf(node);
    if (!IsSetting(name) || name == "config") {
      return Mistake(
          absl::StrCat(source, ": there is no such setting; expected the name of a flag without its dashes"));
    }
    if (!text) {
      return Mistake(absl::StrCat(source, ": expected a string, a number or a boolean"));
    }
    given.emplace(name, Given{*text, source});
  }
  return std::nullopt;
}

std::optional<Farewell> CheckListen(const Options& options, const GivenSettings& given) {
  const std::string host = ReadHostPort(options.listen)->host;
  if (IsLoopback(host) || options.allow_remote) {
    return std::nullopt;
  }
  return Mistake(absl::StrCat(
      given.at("listen").source, ": got \"", options.listen,
      "\", which other machines can reach, and there is no authentication yet; expected a loopback address such "
      "as 127.0.0.1:7755, or --allow-remote to serve whoever can connect"));
}

}  // namespace

std::variant<Options, Farewell> ParseOptions(int argc, const char* const* argv,
                                             std::optional<std::string> (*variable)(const std::string& name)) {
  GivenSettings given;
  if (std::optional<Farewell> farewell = ReadFlags(argc, argv, given)) {
    return *farewell;
  }
  for (const Setting& setting : Settings()) {
    const std::string name = VariableOf(setting);
    if (const std::optional<std::string> text = variable(name)) {
      given.emplace(setting.name, Given{*text, name});
    }
  }
  if (const auto file = given.find("config"); file != given.end()) {
    if (std::optional<Farewell> farewell = ReadFile(file->second.text, given)) {
      return *farewell;
    }
  }
  Options options = DefaultOptions();
  for (const Setting& setting : Settings()) {
    const auto found = given.find(setting.name);
    if (found != given.end() && !setting.read(found->second.text, options)) {
      return Mistake(
          absl::StrCat(found->second.source, ": got \"", found->second.text, "\", expected ", setting.expected));
    }
  }
  if (std::optional<Farewell> farewell = CheckListen(options, given)) {
    return *farewell;
  }
  return options;
}

std::optional<std::string> Variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

}  // namespace distarray::server
