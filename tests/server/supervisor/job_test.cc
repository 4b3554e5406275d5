#include "server/supervisor/job.h"

#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/catch.h"

namespace distarray::server {
namespace {

JobSpec Spec(int major) {
  JobSpec spec;
  spec.open_mpi_major = major;
  spec.binary = "/opt/distarrayd";
  spec.flags = {"--listen=127.0.0.1:0"};
  spec.engines = 3;
  spec.directory = "/dev/shm/distarrayd-x/1";
  spec.supervisor = "name";
  spec.cookie = "secret";
  return spec;
}

bool Has(const std::vector<std::string>& list, const std::string& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

}  // namespace

TEST_CASE("the command line: one rank more than engines, as each Open MPI wants it") {
  CHECK(JobArguments(Spec(4)) == std::vector<std::string>{"mpirun", "-n", "4", "--oversubscribe", "--bind-to", "none",
                                                          "/opt/distarrayd", "--role=rank", "--listen=127.0.0.1:0"});
  CHECK(Has(JobArguments(Spec(5)), ":OVERSUBSCRIBE"));
  CHECK(!Has(JobArguments(Spec(5)), "--oversubscribe"));
  for (const std::string& argument : JobArguments(Spec(4))) {
    CHECK(argument.find("secret") == std::string::npos);  // command lines are everybody's to read
  }
}

TEST_CASE("the environment: what programs need, nothing of a scheduler's, and ours") {
  const std::vector<std::string> inherited = {
      "PATH=/bin",        "HOME=/root", "OMPI_COMM_WORLD_RANK=3", "PMIX_RANK=3", "SLURM_JOB_ID=1",
      "PASSWORD=hunter2", "LC_ALL=C",   "DISTARRAYD_ENGINES=9",   "=x",          "TMPDIR=/elsewhere"};
  const std::vector<std::string> environment = JobEnvironment(Spec(4), inherited);
  CHECK(Has(environment, "PATH=/bin"));
  CHECK(Has(environment, "LC_ALL=C"));
  CHECK(Has(environment, "TMPDIR=/dev/shm/distarrayd-x/1"));
  CHECK(Has(environment, "OMPI_MCA_btl=vader,self"));
  CHECK(Has(environment, "DISTARRAY_COOKIE=secret"));
  for (const std::string& variable : environment) {
    INFO(variable);
    CHECK(variable.rfind("OMPI_COMM_WORLD", 0) != 0);
    CHECK(variable.rfind("SLURM", 0) != 0);
    CHECK(variable.rfind("PASSWORD", 0) != 0);
    CHECK(variable.rfind("DISTARRAYD_", 0) != 0);
  }
  CHECK(Has(JobEnvironment(Spec(5), inherited), "OMPI_MCA_btl=sm,self"));
}

TEST_CASE("a user's own settings of Open MPI stand; copying between processes is left out where it is forbidden") {
  CHECK(Has(JobEnvironment(Spec(4), {"OMPI_MCA_btl=tcp,self"}), "OMPI_MCA_btl=tcp,self"));
  JobSpec spec = Spec(4);
  spec.ranks_may_copy = false;
  CHECK(Has(JobEnvironment(spec, {}), "OMPI_MCA_btl_vader_single_copy_mechanism=none"));
  spec.open_mpi_major = 5;
  CHECK(Has(JobEnvironment(spec, {}), "OMPI_MCA_smsc=^cma"));
}

}  // namespace distarray::server
