#include "engine/redistribution/copy_box.h"

#include <algorithm>

#include "engine/redistribution/copy_plane.h"

namespace distarray {
namespace {

constexpr std::int64_t kLarge = std::int64_t{4} << 20;  // bytes that do not stay in the caches anyway

std::int64_t ExtentOf(const std::vector<CopyRun>& axis) {
  std::int64_t extent = 0;
  for (const CopyRun& run : axis) {
    extent += run.elements();
  }
  return extent;
}

/// Makes a run that repeats one that does not, where it can be told so.
void Flatten(CopyRun& run) {
  if (run.count == 1) {
    run = {run.repeats, run.from, run.from_repeat, run.to, run.to_repeat};
  } else if (run.repeats == 1 ||
             (run.from_repeat == run.count * run.from_step && run.to_repeat == run.count * run.to_step)) {
    run = {run.elements(), run.from, run.from_step, run.to, run.to_step};
  }
}

/// Appends `next` to `run` if the two are one regular run.
bool Join(CopyRun& run, const CopyRun& next) {
  if (run.repeats > 1 || next.repeats > 1) {
    return false;
  }
  const std::int64_t from_step = run.count > 1 ? run.from_step : next.from - run.from;
  const std::int64_t to_step = run.count > 1 ? run.to_step : next.to - run.to;
  if (next.from != run.from + run.count * from_step || next.to != run.to + run.count * to_step) {
    return false;
  }
  if (next.count > 1 && (next.from_step != from_step || next.to_step != to_step)) {
    return false;
  }
  run.from_step = from_step;
  run.to_step = to_step;
  run.count += next.count;
  return true;
}

void JoinRuns(std::vector<CopyRun>& axis) {
  std::for_each(axis.begin(), axis.end(), Flatten);
  std::size_t kept = 0;
  for (std::size_t i = 1; i < axis.size(); ++i) {
    if (!Join(axis[kept], axis[i])) {
      axis[++kept] = axis[i];
    }
  }
  if (!axis.empty()) {
    axis.resize(kept + 1);
  }
}

/// Makes two axes of one run each one axis, if the outer one continues the inner.
bool JoinAxes(std::vector<CopyRun>& outer, const std::vector<CopyRun>& inner) {
  if (outer.size() != 1 || inner.size() != 1) {
    return false;
  }
  CopyRun& o = outer.front();
  const CopyRun& i = inner.front();
  if (o.repeats > 1 || i.repeats > 1) {
    return false;
  }
  if (o.from_step != i.from_step * i.count || o.to_step != i.to_step * i.count) {
    return false;
  }
  o = {o.count * i.count, o.from + i.from, i.from_step, o.to + i.to, i.to_step};
  return true;
}

/// Where the whole of one side lies if it is contiguous; the members of CopyRun are that side's.
std::optional<std::int64_t> Contiguous(const std::vector<std::vector<CopyRun>>& axes, std::int64_t offset,
                                       std::int64_t CopyRun::*start, std::int64_t CopyRun::*step,
                                       std::int64_t CopyRun::*repeat) {
  std::int64_t unit = 1;
  for (auto axis = axes.rbegin(); axis != axes.rend(); ++axis) {
    const std::int64_t base = axis->front().*start;
    std::int64_t position = 0;
    for (const CopyRun& run : *axis) {
      if (run.*start != base + position * unit || (run.count > 1 && run.*step != unit) ||
          (run.repeats > 1 && run.*repeat != run.count * unit)) {
        return std::nullopt;
      }
      position += run.elements();
    }
    offset += base;
    unit *= position;
  }
  return offset;
}

}  // namespace

void AppendPair(std::vector<CopyRun>& runs, std::int64_t from, std::int64_t to) {
  const CopyRun pair{1, from, 0, to, 0};
  if (runs.empty() || !Join(runs.back(), pair)) {
    runs.push_back(pair);
  }
}

std::int64_t CopyBox::Count() const {
  std::int64_t count = 1;
  for (const auto& axis : axes) {
    count *= ExtentOf(axis);
  }
  return count;
}

void CopyBox::Simplify() {
  std::vector<std::vector<CopyRun>> kept;
  for (auto& axis : axes) {
    JoinRuns(axis);
    if (axis.size() == 1 && axis.front().elements() == 1) {
      from += axis.front().from;
      to += axis.front().to;
    } else if (kept.empty() || !JoinAxes(kept.back(), axis)) {
      kept.push_back(std::move(axis));
    }
  }
  if (kept.empty()) {
    kept.push_back({CopyRun{1, 0, 0, 0, 0}});
  }
  axes = std::move(kept);
}

std::optional<std::int64_t> CopyBox::ContiguousFrom() const {
  return Contiguous(axes, from, &CopyRun::from, &CopyRun::from_step, &CopyRun::from_repeat);
}

std::optional<std::int64_t> CopyBox::ContiguousTo() const {
  return Contiguous(axes, to, &CopyRun::to, &CopyRun::to_step, &CopyRun::to_repeat);
}

CopyCursor::CopyCursor(const CopyBox& box, int element_size)
    : box_(&box),
      element_size_(element_size),
      large_(box.Count() * element_size >= kLarge),
      remaining_(box.Count()),
      positions_(box.axes.size()) {
  outer_from_ = box.from;
  outer_to_ = box.to;
  for (std::size_t axis = 0; remaining_ > 0 && axis + 1 < box.axes.size(); ++axis) {
    outer_from_ += box.axes[axis].front().from;
    outer_to_ += box.axes[axis].front().to;
  }
}

void CopyCursor::Copy(std::int64_t count, const std::byte* from, std::byte* to) { Go(count, from, false, to, false); }

void CopyCursor::Pack(std::int64_t count, const std::byte* from, std::byte* packed) {
  Go(count, from, false, packed, true);
}

void CopyCursor::Unpack(std::int64_t count, const std::byte* packed, std::byte* to) {
  Go(count, packed, true, to, false);
}

void CopyCursor::Step(std::size_t axis, std::int64_t steps) {
  Position& position = positions_[axis];
  const bool outer = axis + 1 < positions_.size();
  if (outer) {
    outer_from_ -= FromAt(axis);
    outer_to_ -= ToAt(axis);
  }
  bool carry = false;
  position.index += steps;
  if (position.index == RunOf(axis).elements()) {
    position.index = 0;
    ++position.run;
    if (position.run == box_->axes[axis].size()) {
      position.run = 0;
      carry = axis > 0;
    }
  }
  if (outer) {
    outer_from_ += FromAt(axis);
    outer_to_ += ToAt(axis);
  }
  if (carry) {
    Step(axis - 1, 1);
  }
}

std::int64_t CopyCursor::FromAt(std::size_t axis) const {
  const CopyRun& run = RunOf(axis);
  const std::int64_t index = positions_[axis].index;
  return run.from + index % run.count * run.from_step + index / run.count * run.from_repeat;
}

std::int64_t CopyCursor::ToAt(std::size_t axis) const {
  const CopyRun& run = RunOf(axis);
  const std::int64_t index = positions_[axis].index;
  return run.to + index % run.count * run.to_step + index / run.count * run.to_repeat;
}

CopyCursor::Plane CopyCursor::NextPlane(std::int64_t most) const {
  const std::size_t inner = positions_.size() - 1;
  const CopyRun& run = RunOf(inner);
  const std::int64_t index = positions_[inner].index;
  Plane plane;
  plane.columns = std::min(run.count - index % run.count, most);
  if (plane.columns < run.count) {
    return plane;
  }
  if (run.repeats > 1) {
    plane.rows = std::min(run.repeats - index / run.count, most / run.count);
    plane.from_row = run.from_repeat;
    plane.to_row = run.to_repeat;
  } else if (inner > 0 && box_->axes[inner].size() == 1) {
    // Whole inner runs that repeat along the next axis.
    const CopyRun& row = RunOf(inner - 1);
    const std::int64_t at = positions_[inner - 1].index;
    plane.outer_rows = true;
    plane.rows = std::min(row.count - at % row.count, most / run.count);
    plane.from_row = row.from_step;
    plane.to_row = row.to_step;
  }
  return plane;
}

void CopyCursor::Go(std::int64_t count, const std::byte* from, bool packed_from, std::byte* to, bool packed_to) {
  remaining_ -= count;
  const std::size_t inner = positions_.size() - 1;
  while (count > 0) {
    const CopyRun& run = RunOf(inner);
    const Plane plane = NextPlane(count);
    const std::int64_t elements = plane.rows * plane.columns;
    PlaneSide<const std::byte> source{from, plane.columns, 1};
    PlaneSide<std::byte> target{to, plane.columns, 1};
    if (packed_from) {
      from += elements * element_size_;
    } else {
      source = {from + (outer_from_ + FromAt(inner)) * element_size_, plane.from_row, run.from_step};
    }
    if (packed_to) {
      to += elements * element_size_;
    } else {
      target = {to + (outer_to_ + ToAt(inner)) * element_size_, plane.to_row, run.to_step};
    }
    CopyPlane(element_size_, plane.rows, plane.columns, source, target, large_ && !packed_to);
    count -= elements;
    if (plane.outer_rows) {
      Step(inner - 1, plane.rows);
    } else {
      Step(inner, elements);
    }
  }
}

}  // namespace distarray
