// Requests that move elements between client and engines, or wait for them.
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <utility>

#include "server/session/session.h"

namespace distarray::server {
namespace {

// Pieces asked of the engines ahead of the client's reading: enough to hide the way there and back.
constexpr std::int64_t kPiecesAhead = 8;
constexpr std::int64_t kUndrainedBytesMax = 16 << 20;

}  // namespace

/// One Get under way.
struct Session::GetJob {
  Ticket ticket;
  Operand operand;
  std::vector<Planner::Box> pieces;
  std::size_t next = 0;       // to be asked for
  std::size_t delivered = 0;  // given to the client
  std::int64_t offset_bytes = 0;
  std::map<std::size_t, std::string> arrived;  // ahead of their turn
  bool failed = false;
};

void Session::Get(const v1::GetRequest& request, const Ticket& ticket) {
  if (ReportDeferred(ticket)) {
    return;
  }
  const auto array = Find(request.key(), "key");
  if (!array.ok()) {
    return AnswerError(ticket, array.status());
  }
  const ValuePtr value = (*array)->base->value();
  planner_.Store({value});
  if (value->state == Value::State::kFailed) {
    return AnswerError(ticket, value->error, value->origin);
  }
  auto box = Planner::CheckBox((*array)->shape(), Shape(request.start().begin(), request.start().end()),
                               Shape(request.shape().begin(), request.shape().end()));
  if (!box.ok()) {
    return AnswerError(ticket, box.status());
  }
  auto job = std::make_shared<GetJob>();
  job->ticket = ticket;
  job->operand = (*array)->operand();
  job->pieces = Planner::CutBox(*box, SizeOf(value->dtype), context_->chunk_bytes_max);
  // Later requests may overwrite the elements: they wait until all pieces have been asked for.
  stalled_ = true;
  ContinueGet(job);
}

void Session::ContinueGet(const std::shared_ptr<GetJob>& job) {
  const auto deliver = [this, job] {
    while (!job->failed && job->delivered < job->pieces.size()) {
      const auto found = job->arrived.find(job->delivered);
      if (found == job->arrived.end()) {
        return;
      }
      v1::Reply reply;
      v1::Chunk* chunk = reply.mutable_chunk();
      chunk->set_offset_bytes(job->offset_bytes);
      chunk->set_data(std::move(found->second));
      job->arrived.erase(found);
      job->offset_bytes += static_cast<std::int64_t>(chunk->data().size());
      const bool last = ++job->delivered == job->pieces.size();
      chunk->set_last(last);
      Answer(job->ticket, std::move(reply), last);
    }
  };
  const auto fail = [this, job](const absl::Status& status, const std::string& origin) {
    if (!std::exchange(job->failed, true)) {
      AnswerError(job->ticket, status, origin);
    }
  };
  while (job->next < job->pieces.size() && !job->failed) {
    const bool ahead = static_cast<std::int64_t>(job->next - job->delivered) >= kPiecesAhead;
    if (ahead || undrained_bytes_ > kUndrainedBytesMax) {
      paused_get_ = job;
      return;
    }
    const std::size_t number = job->next++;
    const CompletionPtr done =
        planner_.Fetch(job->operand, job->pieces[number], job->ticket.origin,
                       [job, number](std::string bytes) { job->arrived[number] = std::move(bytes); });
    // A piece may arrive before another engine says that the array's own computation failed: hear both.
    After({done, job->operand.value->done}, [this, job, done, deliver, fail] {
      const CompletionPtr& computed = job->operand.value->done;
      if (!done->status.ok() || !computed->status.ok()) {
        const Completion& first = computed->status.ok() ? *done : *computed;
        fail(first.status, first.origin);
      } else {
        deliver();
      }
      if (paused_get_ == job) {
        paused_get_.reset();
        ContinueGet(job);
      }
    });
  }
  if (stalled_) {
    Resume();
  }
}

void Session::OnDrained(std::int64_t bytes) {
  undrained_bytes_ = std::max<std::int64_t>(0, undrained_bytes_ - bytes);
  if (paused_get_ && undrained_bytes_ <= kUndrainedBytesMax) {
    ContinueGet(std::exchange(paused_get_, nullptr));
  }
}

void Session::Put(v1::PutRequest& request, const Ticket& ticket, Receipt receipt) {
  const auto outcome = [&]() -> absl::Status {
    DA_ASSIGN_OR_RETURN(const Array* array, Find(request.key(), "key"));
    const Value& value = *array->base->value();
    if (value.state == Value::State::kFailed) {
      return value.error;
    }
    DA_ASSIGN_OR_RETURN(const DType dtype, ParseDType(request.dtype(), "dtype"));
    if (dtype != value.dtype) {
      return Error(Reason::kInvalidType, absl::StrCat("dtype: ", std::string(NameOf(dtype)), "; the array's is ",
                                                      std::string(NameOf(value.dtype))));
    }
    if (static_cast<std::int64_t>(request.data().size()) > context_->chunk_bytes_max) {
      return Error(Reason::kMessageTooLarge,
                   absl::StrCat("data: ", request.data().size(), " bytes; at most ", context_->chunk_bytes_max));
    }
    DA_ASSIGN_OR_RETURN(const Planner::Box box,
                        Planner::CheckBox(array->shape(), Shape(request.start().begin(), request.start().end()),
                                          Shape(request.shape().begin(), request.shape().end())));
    return planner_.Put(*array, box, std::move(*request.mutable_data()), std::move(receipt), ticket.origin);
  };
  if (const absl::Status status = outcome(); !status.ok()) {
    return Defer(ticket, status);
  }
  AnswerDone(ticket);
}

void Session::Wait(const v1::WaitRequest& request, const Ticket& ticket) {
  if (ReportDeferred(ticket)) {
    return;
  }
  std::vector<ValuePtr> values;
  if (request.keys().empty()) {
    planner_.StoreNamed();
    for (const auto& [key, array] : arrays_) {
      values.push_back(array.base->value());
    }
  }
  for (const std::int64_t key : request.keys()) {
    const auto array = Find(key, "keys");
    if (!array.ok()) {
      return AnswerError(ticket, array.status());
    }
    values.push_back((*array)->base->value());
  }
  planner_.Store(values);
  std::vector<CompletionPtr> done;
  for (const ValuePtr& value : values) {
    done.push_back(value->done);
  }
  const bool named = !request.keys().empty();
  After(std::move(done), [this, values = std::move(values), ticket, named] {
    for (const ValuePtr& value : values) {
      // Values that failed when they were recorded have told so; who waits for everything hears of the others.
      if (value->state == Value::State::kFailed && named) {
        return AnswerError(ticket, value->error, value->origin);
      }
      if (value->done && !value->done->status.ok()) {
        return AnswerError(ticket, value->done->status, value->done->origin);
      }
    }
    if (!ReportDeferred(ticket)) {
      AnswerDone(ticket);
    }
  });
}

}  // namespace distarray::server
