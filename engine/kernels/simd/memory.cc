#include <cstdlib>
#include <cstring>

#include "engine/kernels/simd/tables.h"
#include "instruction_set.h"

namespace distarray::DISTARRAY_KERNEL_SET {
namespace {

constexpr std::int64_t kLine = 64;     // bytes of a cache line
constexpr std::int64_t kAhead = 2048;  // a row is asked for so many bytes before it is needed

struct SixteenBytes {
  std::uint64_t halves[2];
};

template <typename T>
void Gather(std::int64_t rows, std::int64_t n, const void* in, std::int64_t row_stride, std::int64_t stride,
            void* out) {
  T* __restrict to = static_cast<T*>(out);
  if (rows > 1 && std::llabs(row_stride) < std::llabs(stride)) {
    const T* __restrict from = static_cast<const T*>(in);
    for (std::int64_t i = 0; i < n; ++i) {
      // The next box continues with the next columns, which no processor foresees.
      __builtin_prefetch(from + (n + i) * stride);
      __builtin_prefetch(from + (n + i) * stride + (rows - 1) * row_stride);
      for (std::int64_t r = 0; r < rows; ++r) {
        to[r * n + i] = from[r * row_stride + i * stride];
      }
    }
    return;
  }
  for (std::int64_t r = 0; r < rows; ++r, to += n) {
    const T* __restrict from = static_cast<const T*>(in) + r * row_stride;
    if (stride == 1) {
      for (std::int64_t i = 0; rows > 1 && i < n; i += kLine / static_cast<std::int64_t>(sizeof(T))) {
        __builtin_prefetch(from + i + kAhead / static_cast<std::int64_t>(sizeof(T)));
      }
      std::memcpy(to, from, static_cast<std::size_t>(n) * sizeof(T));
    } else if (stride == 0) {
      const T value = *from;
      for (std::int64_t i = 0; i < n; ++i) {
        to[i] = value;
      }
    } else {
      for (std::int64_t i = 0; i < n; ++i) {
        to[i] = from[i * stride];
      }
    }
  }
}

template <typename T>
void Scatter(std::int64_t rows, std::int64_t n, const void* in, void* out, std::int64_t row_stride,
             std::int64_t stride) {
  const T* __restrict from = static_cast<const T*>(in);
  if (rows > 1 && std::llabs(row_stride) < std::llabs(stride)) {
    T* __restrict to = static_cast<T*>(out);
    for (std::int64_t i = 0; i < n; ++i) {
      for (std::int64_t r = 0; r < rows; ++r) {
        to[r * row_stride + i * stride] = from[r * n + i];
      }
    }
    return;
  }
  for (std::int64_t r = 0; r < rows; ++r, from += n) {
    T* __restrict to = static_cast<T*>(out) + r * row_stride;
    if (stride == 1) {
      std::memcpy(to, from, static_cast<std::size_t>(n) * sizeof(T));
    } else {
      for (std::int64_t i = 0; i < n; ++i) {
        to[i * stride] = from[i];
      }
    }
  }
}

void Stream(std::int64_t bytes, const void* in, void* out) {
  const char* from = static_cast<const char*>(in);
  char* to = static_cast<char*>(out);
  const auto unaligned = static_cast<std::int64_t>(-reinterpret_cast<std::uintptr_t>(to) & (kVectorBytes - 1));
  const std::int64_t head = unaligned < bytes ? unaligned : bytes;
  std::memcpy(to, from, static_cast<std::size_t>(head));
  std::int64_t i = head;
  for (; i + kVectorBytes <= bytes; i += kVectorBytes) {
    StreamVector(from + i, to + i);
  }
  std::memcpy(to + i, from + i, static_cast<std::size_t>(bytes - i));
}

void Iota(std::int64_t n, std::int64_t start, std::int64_t step, std::int64_t* out) {
  for (std::int64_t i = 0; i < n; ++i) {
    out[i] = start + i * step;
  }
}

typedef std::uint64_t Words __attribute__((vector_size(kVectorBytes)));

/// Ten rounds on several counters at once; a 32-bit word lies in the low half of a lane.
void PhiloxRounds(Words c0, Words c1, Words c2, Words c3, std::uint64_t seed, Words& first, Words& second) {
  constexpr std::uint64_t kLow = 0xffffffff;
  std::uint64_t k0 = seed & kLow;
  std::uint64_t k1 = seed >> 32;
  for (int round = 0; round < 10; ++round) {
    const Words product0 = MultiplyWords(c0, Words{} + 0xD2511F53);
    const Words product1 = MultiplyWords(c2, Words{} + 0xCD9E8D57);
    c0 = (product1 >> 32) ^ c1 ^ k0;
    c1 = product1 & kLow;
    c2 = (product0 >> 32) ^ c3 ^ k1;
    c3 = product0 & kLow;
    k0 = (k0 + 0x9E3779B9) & kLow;
    k1 = (k1 + 0xBB67AE85) & kLow;
  }
  first = c0 | (c1 << 32);
  second = c2 | (c3 << 32);
}

void Philox(std::int64_t n, const std::int64_t* index, std::uint64_t stream, std::uint64_t seed, std::uint64_t* first,
            std::uint64_t* second) {
  constexpr std::int64_t kLanes = kVectorBytes / static_cast<int>(sizeof(std::uint64_t));
  const Words stream_low = Words{} + (stream & 0xffffffff);
  const Words stream_high = Words{} + (stream >> 32);
  const auto draw = [&](const void* counters, void* low, void* high) {
    Words counter;
    Words words[2];
    std::memcpy(&counter, counters, sizeof(Words));
    PhiloxRounds(counter & 0xffffffff, counter >> 32, stream_low, stream_high, seed, words[0], words[1]);
    std::memcpy(low, &words[0], sizeof(Words));
    std::memcpy(high, &words[1], sizeof(Words));
  };
  std::int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    draw(index + i, first + i, second + i);
  }
  if (i < n) {
    const auto bytes = static_cast<std::size_t>(n - i) * sizeof(std::uint64_t);
    std::uint64_t rest[3][kLanes] = {};
    std::memcpy(rest[0], index + i, bytes);
    draw(rest[0], rest[1], rest[2]);
    std::memcpy(first + i, rest[1], bytes);
    std::memcpy(second + i, rest[2], bytes);
  }
}

constexpr MemoryKernels kMemory = {
    .gather = {&Gather<std::uint8_t>, &Gather<std::uint16_t>, &Gather<std::uint32_t>, &Gather<std::uint64_t>,
               &Gather<SixteenBytes>},
    .scatter = {&Scatter<std::uint8_t>, &Scatter<std::uint16_t>, &Scatter<std::uint32_t>, &Scatter<std::uint64_t>,
                &Scatter<SixteenBytes>},
    .stream = &Stream,
    .iota = &Iota,
    .philox = &Philox,
};

}  // namespace

const MemoryKernels& Memory() { return kMemory; }

}  // namespace distarray::DISTARRAY_KERNEL_SET
