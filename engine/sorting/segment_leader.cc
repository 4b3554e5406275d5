#include "engine/sorting/segment_leader.h"

#include <algorithm>
#include <map>
#include <utility>

#include "engine/sorting/classifier.h"
#include "engine/sorting/cuts.h"
#include "engine/sorting/key.h"

namespace distarray {
namespace {

/// Elements whose keys a part keeps at a time where it wants their positions: a sixth of its own, or not many.
std::int64_t KeysAtATime(std::int64_t count) { return std::max(count / 6, std::int64_t{1} << 18); }

template <typename Key>
class LeaderOf final : public SegmentLeader {
 public:
  explicit LeaderOf(const SortedSegment& segment) : segment_(segment) {}

  std::string ChooseSplitters(const std::vector<std::string>& samples) override {
    std::vector<Key> all;
    for (const std::string& of_part : samples) {
      const std::vector<Key> keys = ByteReader(of_part).GetVector<Key>();
      all.insert(all.end(), keys.begin(), keys.end());
    }
    ByteWriter out;
    out.PutVector(distarray::ChooseSplitters(std::move(all), segment_.SplitterCount()));
    return std::move(out).Take();
  }

  std::string ChooseCuts(const std::vector<std::string>& counts) override {
    for (const std::string& of_part : counts) {
      counts_.push_back(ByteReader(of_part).GetVector<std::int64_t>());
    }
    std::int64_t rank = 0;
    for (std::size_t part = 0; part + 1 < segment_.counts.size(); ++part) {
      rank += segment_.counts[part];
      ranks_.push_back(rank);
    }
    PlaceCuts();
    ByteWriter out;
    out.PutVector(searched_buckets_);
    return std::move(out).Take();
  }

  void BeginCuts(const std::vector<std::string>& middles) override {
    std::vector<std::vector<Key>> of_parts;
    for (const std::string& of_part : middles) {
      of_parts.push_back(ByteReader(of_part).GetVector<Key>());
    }
    for (std::size_t s = 0; s < searched_buckets_.size(); ++s) {
      std::vector<typename CutSearch<Key>::Part> parts;
      for (std::size_t part = 0; part < of_parts.size(); ++part) {
        parts.push_back({.begin = 0,
                         .end = counts_[part][static_cast<std::size_t>(searched_buckets_[s])],
                         .middle = of_parts[part][s]});
      }
      searches_.emplace_back(searched_ranks_[s], std::move(parts));
    }
  }

  bool Ask(std::vector<std::string>& questions) override {
    std::vector<std::vector<CutQuestion<Key>>> of_parts(segment_.counts.size());
    for (std::size_t s = 0; s < searches_.size(); ++s) {
      if (searches_[s].done()) {
        continue;
      }
      const Key pivot = searches_[s].Pivot();
      for (std::size_t part = 0; part < of_parts.size(); ++part) {
        const auto& undecided = searches_[s].parts()[part];
        of_parts[part].push_back({static_cast<std::int64_t>(s), undecided.begin, undecided.end, pivot});
      }
    }
    questions.clear();
    for (const auto& of_part : of_parts) {
      ByteWriter out;
      out.PutVector(of_part);
      questions.push_back(std::move(out).Take());
    }
    return !of_parts.front().empty();
  }

  void TakeAnswers(const std::vector<std::string>& answers) override {
    std::vector<std::vector<CutAnswer<Key>>> of_parts;
    for (const std::string& of_part : answers) {
      of_parts.push_back(ByteReader(of_part).GetVector<CutAnswer<Key>>());
    }
    std::size_t asked = 0;
    for (CutSearch<Key>& search : searches_) {
      if (search.done()) {
        continue;
      }
      std::vector<CutAnswer<Key>> of_search;
      for (const auto& of_part : of_parts) {
        of_search.push_back(of_part[asked]);
      }
      search.Decide(of_search);
      ++asked;
    }
  }

  std::vector<std::string> Plans() override;

 private:
  /// A place where the elements of one part of the result end and those of the next begin.
  struct Place {
    int bucket = 0;          // the cut lies before it, or within
    std::int64_t rank = 0;   // elements of the bucket before the cut; 0: before it
    std::size_t search = 0;  // of searches_, if the bucket's keys differ
  };

  void PlaceCuts() {
    const auto bucket_count = counts_.front().size();
    std::size_t bucket = 0;
    std::int64_t before = 0;
    const auto total = [&](std::size_t b) {
      std::int64_t sum = 0;
      for (const auto& of_part : counts_) {
        sum += of_part[b];
      }
      return sum;
    };
    for (const std::int64_t rank : ranks_) {
      while (bucket < bucket_count && before + total(bucket) <= rank) {
        before += total(bucket++);
      }
      Place place{.bucket = static_cast<int>(bucket), .rank = rank - before};
      if (place.rank > 0 && !Classifier<Key>::AllEqual(place.bucket)) {
        place.search = searched_buckets_.size();
        searched_buckets_.push_back(place.bucket);
        searched_ranks_.push_back(place.rank);
      }
      places_.push_back(place);
    }
  }

  /// How many elements of each part a cut within a bucket leaves on its left.
  std::vector<std::int64_t> CutsOf(const Place& place) const {
    if (!Classifier<Key>::AllEqual(place.bucket)) {
      return searches_[place.search].Cuts();
    }
    std::vector<std::int64_t> cuts;
    std::int64_t rest = place.rank;
    for (const auto& of_part : counts_) {
      cuts.push_back(std::min(rest, of_part[static_cast<std::size_t>(place.bucket)]));
      rest -= cuts.back();
    }
    return cuts;
  }

  void MakeSequence();
  void MakeRounds();

  SortedSegment segment_;
  std::vector<std::vector<std::int64_t>> counts_;  // [part][bucket]
  std::vector<std::int64_t> ranks_;                // of the ends of all parts but the last
  std::vector<Place> places_;                      // of ranks_
  std::vector<int> searched_buckets_;
  std::vector<std::int64_t> searched_ranks_;
  std::vector<CutSearch<Key>> searches_;

  // Of the plan:
  std::vector<std::vector<SegmentPlan::Cut>> cuts_;  // [part]
  std::vector<int> sequence_;                        // buckets and pieces
  std::vector<std::vector<std::int64_t>> pieces_;    // [part]: elements of each of the sequence
  std::vector<std::size_t> ends_;                    // of each part of the result, in sequence_
  int rounds_ = 1;
  std::vector<int> begins_;
};

/// Lists the buckets, those that are cut piece by piece.
template <typename Key>
void LeaderOf<Key>::MakeSequence() {
  const std::size_t parts = counts_.size();
  const int bucket_count = static_cast<int>(counts_.front().size());
  int next_number = bucket_count;
  cuts_.resize(parts);
  pieces_.resize(parts);
  std::size_t place = 0;
  for (int bucket = 0; bucket < bucket_count; ++bucket) {
    for (; place < places_.size() && places_[place].bucket == bucket && places_[place].rank == 0; ++place) {
      ends_.push_back(sequence_.size());
    }
    sequence_.push_back(bucket);
    const bool cut = place < places_.size() && places_[place].bucket == bucket;
    std::vector<std::int64_t> taken(parts);
    for (std::size_t part = 0; cut && part < parts; ++part) {
      cuts_[part].push_back({.bucket = bucket, .begins = {}, .numbers = {}});
    }
    std::int64_t last = 0;
    for (; place < places_.size() && places_[place].bucket == bucket; ++place) {
      if (places_[place].rank > last) {
        const std::vector<std::int64_t> at = CutsOf(places_[place]);
        for (std::size_t part = 0; part < parts; ++part) {
          pieces_[part].push_back(at[part] - taken[part]);
          taken[part] = at[part];
          cuts_[part].back().begins.push_back(at[part]);
          cuts_[part].back().numbers.push_back(next_number);
        }
        sequence_.push_back(next_number++);
        last = places_[place].rank;
      }
      ends_.push_back(sequence_.size() - 1);
    }
    for (std::size_t part = 0; part < parts; ++part) {
      pieces_[part].push_back(counts_[part][static_cast<std::size_t>(bucket)] - taken[part]);
    }
  }
  // Cuts behind everything: of empty parts at the end.
  ends_.resize(parts, sequence_.size());
}

template <typename Key>
void LeaderOf<Key>::MakeRounds() {
  const std::size_t parts = counts_.size();
  std::vector<std::vector<int>> begins(parts);
  std::size_t begin = 0;
  for (std::size_t part = 0; part < parts; ++part) {
    begins[part].push_back(static_cast<int>(begin));
    std::int64_t keys = 0;
    for (std::size_t i = begin; segment_.indices && i < ends_[part]; ++i) {
      std::int64_t total = 0;
      for (const auto& of_part : pieces_) {
        total += of_part[i];
      }
      keys += total;
      if (keys > KeysAtATime(segment_.counts[part]) && keys > total) {
        begins[part].push_back(static_cast<int>(i));
        keys = total;
      }
    }
    begin = ends_[part];
    rounds_ = std::max(rounds_, static_cast<int>(begins[part].size()));
  }
  for (std::size_t part = 0; part < parts; ++part) {
    begins[part].resize(static_cast<std::size_t>(rounds_), static_cast<int>(ends_[part]));
    begins_.insert(begins_.end(), begins[part].begin(), begins[part].end());
  }
  begins_.push_back(static_cast<int>(sequence_.size()));
}

template <typename Key>
std::vector<std::string> LeaderOf<Key>::Plans() {
  MakeSequence();
  MakeRounds();
  std::vector<std::string> plans;
  for (std::size_t part = 0; part < counts_.size(); ++part) {
    SegmentPlan plan{.rounds = rounds_, .cuts = cuts_[part], .sequence = sequence_, .begins = begins_, .incoming = {}};
    const auto begin = plan.BeginOf(static_cast<int>(part), 0);
    const auto end = plan.EndOf(static_cast<int>(part), rounds_ - 1);
    for (const auto& from : pieces_) {
      plan.incoming.emplace_back(from.begin() + begin, from.begin() + end);
    }
    plans.push_back(plan.Encode());
  }
  return plans;
}

}  // namespace

std::unique_ptr<SegmentLeader> SegmentLeader::Make(const SortedSegment& segment) {
  return Visit(segment.dtype, [&]<typename T>() -> std::unique_ptr<SegmentLeader> {
    return std::make_unique<LeaderOf<KeyOf<T>>>(segment);
  });
}

}  // namespace distarray
