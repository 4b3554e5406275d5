// HDF5: blocking collectives of the engines concerned, entered only when all of them are ready and well.
#include <absl/strings/str_cat.h>

#include "engine/comm/group_communicator.h"
#include "engine/io/hdf5.h"
#include "engine/runtime/execute.h"
#include "engine/runtime/new_buffer.h"

namespace distarray {
namespace {

/// What a save needs of the source. Error kInternal: not a whole array.
absl::StatusOr<BufferPtr> WholeSource(const Services& services, const Distribution& distribution,
                                      const BufferView& source) {
  if (!source.view.IsWhole(distribution.shape())) {
    return Error(Reason::kInternal, "only a whole array can be saved: store the view first");
  }
  return FindUsable(services, source.buffer, source.dtype);
}

}  // namespace

Task ExecuteSave(Execution& execution, const SaveHdf5& command) {
  Services& services = execution.services;
  const auto distribution = services.distributions.Find(command.source.distribution);
  if (!distribution.ok()) {
    co_return distribution.status();
  }
  const std::vector<int>& targets = (*distribution)->targets;
  if ((*distribution)->RankOf(services.target) < 0) {
    co_return absl::OkStatus();
  }
  const auto source = WholeSource(services, **distribution, command.source);
  absl::Status status = source.status();
  (co_await Agree(execution, targets, status)).IgnoreError();
  if (status.ok()) {
    const GroupCommunicator group(services.exchange, targets);
    status = io::SaveDataset(group.get(), command.path, command.dataset, command.mode, **distribution,
                             command.source.dtype, (*source)->data(), services.notes);
  }
  co_return status;
}

Task ExecuteInspect(Execution& execution, const InspectHdf5& command) {
  if (command.target != execution.services.target) {
    co_return absl::OkStatus();
  }
  const auto info = io::InspectDataset(command.path, command.dataset);
  if (info.ok()) {
    execution.reply_bytes = info->Encode();
  }
  co_return info.status();
}

Task ExecuteLoad(Execution& execution, const LoadHdf5& command) {
  Services& services = execution.services;
  PendingBuffer pending{command.destination, nullptr, nullptr};
  absl::Status status = co_await Make(execution, pending);
  if (pending.distribution == nullptr || pending.distribution->RankOf(services.target) < 0) {
    co_return status;
  }
  const std::vector<int>& targets = pending.distribution->targets;
  (co_await Agree(execution, targets, status)).IgnoreError();
  if (status.ok()) {
    const GroupCommunicator group(services.exchange, targets);
    status = io::LoadDataset(group.get(), command.path, command.dataset, *pending.distribution,
                             command.destination.dtype, pending.buffer->data());
  }
  status.Update(pending.Publish(execution, status));
  co_return status;
}

}  // namespace distarray
