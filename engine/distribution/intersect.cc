#include <algorithm>
#include <limits>

#include "engine/distribution/common_run.h"

namespace distarray {
namespace {

std::vector<const Segment*> ByStart(const std::vector<Segment>& segments) {
  std::vector<const Segment*> sorted;
  sorted.reserve(segments.size());
  for (const Segment& segment : segments) {
    if (segment.count > 0) {
      sorted.push_back(&segment);
    }
  }
  const auto before = [](const Segment* x, const Segment* y) { return x->start < y->start; };
  if (!std::is_sorted(sorted.begin(), sorted.end(), before)) {
    std::sort(sorted.begin(), sorted.end(), before);
  }
  return sorted;
}

/// Walks over both lists by start, holding the runs that have not ended; false if the pairs to look at become more than
/// `most_pairs`.
bool Sweep(const std::vector<const Segment*>& a, const std::vector<const Segment*>& b, std::int64_t most_pairs,
           std::vector<CommonRun>& found) {
  std::vector<const Segment*> open_a;
  std::vector<const Segment*> open_b;
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < a.size() || j < b.size()) {
    const bool from_a = j == b.size() || (i < a.size() && a[i]->start <= b[j]->start);
    const Segment* next = from_a ? a[i++] : b[j++];
    auto& others = from_a ? open_b : open_a;
    std::erase_if(others, [next](const Segment* other) { return other->last() < next->start; });
    if (others.empty() && (from_a ? j == b.size() : i == a.size())) {
      return true;
    }
    most_pairs -= static_cast<std::int64_t>(others.size());
    if (most_pairs < 0) {
      return false;
    }
    for (const Segment* other : others) {
      if (const auto common = from_a ? CommonOf(*next, *other) : CommonOf(*other, *next)) {
        found.push_back(*common);
      }
    }
    (from_a ? open_a : open_b).push_back(next);
  }
  return true;
}

struct Element {
  std::int64_t global = 0;
  std::int64_t local = 0;
};

std::vector<Element> ElementsOf(const std::vector<const Segment*>& segments) {
  std::vector<Element> elements;
  for (const Segment* segment : segments) {
    for (std::int64_t i = 0; i < segment->count; ++i) {
      elements.push_back({segment->start + i * segment->step, segment->local_start + i * segment->local_step});
    }
  }
  std::sort(elements.begin(), elements.end(), [](const Element& x, const Element& y) { return x.global < y.global; });
  return elements;
}

/// For lists of many interleaved runs: merges them element by element.
std::vector<Overlap> Merge(const std::vector<Element>& a, const std::vector<Element>& b) {
  std::vector<Overlap> overlaps;
  for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    if (a[i].global != b[j].global) {
      ++(a[i].global < b[j].global ? i : j);
      continue;
    }
    Overlap* run = overlaps.empty() ? nullptr : &overlaps.back();
    if (run != nullptr && run->count == 1) {
      run->a_step = a[i].local - run->a_start;
      run->b_step = b[j].local - run->b_start;
    }
    if (run != nullptr && run->a_start + run->count * run->a_step == a[i].local &&
        run->b_start + run->count * run->b_step == b[j].local) {
      ++run->count;
    } else {
      overlaps.push_back({a[i].local, 1, b[j].local, 1, 1});
    }
    ++i;
    ++j;
  }
  return overlaps;
}

/// Elements of both lists together, capped.
std::int64_t CountOf(const std::vector<const Segment*>& a, const std::vector<const Segment*>& b) {
  __int128 count = 0;
  for (const auto* segments : {&a, &b}) {
    for (const Segment* segment : *segments) {
      count += segment->count;
    }
  }
  return static_cast<std::int64_t>(std::min(count, __int128{std::numeric_limits<std::int64_t>::max() / 2}));
}

}  // namespace

std::vector<Overlap> Intersect(const std::vector<Segment>& a, const std::vector<Segment>& b) {
  const auto sorted_a = ByStart(a);
  const auto sorted_b = ByStart(b);
  std::vector<CommonRun> found;
  if (!Sweep(sorted_a, sorted_b, CountOf(sorted_a, sorted_b) + 1024, found)) {
    return Merge(ElementsOf(sorted_a), ElementsOf(sorted_b));
  }
  const auto before = [](const CommonRun& x, const CommonRun& y) { return x.first < y.first; };
  if (!std::is_sorted(found.begin(), found.end(), before)) {
    std::sort(found.begin(), found.end(), before);
  }
  std::vector<Overlap> overlaps;
  overlaps.reserve(found.size());
  for (const CommonRun& common : found) {
    overlaps.push_back(common.overlap);
  }
  return overlaps;
}

}  // namespace distarray
