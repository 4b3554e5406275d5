#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/dtype/dtype.h"
#include "engine/scans/scan_set.h"

namespace distarray {

/// Running sums and products. Integers wrap; bools are added by `or`, multiplied by `and`. Products of floating numbers
/// are made one after the other, rounded each time, as NumPy does.
///
/// Floating sums carry their errors along and are rounded once for each element. Their order is fixed by global index,
/// so that they are the same bit for bit however a line is dealt out: a line is cut into chunks of kScanChunk elements;
/// a chunk's total is summed from its begin; the totals are added up, chunk after chunk; and the running sums of a
/// chunk go on from the total of all chunks before it.
inline constexpr std::int64_t kScanChunk = 256;

struct ScanKind {
  bool product = false;
  DType dtype = DType::kFloat64;

  bool compensated() const { return !product && KindOf(dtype) >= Kind::kFloat; }
};

/// Writes 0 or 1, which running sums or products begin with.
void StoreScanIdentity(const ScanKind& kind, std::int64_t count, std::byte* out);

/// The running total of all before some element.
struct ScanCarry {
  bool any = false;               // there is an element before
  alignas(16) double numbers[4];  // sums of floating numbers: high and low, twice for complex ones; else one element
};
static_assert(sizeof(ScanCarry) == 48);

/// Totals along the middle dimension of dense elements of shape (outer, n, inner), all of which is here.
class BlockScan {
 public:
  /// `initial`: out has n + 1 in the middle, of which the first is 0 or 1.
  BlockScan(const ScanKind& kind, std::int64_t outer, std::int64_t n, std::int64_t inner, const std::byte* in,
            std::byte* out, bool initial);

  /// Does a slice, of at most about two milliseconds; false: there was none left.
  bool Advance();

 private:
  void Begin(std::int64_t line);
  void AdvancePlain();
  void AdvanceColumns();
  void AdvanceLongLine();
  void ScanShortLines(std::int64_t lines);
  const std::byte* In(std::int64_t line, std::int64_t row) const { return in_ + (line * n_ + row) * row_bytes_; }
  std::byte* Out(std::int64_t line, std::int64_t row) const {
    return out_ + (line * (n_ + initial_) + row + initial_) * row_bytes_;
  }

  ScanKind kind_;
  const ScanKernels& kernels_;
  std::int64_t outer_, n_, inner_;
  const std::byte* in_;
  std::byte* out_;
  std::int64_t initial_;
  std::int64_t row_bytes_;
  std::int64_t line_ = 0;    // of outer
  std::int64_t row_ = 0;     // of n
  std::int64_t column_ = 0;  // of the numbers of a row
  ScanCarry carry_;          // of a long line
  std::vector<double> high_, low_;
};

/// One engine's part of a line that is dealt out in blocks: elements begin to end.
class LinePart {
 public:
  LinePart(const ScanKind& kind, std::int64_t begin, std::int64_t end, const std::byte* in, std::byte* out);

  /// So many elements before `begin` are needed, in `head`, before anything else.
  std::int64_t head_count() const { return compensated_ ? begin_ - chunk_begin_ : 0; }
  std::byte* head() { return head_.data(); }
  void UseHead();

  /// Sums up what is here, a slice at a time; false: done.
  bool AdvanceTotals();
  /// Whether the total of this part is known before the running totals are: else Through comes after all of
  /// AdvanceScan.
  bool KnowsTotal() const { return compensated_ || kernels_.total != nullptr; }
  /// What is before this part is `before`; returns what is before the next one.
  ScanCarry Start(const ScanCarry& before);
  bool AdvanceScan();
  /// What is before the next part, where it is known only now.
  ScanCarry After() const;

 private:
  void SumChunks(std::int64_t chunks);
  std::int64_t size() const { return SizeOf(kind_.dtype); }

  ScanKind kind_;
  bool compensated_;
  const ScanKernels& kernels_;
  std::int64_t begin_, end_;
  const std::byte* in_;
  std::byte* out_;
  std::int64_t chunk_begin_ = 0;   // of the chunk that begin_ is in
  std::int64_t head_end_ = 0;      // of that chunk, or of the part
  std::int64_t next_ = 0;          // the first element that is still to be done
  std::vector<std::byte> head_;    // elements chunk_begin_ to head_end_
  std::vector<ScanCarry> totals_;  // of the chunks that end here; then of all before each of these
  ScanCarry carry_;
};

}  // namespace distarray
