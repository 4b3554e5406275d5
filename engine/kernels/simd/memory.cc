#include <cstring>

#include <emmintrin.h>

#include "engine/kernels/simd/tables.h"

namespace distarray::DISTARRAY_KERNEL_SET {
namespace {

struct SixteenBytes {
  std::uint64_t halves[2];
};

template <typename T>
void Gather(std::int64_t rows, std::int64_t n, const void* in, std::int64_t row_stride, std::int64_t stride, void* out) {
  T* __restrict to = static_cast<T*>(out);
  for (std::int64_t r = 0; r < rows; ++r, to += n) {
    const T* __restrict from = static_cast<const T*>(in) + r * row_stride;
    if (stride == 1) {
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
void Scatter(std::int64_t rows, std::int64_t n, const void* in, void* out, std::int64_t row_stride, std::int64_t stride) {
  const T* __restrict from = static_cast<const T*>(in);
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
  const std::int64_t unaligned = static_cast<std::int64_t>(-reinterpret_cast<std::uintptr_t>(to) & 15);
  const std::int64_t head = unaligned < bytes ? unaligned : bytes;
  std::memcpy(to, from, static_cast<std::size_t>(head));
  std::int64_t i = head;
  for (; i + 16 <= bytes; i += 16) {
    _mm_stream_si128(reinterpret_cast<__m128i*>(to + i), _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i)));
  }
  std::memcpy(to + i, from + i, static_cast<std::size_t>(bytes - i));
}

void Iota(std::int64_t n, std::int64_t start, std::int64_t step, std::int64_t* out) {
  for (std::int64_t i = 0; i < n; ++i) {
    out[i] = start + i * step;
  }
}

void Philox(std::int64_t n, const std::int64_t* __restrict index, std::uint64_t stream, std::uint64_t seed,
            std::uint64_t* __restrict first, std::uint64_t* __restrict second) {
  for (std::int64_t i = 0; i < n; ++i) {
    // Words in 64 bits: then a product of two words is one instruction on vectors.
    constexpr std::uint64_t kWord = 0xffffffff;
    const auto counter = static_cast<std::uint64_t>(index[i]);
    std::uint64_t c0 = counter & kWord;
    std::uint64_t c1 = counter >> 32;
    std::uint64_t c2 = stream & kWord;
    std::uint64_t c3 = stream >> 32;
    std::uint64_t k0 = seed & kWord;
    std::uint64_t k1 = seed >> 32;
    for (int round = 0; round < 10; ++round) {
      const std::uint64_t product0 = c0 * 0xD2511F53;
      const std::uint64_t product1 = c2 * 0xCD9E8D57;
      c0 = (product1 >> 32) ^ c1 ^ k0;
      c1 = product1 & kWord;
      c2 = (product0 >> 32) ^ c3 ^ k1;
      c3 = product0 & kWord;
      k0 = (k0 + 0x9E3779B9) & kWord;
      k1 = (k1 + 0xBB67AE85) & kWord;
    }
    first[i] = c0 | (c1 << 32);
    second[i] = c2 | (c3 << 32);
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
