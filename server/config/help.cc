#include "server/config/help.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <absl/strings/string_view.h>

#include "server/config/settings.h"

namespace distarray::server {
namespace {

constexpr absl::string_view kOpening =
    R"(distarrayd: NumPy-like arrays spread over many processes, served to Python and C++.

Examples:
  distarrayd                                         one engine per core, at 127.0.0.1:7755
  distarrayd --engines 4 --memory-limit 16GiB        four engines; arrays take up to 16 GiB
  distarrayd --listen 127.0.0.1:0 --port-file addr   any free port; the file "addr" says which
  DISTARRAYD_ENGINES=2 distarrayd                    every flag is also a variable
  distarrayd --config /etc/distarrayd.toml           ... and a line of a file:  engines = 2
  mpirun -n 5 distarrayd --listen 127.0.0.1:7755     started by a scheduler: one front, four engines

Then, in Python:
  from distarray.globalapi import Context
  context = Context("127.0.0.1:7755")                or set DISTARRAY_ADDRESS, and Context()

It stays in the foreground. Ctrl-C or SIGTERM ends it within 5 seconds and leaves nothing behind.
)";

constexpr absl::string_view kClosing = R"(
A flag beats a variable (DISTARRAYD_ENGINES for --engines), a variable beats the file, the file
beats the default.

Engine memory lies in huge pages where the system lets it. Filling large arrays for the first time
is then some five times faster (8 GB/s a core instead of 1.6); memory that is used again gains
little. The log says at the start whether it does; root allows it by
  echo advise > /sys/kernel/mm/transparent_hugepage/shmem_enabled

Exit codes: 0 ended as asked; 1 could not serve, or could not go on; 2 the flags are wrong.
)";

constexpr std::size_t kIndent = 6;
constexpr std::size_t kWidth = 100;

std::string Wrapped(absl::string_view text) {
  std::string out;
  std::size_t column = kWidth + 1;
  for (absl::string_view word : absl::StrSplit(text, ' ')) {
    if (column + 1 + word.size() > kWidth) {
      absl::StrAppend(&out, out.empty() ? "" : "\n", std::string(kIndent, ' '), word);
      column = kIndent + word.size();
    } else {
      absl::StrAppend(&out, " ", word);
      column += 1 + word.size();
    }
  }
  return out + "\n";
}

}  // namespace

std::string HelpText() {
  std::string out(kOpening);
  absl::string_view group;
  for (const Setting& setting : Settings()) {
    if (setting.group != group) {
      group = setting.group;
      absl::StrAppend(&out, "\n", group, ":\n");
    }
    absl::StrAppend(&out, "  --", setting.name, setting.value.empty() ? "" : " ", setting.value,
                    "  (default: ", setting.fallback, ")\n", Wrapped(setting.help));
  }
  absl::StrAppend(&out, "  -h, --help\n  --version\n", kClosing);
  return out;
}

std::string VersionText() { return absl::StrCat("distarrayd ", DISTARRAY_VERSION, "\n"); }

}  // namespace distarray::server
