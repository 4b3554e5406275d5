#include "engine/command/command.h"

#include <type_traits>
#include <utility>

#include "engine/command/encoding.h"

namespace distarray {
// Not in an unnamed namespace: lists of these find them by their arguments.
static void Put(ByteWriter& out, const MatrixBuffer& matrices) {
  out.Put(matrices.buffer);
  out.Put(matrices.distribution);
  out.Put(matrices.transposed);
}

static void Put(ByteWriter& out, const OutputBuffer& output) {
  out.Put(static_cast<std::uint8_t>(output.index()));
  std::visit([&out](const auto& what) { Put(out, what); }, output);
}

static void Put(ByteWriter& out, const OperandEdges& edges) {
  out.Put(edges.operand);
  Put(out, edges.buffer);
}

static void Put(ByteWriter& out, const LendBlocks::Loan& loan) {
  out.Put(loan.buffer);
  out.Put(loan.distribution);
  out.Put(static_cast<std::uint8_t>(loan.dtype));
  out.Put(loan.writable);
}
static void Put(ByteWriter& out, const AdoptBlocks::Part& part) {
  out.Put(part.target);
  out.Put(part.block);
}
static void Put(ByteWriter& out, const AdoptBlocks::Adoption& adoption) {
  Put(out, adoption.buffer);
  out.Put(static_cast<std::int64_t>(adoption.parts.size()));
  for (const AdoptBlocks::Part& part : adoption.parts) {
    Put(out, part);
  }
}

namespace {

void PutBody(ByteWriter& out, const DefineDistribution& body) {
  out.Put(body.id);
  body.distribution->Encode(out);
}
void PutBody(ByteWriter& out, const ForgetDistributions& body) { out.PutVector(body.ids); }
void PutBody(ByteWriter& out, const RunProgram& body) {
  out.Put(body.space);
  body.program.Encode(out);
  PutList(out, body.operands);
  PutList(out, body.outputs);
  PutList(out, body.results);
  PutList(out, body.edges);
}
void PutBody(ByteWriter& out, const Redistribute& body) {
  Put(out, body.source);
  Put(out, body.destination);
}
void PutBody(ByteWriter& out, const MultiplyMatrices& body) {
  out.Put(static_cast<std::uint8_t>(body.scheme));
  Put(out, body.a);
  Put(out, body.b);
  Put(out, body.result);
}
void PutBody(ByteWriter& out, const CopyEdges& body) {
  Put(out, body.source);
  out.Put(body.space);
  Put(out, body.destination);
}
void PutBody(ByteWriter& out, const ScanArray& body) {
  out.Put(body.source);
  out.Put(body.distribution);
  Put(out, body.result);
  out.Put(body.axis);
  out.Put(body.product);
  out.Put(body.initial);
}
void PutBody(ByteWriter& out, const SortRows& body) {
  Put(out, body.source);
  Put(out, body.result);
  out.Put(body.row_length);
  out.Put(body.indices);
  out.Put(body.descending);
}
void PutBody(ByteWriter& out, const SearchRows& body) {
  Put(out, body.sorted);
  Put(out, body.values);
  Put(out, body.result);
  out.Put(body.right);
}
void PutBody(ByteWriter& out, const StoreBytes& body) {
  Put(out, body.buffer);
  out.PutString(body.bytes);
}
void PutBody(ByteWriter& out, const FetchBytes& body) {
  out.Put(body.buffer);
  out.Put(body.distribution);
}
void PutBody(ByteWriter& out, const FreeBuffers& body) { out.PutVector(body.buffers); }
void PutBody(ByteWriter& out, const SaveHdf5& body) {
  Put(out, body.source);
  out.PutString(body.path);
  out.PutString(body.dataset);
  out.Put(static_cast<std::uint8_t>(body.mode));
}
void PutBody(ByteWriter& out, const InspectHdf5& body) {
  out.Put(body.target);
  out.PutString(body.path);
  out.PutString(body.dataset);
}
void PutBody(ByteWriter& out, const LoadHdf5& body) {
  Put(out, body.destination);
  out.PutString(body.path);
  out.PutString(body.dataset);
}
void PutBody(ByteWriter& out, const ExpectWorkers& body) {
  out.Put(body.pool);
  out.PutString(body.cookie);
}
void PutBody(ByteWriter& out, const DropWorkers& body) {
  out.Put(body.pool);
  out.PutString(body.why);
}
void PutBody(ByteWriter& out, const LendBlocks& body) {
  out.Put(body.call);
  PutList(out, body.loans);
}
void PutBody(ByteWriter& out, const CallFunction& body) {
  out.Put(body.pool);
  out.Put(body.call);
  out.PutString(body.job);
  out.PutString(body.payload);
  out.Put(body.allowance_bytes);
}
void PutBody(ByteWriter& out, const InterruptCall& body) { out.Put(body.call); }
void PutBody(ByteWriter& out, const AdoptBlocks& body) {
  out.Put(body.call);
  PutList(out, body.adoptions);
}
void PutBody(ByteWriter& out, const EndCall& body) { out.Put(body.call); }
void PutBody(ByteWriter&, const Shutdown&) {}

void GetBody(Decoder& in, DefineDistribution& body) {
  body.id = in.in().Get<DistributionId>();
  body.distribution = std::make_shared<const Distribution>(Distribution::Decode(in.in()));
}
void GetBody(Decoder& in, ForgetDistributions& body) { body.ids = in.in().GetVector<DistributionId>(); }
void GetBody(Decoder& in, RunProgram& body) {
  body.space = in.in().Get<DistributionId>();
  body.program = Program::Decode(in.in());
  body.operands = in.GetList<BufferView>([&in] { return in.GetBufferView(); });
  body.outputs = in.GetList<OutputBuffer>([&in] { return in.GetOutput(); });
  body.results = in.GetList<NewBuffer>([&in] { return in.GetNewBuffer(); });
  body.edges = in.GetList<OperandEdges>([&in] {
    const auto operand = in.in().Get<std::int32_t>();
    return OperandEdges{operand, in.GetNewBuffer()};
  });
}
void GetBody(Decoder& in, Redistribute& body) {
  body.source = in.GetBufferView();
  body.destination = in.GetOutput();
}
void GetBody(Decoder& in, MultiplyMatrices& body) {
  const auto scheme = in.in().Get<std::uint8_t>();
  if (scheme > static_cast<std::uint8_t>(MultiplyMatrices::Scheme::kPartials)) {
    in.Reject();
    return;
  }
  body.scheme = static_cast<MultiplyMatrices::Scheme>(scheme);
  body.a = in.GetMatrixBuffer();
  body.b = in.GetMatrixBuffer();
  body.result = in.GetNewBuffer();
}
void GetBody(Decoder& in, CopyEdges& body) {
  body.source = in.GetBufferView();
  body.space = in.in().Get<DistributionId>();
  body.destination = in.GetNewBuffer();
}
void GetBody(Decoder& in, ScanArray& body) {
  body.source = in.in().Get<BufferId>();
  body.distribution = in.in().Get<DistributionId>();
  body.result = in.GetNewBuffer();
  body.axis = in.in().Get<int>();
  body.product = in.in().Get<bool>();
  body.initial = in.in().Get<bool>();
}
void GetBody(Decoder& in, SortRows& body) {
  body.source = in.GetBufferView();
  body.result = in.GetNewBuffer();
  body.row_length = in.in().Get<std::int64_t>();
  body.indices = in.in().Get<bool>();
  body.descending = in.in().Get<bool>();
}
void GetBody(Decoder& in, SearchRows& body) {
  body.sorted = in.GetBufferView();
  body.values = in.GetBufferView();
  body.result = in.GetNewBuffer();
  body.right = in.in().Get<bool>();
}
void GetBody(Decoder& in, StoreBytes& body) {
  body.buffer = in.GetNewBuffer();
  body.bytes = in.in().GetString();
}
void GetBody(Decoder& in, FetchBytes& body) {
  body.buffer = in.in().Get<BufferId>();
  body.distribution = in.in().Get<DistributionId>();
}
void GetBody(Decoder& in, FreeBuffers& body) { body.buffers = in.in().GetVector<BufferId>(); }
void GetBody(Decoder& in, SaveHdf5& body) {
  body.source = in.GetBufferView();
  body.path = in.in().GetString();
  body.dataset = in.in().GetString();
  const auto mode = in.in().Get<std::uint8_t>();
  if (mode > static_cast<std::uint8_t>(SaveMode::kAppend)) {
    in.Reject();
    return;
  }
  body.mode = static_cast<SaveMode>(mode);
}
void GetBody(Decoder& in, InspectHdf5& body) {
  body.target = in.in().Get<int>();
  body.path = in.in().GetString();
  body.dataset = in.in().GetString();
}
void GetBody(Decoder& in, LoadHdf5& body) {
  body.destination = in.GetNewBuffer();
  body.path = in.in().GetString();
  body.dataset = in.in().GetString();
}
void GetBody(Decoder& in, ExpectWorkers& body) {
  body.pool = in.in().Get<PoolId>();
  body.cookie = in.in().GetString();
}
void GetBody(Decoder& in, DropWorkers& body) {
  body.pool = in.in().Get<PoolId>();
  body.why = in.in().GetString();
}
void GetBody(Decoder& in, LendBlocks& body) {
  body.call = in.in().Get<CallId>();
  body.loans = in.GetList<LendBlocks::Loan>([&in] {
    LendBlocks::Loan loan;
    loan.buffer = in.in().Get<BufferId>();
    loan.distribution = in.in().Get<DistributionId>();
    loan.dtype = in.GetDType();
    loan.writable = in.in().Get<bool>();
    return loan;
  });
}
void GetBody(Decoder& in, CallFunction& body) {
  body.pool = in.in().Get<PoolId>();
  body.call = in.in().Get<CallId>();
  body.job = in.in().GetString();
  body.payload = in.in().GetString();
  body.allowance_bytes = in.in().Get<std::int64_t>();
}
void GetBody(Decoder& in, InterruptCall& body) { body.call = in.in().Get<CallId>(); }
void GetBody(Decoder& in, AdoptBlocks& body) {
  body.call = in.in().Get<CallId>();
  body.adoptions = in.GetList<AdoptBlocks::Adoption>([&in] {
    AdoptBlocks::Adoption adoption;
    adoption.buffer = in.GetNewBuffer();
    adoption.parts = in.GetList<AdoptBlocks::Part>([&in] {
      AdoptBlocks::Part part;
      part.target = in.in().Get<int>();
      part.block = in.in().Get<std::int64_t>();
      return part;
    });
    return adoption;
  });
}
void GetBody(Decoder& in, EndCall& body) { body.call = in.in().Get<CallId>(); }
void GetBody(Decoder&, Shutdown&) {}

/// Makes the alternative with this number and reads it; false: no such number.
template <std::size_t kIndex = 0>
bool GetAlternative(std::size_t number, Decoder& in, CommandBody& body) {
  if constexpr (kIndex < std::variant_size_v<CommandBody>) {
    if (number == kIndex) {
      GetBody(in, body.emplace<kIndex>());
      return true;
    }
    return GetAlternative<kIndex + 1>(number, in, body);
  } else {
    return false;
  }
}

}  // namespace

std::string Command::Encode() const {
  ByteWriter out;
  out.Put(number);
  out.Put(lane);
  out.Put(owner);
  out.PutVector(targets);
  out.Put(static_cast<std::uint8_t>(body.index()));
  std::visit([&out](const auto& what) { PutBody(out, what); }, body);
  return std::move(out).Take();
}

absl::StatusOr<Command> Command::Decode(std::string_view bytes) {
  Decoder in(bytes);
  Command command;
  command.number = in.in().Get<std::int64_t>();
  command.lane = in.in().Get<std::int64_t>();
  command.owner = in.in().Get<std::int64_t>();
  command.targets = in.in().GetVector<int>();
  const auto kind = in.in().Get<std::uint8_t>();
  if (!in.ok() || !GetAlternative(kind, in, command.body) || !in.AtEnd()) {
    return Error(Reason::kInternal, "bytes from the front are no command");
  }
  return command;
}

std::string DatasetInfo::Encode() const {
  ByteWriter out;
  out.PutVector(shape);
  out.Put(static_cast<std::uint8_t>(dtype));
  return std::move(out).Take();
}

absl::StatusOr<DatasetInfo> DatasetInfo::Decode(std::string_view bytes) {
  Decoder in(bytes);
  DatasetInfo info;
  info.shape = in.in().GetVector<std::int64_t>();
  info.dtype = in.GetDType();
  if (!in.AtEnd()) {
    return Error(Reason::kInternal, "bytes from an engine are no description of a dataset");
  }
  return info;
}

std::string FunctionOutcome::Encode() const {
  ByteWriter out;
  out.PutString(result);
  out.PutString(payload);
  out.Put(lent_bytes);
  out.Put(ended);
  return std::move(out).Take();
}

absl::StatusOr<FunctionOutcome> FunctionOutcome::Decode(std::string_view bytes) {
  Decoder in(bytes);
  FunctionOutcome outcome;
  outcome.result = in.in().GetString();
  outcome.payload = in.in().GetString();
  outcome.lent_bytes = in.in().Get<std::int64_t>();
  outcome.ended = in.in().Get<bool>();
  if (!in.AtEnd()) {
    return Error(Reason::kInternal, "bytes from an engine are no outcome of a function");
  }
  return outcome;
}

absl::Status CommandReply::status() const {
  return reason == Reason::kUnspecified ? absl::OkStatus() : Error(reason, message);
}

std::string CommandReply::Encode() const {
  ByteWriter out;
  out.Put(number);
  out.Put(target);
  out.Put(static_cast<int>(reason));
  out.PutString(message);
  out.PutString(bytes);
  return std::move(out).Take();
}

absl::StatusOr<CommandReply> CommandReply::Decode(std::string_view bytes) {
  Decoder in(bytes);
  CommandReply reply;
  reply.number = in.in().Get<std::int64_t>();
  reply.target = in.in().Get<int>();
  const int reason = in.in().Get<int>();
  reply.message = in.in().GetString();
  reply.bytes = in.in().GetString();
  if (!in.AtEnd() || reason < 0 || reason > static_cast<int>(kLastReason)) {
    return Error(Reason::kInternal, "bytes from an engine are no reply");
  }
  reply.reason = static_cast<Reason>(reason);
  return reply;
}

namespace {

template <typename... Bodies>
bool IsOneOf(const CommandBody& body) {
  return (std::holds_alternative<Bodies>(body) || ...);
}

}  // namespace

bool HasReply(const CommandBody& body) {
  return !IsOneOf<DefineDistribution, ForgetDistributions, FreeBuffers, DropWorkers, InterruptCall, EndCall, Shutdown>(
      body);
}

}  // namespace distarray
