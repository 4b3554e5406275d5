#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <vector>

#include "engine/kernels/kernel_set.h"
#include "engine/program/executor.h"
#include "engine/program/index_source.h"
#include "engine/program/plan.h"
#include "engine/program/program.h"
#include "engine/program/schedule.h"

namespace distarray {

/// Computes a program's values for one box of a schedule after the other. Dense operands are read where they lie and,
/// where that is safe, results computed where they go; everything else passes through registers the size of a tile.
class TileRunner {
 public:
  /// Outputs of so many bytes do not stay in the cache anyway: written past it, they are not read before they are
  /// written.
  static constexpr std::int64_t kStreamedBytes = std::int64_t{4} << 20;

  /// Everything is kept by reference. Streams of the schedule: operands, outputs, then `sources` (one for each
  /// GlobalIndex and RandomNumber, in the order of instructions).
  TileRunner(const Program& program, const Schedule& schedule, const KernelTable& kernels,
             std::span<const LocalOperand> operands, std::span<const LocalOutput> outputs,
             std::span<const IndexSource> sources);

  /// Computes and stores the schedule's current box. What the kernels return: 0, or failures; then nothing is stored.
  std::uint32_t Run();

  /// The elements of a value that is stored or reduced, after Run(): dense, but for rows that are only added to columns
  /// (Schedule::AddsColumns), which stay where they are.
  const void* Elements(ValueId value) const { return where_[static_cast<std::size_t>(value)]; }
  std::int64_t RowStride(ValueId value) const;

 private:
  struct InPlace {
    std::size_t value;
    std::size_t operand;
    std::int64_t element_size;
    bool prefetched;
    std::size_t before_call = 0;  // of several, when its next elements are asked for: not all operands' at once
  };
  struct Load {
    enum class How : std::uint8_t { kGather, kRepeat, kIndex, kRandom };
    How how;
    std::size_t value;
    std::size_t stream;
    std::size_t from;           // operand or index source
    std::int64_t last_at = -1;  // kRepeat: position of the element that fills the register
  };
  struct Call {
    Kernel kernel = nullptr;  // or
    CastKernel cast = nullptr;
    std::size_t value = 0;
    std::array<std::size_t, 3> arguments{};
  };
  struct Store {
    enum class How : std::uint8_t { kComputedThere, kCopy, kStream, kScatter };
    How how;
    std::size_t value;
    std::size_t output;
    std::int64_t element_size;
  };
  struct FreeAligned {
    void operator()(std::byte* memory) const { ::operator delete (memory, std::align_val_t{64}); }
  };

  void PlaceValues();
  bool OnlyAddedToColumns(std::size_t value) const;
  void PlaceStore(const StoreOutput& store);
  bool OverlapsOperands(std::size_t output, int element_size) const;
  void AllocateRegisters();
  void AddSteps();
  void AddLoad(std::size_t value, std::size_t operand);
  void AddCall(std::size_t value);

  void PointToOperands();
  void RunLoad(Load& load);
  void DrawNumbers(const Load& load);
  void RunStore(const Store& store);

  DType TypeOf(std::size_t value) const { return program_.instructions[value].dtype; }
  std::size_t OutputStream(std::size_t output) const { return operands_.size() + output; }
  std::byte* OutputAddress(const Store& store) const {
    return outputs_[store.output].block + schedule_.Position(OutputStream(store.output)) * store.element_size;
  }

  const Program& program_;
  const Schedule& schedule_;
  const KernelTable& kernels_;
  std::span<const LocalOperand> operands_;
  std::span<const LocalOutput> outputs_;
  std::span<const IndexSource> sources_;

  std::vector<Place> places_;        // [value]
  std::vector<bool> rows_in_place_;  // [value] in place, though not dense
  std::unique_ptr<std::byte, FreeAligned> scratch_;
  std::int64_t* index_scratch_ = nullptr;  // three tiles of 64-bit numbers
  std::vector<std::byte*> where_;          // [value] its elements of the current box
  std::vector<InPlace> in_place_;
  std::vector<Load> loads_;
  std::vector<Call> calls_;
  std::vector<Store> stores_;
};

}  // namespace distarray
