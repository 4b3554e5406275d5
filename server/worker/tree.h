#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace distarray::server {

/// Processes below this one, with the number of their threads.
struct Descendant {
  pid_t pid = 0;
  std::int64_t threads = 1;
};
std::vector<Descendant> Descendants();

/// How many processes and threads there are below this one, about: while they start and end some may be missed. Where
/// the kernel tells children (CONFIG_PROC_CHILDREN) it takes no look at other processes of the machine.
std::int64_t CountTasksBelow();

/// Kills all processes below this one, however fast they fork, and waits for their end.
void KillDescendants();

/// Bytes of the files below a folder, as they take room on the disk; links are not followed.
std::int64_t BytesBelow(const std::string& folder);

}  // namespace distarray::server
