// Computations: sorting, moving elements, linear algebra.
#include <absl/strings/str_cat.h>

#include <utility>

#include "server/compute/computation.h"
#include "server/session/session.h"

namespace distarray::server {
namespace {

std::string_view NameOfKind(Kind kind) {
  switch (kind) {
    case Kind::kBool:
      return "a bool";
    case Kind::kSigned:
    case Kind::kUnsigned:
      return "an integer";
    case Kind::kFloat:
      return "a real number";
    default:
      return "a number";
  }
}

int RankOfKind(Kind kind) { return kind == Kind::kUnsigned ? static_cast<int>(Kind::kSigned) : static_cast<int>(kind); }

/// The row's parameters, from the request or by default.
absl::Status ReadParameters(const ComputationRow& row, const v1::ComputeRequest& request, Computation& asked) {
  for (const ParameterRow& parameter : row.parameters) {
    const auto given = request.parameters().find(std::string(parameter.name));
    if (given == request.parameters().end()) {
      if (parameter.default_value) {
        asked.parameters.emplace(parameter.name, *parameter.default_value);
      }
      continue;
    }
    DA_ASSIGN_OR_RETURN(const TypedScalar scalar, ParseScalar(given->second, parameter.name));
    if (RankOfKind(KindOf(scalar.scalar)) > RankOfKind(parameter.kind)) {
      return Error(Reason::kInvalidType, absl::StrCat(std::string(row.name), ": ", std::string(parameter.name),
                                                      " must be ", std::string(NameOfKind(parameter.kind))));
    }
    asked.parameters.emplace(parameter.name, scalar.scalar);
  }
  for (const auto& [name, scalar] : request.parameters()) {
    if (asked.parameters.find(name) == asked.parameters.end()) {
      return Error(Reason::kInvalidValue, absl::StrCat("parameters: \"", name, "\" given; ", std::string(row.name),
                                                       " takes none of that name"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

void Session::Compute(const v1::ComputeRequest& request, const Ticket& ticket) {
  const auto begin = [&]() -> absl::StatusOr<Computed> {
    const ComputationRow* row = FindComputation(request.name());
    if (row == nullptr) {
      return Error(Reason::kUnknownOperation, absl::StrCat("name: there is no computation \"", request.name(),
                                                           "\"; ServerInfo.computations lists them"));
    }
    if (request.operands_size() < row->operand_count_min || request.operands_size() > row->operand_count_max) {
      return Error(Reason::kInvalidValue,
                   absl::StrCat(request.name(), ": ", request.operands_size(), " operands given, ",
                                row->operand_count_min, " to ", row->operand_count_max, " expected"));
    }
    const bool any_count = row->result_count == ComputationRow::kAnyCount && request.results_size() > 0;
    if ((request.results_size() != row->result_count && !any_count) ||
        (request.in_place() != 0) != (row->result_count == 0)) {
      return Error(Reason::kInvalidValue, absl::StrCat("results: ", request.results_size(), " keys given, ",
                                                       row->result_count, " expected (none with in_place)"));
    }
    Computation asked;
    DA_RETURN_IF_ERROR(ReadParameters(*row, request, asked));
    DA_ASSIGN_OR_RETURN(asked.operands, ReadOperands(request.operands()));
    asked.result_count = static_cast<std::size_t>(request.results_size());
    asked.shape.assign(request.shape().begin(), request.shape().end());
    for (const auto& operand : asked.operands) {
      if (const auto* array = std::get_if<Operand>(&operand); array && array->value->state == Value::State::kFailed) {
        return array->value->error;
      }
    }
    if (request.in_place() != 0) {
      DA_ASSIGN_OR_RETURN(const Array* target, Find(request.in_place(), "in_place"));
      if (target->base->value()->state == Value::State::kFailed) {
        return target->base->value()->error;
      }
      asked.target = *target;
    }
    Workbench bench(&planner_, targets_, ticket.origin);
    return row->function(bench, asked);
  };
  GoOn(std::vector<std::int64_t>(request.results().begin(), request.results().end()), begin(), ticket);
}

void Session::GoOn(std::vector<std::int64_t> results, absl::StatusOr<Computed> computed, const Ticket& ticket) {
  if (computed.ok() && computed->then) {
    stalled_ = true;
    const CompletionPtr until = computed->until;
    After({until}, [this, until, then = std::move(computed->then), results = std::move(results), ticket] {
      stalled_ = false;
      GoOn(results, until->status.ok() ? then() : absl::StatusOr<Computed>(until->status), ticket);
      Pump();
    });
    return;
  }
  if (results.empty()) {
    return computed.ok() ? AnswerDone(ticket) : Defer(ticket, computed.status());
  }
  Ticket silent = ticket;
  silent.awaited = false;
  absl::Status failure = computed.status();  // that of the new arrays: what reads them fails with it
  absl::Status unusable_key;
  v1::Reply reply;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (absl::Status usable = CheckNewKey(results[i]); !usable.ok()) {
      failure.Update(usable);
      unusable_key.Update(usable);
      continue;
    }
    Bind(silent, results[i], failure.ok() ? absl::StatusOr<Array>(computed->arrays[i]) : failure);
    if (failure.ok()) {
      *reply.mutable_compute()->add_arrays() = Info(results[i], computed->arrays[i]);
    }
  }
  if (failure.ok()) {
    Answer(ticket, std::move(reply));
  } else if (ticket.awaited) {
    AnswerError(ticket, failure);
  } else if (!unusable_key.ok()) {
    Defer(ticket, unusable_key);
  }
}

}  // namespace distarray::server
