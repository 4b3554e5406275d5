#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "distarray/v1/session.pb.h"
#include "server/compute/computation.h"
#include "server/functions/functions.h"
#include "server/planner/planner.h"
#include "server/rpc/gateway.h"

namespace distarray::server {

/// What sessions need of the daemon.
struct SessionContext {
  Cluster* cluster = nullptr;
  Functions* functions = nullptr;
  std::string user;       // who all arrays belong to
  std::string data_root;  // canonical; empty: anywhere
  std::string working_directory;
  std::int64_t chunk_bytes_max = 1 << 20;
  std::function<v1::ServerInfo()> server_info;
};

/// One client's arrays and its ordered requests. Requests are taken one after the other; one that must wait for the
/// engines before the next may be planned stalls the session, not its client's stream nor other sessions. Part of the
/// front's state machine: no clock, no thread.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(SessionContext* context, std::int64_t number, std::string name);
  /// Cancels the functions that run.
  ~Session();

  /// Error kInvalidValue: unknown or repeated targets, a default distribution that is none.
  absl::Status Configure(const v1::OpenRequest& request);

  const std::string& name() const { return name_; }
  std::int64_t last_sequence() const { return last_sequence_; }
  void StartAfter(std::int64_t sequence) { last_sequence_ = sequence; }
  bool closed() const { return closed_; }
  /// Nobody will use it again: cancels the functions that run, and lets its workers go.
  void EndFunctions();

  /// Where answers to streamed requests go from here on; null: nobody listens, answers are kept.
  /// (Elements that were being read are not: such a Get fails.)
  void Attach(std::shared_ptr<Peer> stream) {
    stream_ = std::move(stream);
    undrained_bytes_ = 0;
  }
  void OnDrained(std::int64_t bytes);

  /// Takes a request of the stream, or of a unary call (`caller` answers it). Its sequence number is the next one, an
  /// earlier one (then the answer is repeated), or 0: none.
  void Take(v1::Request request, std::shared_ptr<Peer> caller, Receipt receipt);

  /// Goes on with requests that waited for the engines to keep up, and frees what is no longer held. Called after every
  /// turn of the front.
  void Turn() {
    Pump();
    planner_.lane().Flush();
  }
  /// Whether somebody still waits for an answer other than that of a function that runs, which need never come; and
  /// whether the stream waits for any.
  bool busy() const;
  bool owes_stream() const { return !slots_.empty() || !unordered_.empty(); }
  std::int64_t queued_count() const { return static_cast<std::int64_t>(queue_.size()); }

 private:
  /// A request under way.
  struct Ticket {
    std::int64_t sequence = 0;
    bool awaited = false;
    std::string origin;
    std::string operation;
  };
  struct Queued {
    v1::Request request;
    Receipt receipt;
    bool cancelled = false;  // an Apply that is not to run
  };
  struct GetJob;

  // session.cc
  void Pump();
  void Dispatch(Queued& queued, const Ticket& ticket);
  void Resume();
  void AnswerAgain(v1::Request request, std::shared_ptr<Peer> caller);
  void Close(const Ticket& ticket);
  void Owe(const v1::Request& request, const std::shared_ptr<Peer>& caller);
  void Answer(const Ticket& ticket, v1::Reply reply, bool last = true);
  void SendReady();
  void AnswerDone(const Ticket& ticket);
  void AnswerError(const Ticket& ticket, const absl::Status& status, const std::string& origin = {});
  void AnswerArray(const Ticket& ticket, const Array& array, std::int64_t key);
  /// A failed request without result key and without a waiting client: the next awaited operation reports it.
  void Defer(const Ticket& ticket, const absl::Status& status);
  bool ReportDeferred(const Ticket& ticket);
  absl::StatusOr<Array*> Find(std::int64_t key, std::string_view argument);
  absl::Status CheckNewKey(std::int64_t key) const;
  /// Names the outcome, good or bad, and answers.
  void Bind(const Ticket& ticket, std::int64_t key, absl::StatusOr<Array> outcome);
  absl::StatusOr<Array> NameWhole(const ValuePtr& value);
  /// Where an array that was asked for so goes. Errors: kInvalidValue, kUnknownKey, those of the arrays it is to be
  /// like.
  absl::StatusOr<Layout> LayoutFor(const v1::DistributionRequest& request, const Shape& shape);
  /// Calls `then` (in the same turn, if nothing is missing) once all have finished, unless the session has gone by
  /// then.
  void After(std::vector<CompletionPtr> completions, std::function<void()> then);

  // arrays.cc
  void Create(const v1::CreateRequest& request, const Ticket& ticket);
  void Slice(const v1::SliceRequest& request, const Ticket& ticket);
  void Assign(const v1::AssignRequest& request, const Ticket& ticket);
  void FinishWrite(absl::StatusOr<Planner::Write> write, const Ticket& ticket);
  void Redistribute(const v1::RedistributeRequest& request, const Ticket& ticket);
  void Describe(const v1::DescribeRequest& request, const Ticket& ticket);
  void Explain(const v1::ExplainRequest& request, const Ticket& ticket);
  void List(const v1::ListRequest& request, const Ticket& ticket);
  void Delete(const v1::DeleteRequest& request, const Ticket& ticket);
  v1::ArrayInfo Info(std::int64_t key, const Array& array);

  // operations.cc
  void Ufunc(const v1::UfuncRequest& request, const Ticket& ticket);
  absl::StatusOr<std::vector<Recorder::UfuncOperand>> ReadOperands(
      const google::protobuf::RepeatedPtrField<v1::Operand>& operands);
  absl::StatusOr<ValuePtr> RecordUfunc(const v1::UfuncRequest& request, const std::string& origin);
  void UfuncInPlace(const v1::UfuncRequest& request, const Ticket& ticket);
  void Reduce(const v1::ReduceRequest& request, const Ticket& ticket);

  // transfer.cc
  void Get(const v1::GetRequest& request, const Ticket& ticket);
  void ContinueGet(const std::shared_ptr<GetJob>& job);
  void Put(v1::PutRequest& request, const Ticket& ticket, Receipt receipt);
  void Wait(const v1::WaitRequest& request, const Ticket& ticket);

  // functions.cc
  absl::Status CheckAllowed(const v1::Function& function) const;
  void Register(const v1::RegisterRequest& request, const Ticket& ticket);
  void ListFunctions(const Ticket& ticket);
  absl::StatusOr<v1::Function> Resolve(const v1::Function& function);
  void Cancel(const std::string& operation);
  void CancelAll();
  bool LetWorkersGo();

  // apply.cc
  struct Applying;
  void Apply(Queued& queued, const Ticket& ticket);
  absl::Status Prepare(Applying& applying);
  absl::Status ChooseTargets(Applying& applying) const;
  absl::StatusOr<CompletionPtr> LendArrays(Applying& applying);
  void Refuse(Applying& applying, const absl::Status& status);

  // compute.cc
  void Compute(const v1::ComputeRequest& request, const Ticket& ticket);
  /// Waits for what `computed` waits for, then names the results and answers.
  void GoOn(std::vector<std::int64_t> results, absl::StatusOr<Computed> computed, const Ticket& ticket);

  // results.cc
  void TakeResults(const std::shared_ptr<Applying>& applying);
  absl::Status TakeValue(Applying& applying, int target, v1::ApplyReply::TargetResult* result);
  absl::Status TakeArray(Applying& applying);
  absl::StatusOr<v1::ApplyReply::Part> AdoptPart(Applying& applying, int target, std::int64_t block,
                                                 std::int64_t bytes);
  absl::Status AdoptBlocksAs(Applying& applying, const ValuePtr& value, std::vector<AdoptBlocks::Part> parts);
  void AnswerApply(const std::shared_ptr<Applying>& applying);

  // files.cc
  absl::StatusOr<std::string> ResolvePath(const std::string& path) const;
  void Save(const v1::SaveRequest& request, const Ticket& ticket);
  void Load(const v1::LoadRequest& request, const Ticket& ticket);
  void LoadInto(const v1::LoadRequest& request, const std::string& path, const DatasetInfo& info, const Ticket& ticket);

  SessionContext* context_;
  std::string name_;
  Planner planner_;
  std::vector<int> targets_;
  std::string default_kinds_;
  std::map<std::int64_t, Array> arrays_;  // by key, the client's numbers
  std::int64_t last_sequence_ = 0;
  std::int64_t last_call_ = 0;  // the number, below 0, of the last request that had none
  std::deque<Queued> queue_;
  struct RegisteredFunction {
    v1::Function function;
    std::int64_t calls = 0;
  };
  std::map<std::string, RegisteredFunction> functions_;
  std::map<CallId, std::shared_ptr<Applying>> applying_;  // functions that run
  std::int64_t last_part_key_ = 0;                        // below 0
  bool stalled_ = false;
  bool pumping_ = false;
  bool closed_ = false;
  absl::Status deferred_;
  std::string deferred_origin_;

  // Answers to the stream go out in order of sequence: those after an unfinished one are kept back.
  struct Slot {
    std::int64_t sequence = 0;
    v1::ReplyBatch ready;
    bool finished = false;
    bool lost = false;  // chunks of it found nobody to take them
  };
  std::deque<Slot> slots_;
  std::set<std::int64_t> unordered_;  // requests of the stream that are answered out of turn (Apply)
  // Awaited requests without a final answer: who asked (null: the stream).
  std::map<std::int64_t, std::shared_ptr<Peer>> owed_;
  std::map<std::int64_t, v1::Reply> answered_;  // the last ones, for repeated requests
  std::shared_ptr<Peer> stream_;
  std::int64_t undrained_bytes_ = 0;
  std::shared_ptr<GetJob> paused_get_;  // waits for the client to read
};

}  // namespace distarray::server
