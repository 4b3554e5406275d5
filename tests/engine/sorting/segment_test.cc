#include "engine/sorting/segment.h"

#include <memory>
#include <string>

#include "engine/sorting/segment_leader.h"
#include "engine/sorting/segment_sorter.h"
#include "engine/sorting/value_counts.h"
#include "tests/engine/sorting/elements.h"
#include "tests/support/catch.h"

namespace distarray {
namespace {

using Bytes = std::vector<std::byte>;

/// The parts of a segment, without what brings their messages.
class Parts {
 public:
  Parts(SortedSegment segment, const Bytes& elements, Bytes& result) : segment_(std::move(segment)) {
    const std::int64_t from_size = SizeOf(segment_.dtype);
    const std::int64_t to_size = segment_.indices ? 8 : from_size;
    std::int64_t begin = 0;
    for (int part = 0; part < segment_.part_count(); ++part) {
      sorters_.push_back(
          SegmentSorter::Make({segment_, part, elements.data() + begin * from_size, result.data() + begin * to_size}));
      begin += segment_.counts[static_cast<std::size_t>(part)];
    }
  }

  void Sort() {
    const auto leader = SegmentLeader::Make(segment_);
    const std::string splitters = leader->ChooseSplitters(OfAll([](SegmentSorter& s) { return s.Sample(); }));
    for (auto& sorter : sorters_) {
      numbers_.emplace_back(static_cast<std::size_t>(sorter->NumbersBytes()));
      sorter->UseNumbersMemory(numbers_.back().data());
      sorter->UseSplitters(splitters);
      while (!sorter->Classify(1000)) {
      }
    }
    const std::string wanted = leader->ChooseCuts(OfAll([](SegmentSorter& s) { return s.Counts(); }));
    for (auto& sorter : sorters_) {
      sorter->BeginExtract(wanted);
      while (!sorter->Extract(1000)) {
      }
    }
    leader->BeginCuts(OfAll([](SegmentSorter& s) { return s.Middles(); }));
    std::vector<std::string> questions;
    while (leader->Ask(questions)) {
      std::vector<std::string> answers;
      for (std::size_t i = 0; i < sorters_.size(); ++i) {
        answers.push_back(sorters_[i]->Answer(questions[i]));
      }
      leader->TakeAnswers(answers);
      ++asked_;
    }
    const auto plans = leader->Plans();
    for (std::size_t i = 0; i < sorters_.size(); ++i) {
      sorters_[i]->UsePlan(plans[i]);
      while (!sorters_[i]->Number(1000)) {
      }
      keys_.emplace_back(static_cast<std::size_t>(sorters_[i]->KeysBytes()));
      sorters_[i]->UseKeysMemory(keys_.back().data());
    }
    for (int round = 0; round < sorters_.front()->rounds(); ++round) {
      Exchange(round);
    }
  }

  int asked() const { return asked_; }
  int rounds() const { return sorters_.front()->rounds(); }
  std::int64_t keys_bytes() const {
    std::int64_t most = 0;
    for (const auto& sorter : sorters_) {
      most = std::max(most, sorter->KeysBytes());
    }
    return most;
  }

 private:
  template <typename F>
  std::vector<std::string> OfAll(F f) {
    std::vector<std::string> all;
    for (auto& sorter : sorters_) {
      all.push_back(f(*sorter));
    }
    return all;
  }

  void Exchange(int round) {
    for (int from = 0; from < static_cast<int>(sorters_.size()); ++from) {
      SegmentSorter& sender = *sorters_[static_cast<std::size_t>(from)];
      Bytes memory(static_cast<std::size_t>(sender.ChunkBytes()));
      for (std::int64_t chunk = 0; chunk < sender.ChunkCount(from); ++chunk) {
        const auto messages = sender.FillChunk(round, chunk, memory.data());
        CHECK(messages.back().data() + messages.back().size() <= memory.data() + memory.size());
        for (std::size_t to = 0; to < messages.size(); ++to) {
          sorters_[to]->Place(round, from, messages[to]);
        }
      }
    }
    for (auto& sorter : sorters_) {
      while (!sorter->FinishRound(round, 1000)) {
      }
    }
  }

  SortedSegment segment_;
  std::vector<std::unique_ptr<SegmentSorter>> sorters_;
  std::vector<Bytes> numbers_;
  std::vector<Bytes> keys_;
  int asked_ = 0;
};

template <typename T>
Bytes AsBytes(const std::vector<T>& elements) {
  Bytes bytes(elements.size() * sizeof(T));
  std::copy(elements.begin(), elements.end(), reinterpret_cast<T*>(bytes.data()));
  return bytes;
}

/// Sorts elements dealt out so: themselves, and their positions.
template <typename T>
bool IsSegmentSorted(const std::vector<std::int64_t>& counts, Kinds kinds, bool descending) {
  const SortedSegment segment{.dtype = kDTypeOf<T>, .indices = false, .descending = descending, .counts = counts};
  const auto elements = RandomElements<T>(segment.size(), kinds, 9);
  const auto expected = ExpectedOrder(elements, descending);
  const Bytes bytes = AsBytes(elements);

  SortedSegment for_indices = segment;
  for_indices.indices = true;
  Bytes indices(elements.size() * sizeof(std::int64_t));
  Parts(for_indices, bytes, indices).Sort();
  const auto* const found = reinterpret_cast<const std::int64_t*>(indices.data());
  bool same = std::equal(expected.begin(), expected.end(), found);

  Bytes result(bytes.size());
  if (ValueCounts::Suits(segment.dtype)) {
    ValueCounts values(segment.dtype);
    values.Count(bytes.data(), segment.size());
    ValueCounts total(segment.dtype);
    total.Add(values.Encode());
    const std::int64_t half = segment.size() / 2;
    total.Fill(descending, 0, half, result.data());
    total.Fill(descending, half, segment.size() - half, result.data() + half * SizeOf(segment.dtype));
  } else {
    Parts(segment, bytes, result).Sort();
  }
  const auto* const sorted = reinterpret_cast<const T*>(result.data());
  for (std::size_t i = 0; i < elements.size(); ++i) {
    same = same && Same(sorted[i], static_cast<T>(elements[static_cast<std::size_t>(expected[i])]));
  }
  return same;
}

TEST_CASE("segments of every dtype are sorted exactly, however they are dealt out") {
  const std::vector<std::vector<std::int64_t>> dealt = {{1}, {5000}, {1, 1, 1}, {3000, 1, 2500, 40}, {7, 9000}};
  for (int dtype = 0; dtype < kDTypeCount; ++dtype) {
    for (const auto& counts : dealt) {
      for (const Kinds kinds : kAllKinds) {
        CHECK(Visit(static_cast<DType>(dtype), [&]<typename T>() {
          return IsSegmentSorted<T>(counts, kinds, false) && IsSegmentSorted<T>(counts, kinds, true);
        }));
      }
    }
  }
}

TEST_CASE("a large segment has many buckets, chunks and rounds") {
  for (const Kinds kinds : kAllKinds) {
    CHECK(IsSegmentSorted<double>({700000, 500001, 1}, kinds, false));
  }
  const SortedSegment segment{
      .dtype = DType::kInt64, .indices = true, .descending = false, .counts = {3000000, 1000000}};
  const auto elements = RandomElements<std::int64_t>(segment.size(), Kinds::kMany, 10);
  Bytes indices(elements.size() * sizeof(std::int64_t));
  const Bytes bytes = AsBytes(elements);
  Parts parts(segment, bytes, indices);
  parts.Sort();
  CHECK(parts.rounds() > 3);
  CHECK(parts.keys_bytes() < 3000000 * 8 / 4);
  CHECK(parts.asked() < 60);
  const auto expected = ExpectedOrder(elements, false);
  CHECK(std::equal(expected.begin(), expected.end(), reinterpret_cast<const std::int64_t*>(indices.data())));
}

}  // namespace
}  // namespace distarray
