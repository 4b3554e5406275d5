#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/compute/workbench.h"

namespace distarray::server {

/// What a computation may be told besides its operands.
struct ParameterRow {
  std::string_view name;
  Kind kind = Kind::kSigned;            // kBool, kSigned (any integer), kFloat or kComplex
  std::optional<Scalar> default_value;  // none: it must be given
  std::string_view documentation;       // a sentence: meaning, unit, range
};

/// A computation as it was asked for; operand and parameter counts and kinds have been checked, no operand has failed.
struct Computation {
  std::vector<Recorder::UfuncOperand> operands;
  std::map<std::string, Scalar, std::less<>> parameters;  // all that the row lists, and that have a value
  Shape shape;                                            // of reshape's result
  std::size_t result_count = 1;                           // as many values as it is to give
  std::optional<Array> target;                            // what it writes to, if its row has no results

  bool Flag(std::string_view name) const;
  std::int64_t Integer(std::string_view name) const;
  double Floating(std::string_view name) const;
  bool Has(std::string_view name) const { return parameters.find(name) != parameters.end(); }
  /// Operand `number` as an array; a scalar becomes a 0-d one.
  absl::StatusOr<Operand> ArrayOperand(Workbench& bench, std::size_t number) const;
};

/// What came of it: as many values as the row has results. Or, where what comes next depends on data: something to wait
/// for (`until`), and how it goes on then. The session's later requests wait with it; other sessions do not.
struct Computed {
  std::vector<Array> arrays;
  CompletionPtr until;
  std::function<absl::StatusOr<Computed>()> then;
};

using ComputeFunction = absl::StatusOr<Computed> (*)(Workbench& bench, const Computation& asked);

/// An operation that is neither elementwise nor a reduction: its name, and what carries it out.
struct ComputationRow {
  std::string_view name;
  int operand_count_min = 1;
  int operand_count_max = 1;
  int result_count = 1;                 // 0: it writes to Computation::target
  static constexpr int kAnyCount = -1;  // results: as many as were asked for, at least one
  std::vector<ParameterRow> parameters;
  ComputeFunction function = nullptr;
};

/// All of them, ordered by name.
std::span<const ComputationRow> Computations();
/// Null: there is none of that name.
const ComputationRow* FindComputation(std::string_view name);

/// An axis counted from 0. Error kAxisOutOfRange.
absl::StatusOr<int> NormalizeAxis(std::int64_t axis, int ndim);

}  // namespace distarray::server
