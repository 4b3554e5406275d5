// Products of matrices. Of what lies where, see MultiplyMatrices::Scheme.
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <utility>
#include <vector>

#include "engine/linear_algebra/batch.h"
#include "engine/linear_algebra/panels.h"
#include "engine/linear_algebra/product.h"
#include "engine/runtime/execute.h"
#include "engine/runtime/new_buffer.h"

namespace distarray {
namespace {

constexpr std::int64_t kPiece = std::int64_t{4} << 20;            // bytes of partial products sent and added at a time
constexpr std::int64_t kMultiplications = std::int64_t{1} << 18;  // of small matrices, between two looks at the clock
constexpr std::int64_t kCall = 1000;  // multiplications that take as long as it does to begin with a matrix

/// An array of matrices as this engine has it.
struct Matrices {
  DistributionPtr distribution;
  std::byte* data = nullptr;
  bool transposed = false;
  Shape batch;              // of the local block
  std::int64_t lines = 0;   // of a matrix of the local block, as stored
  std::int64_t length = 0;  // of a line

  void UseDistribution(DistributionPtr its, int target) {
    distribution = std::move(its);
    const int rank = distribution->RankOf(target);
    Shape local = rank < 0 ? Shape(distribution->dimensions.size(), 0) : distribution->LocalShape(rank);
    length = local.back();
    lines = local[local.size() - 2];
    local.resize(local.size() - 2);
    batch = std::move(local);
  }
  std::int64_t rows() const { return transposed ? length : lines; }
  std::int64_t columns() const { return transposed ? lines : length; }
  std::byte* Matrix(std::int64_t number, int size) const { return data + number * lines * length * size; }
  Factor AsFactor(std::int64_t number, int size) const { return {Matrix(number, size), length, transposed}; }
};

/// One multiplication of matrices.
struct Work {
  Execution& execution;
  DType dtype;
  Matrices a, b, c;
  PendingBuffer result;
  std::int64_t multiplied = 0;  // since the last look at the clock

  int size() const { return SizeOf(dtype); }
  int self() const { return execution.services.target; }
  Exchange& exchange() const { return execution.services.exchange; }
  std::int64_t number() const { return execution.command.number; }
};

/// Finds a factor. Error: what poisoned it.
absl::Status Find(Work& work, const MatrixBuffer& command, Matrices& matrices) {
  Services& services = work.execution.services;
  DA_ASSIGN_OR_RETURN(DistributionPtr distribution, services.distributions.Find(command.distribution));
  if (distribution->dimensions.size() < 2) {
    return Error(Reason::kInternal, "a factor of a product of matrices has fewer than two dimensions");
  }
  matrices.transposed = command.transposed;
  matrices.UseDistribution(std::move(distribution), services.target);
  if (matrices.distribution->RankOf(services.target) >= 0) {
    DA_ASSIGN_OR_RETURN(const BufferPtr buffer, FindUsable(services, command.buffer, work.dtype));
    matrices.data = buffer->data();
  }
  return absl::OkStatus();
}

Task Run(Work& work, const Product& product) {
  ProductRun run(product);
  while (run.Advance()) {
    if (work.execution.turn.Over()) {
      co_await work.execution.turn.Yield();
    }
  }
  co_return absl::OkStatus();
}

/// c = a b, of what lies here.
Task MultiplyBlocks(Work& work, const Matrices& c) {
  const Batch batch(work.a.batch, work.b.batch, c.batch);
  const int size = work.size();
  for (std::int64_t i = 0; i < batch.count(); ++i) {
    const auto [a, b] = batch.At(i);
    const Product product{.dtype = work.dtype,
                          .m = c.lines,
                          .n = c.length,
                          .k = work.a.columns(),
                          .a = work.a.AsFactor(a, size),
                          .b = work.b.AsFactor(b, size),
                          .c = c.Matrix(i, size),
                          .c_stride = c.length};
    if (product.m * product.n * product.k > kMultiplications) {
      (co_await Run(work, product)).IgnoreError();
      continue;
    }
    Multiply(product);
    work.multiplied += product.m * product.n * product.k + kCall;
    if (work.multiplied >= kMultiplications) {
      work.multiplied = 0;
      if (work.execution.turn.Over()) {
        co_await work.execution.turn.Yield();
      }
    }
  }
  co_return absl::OkStatus();
}

/// Panels on their way: each is sent by its owner to all who have rows of the result, a few ahead of the one that is
/// multiplied.
class PanelRing {
 public:
  static constexpr std::size_t kSlots = 3;

  PanelRing(Work& work, std::vector<Panel> panels) : work_(work), panels_(std::move(panels)) {
    const Distribution& c = *work.c.distribution;
    for (int rank = 0; rank < static_cast<int>(c.targets.size()); ++rank) {
      if (c.LocalCount(rank) > 0) {
        consumers_.push_back(c.targets[static_cast<std::size_t>(rank)]);
      }
    }
    consumes_ = std::find(consumers_.begin(), consumers_.end(), work.self()) != consumers_.end();
  }

  const std::vector<Panel>& panels() const { return panels_; }
  bool consumes() const { return consumes_; }
  /// The memory that each slot needs here: for panels of others, and for own ones that must be packed.
  std::int64_t slot_bytes() const {
    std::int64_t bytes = 0;
    for (const Panel& panel : panels_) {
      const bool own = panel.owner == work_.self();
      if (own ? !panel.contiguous() && SendsTo() > 0 : consumes_) {
        bytes = std::max(bytes, panel.lines * panel.length * work_.size());
      }
    }
    return bytes;
  }
  void UseMemory(std::size_t slot, BufferPtr memory) { slots_[slot].memory = std::move(memory); }

  /// Has panel i sent or received. Slot i % kSlots must be free (Free).
  void Start(std::size_t i) {
    const Panel& panel = panels_[i];
    Slot& slot = slots_[i % kSlots];
    const std::int64_t bytes = panel.lines * panel.length * work_.size();
    if (panel.owner != work_.self()) {
      if (consumes_) {
        work_.exchange().Receive(work_.number(), panel.owner, slot.memory->data(), bytes, slot.completion);
      }
      return;
    }
    if (SendsTo() == 0) {
      return;
    }
    const std::byte* data = work_.b.data + panel.offset * work_.size();
    if (!panel.contiguous()) {
      const std::int64_t line = panel.length * work_.size();
      for (std::int64_t l = 0; l < panel.lines; ++l) {
        std::memcpy(slot.memory->data() + l * line, data + l * panel.stride * work_.size(),
                    static_cast<std::size_t>(line));
      }
      data = slot.memory->data();
    }
    for (const int consumer : consumers_) {
      if (consumer != work_.self()) {
        work_.exchange().Send(work_.number(), consumer, data, bytes, slot.completion);
      }
    }
  }
  Task Free(std::size_t i) { return Finish(work_.execution, slots_[i % kSlots].completion); }
  /// Waits for panel i.
  Task Arrived(std::size_t i) {
    if (panels_[i].owner != work_.self()) {
      (co_await Finish(work_.execution, slots_[i % kSlots].completion)).IgnoreError();
    }
    co_return absl::OkStatus();
  }
  Factor AsFactor(std::size_t i) const {
    const Panel& panel = panels_[i];
    if (panel.owner == work_.self()) {
      return {work_.b.data + panel.offset * work_.size(), panel.stride, work_.b.transposed};
    }
    return {slots_[i % kSlots].memory->data(), panel.length, work_.b.transposed};
  }

 private:
  struct Slot {
    BufferPtr memory;
    Completion completion;
  };
  std::size_t SendsTo() const { return consumers_.size() - (consumes_ ? 1 : 0); }

  Work& work_;
  std::vector<Panel> panels_;
  std::vector<int> consumers_;
  bool consumes_ = false;
  std::array<Slot, kSlots> slots_;
};

/// The rows of the result that lie here += those of a, times a panel of b.
Task MultiplyPanel(Work& work, const Batch& batch, const Panel& panel, Factor factor) {
  const int size = work.size();
  for (std::int64_t i = 0; i < batch.count(); ++i) {
    const auto [a, b] = batch.At(i);
    if (b != panel.matrix) {
      continue;
    }
    const Product product{.dtype = work.dtype,
                          .m = work.c.lines,
                          .n = panel.columns,
                          .k = panel.depth,
                          .a = work.a.AsFactor(a, size).From(0, panel.k, size),
                          .b = factor,
                          .c = work.c.Matrix(i, size) + panel.n * size,
                          .c_stride = work.c.length,
                          .accumulate = panel.k > 0};
    (co_await Run(work, product)).IgnoreError();
  }
  co_return absl::OkStatus();
}

Task PassPanels(Work& work, absl::Status status) {
  PanelRing ring(work,
                 status.ok() ? CutPanels(*work.b.distribution, work.b.transposed, work.size()) : std::vector<Panel>());
  if (const std::int64_t bytes = ring.slot_bytes(); bytes > 0) {
    for (std::size_t slot = 0; slot < PanelRing::kSlots && status.ok(); ++slot) {
      BufferPtr memory;
      status = co_await MakeScratch(work.execution, bytes, memory);
      ring.UseMemory(slot, std::move(memory));
    }
  }
  (co_await Agree(work.execution, work.execution.command.targets, status)).IgnoreError();
  if (!status.ok()) {
    co_return status;
  }
  Shape b_batch = work.b.distribution->shape();  // whole on every owner of a part
  b_batch.resize(b_batch.size() - 2);
  const Batch batch(work.a.batch, b_batch, work.c.batch);
  const std::size_t count = ring.panels().size();
  for (std::size_t i = 0; i < std::min(count, PanelRing::kSlots - 1); ++i) {
    ring.Start(i);
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (const std::size_t ahead = i + PanelRing::kSlots - 1; ahead < count) {
      (co_await ring.Free(ahead)).IgnoreError();
      ring.Start(ahead);
    }
    (co_await ring.Arrived(i)).IgnoreError();
    if (ring.consumes()) {
      (co_await MultiplyPanel(work, batch, ring.panels()[i], ring.AsFactor(i))).IgnoreError();
    }
  }
  for (std::size_t slot = 0; slot < PanelRing::kSlots; ++slot) {
    (co_await ring.Free(slot)).IgnoreError();
  }
  co_return absl::OkStatus();
}

/// Where each target's part of the result lies in the whole of it.
struct Part {
  int target = 0;
  std::int64_t offset = 0;  // elements
  std::int64_t count = 0;
};

std::vector<Part> PartsOf(const Distribution& rows) {
  std::vector<Part> parts;
  std::int64_t offset = 0;
  for (int rank = 0; rank < static_cast<int>(rows.targets.size()); ++rank) {
    const std::int64_t count = rows.LocalCount(rank);
    parts.push_back({rows.targets[static_cast<std::size_t>(rank)], offset, count});
    offset += count;
  }
  return parts;
}

/// Sends each target its part of the partial product, in pieces.
void SendPartial(Work& work, const std::vector<Part>& parts, const std::byte* partial, Completion& sent) {
  for (const Part& part : parts) {
    if (part.target == work.self()) {
      continue;
    }
    const std::byte* data = partial + part.offset * work.size();
    for (std::int64_t left = part.count * work.size(); left > 0; left -= kPiece) {
      work.exchange().Send(work.number(), part.target, data, std::min(left, kPiece), sent);
      data += kPiece;
    }
  }
}

std::int64_t PieceBytes(const Work& work, const Part& part) { return std::min(part.count * work.size(), kPiece); }

/// Sums the partial products of all `contributors` into this engine's part, piece by piece, each piece in the order of
/// the contributors.
Task SumPartials(Work& work, const std::vector<int>& contributors, const std::byte* partial, const Part& part,
                 std::byte* pieces) {
  const std::int64_t piece_bytes = PieceBytes(work, part);
  struct Incoming {
    std::int64_t begin = 0;  // bytes
    std::int64_t bytes = 0;
    int from = 0;
    bool first = false;
  };
  std::vector<Incoming> all;
  for (std::int64_t begin = 0; begin < part.count * work.size(); begin += kPiece) {
    for (const int from : contributors) {
      all.push_back({begin, std::min(part.count * work.size() - begin, kPiece), from, from == contributors.front()});
    }
  }
  std::array<Completion, 2> received;
  const auto receive = [&](std::size_t i) {
    if (i < all.size() && all[i].from != work.self()) {
      const std::size_t slot = i % 2;
      work.exchange().Receive(work.number(), all[i].from, pieces + static_cast<std::int64_t>(slot) * piece_bytes,
                              all[i].bytes, received[slot]);
    }
  };
  receive(0);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Incoming& piece = all[i];
    (co_await Finish(work.execution, received[i % 2])).IgnoreError();
    receive(i + 1);
    const std::byte* from = piece.from == work.self() ? partial + part.offset * work.size() + piece.begin
                                                      : pieces + static_cast<std::int64_t>(i % 2) * piece_bytes;
    std::byte* const into = work.c.data + piece.begin;
    if (piece.first) {
      std::memcpy(into, from, static_cast<std::size_t>(piece.bytes));
    } else {
      AddProducts(work.dtype, piece.bytes / work.size(), from, into);
    }
    if (work.execution.turn.Over()) {
      co_await work.execution.turn.Yield();
    }
  }
  co_return absl::OkStatus();
}

Task MultiplyParts(Work& work, absl::Status status) {
  std::vector<int> contributors;
  std::vector<Part> parts;
  Part own;
  bool contributes = false;
  bool direct = false;  // the only partial product is made where the whole result lies
  BufferPtr partial;
  BufferPtr pieces;
  if (status.ok()) {
    const Distribution& b = *work.b.distribution;
    for (int rank = 0; rank < static_cast<int>(b.targets.size()); ++rank) {
      if (b.LocalCount(rank) > 0) {
        contributors.push_back(b.targets[static_cast<std::size_t>(rank)]);
      }
    }
    contributes = std::find(contributors.begin(), contributors.end(), work.self()) != contributors.end();
    parts = PartsOf(*work.c.distribution);
    for (const Part& part : parts) {
      own = part.target == work.self() ? part : own;
    }
    const std::int64_t elements = work.c.distribution->size();
    direct = contributes && contributors.size() == 1 && own.count == elements;
    if (contributes && !direct) {
      status = co_await MakeScratch(work.execution, elements * work.size(), partial);
    }
    if (status.ok() && own.count > 0 && contributors.size() > (contributes ? 1 : 0)) {
      status = co_await MakeScratch(work.execution, 2 * PieceBytes(work, own), pieces);
    }
  }
  (co_await Agree(work.execution, work.execution.command.targets, status)).IgnoreError();
  if (!status.ok()) {
    co_return status;
  }
  Completion sent;
  if (contributes) {
    Matrices whole = work.c;
    const Shape shape = work.c.distribution->shape();
    whole.batch.assign(shape.begin(), shape.end() - 2);
    whole.lines = shape[shape.size() - 2];
    whole.length = shape.back();
    whole.data = direct ? work.c.data : partial->data();
    (co_await MultiplyBlocks(work, whole)).IgnoreError();
    if (!direct) {
      SendPartial(work, parts, partial->data(), sent);
    }
  }
  if (!direct && own.count > 0) {
    (co_await SumPartials(work, contributors, partial == nullptr ? nullptr : partial->data(), own,
                          pieces == nullptr ? nullptr : pieces->data()))
        .IgnoreError();
  }
  (co_await Finish(work.execution, sent)).IgnoreError();
  co_return absl::OkStatus();
}

}  // namespace

Task ExecuteMultiply(Execution& execution, const MultiplyMatrices& command) {
  Work work{.execution = execution, .dtype = command.result.dtype, .result = {command.result, nullptr, nullptr}};
  absl::Status status = co_await Make(execution, work.result);
  if (work.result.distribution == nullptr) {
    co_return status;
  }
  work.c.UseDistribution(work.result.distribution, execution.services.target);
  if (status.ok()) {
    work.c.data = work.result.buffer == nullptr ? nullptr : work.result.buffer->data();
  }
  status.Update(Find(work, command.a, work.a));
  status.Update(Find(work, command.b, work.b));
  switch (command.scheme) {
    case MultiplyMatrices::Scheme::kLocal:
      if (status.ok() && work.result.buffer != nullptr) {
        status = co_await MultiplyBlocks(work, work.c);
      }
      break;
    case MultiplyMatrices::Scheme::kPanels:
      status = co_await PassPanels(work, status);
      break;
    case MultiplyMatrices::Scheme::kPartials:
      status = co_await MultiplyParts(work, status);
      break;
  }
  status.Update(work.result.Publish(execution, status));
  co_return status;
}

}  // namespace distarray
