#include "engine/kernels/kernel_set.h"

#include <cstdlib>

#include "engine/kernels/operations.h"
#include "engine/kernels/scalar/tables.h"

namespace distarray {

// One for each set that CMakeLists.txt compiles.
namespace baseline {
SetTables Tables();
}
namespace avx2 {
SetTables Tables();
}
namespace avx512 {
SetTables Tables();
}

namespace {

void UseRows(std::span<const OperationRow> rows, KernelTable& set) {
  for (const OperationRow& row : rows) {
    auto& kernels = set.operations[static_cast<std::size_t>(FindOperation(row.name))];
    for (std::size_t dtype = 0; dtype < kernels.size(); ++dtype) {
      if (row.kernels[dtype] != nullptr) {
        kernels[dtype] = row.kernels[dtype];
      }
    }
  }
}

KernelTable MakeSet(const char* name, const SetTables& tables) {
  KernelTable set{.name = name,
                  .operations = {},
                  .casts = *tables.casts,
                  .reductions = *tables.reductions,
                  .memory = *tables.memory};
  set.operations.resize(Operations().size());
  for (const auto rows : BaselineRows()) {
    UseRows(rows, set);
  }
  for (const auto rows : tables.rows) {
    UseRows(rows, set);
  }
  for (const Synonym& synonym : Synonyms()) {
    set.operations[static_cast<std::size_t>(FindOperation(synonym.name))] =
        set.operations[static_cast<std::size_t>(FindOperation(synonym.of))];
  }
  return set;
}

const KernelTable& ChooseSet() {
  if (const char* wanted = std::getenv("DISTARRAYD_KERNELS"); wanted != nullptr) {
    if (const KernelTable* set = FindKernelSet(wanted); set != nullptr) {
      return *set;
    }
  }
  for (const char* name : {"avx512", "avx2"}) {
    if (const KernelTable* set = FindKernelSet(name); set != nullptr) {
      return *set;
    }
  }
  return *FindKernelSet("baseline");
}

}  // namespace

std::vector<std::span<const OperationRow>> BaselineRows() {
  std::vector<std::span<const OperationRow>> all = {scalar::DivisionRows(), scalar::FloatingRows(),
                                                    scalar::ComplexRows()};
  for (const auto rows : baseline::Tables().rows) {
    all.push_back(rows);
  }
  return all;
}

const KernelTable* FindKernelSet(std::string_view name) {
  if (name == "baseline") {
    static const KernelTable set = MakeSet("baseline", baseline::Tables());
    return &set;
  }
  if (name == "avx2" && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
      __builtin_cpu_supports("bmi2")) {
    static const KernelTable set = MakeSet("avx2", avx2::Tables());
    return &set;
  }
  if (name == "avx512" && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("fma")) {
    static const KernelTable set = MakeSet("avx512", avx512::Tables());
    return &set;
  }
  return nullptr;
}

const KernelTable& ActiveKernels() {
  static const KernelTable& set = ChooseSet();
  return set;
}

}  // namespace distarray
