// Applying functions: what is checked and lent before they run.
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "server/codec/plain_value.h"
#include "server/session/applying.h"
#include "server/session/session.h"

namespace distarray::server {
namespace {

using nlohmann::json;

absl::StatusOr<json> ArgumentsOf(const v1::ApplyRequest& request) {
  if (!request.pickled_arguments().empty()) {
    if (request.arguments_size() > 0) {
      return Error(Reason::kInvalidValue, "arguments: given twice, pickled and plain; expected one of them");
    }
    return json{{"pickled", request.pickled_arguments().size()}};
  }
  json values = json::array();
  json names = json::array();
  for (int i = 0; i < request.arguments_size(); ++i) {
    const v1::FunctionArgument& argument = request.arguments(i);
    DA_ASSIGN_OR_RETURN(json value, PlainToJson(argument.value(), request.arrays_size(), absl::StrCat("argument ", i)));
    values.push_back(std::move(value));
    names.push_back(argument.name());
  }
  return json{{"plain", std::move(values)}, {"names", std::move(names)}};
}

std::string_view NameOf(v1::ApplyRequest::Results results) {
  switch (results) {
    case v1::ApplyRequest::RESULTS_ARRAY:
      return "array";
    case v1::ApplyRequest::RESULTS_IMPORT:
      return "import";
    default:
      return "values";
  }
}

}  // namespace

void Session::Apply(Queued& queued, const Ticket& ticket) {
  if (ReportDeferred(ticket)) {
    return;
  }
  auto applying = std::make_shared<Applying>();
  applying->ticket = ticket;
  applying->request = std::move(*queued.request.mutable_apply());
  if (queued.cancelled) {
    return Refuse(*applying, Error(Reason::kCancelled, "the call was cancelled before it ran"));
  }
  if (const absl::Status status = Prepare(*applying); !status.ok()) {
    return Refuse(*applying, status);
  }
  const absl::StatusOr<CompletionPtr> lent = LendArrays(*applying);
  if (!lent.ok()) {
    return Refuse(*applying, lent.status());
  }
  applying->run = context_->functions->Make(applying->spec, [weak = weak_from_this(), applying] {
    if (const auto self = weak.lock(); self && self->applying_.erase(applying->run->call()) != 0) {
      self->TakeResults(applying);
    } else {
      applying->Finish();  // nobody waits for it any more
    }
  });
  applying_[applying->spec.call] = applying;
  applying->spec.payload.clear();
  applying->run->Start(*lent);
}

void Session::Refuse(Applying& applying, const absl::Status& status) {
  applying.Finish();
  if (const std::int64_t result = applying.request.result(); result != 0) {
    return Bind(applying.ticket, result, status);
  }
  Defer(applying.ticket, status);
}

absl::Status Session::Prepare(Applying& applying) {
  const v1::ApplyRequest& request = applying.request;
  DA_ASSIGN_OR_RETURN(applying.function, Resolve(request.function()));
  if (!request.pickled_arguments().empty() && !context_->functions->config().run_pickled) {
    return Error(Reason::kPermissionDenied,
                 "this daemon takes no pickled arguments (--apply=source), as reading them can run anything: give them "
                 "as plain values");
  }
  if (request.results() == v1::ApplyRequest::RESULTS_UNSPECIFIED) {
    return Error(Reason::kInvalidValue, "results: not given; expected values, array or import");
  }
  if (request.results() != v1::ApplyRequest::RESULTS_VALUES) {
    DA_RETURN_IF_ERROR(CheckNewKey(request.result()));
  }
  if (!(request.timeout_seconds() >= 0) || std::isinf(request.timeout_seconds())) {
    return Error(Reason::kInvalidValue,
                 absl::StrCat("timeout_seconds: ", request.timeout_seconds(), "; expected a time, or 0 for none"));
  }
  for (int i = 0; i < request.arrays_size(); ++i) {
    DA_ASSIGN_OR_RETURN(const Array* array, Find(request.arrays(i).key(), absl::StrCat("arrays[", i, "]")));
    if (const Value& value = *array->base->value(); value.state == Value::State::kFailed) {
      return value.error;
    }
    applying.arrays.push_back(*array);
  }
  DA_RETURN_IF_ERROR(ChooseTargets(applying));
  DA_ASSIGN_OR_RETURN(json arguments, ArgumentsOf(request));
  FunctionRun::Spec& spec = applying.spec;
  spec.call = context_->functions->NewCall();
  spec.owner = planner_.lane().number();
  spec.timeout_seconds = request.timeout_seconds();
  json function = applying.function.has_pickled()
                      ? json{{"pickled", applying.function.pickled().size()}}
                      : json{{"source", applying.function.source()}, {"name", applying.function.name()}};
  spec.job = {{"function", std::move(function)},
              {"arguments", std::move(arguments)},
              {"targets", spec.targets},
              {"results", std::string(NameOf(request.results()))},
              {"plain_results", request.plain_results()},
              {"python_version", applying.function.python_version()}};
  spec.payload = absl::StrCat(applying.function.pickled(), request.pickled_arguments());
  const Ledger& ledger = context_->cluster->ledger;
  spec.allowance_bytes = std::max<std::int64_t>(0, ledger.limit_bytes() - ledger.used_bytes()) /
                         static_cast<std::int64_t>(spec.targets.size());
  return absl::OkStatus();
}

absl::Status Session::ChooseTargets(Applying& applying) const {
  std::vector<int>& targets = applying.spec.targets;
  targets.assign(applying.request.targets().begin(), applying.request.targets().end());
  if (!targets.empty()) {
    return ValidateTargets(targets, context_->cluster->engine_count);
  }
  for (std::size_t i = 0; i < applying.arrays.size(); ++i) {
    const Layout layout = LayoutOf(applying.arrays[i].operand(), context_->cluster->registry);
    const std::vector<int>& of_array = layout->value->targets;
    if (i == 0) {
      targets = of_array;
    } else if (std::set(targets.begin(), targets.end()) != std::set(of_array.begin(), of_array.end())) {
      return Error(Reason::kInvalidValue,
                   absl::StrCat("targets: the arrays lie on different targets (", absl::StrJoin(targets, ", "), " and ",
                                absl::StrJoin(of_array, ", "), "); say on which ones the function is to run"));
    }
  }
  if (targets.empty()) {
    targets = targets_;
  }
  return absl::OkStatus();
}

absl::StatusOr<CompletionPtr> Session::LendArrays(Applying& applying) {
  if (applying.arrays.empty()) {
    return CompletionPtr();
  }
  const std::string& origin = applying.ticket.origin;
  LendBlocks lend{.call = applying.spec.call};
  std::vector<CompletionPtr> inputs;
  std::vector<std::shared_ptr<const void>> holds;
  for (std::size_t i = 0; i < applying.arrays.size(); ++i) {
    const bool writable = !applying.request.arrays(static_cast<int>(i)).readonly();
    DA_ASSIGN_OR_RETURN(Planner::Loan loan, planner_.Lend(applying.arrays[i], writable, origin));
    if (!loan.whole) {
      context_->functions->counters().copied_bytes += loan.value->nbytes() * (writable ? 2 : 1);
    }
    lend.loans.push_back({.buffer = loan.value->buffer->id,
                          .distribution = loan.value->layout->id,
                          .dtype = loan.value->dtype,
                          .writable = writable});
    inputs.push_back(loan.value->done);
    holds.push_back(loan.value->layout);
    applying.loans.push_back(std::move(loan));
  }
  applying.spec.borrows = true;
  applying.written = std::make_shared<Completion>();
  applying.written->origin = origin;
  CompletionPtr lent =
      planner_.lane().Emit(std::move(lend), applying.spec.targets, std::move(holds), std::move(inputs), origin);
  for (std::size_t i = 0; i < applying.arrays.size(); ++i) {
    const Array& array = applying.arrays[i];
    if (applying.request.arrays(static_cast<int>(i)).readonly()) {
      continue;
    }
    if (applying.loans[i].whole) {
      planner_.NoteLent(*array.base, applying.written);
    } else if (const auto back = planner_.Assign(
                   array, Operand{applying.loans[i].value, View::Whole(applying.loans[i].value->shape)}, origin);
               !back.ok()) {
      return back.status();
    }
  }
  return lent;
}

}  // namespace distarray::server
