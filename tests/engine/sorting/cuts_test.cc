#include "engine/sorting/cuts.h"

#include <random>

#include "tests/support/catch.h"

namespace distarray {
namespace {

using Parts = std::vector<std::vector<std::int64_t>>;

/// Cuts sorted parts by questions and answers; how many rounds of them it took.
int Cut(const Parts& parts, std::int64_t rank, std::vector<std::int64_t>& cuts) {
  std::vector<CutSearch<std::int64_t>::Part> known;
  for (const auto& part : parts) {
    known.push_back({.begin = 0, .end = std::ssize(part), .middle = part.empty() ? 0 : part[part.size() / 2]});
  }
  CutSearch<std::int64_t> search(rank, known);
  int rounds = 0;
  for (; !search.done(); ++rounds) {
    std::vector<CutAnswer<std::int64_t>> answers;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      answers.push_back(AnswerCut<std::int64_t>(
          parts[i], {.begin = search.parts()[i].begin, .end = search.parts()[i].end, .pivot = search.Pivot()}));
    }
    search.Decide(answers);
  }
  cuts = search.Cuts();
  return rounds;
}

/// Whether left pieces are the smallest elements, equal ones from the first parts.
bool IsCut(const Parts& parts, std::int64_t rank, const std::vector<std::int64_t>& cuts) {
  std::vector<std::pair<std::int64_t, std::size_t>> all;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    for (const std::int64_t key : parts[i]) {
      all.emplace_back(key, i);
    }
  }
  std::sort(all.begin(), all.end());
  std::vector<std::int64_t> expected(parts.size());
  for (std::int64_t i = 0; i < rank; ++i) {
    ++expected[all[static_cast<std::size_t>(i)].second];
  }
  return cuts == expected;
}

TEST_CASE("parts are cut so that the left pieces are the smallest elements") {
  std::mt19937 random(1);
  for (int trial = 0; trial < 2000; ++trial) {
    Parts parts(1 + random() % 5);
    std::int64_t size = 0;
    const auto values = static_cast<unsigned>(1 + random() % 30);
    for (auto& part : parts) {
      part.resize(random() % 40);
      for (auto& key : part) {
        key = random() % values;
      }
      std::sort(part.begin(), part.end());
      size += std::ssize(part);
    }
    const std::int64_t rank = static_cast<std::int64_t>(random() % static_cast<unsigned>(size + 1));
    std::vector<std::int64_t> cuts;
    const int rounds = Cut(parts, rank, cuts);
    CHECK(rounds < 24);
    CHECK(IsCut(parts, rank, cuts));
  }
}

TEST_CASE("parts that do not overlap are cut") {
  const Parts parts = {{7, 8, 9}, {}, {1, 2, 3, 4}};
  std::vector<std::int64_t> cuts;
  Cut(parts, 5, cuts);
  CHECK(cuts == std::vector<std::int64_t>{1, 0, 4});
}

}  // namespace
}  // namespace distarray
