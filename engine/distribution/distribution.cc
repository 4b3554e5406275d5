#include "engine/distribution/distribution.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <limits>

#include "engine/base/error.h"

namespace distarray {
namespace {

std::int64_t GridCount(const Distribution& distribution) {
  std::int64_t count = 1;
  for (const DimensionMap& map : distribution.dimensions) {
    if (__builtin_mul_overflow(count, map.grid_size, &count)) {
      return std::numeric_limits<std::int64_t>::max();
    }
  }
  return count;
}

}  // namespace

absl::Status ValidateShape(const Shape& shape) {
  std::int64_t elements = 1;
  for (const std::int64_t size : shape) {
    if (size < 0) {
      return Error(Reason::kInvalidValue, absl::StrCat("shape ", ToString(shape), " has a negative size"));
    }
    if (size > 0 && __builtin_mul_overflow(elements, size, &elements)) {
      return Error(Reason::kInvalidValue, absl::StrCat("shape ", ToString(shape), " has more than 2^63 elements"));
    }
  }
  return absl::OkStatus();
}

absl::Status ValidateTargets(std::span<const int> targets, int engine_count) {
  std::vector<bool> seen(static_cast<std::size_t>(std::max(engine_count, 0)), false);
  for (const int target : targets) {
    if (target < 0 || target >= engine_count) {
      return Error(Reason::kInvalidValue, absl::StrCat("targets: ", target, " is not a target; there are ",
                                                       engine_count, ", numbered from 0"));
    }
    if (seen[static_cast<std::size_t>(target)]) {
      return Error(Reason::kInvalidValue, absl::StrCat("targets: ", target, " is given twice"));
    }
    seen[static_cast<std::size_t>(target)] = true;
  }
  return absl::OkStatus();
}

std::string ToString(const Shape& shape) {
  std::string text = "(";
  for (std::size_t d = 0; d < shape.size(); ++d) {
    absl::StrAppend(&text, d > 0 ? ", " : "", shape[d]);
  }
  return text + (shape.size() == 1 ? ",)" : ")");
}

Shape Distribution::shape() const {
  Shape sizes;
  for (const DimensionMap& map : dimensions) {
    sizes.push_back(map.size);
  }
  return sizes;
}

Shape Distribution::grid_shape() const {
  Shape sizes;
  for (const DimensionMap& map : dimensions) {
    sizes.push_back(map.grid_size);
  }
  return sizes;
}

std::int64_t Distribution::size() const {
  std::int64_t elements = 1;
  for (const DimensionMap& map : dimensions) {
    if (map.size == 0) {
      return 0;
    }
  }
  for (const DimensionMap& map : dimensions) {
    elements *= map.size;
  }
  return elements;
}

int Distribution::RankOf(int target) const {
  const auto found = std::find(targets.begin(), targets.end(), target);
  return found == targets.end() ? -1 : static_cast<int>(found - targets.begin());
}

std::vector<std::int64_t> Distribution::Coordinates(int rank) const {
  std::vector<std::int64_t> coordinates(dimensions.size());
  std::int64_t rest = rank;
  for (std::size_t d = dimensions.size(); d-- > 0;) {
    coordinates[d] = rest % dimensions[d].grid_size;
    rest /= dimensions[d].grid_size;
  }
  return coordinates;
}

int Distribution::RankAt(std::span<const std::int64_t> coordinates) const {
  std::int64_t rank = 0;
  for (std::size_t d = 0; d < dimensions.size(); ++d) {
    rank = rank * dimensions[d].grid_size + coordinates[d];
  }
  return static_cast<int>(rank);
}

Shape Distribution::LocalShape(int rank) const {
  Shape local = Coordinates(rank);
  for (std::size_t d = 0; d < dimensions.size(); ++d) {
    local[d] = dimensions[d].LocalSize(local[d]);
  }
  return local;
}

std::int64_t Distribution::LocalCount(int rank) const {
  const Shape local = LocalShape(rank);
  if (std::find(local.begin(), local.end(), 0) != local.end()) {
    return 0;
  }
  std::int64_t count = 1;
  for (const std::int64_t size : local) {
    count *= size;
  }
  return count;
}

absl::Status Distribution::Validate(int engine_count) const {
  for (int d = 0; d < ndim(); ++d) {
    DA_RETURN_IF_ERROR(dimensions[static_cast<std::size_t>(d)].Validate(d));
  }
  DA_RETURN_IF_ERROR(ValidateShape(shape()));
  DA_RETURN_IF_ERROR(ValidateTargets(targets, engine_count));
  const std::int64_t processes = GridCount(*this);
  if (processes != static_cast<std::int64_t>(targets.size())) {
    return Error(Reason::kInvalidValue, absl::StrCat("targets: ", targets.size(), " given, but the process grid ",
                                                     ToString(grid_shape()), " has ", processes));
  }
  return absl::OkStatus();
}

void Distribution::Encode(ByteWriter& out) const {
  out.Put(static_cast<std::int64_t>(dimensions.size()));
  for (const DimensionMap& map : dimensions) {
    map.Encode(out);
  }
  out.PutVector(targets);
}

Distribution Distribution::Decode(ByteReader& in) {
  Distribution distribution;
  const auto count = in.Get<std::int64_t>();
  for (std::int64_t d = 0; d < count && in.ok(); ++d) {
    distribution.dimensions.push_back(DimensionMap::Decode(in));
  }
  distribution.targets = in.GetVector<int>();
  return distribution;
}

bool Equivalent(const Distribution& a, const Distribution& b) {
  if (a.targets != b.targets || a.dimensions.size() != b.dimensions.size()) {
    return false;
  }
  return std::equal(a.dimensions.begin(), a.dimensions.end(), b.dimensions.begin(),
                    [](const DimensionMap& x, const DimensionMap& y) { return Equivalent(x, y); });
}

Distribution ReducedDistribution(const Distribution& source, std::span<const int> axes, bool keepdims) {
  Distribution reduced;
  std::vector<bool> gone(source.dimensions.size(), false);
  for (const int axis : axes) {
    gone[static_cast<std::size_t>(axis)] = true;
  }
  for (std::size_t d = 0; d < source.dimensions.size(); ++d) {
    if (!gone[d]) {
      reduced.dimensions.push_back(source.dimensions[d]);
    } else if (keepdims) {
      reduced.dimensions.push_back(DimensionMap::Whole(1));
    }
  }
  for (std::size_t rank = 0; rank < source.targets.size(); ++rank) {
    const auto coordinates = source.Coordinates(static_cast<int>(rank));
    const bool first = std::all_of(axes.begin(), axes.end(),
                                   [&](int axis) { return coordinates[static_cast<std::size_t>(axis)] == 0; });
    if (first) {
      reduced.targets.push_back(source.targets[rank]);
    }
  }
  return reduced;
}

Distribution SingleTarget(const Shape& shape, int target) {
  Distribution distribution;
  for (const std::int64_t size : shape) {
    distribution.dimensions.push_back(DimensionMap::Whole(size));
  }
  distribution.targets = {target};
  return distribution;
}

}  // namespace distarray
