#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace distarray {

/// What a part is asked about its sorted elements [begin, end), and what it answers.
template <typename Key>
struct CutQuestion {
  std::int64_t cut = 0;  // which of several cuts
  std::int64_t begin = 0;
  std::int64_t end = 0;
  Key pivot{};
};
template <typename Key>
struct CutAnswer {
  std::int64_t less = 0;   // elements less than the pivot
  std::int64_t equal = 0;  // and equal to it
  Key middle_less{};       // the middle one of the less ones, and of the greater ones, if there are any
  Key middle_greater{};
};

/// `keys`: the part's, ascending.
template <typename Key>
CutAnswer<Key> AnswerCut(std::span<const Key> keys, const CutQuestion<Key>& question) {
  const auto begin = keys.begin() + question.begin;
  const auto end = keys.begin() + question.end;
  const auto [equal_begin, equal_end] = std::equal_range(begin, end, question.pivot);
  CutAnswer<Key> answer{.less = equal_begin - begin, .equal = equal_end - equal_begin};
  if (begin != equal_begin) {
    answer.middle_less = *(begin + answer.less / 2);
  }
  if (equal_end != end) {
    answer.middle_greater = *(equal_end + (end - equal_end) / 2);
  }
  return answer;
}

/// Where each of several sorted parts is to be cut so that the left pieces together are the `rank` smallest elements;
/// equal ones are taken from the parts in order.
///
/// Found without bringing the parts together: of each part's undecided elements the middle one is known; the weighted
/// median of these is asked about in all parts, and what lies beyond it is decided: a quarter of what was left or more.
template <typename Key>
class CutSearch {
 public:
  struct Part {
    std::int64_t begin = 0;  // undecided elements
    std::int64_t end = 0;
    Key middle{};  // the one in the middle, if any is undecided
  };

  /// `rank`: elements to the left of the cut, at most as many as there are.
  CutSearch(std::int64_t rank, std::vector<Part> parts) : rank_(rank), parts_(std::move(parts)) { FindDone(); }

  bool done() const { return done_; }
  const std::vector<Part>& parts() const { return parts_; }
  /// What is to be asked about next.
  Key Pivot() const {
    std::vector<std::pair<Key, std::int64_t>> middles;
    std::int64_t total = 0;
    for (const Part& part : parts_) {
      if (part.begin < part.end) {
        middles.emplace_back(part.middle, part.end - part.begin);
        total += part.end - part.begin;
      }
    }
    std::sort(middles.begin(), middles.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::int64_t below = 0;
    for (const auto& [key, count] : middles) {
      below += count;
      if (2 * below >= total) {
        return key;
      }
    }
    return middles.back().first;
  }
  /// Takes what every part answered to a question about its undecided elements and the pivot.
  void Decide(const std::vector<CutAnswer<Key>>& answers) {
    std::int64_t less = 0;
    std::int64_t equal = 0;
    for (const CutAnswer<Key>& answer : answers) {
      less += answer.less;
      equal += answer.equal;
    }
    const bool above = rank_ > less + equal;
    const bool found = !above && rank_ >= less;
    std::int64_t quota = rank_ - less;  // equal ones that go left
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      Part& part = parts_[i];
      const std::int64_t equals = part.begin + answers[i].less;
      if (found) {
        const std::int64_t taken = std::min(quota, answers[i].equal);
        quota -= taken;
        part.begin = part.end = equals + taken;
      } else if (above) {
        part.begin = equals + answers[i].equal;
        part.middle = answers[i].middle_greater;
      } else {
        part.end = equals;
        part.middle = answers[i].middle_less;
      }
    }
    rank_ -= above ? less + equal : 0;
    done_ = found;
    FindDone();
  }

  /// Once done: where each part is cut.
  std::vector<std::int64_t> Cuts() const {
    std::vector<std::int64_t> cuts;
    for (const Part& part : parts_) {
      cuts.push_back(part.begin);
    }
    return cuts;
  }

 private:
  void FindDone() {
    std::int64_t undecided = 0;
    for (const Part& part : parts_) {
      undecided += part.end - part.begin;
    }
    if (rank_ == 0) {
      for (Part& part : parts_) {
        part.end = part.begin;
      }
      done_ = true;
    } else if (!done_ && rank_ == undecided) {
      for (Part& part : parts_) {
        part.begin = part.end;
      }
      done_ = true;
    }
  }

  std::int64_t rank_;
  std::vector<Part> parts_;
  bool done_ = false;
};

}  // namespace distarray
