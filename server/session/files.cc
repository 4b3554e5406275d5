// Requests on files. The front checks and resolves paths; the engines read and write.
#include <absl/strings/str_cat.h>

#include <filesystem>
#include <utility>

#include "server/session/session.h"

namespace distarray::server {

absl::StatusOr<std::string> Session::ResolvePath(const std::string& path) const {
  if (path.empty() || path.find('\0') != std::string::npos) {
    return Error(Reason::kInvalidValue, "path: empty, or with a NUL byte; expected the path of a file");
  }
  std::error_code error;
  const std::filesystem::path asked = std::filesystem::path(context_->working_directory) / path;
  const std::filesystem::path resolved = std::filesystem::weakly_canonical(asked, error);
  if (error) {
    return Error(Reason::kFileAccess, absl::StrCat("path: \"", path, "\": ", error.message()));
  }
  if (!context_->data_root.empty()) {
    const std::filesystem::path relative = resolved.lexically_relative(context_->data_root);
    if (relative.empty() || *relative.begin() == "..") {
      return Error(
          Reason::kPermissionDenied,
          absl::StrCat("path: \"", path, "\" lies outside the daemon's --data-root, \"", context_->data_root, "\""));
    }
  }
  return resolved.string();
}

void Session::Save(const v1::SaveRequest& request, const Ticket& ticket) {
  if (ReportDeferred(ticket)) {
    return;
  }
  const auto outcome = [&]() -> absl::StatusOr<CompletionPtr> {
    DA_ASSIGN_OR_RETURN(const Array* array, Find(request.key(), "key"));
    DA_ASSIGN_OR_RETURN(const std::string path, ResolvePath(request.path()));
    if (request.dataset().empty()) {
      return Error(Reason::kInvalidValue, "dataset: empty; expected the dataset's path in the file");
    }
    SaveMode mode = SaveMode::kAppend;
    switch (request.mode()) {
      case v1::SaveRequest::MODE_WRITE:
        mode = SaveMode::kWrite;
        break;
      case v1::SaveRequest::MODE_EXCLUSIVE:
        mode = SaveMode::kExclusive;
        break;
      case v1::SaveRequest::MODE_APPEND:
        break;
      default:
        return Error(Reason::kInvalidValue,
                     absl::StrCat("mode: ", static_cast<int>(request.mode()),
                                  "; expected write (\"w\"), exclusive (\"w-\") or append (\"a\")"));
    }
    const ValuePtr value = planner_.Compact(array->operand(), ticket.origin);
    planner_.Store({value});
    if (value->state == Value::State::kFailed) {
      return value->error;
    }
    return planner_.lane().Emit(SaveHdf5{.source = {.buffer = value->buffer->id,
                                                    .distribution = value->layout->id,
                                                    .dtype = value->dtype,
                                                    .view = View::Whole(value->shape)},
                                         .path = path,
                                         .dataset = request.dataset(),
                                         .mode = mode},
                                value->layout->value->targets, {value->layout}, {value->done}, ticket.origin);
  };
  const auto done = outcome();
  if (!done.ok()) {
    return Defer(ticket, done.status());
  }
  After({*done}, [this, done = *done, ticket] {
    if (done->status.ok()) {
      AnswerDone(ticket);
    } else {
      Defer(ticket, done->status);
    }
  });
}

void Session::Load(const v1::LoadRequest& request, const Ticket& ticket) {
  const auto path = ResolvePath(request.path());
  if (!path.ok()) {
    return Bind(ticket, request.result(), path.status());
  }
  auto info =
      std::make_shared<absl::StatusOr<DatasetInfo>>(Error(Reason::kInternal, "the engine gave no dataset information"));
  const int target = targets_.front();
  const CompletionPtr inspected =
      planner_.lane().Emit(InspectHdf5{.target = target, .path = *path, .dataset = request.dataset()}, {target}, {}, {},
                           ticket.origin, [info](const std::string& bytes) { *info = DatasetInfo::Decode(bytes); });
  // Shape and dtype of the result are in the file: what follows in the session waits for them.
  stalled_ = true;
  After({inspected}, [this, request, path = *path, info, inspected, ticket] {
    if (!inspected->status.ok()) {
      Bind(ticket, request.result(), inspected->status);
    } else if (!info->ok()) {
      Bind(ticket, request.result(), info->status());
    } else {
      LoadInto(request, path, **info, ticket);
    }
    Resume();
  });
}

void Session::LoadInto(const v1::LoadRequest& request, const std::string& path, const DatasetInfo& info,
                       const Ticket& ticket) {
  const auto outcome = [&]() -> absl::StatusOr<Array> {
    DA_ASSIGN_OR_RETURN(const Layout layout, LayoutFor(request.distribution(), info.shape));
    const ValuePtr value = planner_.recorder().Make(EmptyNode{}, info.dtype, info.shape, layout, ticket.origin);
    DA_ASSIGN_OR_RETURN(Array array, NameWhole(value));
    DA_ASSIGN_OR_RETURN(Ledger::Charge charge, ChargeFor(planner_.lane(), *value));
    auto buffer = planner_.lane().MakeBuffer(std::move(charge));
    CompletionPtr done = planner_.lane().Emit(
        LoadHdf5{.destination = {.buffer = buffer->id, .distribution = layout->id, .dtype = info.dtype},
                 .path = path,
                 .dataset = request.dataset()},
        layout->value->targets, {layout}, {}, ticket.origin);
    MarkStored(*value, std::move(buffer), std::move(done));
    return array;
  };
  absl::StatusOr<Array> array = outcome();
  if (!array.ok()) {
    return Bind(ticket, request.result(), array.status());
  }
  const CompletionPtr done = array->base->value()->done;
  // Named at once, so that later requests can use it; the client that waits hears how reading the file went.
  Ticket silent = ticket;
  silent.awaited = false;
  Bind(silent, request.result(), *std::move(array));
  After({done}, [this, done, ticket, key = request.result()] {
    const auto found = arrays_.find(key);
    if (!done->status.ok()) {
      AnswerError(ticket, done->status);
    } else if (found != arrays_.end()) {
      AnswerArray(ticket, found->second, key);
    } else {
      AnswerError(ticket, Error(Reason::kUnknownKey, "result: deleted while it was being read"));
    }
  });
}

}  // namespace distarray::server
