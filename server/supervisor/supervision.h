#pragma once

#include <poll.h>

#include <optional>
#include <string>
#include <vector>

#include "server/config/options.h"
#include "server/supervisor/janitor.h"
#include "server/supervisor/job.h"
#include "server/supervisor/life.h"
#include "server/supervisor/link.h"
#include "server/supervisor/rank_links.h"
#include "server/supervisor/scratch.h"
#include "server/supervisor/segments.h"
#include "server/supervisor/worker_jobs.h"

namespace distarray::server {

/// Carries out what Life decides: the supervisor's processes, sockets and signals.
class Supervision {
 public:
  Supervision(const Options& options, int open_mpi_major, Scratch scratch, Janitor janitor, std::string link_name,
              UniqueFd listener, UniqueFd signals);

  /// Until the life has ended. Returns the exit code.
  int Run();

 private:
  using Time = Life::Time;

  void Do(Life::Action action);
  void StartJob();
  void KillJob();
  void End();

  void Wait();
  void TakeSignals();
  void TakeStandardInput(const std::vector<pollfd>& waited);
  void TakeRankEvents(Time now);
  void StartWorkers(std::int64_t pool);
  void CheckHeartbeats(Time now);
  void ReapChildren();
  void Served(const std::string& address);
  void Fail(const std::string& why);
  void Stop(const std::string& why);

  Options options_;
  JobSpec job_;
  Life life_;
  Scratch scratch_;
  Janitor janitor_;
  UniqueFd listener_;
  UniqueFd signals_;
  SegmentHolder segments_;
  RankLinks links_;
  WorkerJobs workers_;
  pid_t mpirun_ = -1;
  std::string address_;  // once it has served
  Time job_started_;
  bool watch_standard_input_;
};

}  // namespace distarray::server
