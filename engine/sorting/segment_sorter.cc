#include "engine/sorting/segment_sorter.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <type_traits>
#include <utility>

#include "engine/sorting/classifier.h"
#include "engine/sorting/cuts.h"
#include "engine/sorting/key.h"
#include "engine/sorting/local_sort.h"

namespace distarray {
namespace {

constexpr std::int64_t kBatch = 1024;  // elements whose keys are made at a time

/// A number that looks random, the same in every run (SplitMix64).
std::uint64_t Scrambled(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

template <typename T, bool kIndices>
class SorterOf final : public SegmentSorter {
 public:
  using Key = KeyOf<T>;
  /// Keys travel where the result is made of them, or is not made of elements.
  static constexpr bool kCarriesKeys = kIndices || kKeyIsElement<T>;
  using Carried = std::conditional_t<kCarriesKeys, Key, T>;
  using Position = std::uint32_t;  // in a chunk

  explicit SorterOf(Input input) : SegmentSorter(std::move(input)) {}

  std::string Sample() const override {
    const std::int64_t wanted = segment_.SplitterCount() * SortedSegment::kSamplesPerSplitter;
    const std::int64_t size = std::max<std::int64_t>(segment_.size(), 1);
    // Rounded up, so that a part of any size is heard. Not more than there are.
    const auto share = static_cast<double>(count_) / static_cast<double>(size);
    const std::int64_t samples = std::min(count_, static_cast<std::int64_t>(static_cast<double>(wanted) * share) + 1);
    std::vector<Key> keys(static_cast<std::size_t>(samples));
    for (std::int64_t i = 0; i < samples; ++i) {
      // One of each of as many equal stretches, anywhere in it.
      const std::int64_t begin = static_cast<std::int64_t>(static_cast<double>(count_) * static_cast<double>(i) /
                                                           static_cast<double>(samples));
      const std::int64_t length = std::max<std::int64_t>(count_ / samples, 1);
      const auto seed = static_cast<std::uint64_t>(first_position_ + i);
      const auto offset = static_cast<std::int64_t>(Scrambled(seed) % static_cast<std::uint64_t>(length));
      MakeKeys(std::min(begin + offset, count_ - 1), 1, &keys[static_cast<std::size_t>(i)]);
    }
    ByteWriter out;
    out.PutVector(keys);
    return std::move(out).Take();
  }

  void UseSplitters(std::string_view splitters) override {
    classifier_ = Classifier<Key>(ByteReader(splitters).GetVector<Key>());
    counts_.assign(static_cast<std::size_t>(classifier_.bucket_count()), 0);
    done_ = 0;
  }

  bool Classify(std::int64_t budget) override {
    std::array<Key, kBatch> keys;
    const std::int64_t end = std::min(count_, done_ + budget);
    while (done_ < end) {
      const std::int64_t batch = std::min(kBatch, end - done_);
      MakeKeys(done_, batch, keys.data());
      std::uint16_t* const numbers = numbers_ + done_;
      classifier_.Classify(std::span<const Key>(keys.data(), static_cast<std::size_t>(batch)), numbers);
      for (std::int64_t i = 0; i < batch; ++i) {
        ++counts_[numbers[i]];
      }
      done_ += batch;
    }
    return done_ == count_;
  }

  bool Extract(std::int64_t budget) override {
    const std::int64_t end = wanted_.empty() ? count_ : std::min(count_, done_ + budget);
    for (; done_ < end && !wanted_.empty(); ++done_) {
      if (const int list = list_of_[numbers_[done_]]; list >= 0) {
        positions_[static_cast<std::size_t>(list)].push_back(done_);
      }
    }
    done_ = end;
    if (done_ < count_) {
      return false;
    }
    for (auto& positions : positions_) {
      SortPositions(positions);
    }
    return true;
  }

  std::string Middles() const override {
    std::vector<Key> middles;
    for (const int bucket : wanted_) {
      const auto& keys = keys_[static_cast<std::size_t>(list_of_[static_cast<std::size_t>(bucket)])];
      middles.push_back(keys.empty() ? Key{} : keys[keys.size() / 2]);
    }
    ByteWriter out;
    out.PutVector(middles);
    return std::move(out).Take();
  }

  std::string Answer(std::string_view questions) const override {
    std::vector<CutAnswer<Key>> answers;
    for (const auto& question : ByteReader(questions).GetVector<CutQuestion<Key>>()) {
      const auto bucket = static_cast<std::size_t>(wanted_[static_cast<std::size_t>(question.cut)]);
      answers.push_back(AnswerCut<Key>(keys_[static_cast<std::size_t>(list_of_[bucket])], question));
    }
    ByteWriter out;
    out.PutVector(answers);
    return std::move(out).Take();
  }

  std::int64_t KeysBytes() const override {
    std::int64_t most = 0;
    for (int round = 0; kIndices && round < plan_.rounds; ++round) {
      std::int64_t keys = 0;
      for (int i = plan_.BeginOf(part_, round); i < plan_.EndOf(part_, round); ++i) {
        keys += KeysOf(i);
      }
      most = std::max(most, keys);
    }
    return most * static_cast<std::int64_t>(sizeof(Key));
  }

  std::int64_t CarriedBytes() const override { return sizeof(Carried) + (kIndices ? sizeof(Position) : 0); }

  std::vector<std::span<const std::byte>> FillChunk(int round, std::int64_t chunk, std::byte* out) override;
  void Place(int round, int from, std::span<const std::byte> message) override;
  bool FinishRound(int round, std::int64_t budget) override;

 private:
  void MakeKeys(std::int64_t begin, std::int64_t count, Key* keys) const {
    const T* const elements = reinterpret_cast<const T*>(elements_) + begin;
    const auto fill = [&](const auto& key_of) {
      for (std::int64_t i = 0; i < count; ++i) {
        keys[i] = key_of(elements[i]);
      }
    };
    const auto key = [](T x) {
      if constexpr (!kIndices && kKeyIsElement<T>) {
        return ElementKey(x);
      } else {
        return OrderKey(x);
      }
    };
    if (segment_.descending) {
      fill([&](T x) { return ReversedKey(key(x)); });
    } else {
      fill(key);
    }
  }

  /// Orders positions by the keys there, and keeps these.
  void SortPositions(std::vector<std::int64_t>& positions) {
    std::vector<Key> keys(positions.size());
    for (std::size_t i = 0; i < positions.size(); ++i) {
      MakeKeys(positions[i], 1, &keys[i]);
    }
    std::vector<std::uint32_t> order(positions.size());
    sorter_.Order(keys, order.data());
    std::vector<std::int64_t> sorted;
    std::vector<Key> sorted_keys;
    for (const std::uint32_t i : order) {
      sorted.push_back(positions[i]);
      sorted_keys.push_back(keys[i]);
    }
    positions = std::move(sorted);
    keys_.push_back(std::move(sorted_keys));
  }

  /// Elements of bucket `i` of the sequence, own, whose keys have to be kept.
  std::int64_t KeysOf(int i) const {
    if (AllEqual(plan_.sequence[static_cast<std::size_t>(i)])) {
      return 0;
    }
    const auto own = static_cast<std::size_t>(i - OwnBegin());
    std::int64_t total = 0;
    for (const auto& from : plan_.incoming) {
      total += from[own];
    }
    return total;
  }

  void SortBucket(int i, std::int64_t begin, std::int64_t count);
  void FindKeysStarts(int round);

  Classifier<Key> classifier_;
  LocalSorter sorter_;
  std::vector<std::vector<Key>> keys_;     // of positions_
  std::vector<std::int64_t> keys_starts_;  // [own bucket]: less its start in the result, where its keys are; indices
  int keys_round_ = -1;
  std::vector<std::uint32_t> order_;
  std::vector<std::byte> moved_;
};

/// A message: how many elements each of the receiver's buckets of the round gets, these elements bucket by bucket, and,
/// where positions are wanted, their positions in the chunk.
template <typename T, bool kIndices>
std::vector<std::span<const std::byte>> SorterOf<T, kIndices>::FillChunk(int round, std::int64_t chunk,
                                                                         std::byte* out) {
  BeginRound(round);
  const std::int64_t begin = chunk * chunk_elements();
  const std::int64_t count = std::min(chunk_elements(), count_ - begin);
  const std::uint16_t* const numbers = numbers_ + begin;
  std::vector<std::uint32_t> counts(in_round_.size());
  for (std::int64_t i = 0; i < count; ++i) {
    ++counts[numbers[i]];
  }
  // What is not of this round goes to the same element again and again.
  std::array<Carried, 1> nowhere;
  std::array<Position, 1> nowhere_position;
  std::vector<Carried*> to(in_round_.size(), nowhere.data());
  std::vector<Position*> positions_to(kIndices ? in_round_.size() : 0, nowhere_position.data());
  std::vector<std::span<const std::byte>> messages;
  for (int part = 0; part < segment_.part_count(); ++part) {
    std::byte* const message = out;
    const int first = plan_.BeginOf(part, round);
    const int last = plan_.EndOf(part, round);
    auto* const header = reinterpret_cast<std::uint32_t*>(out);
    std::int64_t total = 0;
    for (int i = first; i < last; ++i) {
      const auto number = static_cast<std::size_t>(plan_.sequence[static_cast<std::size_t>(i)]);
      header[i - first] = counts[number];
      total += counts[number];
    }
    out += RoundedUp((last - first) * static_cast<std::int64_t>(sizeof(std::uint32_t)));
    auto* carried = reinterpret_cast<Carried*>(out);
    out += RoundedUp(total * static_cast<std::int64_t>(sizeof(Carried)));
    auto* positions = reinterpret_cast<Position*>(out);
    out += kIndices ? RoundedUp(total * static_cast<std::int64_t>(sizeof(Position))) : 0;
    for (int i = first; i < last; ++i) {
      const auto number = static_cast<std::size_t>(plan_.sequence[static_cast<std::size_t>(i)]);
      to[number] = carried;
      carried += counts[number];
      if constexpr (kIndices) {
        positions_to[number] = positions;
        positions += counts[number];
      }
    }
    messages.emplace_back(message, out);
  }
  std::array<Key, kBatch> keys;
  for (std::int64_t done = 0; done < count; done += kBatch) {
    const std::int64_t batch = std::min(kBatch, count - done);
    const std::uint16_t* const of_batch = numbers + done;
    if constexpr (kCarriesKeys) {
      MakeKeys(begin + done, batch, keys.data());
    }
    for (std::int64_t i = 0; i < batch; ++i) {
      const std::uint16_t number = of_batch[i];
      if constexpr (kCarriesKeys) {
        *to[number] = keys[static_cast<std::size_t>(i)];
      } else {
        *to[number] = reinterpret_cast<const T*>(elements_)[begin + done + i];
      }
      to[number] += in_round_[number];
      if constexpr (kIndices) {
        *positions_to[number] = static_cast<Position>(done + i);
        positions_to[number] += in_round_[number];
      }
    }
  }
  return messages;
}

template <typename T, bool kIndices>
void SorterOf<T, kIndices>::FindKeysStarts(int round) {
  if (keys_round_ == round) {
    return;
  }
  keys_round_ = round;
  keys_starts_.resize(starts_.size());
  std::int64_t before = 0;
  for (int i = plan_.BeginOf(part_, round); i < plan_.EndOf(part_, round); ++i) {
    const auto own = static_cast<std::size_t>(i - OwnBegin());
    keys_starts_[own] = before - starts_[own];
    before += KeysOf(i);
  }
}

template <typename T, bool kIndices>
void SorterOf<T, kIndices>::Place(int round, int from, std::span<const std::byte> message) {
  BeginRound(round);
  const int first = plan_.BeginOf(part_, round);
  const int last = plan_.EndOf(part_, round);
  const auto* const header = reinterpret_cast<const std::uint32_t*>(message.data());
  const std::int64_t total = std::accumulate(header, header + (last - first), std::int64_t{0});
  const std::byte* body = message.data() + RoundedUp((last - first) * static_cast<std::int64_t>(sizeof(std::uint32_t)));
  const auto* carried = reinterpret_cast<const Carried*>(body);
  body += RoundedUp(total * static_cast<std::int64_t>(sizeof(Carried)));
  const auto* positions = reinterpret_cast<const Position*>(body);
  std::int64_t& next_chunk = next_positions_[static_cast<std::size_t>(from)];
  auto& cursors = cursors_[static_cast<std::size_t>(from)];
  if constexpr (kIndices) {
    FindKeysStarts(round);
  }
  for (int i = first; i < last; ++i) {
    const std::uint32_t count = header[i - first];
    if (count == 0) {
      continue;
    }
    const auto own = static_cast<std::size_t>(i - OwnBegin());
    const std::int64_t at = cursors[own];
    cursors[own] += count;
    if constexpr (kIndices) {
      auto* const out = reinterpret_cast<std::int64_t*>(result_) + at;
      for (std::uint32_t k = 0; k < count; ++k) {
        out[k] = next_chunk + positions[k];
      }
      positions += count;
      if (!AllEqual(plan_.sequence[static_cast<std::size_t>(i)])) {
        std::copy_n(carried, count, reinterpret_cast<Key*>(keys_memory_) + at + keys_starts_[own]);
      }
    } else {
      std::copy_n(carried, count, reinterpret_cast<Carried*>(result_) + at);
    }
    carried += count;
  }
  next_chunk += chunk_elements();
}

template <typename T, bool kIndices>
void SorterOf<T, kIndices>::SortBucket(int i, std::int64_t begin, std::int64_t count) {
  const bool equal = AllEqual(plan_.sequence[static_cast<std::size_t>(i)]);
  const auto size = static_cast<std::size_t>(count);
  if constexpr (!kIndices && kCarriesKeys) {
    auto* const keys = reinterpret_cast<Key*>(result_) + begin;
    if (!equal) {
      sorter_.Sort(std::span<Key>(keys, size));
    }
    auto* const elements = reinterpret_cast<T*>(result_) + begin;
    const bool descending = segment_.descending;
    for (std::int64_t k = 0; k < count; ++k) {
      const Key key = descending ? ReversedKey(keys[k]) : keys[k];
      elements[k] = KeyElement<T>(key);
    }
  } else if (!equal && count > 1) {
    using Sorted = std::conditional_t<kIndices, std::int64_t, T>;
    order_.resize(std::max(order_.size(), size));
    moved_.resize(std::max(moved_.size(), size * std::max(sizeof(Sorted), sizeof(Key))));
    auto* const sorted = reinterpret_cast<Sorted*>(result_) + begin;
    if constexpr (kIndices) {
      const Key* const keys =
          reinterpret_cast<const Key*>(keys_memory_) + begin + keys_starts_[static_cast<std::size_t>(i - OwnBegin())];
      sorter_.Order(std::span<const Key>(keys, size), order_.data());
    } else {
      auto* const keys = reinterpret_cast<Key*>(moved_.data());
      for (std::size_t k = 0; k < size; ++k) {
        keys[k] = segment_.descending ? ReversedKey(OrderKey(sorted[k])) : OrderKey(sorted[k]);
      }
      sorter_.Order(std::span<const Key>(keys, size), order_.data());
    }
    auto* const before = reinterpret_cast<Sorted*>(moved_.data());
    std::copy_n(sorted, size, before);
    for (std::size_t k = 0; k < size; ++k) {
      sorted[k] = before[order_[k]];
    }
  }
}

template <typename T, bool kIndices>
bool SorterOf<T, kIndices>::FinishRound(int round, std::int64_t budget) {
  BeginRound(round);
  const int last = plan_.EndOf(part_, round) - OwnBegin();
  for (; finished_ < last && budget > 0; ++finished_) {
    const std::int64_t begin = starts_[static_cast<std::size_t>(finished_)];
    const std::int64_t count = starts_[static_cast<std::size_t>(finished_) + 1] - begin;
    SortBucket(OwnBegin() + finished_, begin, count);
    budget -= count;
  }
  return finished_ == last;
}

}  // namespace

SegmentSorter::SegmentSorter(Input input)
    : segment_(std::move(input.segment)),
      part_(input.part),
      count_(segment_.counts[static_cast<std::size_t>(part_)]),
      first_position_(std::accumulate(segment_.counts.begin(), segment_.counts.begin() + part_, std::int64_t{0})),
      elements_(input.elements),
      result_(input.result) {}

std::string SegmentSorter::Counts() const {
  ByteWriter out;
  out.PutVector(counts_);
  return std::move(out).Take();
}

void SegmentSorter::BeginExtract(std::string_view wanted) {
  wanted_ = ByteReader(wanted).GetVector<int>();
  list_of_.assign(counts_.size(), -1);
  for (const int bucket : wanted_) {
    int& list = list_of_[static_cast<std::size_t>(bucket)];
    if (list < 0) {
      list = static_cast<int>(positions_.size());
      positions_.emplace_back().reserve(static_cast<std::size_t>(counts_[static_cast<std::size_t>(bucket)]));
    }
  }
  done_ = 0;
}

bool SegmentSorter::AllEqual(int number) const {
  const auto bucket_count = static_cast<int>(counts_.size());
  const int bucket = number < bucket_count ? number : bucket_of_piece_[static_cast<std::size_t>(number - bucket_count)];
  return Classifier<std::int64_t>::AllEqual(bucket);
}

void SegmentSorter::UsePlan(std::string_view plan) {
  plan_ = SegmentPlan::Decode(plan);
  for (const SegmentPlan::Cut& cut : plan_.cuts) {
    bucket_of_piece_.insert(bucket_of_piece_.end(), cut.numbers.size(), cut.bucket);
  }
  starts_.assign(static_cast<std::size_t>(OwnEnd() - OwnBegin()) + 1, 0);
  for (std::size_t own = 0; own + 1 < starts_.size(); ++own) {
    starts_[own + 1] = starts_[own];
    for (const auto& from : plan_.incoming) {
      starts_[own + 1] += from[own];
    }
  }
  cursors_.resize(plan_.incoming.size());
  std::vector<std::int64_t> next(starts_.begin(), starts_.end() - 1);
  for (std::size_t from = 0; from < cursors_.size(); ++from) {
    cursors_[from] = next;
    for (std::size_t own = 0; own < next.size(); ++own) {
      next[own] += plan_.incoming[from][own];
    }
  }
  // The pieces of buckets whose positions are known.
  for (const SegmentPlan::Cut& cut : plan_.cuts) {
    const int list = list_of_[static_cast<std::size_t>(cut.bucket)];
    if (list < 0) {
      counted_.push_back(&cut);
      continue;
    }
    const auto& positions = positions_[static_cast<std::size_t>(list)];
    for (std::size_t piece = 0; piece < cut.begins.size(); ++piece) {
      const auto end = piece + 1 < cut.begins.size() ? cut.begins[piece + 1] : std::ssize(positions);
      for (std::int64_t i = cut.begins[piece]; i < end; ++i) {
        numbers_[positions[static_cast<std::size_t>(i)]] = static_cast<std::uint16_t>(cut.numbers[piece]);
      }
    }
  }
  positions_.clear();
  seen_.assign(counted_.size(), 0);
  done_ = 0;
}

/// Elements of buckets of equal keys pass to their pieces as they come.
bool SegmentSorter::Number(std::int64_t budget) {
  if (counted_.empty()) {
    return true;
  }
  std::vector<int> counted_of(counts_.size() + bucket_of_piece_.size(), -1);
  for (std::size_t i = 0; i < counted_.size(); ++i) {
    counted_of[static_cast<std::size_t>(counted_[i]->bucket)] = static_cast<int>(i);
  }
  const std::int64_t end = std::min(count_, done_ + budget);
  for (; done_ < end; ++done_) {
    const int counted = counted_of[numbers_[done_]];
    if (counted < 0) {
      continue;
    }
    const SegmentPlan::Cut& cut = *counted_[static_cast<std::size_t>(counted)];
    const std::int64_t place = seen_[static_cast<std::size_t>(counted)]++;
    const auto above = std::upper_bound(cut.begins.begin(), cut.begins.end(), place) - cut.begins.begin();
    if (above > 0) {
      numbers_[done_] = static_cast<std::uint16_t>(cut.numbers[static_cast<std::size_t>(above - 1)]);
    }
  }
  return done_ == count_;
}

std::int64_t SegmentSorter::ChunkCount(int part) const {
  return (segment_.counts[static_cast<std::size_t>(part)] + chunk_elements() - 1) / chunk_elements();
}

std::int64_t SegmentSorter::ChunkBytes() const {
  const std::int64_t most = *std::max_element(segment_.counts.begin(), segment_.counts.end());
  const auto headers = static_cast<std::int64_t>(plan_.sequence.size() * sizeof(std::uint32_t));
  // Each part of each message is rounded up, and so are chunks, which lie end to end.
  return RoundedUp(std::min(most, chunk_elements()) * CarriedBytes() + headers + segment_.part_count() * 3 * kRounded);
}

void SegmentSorter::BeginRound(int round) {
  if (round_ == round) {
    return;
  }
  round_ = round;
  next_positions_.assign(segment_.counts.size(), 0);
  std::exclusive_scan(segment_.counts.begin(), segment_.counts.end(), next_positions_.begin(), std::int64_t{0});
  in_round_.assign(counts_.size() + bucket_of_piece_.size(), 0);
  for (int part = 0; part < segment_.part_count(); ++part) {
    for (int i = plan_.BeginOf(part, round); i < plan_.EndOf(part, round); ++i) {
      in_round_[static_cast<std::size_t>(plan_.sequence[static_cast<std::size_t>(i)])] = 1;
    }
  }
}

std::unique_ptr<SegmentSorter> SegmentSorter::Make(Input input) {
  return Visit(input.segment.dtype, [&]<typename T>() -> std::unique_ptr<SegmentSorter> {
    if (input.segment.indices) {
      return std::make_unique<SorterOf<T, true>>(std::move(input));
    }
    if constexpr (sizeof(T) >= sizeof(KeyOf<T>)) {
      return std::make_unique<SorterOf<T, false>>(std::move(input));
    } else {
      return nullptr;
    }
  });
}

}  // namespace distarray
