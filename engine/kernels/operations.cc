#include "engine/kernels/operations.h"

#include <algorithm>
#include <vector>

#include "engine/kernels/kernel_set.h"

namespace distarray {
namespace {

constexpr Synonym kSynonyms[] = {
    {"conj", "conjugate"},  {"degrees", "rad2deg"},    {"mod", "remainder"},
    {"radians", "deg2rad"}, {"true_divide", "divide"},
};

// The order in which NumPy looks for a loop that the operands can be cast to safely.
constexpr DType kLoopOrder[] = {DType::kBool,    DType::kInt8,      DType::kUInt8,     DType::kInt16,  DType::kUInt16,
                                DType::kInt32,   DType::kUInt32,    DType::kInt64,     DType::kUInt64, DType::kFloat32,
                                DType::kFloat64, DType::kComplex64, DType::kComplex128};

/// The dtype in which operands promoted to `promoted` compute: itself where there is a kernel, else the first that can
/// hold them.
std::optional<DType> LoopFor(DType promoted, const OperationRow& row) {
  const Kind kind = KindOf(promoted);
  if (row.no_bool && kind == Kind::kBool) {
    return std::nullopt;
  }
  for (const DType loop : kLoopOrder) {
    const bool holds = ResultType(promoted, loop) == loop &&
                       !(row.integers_as_double && kind < Kind::kFloat && SizeOf(loop) < SizeOf(DType::kFloat64));
    if (row.kernels[static_cast<std::size_t>(loop)] != nullptr && holds) {
      return loop;
    }
  }
  return std::nullopt;
}

Operation MakeOperation(const OperationRow& row) {
  Operation operation{.name = row.name,
                      .operand_count = row.operand_count,
                      .loops = {},
                      .condition_first = row.condition_first,
                      .may_fail = row.may_fail};
  for (std::size_t promoted = 0; promoted < operation.loops.size(); ++promoted) {
    if (const auto loop = LoopFor(static_cast<DType>(promoted), row); loop.has_value()) {
      operation.loops[promoted] = LoopTypes{*loop, row.results[static_cast<std::size_t>(*loop)]};
    }
  }
  return operation;
}

/// Adds what `more` has to a row of the same name.
void Join(const OperationRow& more, OperationRow& row) {
  for (std::size_t dtype = 0; dtype < row.kernels.size(); ++dtype) {
    if (more.kernels[dtype] != nullptr) {
      row.kernels[dtype] = more.kernels[dtype];
      row.results[dtype] = more.results[dtype];
    }
  }
  row.may_fail |= more.may_fail;
  row.no_bool |= more.no_bool;
  row.integers_as_double |= more.integers_as_double;
}

std::vector<Operation> MakeOperations() {
  std::vector<OperationRow> joined;
  const auto find = [&joined](std::string_view name) {
    return std::find_if(joined.begin(), joined.end(), [name](const OperationRow& row) { return row.name == name; });
  };
  for (const auto rows : BaselineRows()) {
    for (const OperationRow& row : rows) {
      if (const auto same = find(row.name); same != joined.end()) {
        Join(row, *same);
      } else {
        joined.push_back(row);
      }
    }
  }
  for (const Synonym& synonym : kSynonyms) {
    OperationRow row = *find(synonym.of);
    row.name = synonym.name;
    joined.push_back(row);
  }
  std::sort(joined.begin(), joined.end(), [](const OperationRow& a, const OperationRow& b) { return a.name < b.name; });
  std::vector<Operation> operations;
  operations.reserve(joined.size());
  for (const OperationRow& row : joined) {
    operations.push_back(MakeOperation(row));
  }
  return operations;
}

template <typename Table>
int FindByName(const Table& table, std::string_view name) {
  const auto found = std::lower_bound(table.begin(), table.end(), name,
                                      [](const auto& row, std::string_view n) { return row.name < n; });
  return found != table.end() && found->name == name ? static_cast<int>(found - table.begin()) : -1;
}

LoopTypes SumLoop(DType source) {
  switch (KindOf(source)) {
    case Kind::kBool:
    case Kind::kSigned:
      return {DType::kInt64, DType::kInt64};
    case Kind::kUnsigned:
      return {DType::kUInt64, DType::kUInt64};
    default:
      return {source, source};
  }
}

LoopTypes MeanLoop(DType source) {
  const DType compute = KindOf(source) < Kind::kFloat ? DType::kFloat64 : source;
  return {compute, compute};
}

LoopTypes VarianceLoop(DType source) {
  const DType compute = MeanLoop(source).compute;
  return {compute, RealOf(compute)};
}

LoopTypes ExtremeLoop(DType source) { return {source, source}; }

LoopTypes TruthLoop(DType) { return {DType::kBool, DType::kBool}; }

Reduction MakeReduction(std::string_view name, LoopTypes (*loop)(DType), bool needs_elements = false) {
  Reduction reduction{.name = name, .loops = {}, .needs_elements = needs_elements};
  for (std::size_t source = 0; source < reduction.loops.size(); ++source) {
    reduction.loops[source] = loop(static_cast<DType>(source));
  }
  return reduction;
}

}  // namespace

std::span<const Synonym> Synonyms() { return kSynonyms; }

std::span<const Operation> Operations() {
  static const std::vector<Operation> operations = MakeOperations();
  return operations;
}

int FindOperation(std::string_view name) { return FindByName(Operations(), name); }

std::span<const Reduction> Reductions() {
  static const std::vector<Reduction> reductions = {
      MakeReduction("all", &TruthLoop),         MakeReduction("any", &TruthLoop),
      MakeReduction("max", &ExtremeLoop, true), MakeReduction("mean", &MeanLoop),
      MakeReduction("min", &ExtremeLoop, true), MakeReduction("prod", &SumLoop),
      MakeReduction("std", &VarianceLoop),      MakeReduction("sum", &SumLoop),
      MakeReduction("var", &VarianceLoop),
  };
  return reductions;
}

int FindReduction(std::string_view name) { return FindByName(Reductions(), name); }

}  // namespace distarray
