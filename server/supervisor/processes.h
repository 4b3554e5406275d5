#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <set>
#include <string>
#include <vector>

namespace distarray::server {

/// Makes orphans of our descendants our children, so that none of them escapes KillChildren.
void AdoptOrphans();

/// Starts a program in a process group of its own, without standard input, its standard output going to our standard
/// error; it is killed when we die. Returns its pid, or -1 (errno says why; a program that cannot be run ends with
/// 127). `prepare` is called in the child before the program is run; false ends it with 126.
pid_t StartProgram(const std::vector<std::string>& arguments, const std::vector<std::string>& environment,
                   const std::function<bool()>& prepare = {});

/// Kills a process and everything below it, however fast it forks. -1: nothing.
void KillTree(pid_t root);

/// Kills all processes of a user id that is not ours. We must be root.
void KillUser(uid_t uid);

/// Kills those of our children that are none of `known`, and all below them: orphans of what we had started.
void KillStrays(const std::set<pid_t>& known);

/// Kills all children but `spared`, and theirs, and waits for their end. False: some were still there after `patience`.
bool KillChildren(pid_t spared, std::chrono::milliseconds patience);

/// "exit code 1", "signal 9 (Killed)".
std::string DescribeEnd(int wait_status);

}  // namespace distarray::server
