#include "server/supervisor/random.h"

#include <absl/strings/escaping.h>
#include <absl/strings/string_view.h>
#include <sys/random.h>

#include <array>
#include <cstdlib>

namespace distarray::server {

std::string RandomName() {
  std::array<char, 16> bytes;
  // getrandom gives so few bytes always and at once.
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    std::abort();
  }
  return absl::BytesToHexString(absl::string_view(bytes.data(), bytes.size()));
}

}  // namespace distarray::server
