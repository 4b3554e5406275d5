#include "server/config/logging.h"

#include <fcntl.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

namespace distarray::server {

void SetUpLogging(const Options& options, const std::string& role) {
  auto logger = spdlog::stderr_logger_mt(role);
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e %l [%n] %v");
  logger->set_level(spdlog::level::from_str(options.log_level));
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(std::move(logger));
}

bool RedirectLog(const Options& options) {
  if (options.log_file.empty()) {
    return true;
  }
  const int file = open(options.log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file < 0) {
    return false;
  }
  const bool done = dup2(file, STDERR_FILENO) == STDERR_FILENO;
  close(file);
  return done;
}

}  // namespace distarray::server
