#include "distarray/counting.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "client-cpp/src/computing.h"
#include "client-cpp/src/create.h"
#include "client-cpp/src/shapes.h"
#include "distarray/functions.h"
#include "distarray/reductions.h"

namespace distarray::inline client {
namespace {

absl::StatusOr<Array> WeightsFor(const Array& x, const Array& weights) {
  const Array both[] = {x, weights};
  DA_RETURN_IF_ERROR(CheckArrays("weights", both));
  if (weights.shape() != x.shape()) {
    return Error(Reason::kInvalidValue, absl::StrCat("weights: shape ", ToString(weights.shape()), " given, ",
                                                     ToString(x.shape()), " expected, that of the elements"));
  }
  if (KindOf(weights.dtype()) == Kind::kComplex) {
    return Error(Reason::kInvalidType, "weights: complex numbers given, real ones expected");
  }
  return weights.dtype() == DType::kFloat64 ? weights : weights.AsType(DType::kFloat64);
}

absl::StatusOr<std::int64_t> BinsOf(const Array& x, std::int64_t count_min) {
  DA_RETURN_IF_ERROR(x.status());
  if (x.ndim() != 1) {
    return Error(Reason::kInvalidValue,
                 absl::StrCat("x: shape ", ToString(x.shape()), " given, one dimension expected"));
  }
  if (KindOf(x.dtype()) >= Kind::kFloat) {
    return Error(Reason::kInvalidType,
                 absl::StrCat("x: ", std::string(NameOf(x.dtype())), " given, integers expected"));
  }
  if (count_min < 0) {
    return Error(Reason::kInvalidValue, absl::StrCat("count_min: ", count_min, " given, at least 0 expected"));
  }
  if (x.size() == 0) {
    return count_min;
  }
  const Array low = Min(x).AsType(DType::kInt64);
  const Array high = Max(x).AsType(DType::kInt64);
  DA_ASSIGN_OR_RETURN(const std::int64_t least, low.Item<std::int64_t>());
  if (least < 0) {
    return Error(Reason::kInvalidValue, absl::StrCat("x: an element ", least, " given, none below 0 expected"));
  }
  DA_ASSIGN_OR_RETURN(const std::int64_t greatest, high.Item<std::int64_t>());
  return std::max(count_min, greatest + 1);
}

absl::StatusOr<std::pair<double, double>> RangeOf(const Array& x, const HistogramOptions& options) {
  std::pair<double, double> range{0, 1};
  if (options.range.has_value()) {
    range = *options.range;
    if (range.first > range.second) {
      return Error(Reason::kInvalidValue,
                   absl::StrCat("range: ", range.first, " to ", range.second, " given, ascending ends expected"));
    }
  } else if (x.size() != 0) {
    const Array low = Min(x).AsType(DType::kFloat64);
    const Array high = Max(x).AsType(DType::kFloat64);
    DA_ASSIGN_OR_RETURN(range.first, low.Item<double>());
    DA_ASSIGN_OR_RETURN(range.second, high.Item<double>());
  }
  if (!std::isfinite(range.first) || !std::isfinite(range.second)) {
    return Error(Reason::kInvalidValue,
                 absl::StrCat("range: ", range.first, " to ", range.second, " given, finite ends expected"));
  }
  if (range.first == range.second) {
    range = {range.first - 0.5, range.second + 0.5};
  }
  return range;
}

absl::StatusOr<std::vector<double>> EdgesOf(const Array& x, const HistogramOptions& options) {
  if (!options.edges.empty()) {
    if (options.edges.size() < 2 || !std::is_sorted(options.edges.begin(), options.edges.end())) {
      return Error(Reason::kInvalidValue,
                   absl::StrCat("edges: ", options.edges.size(), " given, at least 2 in ascending order expected"));
    }
    return options.edges;
  }
  if (options.bins < 1) {
    return Error(Reason::kInvalidValue, absl::StrCat("bins: ", options.bins, " given, at least 1 expected"));
  }
  DA_ASSIGN_OR_RETURN(const auto range, RangeOf(x, options));
  std::vector<double> edges;
  const double step = (range.second - range.first) / static_cast<double>(options.bins);
  for (std::int64_t i = 0; i < options.bins; ++i) {
    edges.push_back(static_cast<double>(i) * step + range.first);
  }
  edges.push_back(range.second);
  return edges;
}

Array Uploaded(const Array& like, const std::vector<double>& numbers) {
  const Shape shape{static_cast<std::int64_t>(numbers.size())};
  const std::shared_ptr<Session>& session = ArrayState::Of(like)->session;
  Array result = Create(session, shape, DType::kFloat64, {}, [](v1::CreateRequest& create) { create.mutable_empty(); });
  session->Record([&](v1::Request& request) {
    v1::PutRequest& put = *request.mutable_put();
    put.set_key(result.key());
    put.set_dtype(ToWire(DType::kFloat64));
    put.set_data(reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(double));
  });
  return result;
}

}  // namespace

absl::StatusOr<Array> Bincount(const Array& x, std::int64_t count_min) {
  DA_ASSIGN_OR_RETURN(const std::int64_t bins, BinsOf(x, count_min));
  return Compute("bincount", {x}, {{bins}, DType::kInt64}, {{"bins", bins}});
}

absl::StatusOr<Array> Bincount(const Array& x, const Array& weights, std::int64_t count_min) {
  DA_ASSIGN_OR_RETURN(const std::int64_t bins, BinsOf(x, count_min));
  DA_ASSIGN_OR_RETURN(const Array summed, WeightsFor(x, weights));
  return Compute("bincount", {x, summed}, {{bins}, DType::kFloat64}, {{"bins", bins}});
}

absl::StatusOr<Histogrammed> Histogram(const Array& x, const HistogramOptions& options) {
  DA_RETURN_IF_ERROR(x.status());
  if (KindOf(x.dtype()) == Kind::kComplex) {
    return Error(Reason::kInvalidType, "x: complex numbers given, real ones expected");
  }
  DA_ASSIGN_OR_RETURN(std::vector<double> edges, EdgesOf(x, options));
  const Array values = x.dtype() == DType::kFloat64 ? x : x.AsType(DType::kFloat64);
  const Array bounds = Uploaded(x, edges);
  const Shape shape{static_cast<std::int64_t>(edges.size()) - 1};
  Array counts;
  if (options.weights.has_value()) {
    DA_ASSIGN_OR_RETURN(const Array weights, WeightsFor(x, *options.weights));
    counts = Compute("histogram", {values, bounds, weights}, {shape, DType::kFloat64});
    if (KindOf(options.weights->dtype()) < Kind::kFloat && !options.density) {
      counts = counts.AsType(DType::kInt64);
    }
  } else {
    counts = Compute("histogram", {values, bounds}, {shape, DType::kInt64});
  }
  if (options.density) {
    const Array widths = Subtract(bounds.Slice({Range(1, {})}), bounds.Slice({Range({}, -1)}));
    counts = Divide(Divide(counts, widths), Sum(counts));
  }
  DA_RETURN_IF_ERROR(counts.status());
  return Histogrammed{std::move(counts), std::move(edges)};
}

}  // namespace distarray::inline client
