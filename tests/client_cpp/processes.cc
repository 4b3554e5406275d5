#include "tests/client_cpp/processes.h"

#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace distarray::inline client {
namespace {

namespace fs = std::filesystem;

struct Process {
  char state = 'X';
  pid_t parent = 0;
};

// State X: there is none.
Process Look(const std::string& pid) {
  std::ifstream file("/proc/" + pid + "/stat");
  std::string text;
  std::getline(file, text);
  Process process;
  std::istringstream rest(text.substr(std::min(text.size(), text.rfind(')') + 1)));
  rest >> process.state >> process.parent;
  return process;
}

std::string MakeFolder() {
  std::string name = fs::temp_directory_path() / "distarray-test-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) {
    throw std::runtime_error("cannot make a folder");
  }
  return name;
}

}  // namespace

std::vector<pid_t> ChildrenOf(pid_t parent) {
  std::vector<pid_t> children;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) {
      continue;
    }
    const Process process = Look(name);
    if (process.parent == parent && process.state != 'Z' && process.state != 'X') {
      children.push_back(std::stoi(name));
    }
  }
  return children;
}

bool Runs(pid_t pid) {
  const char state = Look(std::to_string(pid)).state;
  return state != 'Z' && state != 'X';
}

bool Eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 1500; ++i) {
    if (condition()) {
      return true;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return false;
}

Variable::Variable(const char* name, const char* value) : name_(name) {
  const char* const before = getenv(name);
  was_set_ = before != nullptr;
  before_ = was_set_ ? before : "";
  if (value != nullptr) {
    setenv(name, value, 1);
  } else {
    unsetenv(name);
  }
}

Variable::~Variable() {
  if (was_set_) {
    setenv(name_.c_str(), before_.c_str(), 1);
  } else {
    unsetenv(name_.c_str());
  }
}

TemporaryFolder::TemporaryFolder() : path_(MakeFolder()), variable_("TMPDIR", path_.c_str()) {}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

bool TemporaryFolder::Empty() const { return fs::is_empty(path_); }

}  // namespace distarray::inline client
