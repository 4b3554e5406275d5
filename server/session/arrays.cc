// Requests that make, name, fill and describe arrays.
#include <absl/strings/str_cat.h>

#include <charconv>
#include <set>
#include <utility>

#include "server/planner/explain.h"
#include "server/session/session.h"

namespace distarray::server {

v1::ArrayInfo Session::Info(std::int64_t key, const Array& array) {
  v1::ArrayInfo info;
  const Value& value = *array.base->value();
  const Shape shape = array.shape();
  std::int64_t bytes = SizeOf(value.dtype);
  for (const std::int64_t size : shape) {
    bytes *= size;
  }
  info.set_key(key);
  info.mutable_shape()->Add(shape.begin(), shape.end());
  info.set_dtype(EncodeDType(value.dtype));
  EncodeDistribution(**LayoutOf(array.operand(), context_->cluster->registry), info.mutable_distribution());
  info.set_nbytes(bytes);
  info.set_view(array.base.use_count() > 1 || !array.view.IsWhole(value.shape));
  info.set_materialized(value.stored());
  info.set_owner(context_->user);
  return info;
}

absl::StatusOr<Layout> Session::LayoutFor(const v1::DistributionRequest& request, const Shape& shape) {
  DistributionRegistry& registry = context_->cluster->registry;
  const int engine_count = context_->cluster->engine_count;
  std::vector<int> targets = targets_;
  if (request.like_size() > 0) {
    if (request.has_exact() || !request.kinds().empty() || request.grid_shape_size() > 0 ||
        request.targets_size() > 0) {
      return Error(Reason::kInvalidValue,
                   "distribution: both like and exact, kinds, grid_shape or targets given; expected one");
    }
    std::set<int> united;
    for (const std::int64_t key : request.like()) {
      DA_ASSIGN_OR_RETURN(const Array* array, Find(key, "like"));
      if (const Value& value = *array->base->value(); value.state == Value::State::kFailed) {
        return value.error;
      }
      const Layout own = LayoutOf(array->operand(), registry);
      if (array->shape() == shape) {
        return own;
      }
      united.insert(own->value->targets.begin(), own->value->targets.end());
    }
    targets.assign(united.begin(), united.end());
  }
  DA_ASSIGN_OR_RETURN(Distribution distribution,
                      ResolveDistribution(request, shape, targets, default_kinds_, engine_count));
  return registry.Intern(std::move(distribution));
}

void Session::Create(const v1::CreateRequest& request, const Ticket& ticket) {
  const auto outcome = [&]() -> absl::StatusOr<Array> {
    DA_ASSIGN_OR_RETURN(const DType dtype, ParseDType(request.dtype(), "dtype"));
    DA_ASSIGN_OR_RETURN(const Shape shape, ParseShape(request.shape(), dtype));
    DA_ASSIGN_OR_RETURN(const Layout layout, LayoutFor(request.distribution(), shape));
    DA_ASSIGN_OR_RETURN(const ValuePtr value, planner_.recorder().Create(request, dtype, shape, layout, ticket.origin));
    return NameWhole(value);
  };
  Bind(ticket, request.key(), outcome());
}

void Session::Slice(const v1::SliceRequest& request, const Ticket& ticket) {
  const auto outcome = [&]() -> absl::StatusOr<Array> {
    DA_ASSIGN_OR_RETURN(const Array* source, Find(request.key(), "key"));
    if (source->base->value()->state == Value::State::kFailed) {
      return *source;
    }
    DA_ASSIGN_OR_RETURN(const auto index, ParseIndex(request.index()));
    DA_ASSIGN_OR_RETURN(View view, IndexView(source->view, index));
    if (request.axes_size() > 0) {
      DA_ASSIGN_OR_RETURN(view, PermuteView(view, {request.axes().begin(), request.axes().end()}));
    }
    if (request.broadcast_shape_size() > 0) {
      DA_ASSIGN_OR_RETURN(const Shape shape, ParseShape(request.broadcast_shape(), source->dtype()));
      DA_ASSIGN_OR_RETURN(view, BroadcastView(view, shape));
    }
    Array sliced{source->base, std::move(view)};
    if (!request.snapshot()) {
      return sliced;
    }
    return NameWhole(planner_.recorder().Copy(sliced.operand(), ticket.origin));
  };
  Bind(ticket, request.result(), outcome());
}

void Session::FinishWrite(absl::StatusOr<Planner::Write> write, const Ticket& ticket) {
  if (!write.ok()) {
    return Defer(ticket, write.status());
  }
  if (!write->until) {
    return AnswerDone(ticket);
  }
  // The new elements may turn out to be an error: the array is not touched before that is known.
  stalled_ = true;
  const CompletionPtr until = write->until;
  After({until}, [this, until, then = std::move(write->then), ticket] {
    const absl::Status status = until->status.ok() ? then() : until->status;
    if (status.ok()) {
      AnswerDone(ticket);
    } else {
      Defer(ticket, status);
    }
    Resume();
  });
}

void Session::Assign(const v1::AssignRequest& request, const Ticket& ticket) {
  const auto write = [&]() -> absl::StatusOr<Planner::Write> {
    DA_ASSIGN_OR_RETURN(const Array* array, Find(request.key(), "key"));
    if (array->base->value()->state == Value::State::kFailed) {
      return array->base->value()->error;
    }
    DA_ASSIGN_OR_RETURN(const auto index, ParseIndex(request.index()));
    Array target = *array;
    DA_ASSIGN_OR_RETURN(target.view, IndexView(array->view, index));
    switch (request.value_case()) {
      case v1::AssignRequest::kScalar: {
        DA_ASSIGN_OR_RETURN(TypedScalar scalar, ParseScalar(request.scalar(), "value"));
        return planner_.Assign(target, std::move(scalar), ticket.origin);
      }
      case v1::AssignRequest::kArray: {
        DA_ASSIGN_OR_RETURN(const Array* source, Find(request.array(), "value"));
        return planner_.Assign(target, source->operand(), ticket.origin);
      }
      case v1::AssignRequest::VALUE_NOT_SET:
        break;
    }
    return Error(Reason::kInvalidValue, "value: none given; expected a scalar or the key of an array");
  };
  FinishWrite(write(), ticket);
}

void Session::Redistribute(const v1::RedistributeRequest& request, const Ticket& ticket) {
  const auto outcome = [&]() -> absl::StatusOr<Array> {
    DA_ASSIGN_OR_RETURN(const Array* source, Find(request.key(), "key"));
    if (source->base->value()->state == Value::State::kFailed) {
      return *source;
    }
    const Shape shape = source->shape();
    if (request.shape_size() > 0 && Shape(request.shape().begin(), request.shape().end()) != shape) {
      return Error(
          Reason::kInvalidValue,
          absl::StrCat("shape: ", ToString(Shape(request.shape().begin(), request.shape().end())),
                       "; expected the array's, ", ToString(shape), ": the computation reshape makes another"));
    }
    DA_ASSIGN_OR_RETURN(const Layout layout, LayoutFor(request.distribution(), shape));
    return NameWhole(planner_.recorder().Redistribute(source->operand(), layout, ticket.origin));
  };
  Bind(ticket, request.result(), outcome());
}

void Session::Describe(const v1::DescribeRequest& request, const Ticket& ticket) {
  const auto array = Find(request.key(), "key");
  if (!array.ok()) {
    return AnswerError(ticket, array.status());
  }
  if (const Value& value = *(*array)->base->value(); value.state == Value::State::kFailed) {
    return AnswerError(ticket, value.error, value.origin);
  }
  AnswerArray(ticket, **array, request.key());
}

void Session::Explain(const v1::ExplainRequest& request, const Ticket& ticket) {
  const auto array = Find(request.key(), "key");
  if (!array.ok()) {
    return AnswerError(ticket, array.status());
  }
  const ValuePtr& value = (*array)->base->value();
  if (value->state == Value::State::kFailed) {
    return AnswerError(ticket, value->error, value->origin);
  }
  v1::Reply reply;
  v1::Explanation& explanation = *reply.mutable_explanation();
  for (Explanation::Step& step : server::Explain(*context_->cluster, value).steps) {
    v1::Explanation::Step& told = *explanation.add_steps();
    told.set_kind(static_cast<v1::Explanation::Step::Kind>(static_cast<int>(step.kind) + 1));
    told.mutable_shape()->Add(step.shape.begin(), step.shape.end());
    told.mutable_targets()->Add(step.targets.begin(), step.targets.end());
    for (std::string& operation : step.operations) {
      told.add_operations(std::move(operation));
    }
    told.set_operand_count(step.operand_count);
    told.set_instruction_count(step.instruction_count);
    told.set_moved_bytes(step.moved_bytes);
    told.set_memory_bytes(step.memory_bytes);
  }
  Answer(ticket, std::move(reply));
}

void Session::List(const v1::ListRequest& request, const Ticket& ticket) {
  constexpr int kPageDefault = 1000;
  constexpr int kPageMax = 10000;
  if (request.page_size() < 0 || request.page_size() > kPageMax) {
    return AnswerError(ticket, Error(Reason::kInvalidValue,
                                     absl::StrCat("page_size: ", request.page_size(), "; expected 0 to ", kPageMax)));
  }
  std::int64_t after = 0;
  const std::string& token = request.page_token();
  if (!token.empty()) {
    const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), after);
    if (error != std::errc() || end != token.data() + token.size()) {
      return AnswerError(ticket, Error(Reason::kInvalidValue, "page_token: not one that List gave"));
    }
  }
  const int page = request.page_size() == 0 ? kPageDefault : request.page_size();
  v1::Reply reply;
  v1::ListReply* list = reply.mutable_list();
  for (auto entry = arrays_.upper_bound(after); entry != arrays_.end(); ++entry) {
    if (list->arrays_size() == page) {
      list->set_next_page_token(std::to_string(list->arrays(page - 1).key()));
      break;
    }
    if (entry->second.base->value()->state != Value::State::kFailed) {
      *list->add_arrays() = Info(entry->first, entry->second);
    }
  }
  Answer(ticket, std::move(reply));
}

void Session::Delete(const v1::DeleteRequest& request, const Ticket& ticket) {
  for (const std::int64_t key : request.keys()) {
    const auto found = arrays_.find(key);
    if (found == arrays_.end()) {
      continue;
    }
    const ValuePtr value = found->second.base->value();
    arrays_.erase(found);
    planner_.NoteUnnamed(value);
  }
  AnswerDone(ticket);
}

}  // namespace distarray::server
