#include "engine/redistribution/copy_box.h"

#include <algorithm>

#include "engine/redistribution/copy_plane.h"

namespace distarray {
namespace {

std::int64_t ExtentOf(const std::vector<CopyRun>& axis) {
  std::int64_t extent = 0;
  for (const CopyRun& run : axis) {
    extent += run.count;
  }
  return extent;
}

/// Appends `next` to `run` if the two are one regular run.
bool Join(CopyRun& run, const CopyRun& next) {
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
  if (o.from_step != i.from_step * i.count || o.to_step != i.to_step * i.count) {
    return false;
  }
  o = CopyRun{o.count * i.count, o.from + i.from, i.from_step, o.to + i.to, i.to_step};
  return true;
}

/// Where the whole of one side lies if it is contiguous; `start` and `step` name the side's members of CopyRun.
std::optional<std::int64_t> Contiguous(const std::vector<std::vector<CopyRun>>& axes, std::int64_t offset,
                                       std::int64_t CopyRun::*start, std::int64_t CopyRun::*step) {
  std::int64_t unit = 1;
  for (auto axis = axes.rbegin(); axis != axes.rend(); ++axis) {
    const std::int64_t base = axis->front().*start;
    std::int64_t position = 0;
    for (const CopyRun& run : *axis) {
      if (run.*start != base + position * unit || (run.count > 1 && run.*step != unit)) {
        return std::nullopt;
      }
      position += run.count;
    }
    offset += base;
    unit *= position;
  }
  return offset;
}

}  // namespace

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
    if (axis.size() == 1 && axis.front().count == 1) {
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
  return Contiguous(axes, from, &CopyRun::from, &CopyRun::from_step);
}

std::optional<std::int64_t> CopyBox::ContiguousTo() const {
  return Contiguous(axes, to, &CopyRun::to, &CopyRun::to_step);
}

CopyCursor::CopyCursor(const CopyBox& box, int element_size)
    : box_(&box), element_size_(element_size), remaining_(box.Count()), positions_(box.axes.size()) {
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
  const CopyRun& run = RunOf(axis);
  const bool inner = axis + 1 == positions_.size();
  std::int64_t from = -(run.from + position.index * run.from_step);
  std::int64_t to = -(run.to + position.index * run.to_step);
  bool carry = false;
  position.index += steps;
  if (position.index == run.count) {
    position.index = 0;
    ++position.run;
    if (position.run == box_->axes[axis].size()) {
      position.run = 0;
      carry = axis > 0;
    }
  }
  if (!inner) {
    const CopyRun& now = RunOf(axis);
    from += now.from + position.index * now.from_step;
    to += now.to + position.index * now.to_step;
    outer_from_ += from;
    outer_to_ += to;
  }
  if (carry) {
    Step(axis - 1, 1);
  }
}

void CopyCursor::Go(std::int64_t count, const std::byte* from, bool packed_from, std::byte* to, bool packed_to) {
  remaining_ -= count;
  const std::size_t inner = positions_.size() - 1;
  while (count > 0) {
    const CopyRun& run = RunOf(inner);
    const Position& position = positions_[inner];
    std::int64_t columns = std::min(run.count - position.index, count);
    std::int64_t rows = 1;
    CopyRun row;
    // Whole inner runs that repeat along the next axis go as a plane.
    if (inner > 0 && box_->axes[inner].size() == 1 && columns == run.count) {
      row = RunOf(inner - 1);
      rows = std::min(row.count - positions_[inner - 1].index, count / columns);
    }
    PlaneSide<const std::byte> source{from, columns, 1};
    PlaneSide<std::byte> target{to, columns, 1};
    if (!packed_from) {
      const std::int64_t at = outer_from_ + run.from + position.index * run.from_step;
      source = {from + at * element_size_, row.from_step, run.from_step};
    }
    if (!packed_to) {
      const std::int64_t at = outer_to_ + run.to + position.index * run.to_step;
      target = {to + at * element_size_, row.to_step, run.to_step};
    }
    CopyPlane(element_size_, rows, columns, source, target);
    from += packed_from ? rows * columns * element_size_ : 0;
    to += packed_to ? rows * columns * element_size_ : 0;
    count -= rows * columns;
    if (rows > 1) {
      Step(inner - 1, rows);
    } else {
      Step(inner, columns);
    }
  }
}

}  // namespace distarray
