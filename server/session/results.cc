// What functions return: values for the client, blocks that become arrays.
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <utility>

#include "engine/worker/said.h"
#include "server/codec/dim_data.h"
#include "server/codec/plain_value.h"
#include "server/session/applying.h"
#include "server/session/session.h"

namespace distarray::server {
namespace {

using nlohmann::json;

constexpr int kWarningsMax = 1000;
constexpr int kBuffersMax = 1 << 16;

absl::Status Unreadable(int target, std::string_view what) {
  return Error(Reason::kInternal,
               absl::StrCat("what the worker of target ", target, " returned cannot be read: ", std::string(what)));
}

/// Where a local array lies, as AdoptBlocks names it: a block of the worker's, or a copy of one of the arguments.
std::optional<std::int64_t> BlockOf(const json& array) {
  const json source = PartOf(array, "source");
  if (const json block = PartOf(source, "block"); block.is_number_integer() && block.get<std::int64_t>() >= 0) {
    return block.get<std::int64_t>();
  }
  if (const json argument = PartOf(source, "argument");
      argument.is_number_integer() && argument.get<std::int64_t>() >= 0) {
    return -1 - argument.get<std::int64_t>();
  }
  return std::nullopt;
}

std::string KindOfValue(const TargetOutcome& outcome) { return TextOf(PartOf(outcome.result, "value"), "kind"); }

void FillAccount(const TargetOutcome& outcome, v1::ApplyReply::TargetResult* result) {
  result->set_output(TextOf(outcome.result, "output"));
  result->set_output_truncated(PartOf(outcome.result, "output_truncated") == true);
  result->set_copied_bytes(NumberOf(outcome.result, "copied_bytes"));
  for (const json& told : PartOf(outcome.result, "warnings")) {
    if (result->warnings_size() == kWarningsMax) {
      break;
    }
    v1::ApplyReply::Warning* warning = result->add_warnings();
    warning->set_category(TextOf(told, "category"));
    warning->set_message(TextOf(told, "message"));
    warning->set_filename(TextOf(told, "filename"));
    warning->set_line(NumberOf(told, "line"));
  }
  if (outcome.status.ok()) {
    return;
  }
  *result->mutable_error() = EncodeError(outcome.status, "");
  result->mutable_error()->add_targets(result->target());
  const json error = PartOf(outcome.result, "error");
  if (!TextOf(error, "type").empty()) {
    v1::ApplyReply::Exception* exception = result->mutable_exception();
    exception->set_type(TextOf(error, "type"));
    exception->set_traceback(TextOf(error, "traceback"));
    exception->set_pickled(outcome.payload);
  }
}

}  // namespace

void Session::TakeResults(const std::shared_ptr<Applying>& applying) {
  FunctionRun& run = *applying->run;
  if (!run.status().ok()) {
    return Refuse(*applying, run.status());
  }
  absl::Status status;
  bool failed = false;
  bool arrays = applying->request.results() != v1::ApplyRequest::RESULTS_VALUES;
  bool nothing = applying->request.results() == v1::ApplyRequest::RESULTS_ARRAY;
  for (const int target : run.targets()) {
    const TargetOutcome& outcome = run.outcomes()[target];
    failed = failed || !outcome.status.ok();
    arrays = arrays && outcome.status.ok() && KindOfValue(outcome) == "array";
    nothing = nothing && outcome.status.ok() && KindOfValue(outcome) == "none";
  }
  for (const int target : run.targets()) {
    v1::ApplyReply::TargetResult* result = applying->reply.add_results();
    result->set_target(target);
    FillAccount(run.outcomes()[target], result);
    context_->functions->counters().copied_bytes += result->copied_bytes();
    if (run.outcomes()[target].status.ok() && !arrays && !nothing) {
      status.Update(TakeValue(*applying, target, result));
    }
  }
  applying->reply.set_nothing(nothing);
  if (arrays) {
    status.Update(TakeArray(*applying));
  }
  if (!status.ok()) {
    return Refuse(*applying, status);
  }
  if (applying->adopted.adoptions.empty()) {
    return AnswerApply(applying);
  }
  const CompletionPtr adopted = applying->adopting.front();
  applying->adopted.call = run.call();
  QueuedCommand queued;
  queued.command.owner = planner_.lane().number();
  queued.command.targets = applying->spec.targets;
  std::sort(queued.command.targets.begin(), queued.command.targets.end());
  queued.command.body = std::move(applying->adopted);
  queued.completion = adopted;
  context_->cluster->scheduler.Enqueue(std::move(queued));
  After({adopted}, [this, applying, adopted] {
    if (!adopted->status.ok()) {
      return Refuse(*applying, adopted->status);
    }
    AnswerApply(applying);
  });
}

absl::StatusOr<v1::ApplyReply::Part> Session::AdoptPart(Applying& applying, int target, std::int64_t block,
                                                        std::int64_t bytes) {
  if (bytes < 0) {
    return Unreadable(target, "its size");
  }
  const Layout layout = context_->cluster->registry.Intern(SingleTarget({bytes}, target));
  const ValuePtr value = planner_.recorder().Make(EmptyNode{}, DType::kUInt8, {bytes}, layout, applying.ticket.origin);
  DA_ASSIGN_OR_RETURN(Array array, NameWhole(value));
  DA_RETURN_IF_ERROR(AdoptBlocksAs(applying, value, {{.target = target, .block = block}}));
  const std::int64_t key = --last_part_key_;
  applying.named.emplace_back(key, std::move(array));
  v1::ApplyReply::Part part;
  part.set_key(key);
  part.set_bytes(bytes);
  return part;
}

absl::Status Session::AdoptBlocksAs(Applying& applying, const ValuePtr& value, std::vector<AdoptBlocks::Part> parts) {
  DA_ASSIGN_OR_RETURN(Ledger::Charge charge, ChargeFor(planner_.lane(), *value));
  auto buffer = planner_.lane().MakeBuffer(std::move(charge));
  applying.adopted.adoptions.push_back(
      {.buffer = {.buffer = buffer->id, .distribution = value->layout->id, .dtype = value->dtype},
       .parts = std::move(parts)});
  if (applying.adopting.empty()) {
    applying.adopting.push_back(std::make_shared<Completion>());
  }
  MarkStored(*value, std::move(buffer), applying.adopting.front());
  return absl::OkStatus();
}

absl::Status Session::TakeValue(Applying& applying, int target, v1::ApplyReply::TargetResult* result) {
  TargetOutcome& outcome = applying.run->outcomes()[target];
  const json value = PartOf(outcome.result, "value");
  const std::string kind = TextOf(value, "kind");
  for (const json& buffer : PartOf(outcome.result, "buffers")) {
    if (result->buffers_size() == kBuffersMax) {
      return Unreadable(target, absl::StrCat("it has more than ", kBuffersMax, " parts"));
    }
    DA_ASSIGN_OR_RETURN(*result->add_buffers(),
                        AdoptPart(applying, target, NumberOf(buffer, "block"), NumberOf(buffer, "bytes")));
  }
  if (kind == "array") {
    const json array = PartOf(outcome.result, "array");
    const std::optional<std::int64_t> block = BlockOf(array);
    const std::optional<DType> dtype = DTypeFromName(TextOf(array, "dtype"));
    const json shape = PartOf(array, "local_shape");
    if (!block || !dtype || !shape.is_array()) {
      return Unreadable(target, "its local array");
    }
    std::int64_t bytes = SizeOf(*dtype);
    for (const json& size : shape) {
      const std::int64_t extent = size.is_number_integer() ? size.get<std::int64_t>() : 0;
      result->mutable_local_array()->add_shape(extent);
      if (extent < 0 || __builtin_mul_overflow(bytes, extent, &bytes)) {
        return Unreadable(target, "its shape");
      }
    }
    result->mutable_local_array()->set_dtype(EncodeDType(*dtype));
    result->mutable_local_array()->set_dim_data(PartOf(array, "dim_data").dump());
    DA_ASSIGN_OR_RETURN(*result->mutable_local_array()->mutable_part(), AdoptPart(applying, target, *block, bytes));
  } else if (kind == "plain") {
    if (const absl::Status status = JsonToPlain(PartOf(value, "plain"), result->mutable_plain()); !status.ok()) {
      return Unreadable(target, std::string(status.message()));
    }
  } else if (const json block = PartOf(value, "pickled_block"); block.is_number_integer()) {
    DA_ASSIGN_OR_RETURN(*result->mutable_pickled_part(),
                        AdoptPart(applying, target, block.get<std::int64_t>(), NumberOf(value, "pickled_bytes")));
  } else if (kind == "none" && applying.request.plain_results()) {
    result->mutable_plain()->mutable_nothing();
  } else if (kind != "none") {
    result->set_pickled(std::move(outcome.payload));
  }
  return absl::OkStatus();
}

absl::Status Session::TakeArray(Applying& applying) {
  const std::vector<int>& targets = applying.run->targets();
  std::vector<json> dim_data;
  std::vector<AdoptBlocks::Part> parts;
  std::vector<json> arrays;
  for (const int target : targets) {
    arrays.push_back(PartOf(applying.run->outcomes()[target].result, "array"));
    const json& array = arrays.back();
    dim_data.push_back(PartOf(array, "dim_data"));
    const std::optional<std::int64_t> block = BlockOf(array);
    if (!block) {
      return Unreadable(target, "its local array");
    }
    parts.push_back({.target = target, .block = *block});
    if (TextOf(array, "dtype") != TextOf(arrays.front(), "dtype")) {
      return Error(Reason::kInvalidValue,
                   absl::StrCat("the targets' local arrays do not make one array: target ", targets.front(), "'s are ",
                                TextOf(arrays.front(), "dtype"), ", target ", target, "'s ", TextOf(array, "dtype")));
    }
  }
  const json argument = PartOf(PartOf(arrays.front(), "source"), "argument");
  const auto is_argument = [&argument](const json& array) {
    return argument.is_number_integer() && PartOf(PartOf(array, "source"), "argument") == argument;
  };
  // One of its arguments, as it is now: the same elements under another name, until one of the two is written.
  if (std::all_of(arrays.begin(), arrays.end(), is_argument)) {
    const auto number = argument.get<std::size_t>();
    if (number >= applying.arrays.size()) {
      return Unreadable(targets.front(), "no such argument");
    }
    const Planner::Loan& loan = applying.loans[number];
    DA_ASSIGN_OR_RETURN(Array array, NameWhole(loan.whole ? applying.arrays[number].base->value() : loan.value));
    applying.named.emplace_back(applying.request.result(), std::move(array));
    return absl::OkStatus();
  }
  const std::optional<DType> dtype = DTypeFromName(TextOf(arrays.front(), "dtype"));
  if (!dtype) {
    return Error(Reason::kInvalidType, absl::StrCat("the local arrays are of dtype ", TextOf(arrays.front(), "dtype"),
                                                    "; expected one that arrays have"));
  }
  Distribution distribution;
  if (const json like = PartOf(arrays.front(), "like");
      like.is_number_integer() && like.get<std::size_t>() < applying.loans.size() &&
      applying.loans[like.get<std::size_t>()].value->layout->value->targets == targets &&
      std::all_of(arrays.begin(), arrays.end(), [&like](const json& array) { return PartOf(array, "like") == like; })) {
    distribution = **applying.loans[like.get<std::size_t>()].value->layout;
  } else {
    DA_ASSIGN_OR_RETURN(distribution, DistributionFromDimData(dim_data, targets, context_->cluster->engine_count));
  }
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const Shape expected = distribution.LocalShape(distribution.RankOf(targets[i]));
    if (PartOf(arrays[i], "local_shape") != json(expected)) {
      return Error(Reason::kInvalidValue,
                   absl::StrCat("target ", targets[i], "'s local array has shape ",
                                PartOf(arrays[i], "local_shape").dump(), ", its dim_data says ", ToString(expected)));
    }
  }
  const Shape shape = distribution.shape();
  DA_RETURN_IF_ERROR(ValidateShape(shape));
  const Layout layout = context_->cluster->registry.Intern(std::move(distribution));
  const ValuePtr value = planner_.recorder().Make(EmptyNode{}, *dtype, shape, layout, applying.ticket.origin);
  DA_ASSIGN_OR_RETURN(Array array, NameWhole(value));
  DA_RETURN_IF_ERROR(AdoptBlocksAs(applying, value, std::move(parts)));
  applying.named.emplace_back(applying.request.result(), std::move(array));
  return absl::OkStatus();
}

void Session::AnswerApply(const std::shared_ptr<Applying>& applying) {
  const std::int64_t result = applying->request.result();
  absl::Status failure;
  for (const int target : applying->run->targets()) {
    failure.Update(applying->run->outcomes()[target].status);
  }
  Ticket silent = applying->ticket;
  silent.awaited = false;
  for (auto& [key, array] : applying->named) {
    if (key < 0) {
      arrays_.emplace(key, std::move(array));
      continue;
    }
    const Array named = array;
    Bind(silent, key, std::move(array));
    if (arrays_.contains(key)) {
      *applying->reply.mutable_array() = Info(key, named);
    }
  }
  if (result != 0 && !failure.ok()) {
    Bind(silent, result, failure);
  }
  applying->Finish();
  v1::Reply reply;
  *reply.mutable_apply() = std::move(applying->reply);
  Answer(applying->ticket, std::move(reply));
}

}  // namespace distarray::server
