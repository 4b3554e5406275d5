#include "server/supervisor/processes.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cctype>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>
#include <utility>

namespace distarray::server {
namespace {

namespace fs = std::filesystem;

// The parent, from /proc/PID/stat: "PID (NAME) STATE PARENT ..."; the name may hold anything.
pid_t ParentOf(const fs::path& process) {
  std::ifstream file(process / "stat");
  std::string line;
  std::getline(file, line);
  const std::size_t end_of_name = line.rfind(')');
  if (end_of_name == std::string::npos) {
    return -1;
  }
  std::istringstream rest(line.substr(end_of_name + 1));
  char state = 0;
  pid_t parent = -1;
  rest >> state >> parent;
  return parent;
}

/// All processes and their parents.
std::vector<std::pair<pid_t, pid_t>> Processes() {
  std::vector<std::pair<pid_t, pid_t>> processes;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator("/proc", error)) {
    pid_t pid = 0;
    if (absl::SimpleAtoi(entry.path().filename().string(), &pid)) {
      processes.emplace_back(pid, ParentOf(entry.path()));
    }
  }
  return processes;
}

std::vector<pid_t> Children() {
  std::vector<pid_t> children;
  for (const auto& [pid, parent] : Processes()) {
    if (parent == getpid()) {
      children.push_back(pid);
    }
  }
  return children;
}

std::set<pid_t> TreeOf(pid_t root) {
  const std::vector<std::pair<pid_t, pid_t>> processes = Processes();
  std::set<pid_t> tree = {root};
  for (std::size_t before = 0; before != tree.size();) {
    before = tree.size();
    for (const auto& [pid, parent] : processes) {
      if (tree.contains(parent)) {
        tree.insert(pid);
      }
    }
  }
  return tree;
}

std::vector<char*> Pointers(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (const std::string& text : strings) {
    pointers.push_back(const_cast<char*>(text.c_str()));
  }
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

void AdoptOrphans() { prctl(PR_SET_CHILD_SUBREAPER, 1); }

pid_t StartProgram(const std::vector<std::string>& arguments, const std::vector<std::string>& environment,
                   const std::function<bool()>& prepare) {
  const std::vector<char*> argument_pointers = Pointers(arguments);
  const std::vector<char*> environment_pointers = Pointers(environment);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid != 0) {
    return pid;
  }
  if (prepare && !prepare()) {
    _exit(126);
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // after `prepare`: a change of user id clears it
  if (getppid() != parent) {
    _exit(127);
  }
  setpgid(0, 0);
  const int nothing = open("/dev/null", O_RDONLY);
  dup2(nothing, STDIN_FILENO);
  close(nothing);
  dup2(STDERR_FILENO, STDOUT_FILENO);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  execvpe(argument_pointers[0], argument_pointers.data(), environment_pointers.data());
  _exit(127);
}

void KillTree(pid_t root) {
  if (root <= 0) {
    return;
  }
  // Stopped processes fork no more: once a look finds none that was not there before, all of them are stopped.
  std::set<pid_t> stopped;
  while (true) {
    const std::set<pid_t> tree = TreeOf(root);
    bool more = false;
    for (const pid_t pid : tree) {
      if (stopped.insert(pid).second) {
        more = kill(pid, SIGSTOP) == 0 || more;
      }
    }
    if (!more) {
      break;
    }
  }
  for (const pid_t pid : stopped) {
    kill(pid, SIGKILL);
  }
}

void KillUser(uid_t uid) {
  const pid_t killer = fork();
  if (killer == 0) {
    if (setresuid(uid, uid, uid) == 0) {
      kill(-1, SIGKILL);  // all whom this user id may signal
    }
    _exit(0);
  }
  if (killer > 0) {
    waitpid(killer, nullptr, 0);
  }
}

void KillStrays(const std::set<pid_t>& known) {
  for (const pid_t child : Children()) {
    if (!known.contains(child)) {
      KillTree(child);
    }
  }
}

bool KillChildren(pid_t spared, std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (true) {
    bool any = false;
    for (const pid_t child : Children()) {
      if (child != spared) {
        kill(child, SIGKILL);
        any = waitpid(child, nullptr, WNOHANG) != child || any;
      }
    }
    if (!any) {
      // What the last of them left is ours now: look once more.
      const std::vector<pid_t> rest = Children();
      if (rest.empty() || (rest.size() == 1 && rest[0] == spared)) {
        return true;
      }
    }
    if (std::chrono::steady_clock::now() > deadline) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

std::string DescribeEnd(int wait_status) {
  if (WIFSIGNALED(wait_status)) {
    return absl::StrCat("signal ", WTERMSIG(wait_status), " (", strsignal(WTERMSIG(wait_status)), ")");
  }
  return absl::StrCat("exit code ", WEXITSTATUS(wait_status));
}

}  // namespace distarray::server
