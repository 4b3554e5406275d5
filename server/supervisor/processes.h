#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

namespace distarray::server {

/// Makes orphans of our descendants our children, so that none of them escapes KillChildren.
void AdoptOrphans();

/// Starts a program in a process group of its own, without standard input, its standard output going to our standard
/// error; it is killed when we die. Returns its pid, or -1 (errno says why; a program that cannot be run ends with
/// 127).
pid_t StartProgram(const std::vector<std::string>& arguments, const std::vector<std::string>& environment);

/// Kills all children but `spared`, and theirs, and waits for their end. False: some were still there after `patience`.
bool KillChildren(pid_t spared, std::chrono::milliseconds patience);

/// "exit code 1", "signal 9 (Killed)".
std::string DescribeEnd(int wait_status);

}  // namespace distarray::server
