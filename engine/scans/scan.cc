#include "engine/scans/scan.h"

#include <algorithm>
#include <complex>
#include <cstring>
#include <string_view>

#include "engine/kernels/kernel_set.h"

namespace distarray {

// One for each set that CMakeLists.txt compiles.
namespace baseline {
extern const ScanTable kScans;
}
namespace avx2 {
extern const ScanTable kScans;
}
namespace avx512 {
extern const ScanTable kScans;
}

namespace {

constexpr std::int64_t kSlice = std::int64_t{1} << 18;  // elements between two looks at the clock
constexpr std::int64_t kColumns = 1024;                 // numbers of a row whose state stays in the cache
constexpr std::int64_t kLong = kScanChunk * kScanLanes;

const ScanKernels& KernelsOf(const ScanKind& kind) {
  static const ScanTable& table = [&]() -> const ScanTable& {
    const std::string_view name = ActiveKernels().name;
    return name == "avx512" ? avx512::kScans : name == "avx2" ? avx2::kScans : baseline::kScans;
  }();
  // GCC 12 contracts complex products into vfmaddsub in spite of -ffp-contract=off: they take the set that has none.
  if (kind.product && KindOf(kind.dtype) == Kind::kComplex) {
    return baseline::kScans[1][static_cast<std::size_t>(kind.dtype)];
  }
  return table[kind.product ? 1 : 0][static_cast<std::size_t>(kind.dtype)];
}

int PartsOf(DType dtype) { return KindOf(dtype) == Kind::kComplex ? 2 : 1; }

/// Of no elements: -0, which added to -0 stays that.
ScanCarry NoSum() { return {.any = false, .numbers = {-0.0, 0, -0.0, 0}}; }

ScanState NoState() {
  ScanState state{};
  std::fill(std::begin(state.high), std::end(state.high), -0.0);
  return state;
}

void SetLane(ScanState& state, int lane, const ScanCarry& carry) {
  for (int part = 0; part < 2; ++part) {
    state.high[part * kScanLanes + lane] = carry.numbers[2 * part];
    state.low[part * kScanLanes + lane] = carry.numbers[2 * part + 1];
  }
}

/// Sum of two unevaluated sums. What overflowed stays infinite.
void AddPair(double* sum, double high, double low) {
  const double total = sum[0] + high;
  const double part = total - sum[0];
  const double error = (sum[0] - (total - part)) + (high - part) + (sum[1] + low);
  const double rounded = total + error;
  if (rounded - rounded != 0 || error == 0) {
    sum[0] = total;
    sum[1] = 0;
    return;
  }
  sum[0] = rounded;
  sum[1] = error - (rounded - total);
}

void AddLane(ScanCarry& carry, const ScanState& state, int lane) {
  carry.any = true;
  for (int part = 0; part < 2; ++part) {
    AddPair(carry.numbers + 2 * part, state.high[part * kScanLanes + lane], state.low[part * kScanLanes + lane]);
  }
}

}  // namespace

void StoreScanIdentity(const ScanKind& kind, std::int64_t count, std::byte* out) {
  Visit(kind.dtype, [&]<typename T>() {
    const T identity = kind.product ? T(1) : T(0);
    for (std::int64_t i = 0; i < count; ++i) {
      std::memcpy(out + i * static_cast<std::int64_t>(sizeof(T)), &identity, sizeof(T));
    }
  });
}

BlockScan::BlockScan(const ScanKind& kind, std::int64_t outer, std::int64_t n, std::int64_t inner, const std::byte* in,
                     std::byte* out, bool initial)
    : kind_(kind),
      kernels_(KernelsOf(kind)),
      outer_(inner == 0 || n + (initial ? 1 : 0) == 0 ? 0 : outer),
      n_(n),
      inner_(inner),
      in_(in),
      out_(out),
      initial_(initial ? 1 : 0),
      row_bytes_(inner * SizeOf(kind.dtype)),
      carry_(NoSum()) {}

void BlockScan::Begin(std::int64_t line) {
  if (initial_ != 0) {
    StoreScanIdentity(kind_, inner_, Out(line, -1));
  }
}

bool BlockScan::Advance() {
  if (line_ == outer_) {
    return false;
  }
  if (!kind_.compensated()) {
    AdvancePlain();
  } else if (inner_ > 1) {
    AdvanceColumns();
  } else if (n_ >= kLong) {
    AdvanceLongLine();
  } else {
    for (std::int64_t done = 0; done < kSlice && line_ < outer_; done += kScanLanes * (n_ + 1)) {
      const std::int64_t lines = std::min<std::int64_t>(kScanLanes, outer_ - line_);
      ScanShortLines(lines);
      line_ += lines;
    }
  }
  return true;
}

void BlockScan::AdvancePlain() {
  for (std::int64_t budget = kSlice; budget > 0 && line_ < outer_;) {
    if (row_ == 0) {
      Begin(line_);
      if (n_ > 0) {
        std::memcpy(Out(line_, 0), In(line_, 0), static_cast<std::size_t>(row_bytes_));
        row_ = 1;
      }
    }
    const std::int64_t rows = std::min(n_ - row_, std::max<std::int64_t>(budget / inner_, 1));
    if (rows > 0) {
      kernels_.plain(rows, inner_, In(line_, row_), Out(line_, row_), Out(line_, row_ - 1));
    }
    row_ += std::max<std::int64_t>(rows, 0);
    budget -= (rows + 1) * inner_;
    if (row_ >= n_) {
      row_ = 0;
      ++line_;
    }
  }
}

void BlockScan::AdvanceColumns() {
  const std::int64_t numbers = inner_ * PartsOf(kind_.dtype);
  const std::int64_t number_bytes = row_bytes_ / numbers;
  for (std::int64_t budget = kSlice; budget > 0 && line_ < outer_;) {
    if (row_ == 0) {
      if (column_ == 0) {
        Begin(line_);
      }
      high_.assign(kColumns, -0.0);
      low_.assign(kColumns, 0);
    }
    const std::int64_t columns = std::min(kColumns, numbers - column_);
    const std::int64_t rows = std::min(n_ - row_, std::max<std::int64_t>(budget / columns, 1));
    if (rows > 0) {
      kernels_.columns(rows, columns, In(line_, row_) + column_ * number_bytes,
                       Out(line_, row_) + column_ * number_bytes, numbers, high_.data(), low_.data());
    }
    row_ += rows;
    budget -= (rows + 1) * columns;
    if (row_ == n_) {
      row_ = 0;
      column_ += columns;
      if (column_ == numbers) {
        column_ = 0;
        ++line_;
      }
    }
  }
}

void BlockScan::AdvanceLongLine() {
  if (row_ == 0) {
    Begin(line_);
    carry_ = NoSum();
  }
  for (std::int64_t budget = kSlice; budget > 0 && row_ < n_;) {
    const std::int64_t left = n_ - row_;
    const int lanes = static_cast<int>(std::clamp<std::int64_t>(left / kScanChunk, 1, kScanLanes));
    const std::int64_t length = std::min(left, kScanChunk);
    std::array<const void*, kScanLanes> in;
    std::array<void*, kScanLanes> out;
    for (int lane = 0; lane < lanes; ++lane) {
      in[static_cast<std::size_t>(lane)] = In(line_, row_ + lane * kScanChunk);
      out[static_cast<std::size_t>(lane)] = Out(line_, row_ + lane * kScanChunk);
    }
    ScanState totals = NoState();
    kernels_.totals(lanes, in.data(), length, &totals);
    ScanState state = NoState();
    for (int lane = 0; lane < lanes; ++lane) {
      SetLane(state, lane, carry_);
      AddLane(carry_, totals, lane);
    }
    kernels_.lines(lanes, in.data(), out.data(), length, &state);
    row_ += lanes * length;
    budget -= lanes * length;
  }
  if (row_ == n_) {
    row_ = 0;
    ++line_;
  }
}

void BlockScan::ScanShortLines(std::int64_t lines) {
  const int lanes = static_cast<int>(lines);
  std::array<ScanCarry, kScanLanes> carries;
  carries.fill(NoSum());
  for (int lane = 0; lane < lanes; ++lane) {
    Begin(line_ + lane);
  }
  for (std::int64_t row = 0; row < n_; row += kScanChunk) {
    const std::int64_t length = std::min(n_ - row, kScanChunk);
    std::array<const void*, kScanLanes> in;
    std::array<void*, kScanLanes> out;
    ScanState state = NoState();
    for (int lane = 0; lane < lanes; ++lane) {
      const auto l = static_cast<std::size_t>(lane);
      in[l] = In(line_ + lane, row);
      out[l] = Out(line_ + lane, row);
      SetLane(state, lane, carries[l]);
    }
    if (row + length < n_) {
      ScanState totals = NoState();
      kernels_.totals(lanes, in.data(), length, &totals);
      for (int lane = 0; lane < lanes; ++lane) {
        AddLane(carries[static_cast<std::size_t>(lane)], totals, lane);
      }
    }
    kernels_.lines(lanes, in.data(), out.data(), length, &state);
  }
}

LinePart::LinePart(const ScanKind& kind, std::int64_t begin, std::int64_t end, const std::byte* in, std::byte* out)
    : kind_(kind),
      compensated_(kind.compensated()),
      kernels_(KernelsOf(kind)),
      begin_(begin),
      end_(end),
      in_(in),
      out_(out),
      next_(begin),
      carry_(NoSum()) {
  if (compensated_) {
    chunk_begin_ = begin / kScanChunk * kScanChunk;
    head_end_ = begin == chunk_begin_ ? begin : std::min(end, chunk_begin_ + kScanChunk);
    head_.resize(static_cast<std::size_t>((head_end_ - chunk_begin_) * size()));
  }
}

void LinePart::UseHead() {
  if (head_end_ > begin_) {
    std::memcpy(head_.data() + (begin_ - chunk_begin_) * size(), in_,
                static_cast<std::size_t>((head_end_ - begin_) * size()));
  }
}

void LinePart::SumChunks(std::int64_t chunks) {
  while (chunks > 0) {
    const int lanes = static_cast<int>(std::min<std::int64_t>(chunks, kScanLanes));
    std::array<const void*, kScanLanes> in;
    for (int lane = 0; lane < lanes; ++lane) {
      in[static_cast<std::size_t>(lane)] = in_ + (next_ - begin_ + lane * kScanChunk) * size();
    }
    ScanState state = NoState();
    kernels_.totals(lanes, in.data(), kScanChunk, &state);
    for (int lane = 0; lane < lanes; ++lane) {
      ScanCarry total = NoSum();
      AddLane(total, state, lane);
      totals_.push_back(total);
    }
    next_ += lanes * kScanChunk;
    chunks -= lanes;
  }
}

bool LinePart::AdvanceTotals() {
  if (!compensated_) {
    if (kernels_.total == nullptr || next_ == end_) {
      return false;
    }
    if (next_ == begin_) {
      std::memcpy(carry_.numbers, in_, static_cast<std::size_t>(size()));
      carry_.any = true;
      ++next_;
    }
    const std::int64_t count = std::min(end_ - next_, kSlice);
    kernels_.total(count, in_ + (next_ - begin_) * size(), carry_.numbers);
    next_ += count;
    return true;
  }
  if (next_ == begin_ && head_end_ > begin_) {
    if (head_end_ == chunk_begin_ + kScanChunk) {
      const void* in = head_.data();
      ScanState state = NoState();
      kernels_.totals(1, &in, kScanChunk, &state);
      totals_.push_back(NoSum());
      AddLane(totals_.back(), state, 0);
    }
    next_ = head_end_;
  }
  const std::int64_t chunks = std::min((end_ - next_) / kScanChunk, kSlice / kScanChunk);
  SumChunks(chunks);
  return chunks > 0;
}

ScanCarry LinePart::Start(const ScanCarry& before) {
  next_ = begin_;
  if (!compensated_) {
    ScanCarry after = carry_;
    if (before.any && kernels_.total != nullptr) {
      after = before;
      if (carry_.any) {
        kernels_.total(1, carry_.numbers, after.numbers);
      }
    }
    carry_ = before;
    return after;
  }
  ScanCarry running = before.any ? before : NoSum();
  carry_ = running;
  for (ScanCarry& total : totals_) {
    const ScanCarry own = total;
    total = running;
    running.any = true;
    for (int part = 0; part < 2; ++part) {
      AddPair(running.numbers + 2 * part, own.numbers[2 * part], own.numbers[2 * part + 1]);
    }
  }
  totals_.push_back(running);  // before the last chunk, which may not end here
  return running;
}

bool LinePart::AdvanceScan() {
  if (next_ == end_) {
    return false;
  }
  if (!compensated_) {
    if (next_ == begin_ && !carry_.any) {
      std::memcpy(out_, in_, static_cast<std::size_t>(size()));
      std::memcpy(carry_.numbers, in_, static_cast<std::size_t>(size()));
      carry_.any = true;
      ++next_;
      return true;
    }
    const std::int64_t count = std::min(end_ - next_, kSlice);
    std::byte* const out = out_ + (next_ - begin_) * size();
    kernels_.plain(count, 1, in_ + (next_ - begin_) * size(), out, carry_.numbers);
    std::memcpy(carry_.numbers, out + (count - 1) * size(), static_cast<std::size_t>(size()));
    next_ += count;
    return true;
  }
  if (next_ < head_end_) {
    std::vector<std::byte> scanned(head_.size());
    const void* in = head_.data();
    void* out = scanned.data();
    ScanState state = NoState();
    SetLane(state, 0, carry_);
    kernels_.lines(1, &in, &out, head_end_ - chunk_begin_, &state);
    std::memcpy(out_, scanned.data() + (begin_ - chunk_begin_) * size(),
                static_cast<std::size_t>((head_end_ - begin_) * size()));
    next_ = head_end_;
    return true;
  }
  for (std::int64_t budget = kSlice; budget > 0 && next_ < end_;) {
    const std::int64_t left = end_ - next_;
    const int lanes = static_cast<int>(std::clamp<std::int64_t>(left / kScanChunk, 1, kScanLanes));
    const std::int64_t length = std::min(left, kScanChunk);
    const std::int64_t chunk = next_ / kScanChunk - chunk_begin_ / kScanChunk;
    std::array<const void*, kScanLanes> in;
    std::array<void*, kScanLanes> out;
    ScanState state = NoState();
    for (int lane = 0; lane < lanes; ++lane) {
      const std::int64_t offset = (next_ - begin_ + lane * kScanChunk) * size();
      in[static_cast<std::size_t>(lane)] = in_ + offset;
      out[static_cast<std::size_t>(lane)] = out_ + offset;
      SetLane(state, lane, totals_[static_cast<std::size_t>(chunk + lane)]);
    }
    kernels_.lines(lanes, in.data(), out.data(), length, &state);
    next_ += lanes * length;
    budget -= lanes * length;
  }
  return true;
}

ScanCarry LinePart::After() const { return carry_; }

}  // namespace distarray
