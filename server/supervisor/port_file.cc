#include "server/supervisor/port_file.h"

#include <absl/strings/str_cat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

namespace distarray::server {

absl::Status WritePortFile(const std::string& path, const std::string& address) {
  if (path.empty()) {
    return absl::OkStatus();
  }
  const std::string aside = absl::StrCat(path, ".", getpid());
  std::ofstream file(aside, std::ios::trunc);
  file << address << "\n";
  file.close();
  if (!file || std::rename(aside.c_str(), path.c_str()) != 0) {
    const std::string why = std::strerror(errno);
    std::remove(aside.c_str());
    return absl::UnavailableError(absl::StrCat("--port-file: cannot write ", path, ": ", why));
  }
  return absl::OkStatus();
}

void RemovePortFile(const std::string& path, const std::string& address) {
  std::ifstream file(path);
  std::string line;
  if (!path.empty() && std::getline(file, line) && line == address) {
    std::remove(path.c_str());
  }
}

}  // namespace distarray::server
