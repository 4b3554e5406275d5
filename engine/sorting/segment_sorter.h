#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/sorting/segment.h"

namespace distarray {

/// One part's work in sorting a segment. In this order, each step in all parts before the next one in any (messages in
/// between are strings of bytes; see SegmentLeader for what becomes of them):
///
///   Sample, UseSplitters                      buckets are chosen
///   Classify until true, Counts               each element has its bucket
///   BeginExtract, Extract until true, Middles, Answer ...   where buckets are cut
///   UsePlan, Number until true                each element has its final bucket
///   for each round:
///     FillChunk of each chunk, its messages to the parts; Place of each message that comes, from each part in order
///     FinishRound until true                  the buckets are sorted
///
/// Steps that take long are done a budget of elements at a time. Elements are taken in the order of their positions and
/// placed in the order of the parts, so that within a bucket they are in the order of the sequence.
class SegmentSorter {
 public:
  struct Input {
    SortedSegment segment;
    int part = 0;
    const std::byte* elements = nullptr;
    std::byte* result = nullptr;
  };

  /// Null: elements of one or two bytes, which CountingSort sorts, unless their positions are wanted.
  static std::unique_ptr<SegmentSorter> Make(Input input);
  virtual ~SegmentSorter() = default;

  /// Bytes of scratch memory that Classify and all after it need, 64-byte aligned.
  std::int64_t NumbersBytes() const { return count_ * static_cast<std::int64_t>(sizeof(std::uint16_t)); }
  void UseNumbersMemory(std::byte* memory) { numbers_ = reinterpret_cast<std::uint16_t*>(memory); }

  virtual std::string Sample() const = 0;
  virtual void UseSplitters(std::string_view splitters) = 0;
  virtual bool Classify(std::int64_t budget) = 0;
  std::string Counts() const;
  /// `wanted`: a list of bucket numbers.
  void BeginExtract(std::string_view wanted);
  virtual bool Extract(std::int64_t budget) = 0;
  virtual std::string Middles() const = 0;
  virtual std::string Answer(std::string_view questions) const = 0;
  void UsePlan(std::string_view plan);
  bool Number(std::int64_t budget);

  int rounds() const { return plan_.rounds; }
  /// Bytes of scratch memory for the rounds, 64-byte aligned.
  virtual std::int64_t KeysBytes() const = 0;
  void UseKeysMemory(std::byte* memory) { keys_memory_ = memory; }

  static constexpr std::int64_t kChunk = std::int64_t{1} << 17;
  /// Chunks into which the elements of a part are cut.
  std::int64_t ChunkCount(int part) const;
  /// Bytes that the messages of one chunk take together at most; one message at most.
  std::int64_t ChunkBytes() const;
  /// Writes the messages of a chunk one behind the other to `out`; the part's own is among them.
  virtual std::vector<std::span<const std::byte>> FillChunk(int round, std::int64_t chunk, std::byte* out) = 0;
  /// Takes the message of a part's next chunk.
  virtual void Place(int round, int from, std::span<const std::byte> message) = 0;
  virtual bool FinishRound(int round, std::int64_t budget) = 0;

 protected:
  explicit SegmentSorter(Input input);

  static constexpr std::int64_t kRounded = 16;
  static constexpr std::int64_t RoundedUp(std::int64_t bytes) { return (bytes + kRounded - 1) / kRounded * kRounded; }

  std::int64_t chunk_elements() const { return segment_.indices ? kChunk / 2 : kChunk; }
  virtual std::int64_t CarriedBytes() const = 0;  // of an element in a message
  /// The buckets of this part's, in plan_.sequence.
  int OwnBegin() const { return plan_.BeginOf(part_, 0); }
  int OwnEnd() const { return plan_.EndOf(part_, plan_.rounds - 1); }
  /// Whether the keys of a bucket or piece are all equal.
  bool AllEqual(int number) const;
  /// Where elements go: BeginRound(round) before its first chunk or message.
  void BeginRound(int round);

  SortedSegment segment_;
  int part_;
  std::int64_t count_;               // of this part
  std::int64_t first_position_ = 0;  // in the sequence
  const std::byte* elements_;
  std::byte* result_;
  std::uint16_t* numbers_ = nullptr;  // of each element's bucket
  std::byte* keys_memory_ = nullptr;
  std::int64_t done_ = 0;             // elements of the step under way
  std::vector<std::int64_t> counts_;  // of the buckets

  std::vector<int> wanted_;
  std::vector<int> list_of_;                          // [bucket]: in positions_; -1: not wanted
  std::vector<std::vector<std::int64_t>> positions_;  // [list]: of the bucket's elements here, in their order

  SegmentPlan plan_;
  std::vector<int> bucket_of_piece_;                // [number - classifier's buckets]
  std::vector<const SegmentPlan::Cut*> counted_;    // cut buckets of equal keys
  std::vector<std::int64_t> seen_;                  // elements of counted_ so far
  std::vector<std::int64_t> starts_;                // [own bucket]: in the result; one more
  std::vector<std::vector<std::int64_t>> cursors_;  // [from][own bucket]: where its next element goes
  int finished_ = 0;                                // own buckets, over all rounds

  int round_ = -1;
  std::vector<std::uint8_t> in_round_;        // [number]: 1: of the round
  std::vector<std::int64_t> next_positions_;  // [from]: of the first element of its next chunk, in the sequence
};

}  // namespace distarray
