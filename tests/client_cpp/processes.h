#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

namespace distarray::inline client {

/// The processes that `parent` has started and that have not ended.
std::vector<pid_t> ChildrenOf(pid_t parent);

/// Neither gone nor a zombie.
bool Runs(pid_t pid);

/// Waits until `condition` holds; false after 30 seconds.
bool Eventually(const std::function<bool()>& condition);

/// An environment variable, put back as it was at the end. Null: unset.
class Variable {
 public:
  Variable(const char* name, const char* value);
  ~Variable();
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  std::string name_;
  bool was_set_;
  std::string before_;
};

/// A folder of its own in $TMPDIR, which it becomes; deleted at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }
  /// Nothing is in it.
  bool Empty() const;

 private:
  std::string path_;
  Variable variable_;
};

}  // namespace distarray::inline client
