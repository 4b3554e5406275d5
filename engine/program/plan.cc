#include "engine/program/plan.h"

#include <algorithm>
#include <limits>

namespace distarray {
namespace {

/// Calls f with each value that a store or a reduction takes.
template <typename F>
void ForEachResult(const Program& program, F f) {
  for (const StoreOutput& store : program.stores) {
    f(store.value);
  }
  for (const ReduceOutput& reduce : program.reductions) {
    f(reduce.value);
  }
}

/// Whether an instruction reads nothing but what lies outside the program.
bool IsSource(const Instruction& instruction) {
  return !std::holds_alternative<ApplyOperation>(instruction.what) && !std::holds_alternative<Cast>(instruction.what);
}

}  // namespace

std::array<ValueId, 3> ArgumentsOf(const Instruction& instruction) {
  if (const auto* apply = std::get_if<ApplyOperation>(&instruction.what)) {
    return apply->arguments;
  }
  if (const auto* cast = std::get_if<Cast>(&instruction.what)) {
    return {cast->argument, -1, -1};
  }
  return {-1, -1, -1};
}

std::vector<bool> UsedValues(const Program& program) {
  std::vector<bool> used(program.instructions.size(), false);
  ForEachResult(program, [&used](ValueId value) { used[static_cast<std::size_t>(value)] = true; });
  for (std::size_t i = used.size(); i-- > 0;) {
    for (const ValueId argument : ArgumentsOf(program.instructions[i])) {
      if (used[i] && argument >= 0) {
        used[static_cast<std::size_t>(argument)] = true;
      }
    }
  }
  return used;
}

RegisterPlan AssignRegisters(const Program& program, const std::vector<Place>& places) {
  constexpr std::size_t kForever = std::numeric_limits<std::size_t>::max();
  const std::size_t count = program.instructions.size();
  std::vector<std::size_t> last_use(count, 0);
  for (std::size_t i = 0; i < count; ++i) {
    for (const ValueId argument : ArgumentsOf(program.instructions[i])) {
      if (argument >= 0 && places[i] != Place::kNone) {
        last_use[static_cast<std::size_t>(argument)] = i;
      }
    }
  }
  ForEachResult(program, [&last_use](ValueId value) { last_use[static_cast<std::size_t>(value)] = kForever; });

  RegisterPlan plan{.register_of = std::vector<int>(count, -1)};
  // What a tile begins with is brought in before the first call, wherever its instruction stands: it shares no register
  // with anything before.
  for (std::size_t i = 0; i < count; ++i) {
    if (places[i] == Place::kFixed || (places[i] == Place::kRegister && IsSource(program.instructions[i]))) {
      plan.register_of[i] = plan.count++;
    }
  }
  std::vector<int> unused;
  for (std::size_t i = 0; i < count; ++i) {
    if (plan.register_of[i] >= 0) {
      continue;
    }
    if (places[i] == Place::kRegister && unused.empty()) {
      plan.register_of[i] = plan.count++;
    } else if (places[i] == Place::kRegister) {
      plan.register_of[i] = unused.back();
      unused.pop_back();
    }
    const auto arguments = ArgumentsOf(program.instructions[i]);
    for (std::size_t k = 0; k < arguments.size(); ++k) {
      const auto argument = static_cast<std::size_t>(arguments[k]);
      const bool repeated = std::find(arguments.begin(), arguments.begin() + k, arguments[k]) != arguments.begin() + k;
      if (arguments[k] >= 0 && !repeated && places[i] != Place::kNone && places[argument] == Place::kRegister &&
          last_use[argument] == i) {
        unused.push_back(plan.register_of[argument]);
      }
    }
  }
  return plan;
}

}  // namespace distarray
