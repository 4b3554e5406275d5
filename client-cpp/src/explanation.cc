#include "distarray/explanation.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include "client-cpp/src/shapes.h"

namespace distarray::inline client {
namespace {

std::string StepText(const Explanation::Step& step) {
  constexpr const char* kKinds[] = {"program", "copy", "edges"};
  std::string text = absl::StrCat(kKinds[static_cast<int>(step.kind)], " over ", ToString(step.shape), " on [",
                                  absl::StrJoin(step.targets, ", "), "]: ");
  if (!step.operations.empty()) {
    absl::StrAppend(&text, absl::StrJoin(step.operations, ", "), "; ");
  }
  if (step.kind == Explanation::Step::Kind::kProgram) {
    absl::StrAppend(&text, "reads ", step.operand_count, " arrays");
  } else {
    absl::StrAppend(&text, "moves ", step.moved_bytes, " bytes");
  }
  return absl::StrCat(text, "; new memory ", step.memory_bytes, " bytes");
}

}  // namespace

std::int64_t Explanation::programs() const {
  std::int64_t count = 0;
  for (const Step& step : steps) {
    count += step.kind == Step::Kind::kProgram ? 1 : 0;
  }
  return count;
}

std::int64_t Explanation::moved_bytes() const {
  std::int64_t bytes = 0;
  for (const Step& step : steps) {
    bytes += step.moved_bytes;
  }
  return bytes;
}

std::int64_t Explanation::memory_bytes() const {
  std::int64_t bytes = 0;
  for (const Step& step : steps) {
    bytes += step.memory_bytes;
  }
  return bytes;
}

std::string Explanation::ToString() const {
  if (steps.empty()) {
    return "stored, or under way: nothing would run";
  }
  std::string text =
      absl::StrCat(programs(), " programs, moves ", moved_bytes(), " bytes, new memory ", memory_bytes(), " bytes");
  for (std::size_t i = 0; i < steps.size(); ++i) {
    absl::StrAppend(&text, "\n  ", i + 1, ". ", StepText(steps[i]));
  }
  return text;
}

}  // namespace distarray::inline client
