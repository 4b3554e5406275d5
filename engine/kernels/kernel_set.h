#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "engine/kernels/kernel.h"

namespace distarray {

/// out[i] = in[i] converted; see Cast in engine/program/program.h.
using CastKernel = void (*)(std::int64_t n, const void* in, void* out);

/// Copies of rows x n elements of one size between dense memory and memory with strides (in elements).
using GatherKernel = void (*)(std::int64_t rows, std::int64_t n, const void* in, std::int64_t row_stride,
                              std::int64_t stride, void* out);
using ScatterKernel = void (*)(std::int64_t rows, std::int64_t n, const void* in, void* out, std::int64_t row_stride,
                               std::int64_t stride);

struct MemoryKernels {
  std::array<GatherKernel, 5> gather{};    // by the logarithm of the element's size
  std::array<ScatterKernel, 5> scatter{};  // likewise
  /// Copies past the caches.
  void (*stream)(std::int64_t bytes, const void* in, void* out) = nullptr;
  /// out[i] = start + i * step
  void (*iota)(std::int64_t n, std::int64_t start, std::int64_t step, std::int64_t* out) = nullptr;
  /// 128 random bits for each index: Philox 4x32-10 with counter (index, stream) and key seed.
  void (*philox)(std::int64_t n, const std::int64_t* index, std::uint64_t stream, std::uint64_t seed,
                 std::uint64_t* first, std::uint64_t* second) = nullptr;
};

/// How one reduction runs on elements of one dtype. An accumulator has `planes` numbers, and `count` accumulators are
/// stored plane by plane: plane p of accumulator k is at (p * count + k) * plane_bytes. A running total over a long row
/// is kept in `lanes`, as wide as the vectors are, and folded into its accumulator at the end of the row.
struct ReductionKernels {
  int planes = 0;
  int plane_bytes = 0;
  int lanes_bytes = 0;
  /// Accumulators of no elements.
  void (*clear)(std::int64_t count, void* accumulators) = nullptr;
  void (*clear_lanes)(void* lanes) = nullptr;
  void (*add_to_lanes)(std::int64_t n, const void* in, void* lanes) = nullptr;
  /// Adds lanes to accumulator k.
  void (*fold_lanes)(void* lanes, void* accumulators, std::int64_t count, std::int64_t k) = nullptr;
  /// Adds dense in[r][0..n) to accumulator k + r * step for each of the rows.
  void (*rows)(std::int64_t rows, std::int64_t n, const void* in, void* accumulators, std::int64_t count,
               std::int64_t k, std::int64_t step) = nullptr;
  /// Adds in[r * in_step + i] to accumulator k + r * step + i.
  void (*columns)(std::int64_t rows, std::int64_t n, const void* in, std::int64_t in_step, void* accumulators,
                  std::int64_t count, std::int64_t k, std::int64_t step) = nullptr;
  /// into[k] = into[k] combined with from[k]
  void (*merge)(std::int64_t count, void* into, const void* from) = nullptr;
};

/// Which of the few ways of accumulating a reduction takes; mean shares sum's, std var's, any is max and all min of
/// bool.
enum class Accumulation : std::uint8_t { kSum, kProduct, kMinimum, kMaximum, kSquares };
inline constexpr int kAccumulationCount = 5;

using CastTable = std::array<std::array<CastKernel, kDTypeCount>, kDTypeCount>;                    // [from][to]
using ReductionTable = std::array<std::array<ReductionKernels, kDTypeCount>, kAccumulationCount>;  // [how][dtype]

/// What the files compiled for one instruction set have.
struct SetTables {
  std::array<std::span<const OperationRow>, 4> rows;
  const CastTable* casts = nullptr;
  const ReductionTable* reductions = nullptr;
  const MemoryKernels* memory = nullptr;
};

/// The kernels to use on one kind of processor. Those of the baseline stand in where there is nothing to gain.
struct KernelTable {
  const char* name = "";
  std::vector<std::array<Kernel, kDTypeCount>> operations;  // [position in Operations()][operands' dtype]
  CastTable casts{};
  ReductionTable reductions{};
  MemoryKernels memory;

  const ReductionKernels& Reduce(Accumulation how, DType dtype) const {
    return reductions[static_cast<std::size_t>(how)][static_cast<std::size_t>(dtype)];
  }
};

/// The set for this processor, or the one that DISTARRAYD_KERNELS names if it can run here. Chosen once.
const KernelTable& ActiveKernels();

/// A set by name ("avx512", "avx2", "baseline"); null if this processor cannot run it or it was not compiled.
const KernelTable* FindKernelSet(std::string_view name);

/// Another name of an operation.
struct Synonym {
  std::string_view name;
  std::string_view of;
};
std::span<const Synonym> Synonyms();

/// Every row of the baseline and of what is compiled once; an operation may be in several, with different dtypes.
std::vector<std::span<const OperationRow>> BaselineRows();

}  // namespace distarray
