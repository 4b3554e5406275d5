#include "tests/server/front/front_harness.h"

#include <optional>
#include <set>

namespace distarray::server {

struct FrontHarness::Recorder final : Peer {
  void Send(v1::ReplyBatch batch) override {
    for (v1::Reply& reply : *batch.mutable_replies()) {
      replies.push_back(std::move(reply));
    }
  }
  void Finish(absl::Status status) override { finished = status; }
  std::vector<v1::Reply> replies;
  std::optional<absl::Status> finished;
};

FrontHarness::FrontHarness(int engines, std::int64_t memory_limit_bytes)
    : front({.engine_count = engines,
             .instance = "test",
             .memory_limit_bytes = memory_limit_bytes,
             .working_directory = "/",
             .functions = {.run_source = true,
                           .run_pickled = true,
                           .host = {.start = [this](PoolId pool) { pools_started.push_back(pool); },
                                    .stop = [this](PoolId pool) { pools_stopped.push_back(pool); }}}}) {}

PeerId FrontHarness::Connect() {
  auto peer = std::make_shared<Recorder>();
  clients_.push_back(peer);
  sequences_.push_back(0);
  const auto id = static_cast<PeerId>(clients_.size());
  front.OnConnected(id, peer);
  v1::Request open;
  open.mutable_open();
  Send(id, open, true);
  return id;
}

std::int64_t FrontHarness::Send(PeerId client, v1::Request request, bool awaited, const Receipt& receipt) {
  const std::int64_t sequence = ++sequences_[static_cast<std::size_t>(client - 1)];
  request.set_sequence(sequence);
  request.set_awaited(awaited);
  v1::RequestBatch batch;
  *batch.add_requests() = std::move(request);
  front.OnReceived(client, std::move(batch), receipt, 0);
  front.Settle();
  return sequence;
}

PeerId FrontHarness::Call(PeerId client, v1::Request request) {
  const std::string session = ReplyTo(client, 1)->open().session();
  clients_.push_back(std::make_shared<Recorder>());
  sequences_.push_back(0);
  const auto id = static_cast<PeerId>(clients_.size());
  front.OnConnected(id, clients_.back());
  front.OnCall(id, session, std::nullopt, std::move(request), 0);
  front.Settle();
  return id;
}

const std::vector<v1::Reply>& FrontHarness::Told(PeerId caller) const {
  return clients_[static_cast<std::size_t>(caller - 1)]->replies;
}

bool FrontHarness::Ended(PeerId client) const {
  return clients_[static_cast<std::size_t>(client - 1)]->finished.has_value();
}

std::vector<v1::Reply> FrontHarness::Replies(PeerId client, std::int64_t sequence) const {
  std::vector<v1::Reply> found;
  for (const v1::Reply& reply : clients_[static_cast<std::size_t>(client - 1)]->replies) {
    if (reply.sequence() == sequence) {
      found.push_back(reply);
    }
  }
  return found;
}

const v1::Reply* FrontHarness::ReplyTo(PeerId client, std::int64_t sequence) const {
  for (const v1::Reply& reply : clients_[static_cast<std::size_t>(client - 1)]->replies) {
    if (reply.sequence() == sequence) {
      return &reply;
    }
  }
  return nullptr;
}

void FrontHarness::Run() {
  while (true) {
    const auto outgoing = front.scheduler().TakeOutgoing();
    if (outgoing.empty()) {
      return;
    }
    std::set<std::int64_t> seen;
    for (const auto& message : outgoing) {
      const Command command = *Command::Decode(*message.bytes);
      const bool first = seen.insert(command.number).second;
      if (const auto* frees = std::get_if<FreeBuffers>(&command.body); frees != nullptr && first) {
        freed.insert(freed.end(), frees->buffers.begin(), frees->buffers.end());
      }
      if (const auto* forget = std::get_if<ForgetDistributions>(&command.body); forget != nullptr && first) {
        for (const DistributionId id : forget->ids) {
          forgotten.emplace(id, commands.size());
        }
      }
      if (!HasReply(command.body)) {
        continue;
      }
      CommandReply reply{.number = command.number, .target = message.target};
      if (std::holds_alternative<FetchBytes>(command.body)) {
        reply.bytes = std::string(8, '\0');
      }
      if (engine) {
        engine(command, reply);
      }
      if (first) {
        commands.push_back(command);
      }
      front.OnReply(std::move(reply));
    }
    front.Settle();
  }
}

v1::Request FrontHarness::Zeros(std::int64_t key, std::vector<std::int64_t> shape, v1::DType dtype) {
  v1::Request request;
  auto* create = request.mutable_create();
  create->set_key(key);
  create->mutable_shape()->Add(shape.begin(), shape.end());
  create->set_dtype(dtype);
  create->mutable_full()->set_integer(0);
  return request;
}

v1::Request FrontHarness::Ufunc(std::int64_t result, const std::string& name, std::vector<std::int64_t> keys,
                                std::vector<double> scalars) {
  v1::Request request;
  auto* ufunc = request.mutable_ufunc();
  ufunc->set_result(result);
  ufunc->set_name(name);
  for (const std::int64_t key : keys) {
    ufunc->add_operands()->set_key(key);
  }
  for (const double scalar : scalars) {
    ufunc->add_operands()->mutable_scalar()->set_floating(scalar);
  }
  return request;
}

v1::Request FrontHarness::Reduce(std::int64_t result, const std::string& name, std::int64_t key) {
  v1::Request request;
  auto* reduce = request.mutable_reduce();
  reduce->set_result(result);
  reduce->set_name(name);
  reduce->set_key(key);
  reduce->set_all_axes(true);
  return request;
}

v1::Request FrontHarness::Put(std::int64_t key, const std::vector<double>& values) {
  v1::Request request;
  v1::PutRequest& put = *request.mutable_put();
  put.set_key(key);
  put.set_dtype(v1::DTYPE_FLOAT64);
  put.add_start(0);
  put.add_shape(static_cast<std::int64_t>(values.size()));
  put.set_data(values.data(), values.size() * sizeof(double));
  return request;
}

v1::Request FrontHarness::Get(std::int64_t key) {
  v1::Request request;
  request.mutable_get()->set_key(key);
  return request;
}

v1::Request FrontHarness::Delete(std::vector<std::int64_t> keys) {
  v1::Request request;
  request.mutable_delete_()->mutable_keys()->Add(keys.begin(), keys.end());
  return request;
}

v1::Request FrontHarness::SliceOf(std::int64_t result, std::int64_t key, std::int64_t start, std::int64_t stop) {
  v1::Request request;
  auto* slice = request.mutable_slice();
  slice->set_result(result);
  slice->set_key(key);
  auto* range = slice->mutable_index()->add_entries()->mutable_slice();
  range->set_start(start);
  range->set_stop(stop);
  return request;
}

v1::Request FrontHarness::Wait(std::vector<std::int64_t> keys) {
  v1::Request request;
  request.mutable_wait()->mutable_keys()->Add(keys.begin(), keys.end());
  return request;
}

}  // namespace distarray::server
