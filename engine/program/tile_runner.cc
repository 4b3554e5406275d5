#include "engine/program/tile_runner.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>

#include "engine/program/random.h"

namespace distarray {
namespace {

// Operands from this size on are asked for ahead of their use, by so many bytes.
constexpr std::int64_t kPrefetchedBytes = std::int64_t{1} << 20;
constexpr std::int64_t kPrefetchDistance = 2048;
constexpr std::int64_t kCacheLine = 64;

/// Position of the kernels for elements of a size in MemoryKernels.
std::size_t BySize(std::int64_t element_size) {
  return static_cast<std::size_t>(std::countr_zero(static_cast<std::uint64_t>(element_size)));
}

std::int64_t BytesOf(const LocalRegion& region, std::int64_t element_size) {
  std::int64_t bytes = element_size;
  for (const std::int64_t extent : region.shape) {
    bytes *= extent;
  }
  return bytes;
}

/// Asks for memory ahead of its use. In line always: GCC drops calls of functions that do nothing else.
[[gnu::always_inline]] inline void Prefetch(const std::byte* from, std::int64_t bytes) {
  for (std::int64_t byte = 0; byte < bytes; byte += kCacheLine) {
    __builtin_prefetch(from + byte);
  }
}

/// From the lowest address that a region of a block covers to the end of the highest.
struct AddressRange {
  const std::byte* begin;
  const std::byte* end;
};
AddressRange RangeOf(const std::byte* block, const LocalRegion& region, std::int64_t element_size) {
  std::int64_t lowest = region.offset;
  std::int64_t highest = region.offset;
  for (std::size_t d = 0; d < region.shape.size(); ++d) {
    if (region.shape[d] == 0) {
      return {block, block};
    }
    const std::int64_t reach = region.strides[d] * (region.shape[d] - 1);
    (reach < 0 ? lowest : highest) += reach;
  }
  return {block + lowest * element_size, block + (highest + 1) * element_size};
}

}  // namespace

TileRunner::TileRunner(const Program& program, const Schedule& schedule, const KernelTable& kernels,
                       std::span<const LocalOperand> operands, std::span<const LocalOutput> outputs,
                       std::span<const IndexSource> sources)
    : program_(program),
      schedule_(schedule),
      kernels_(kernels),
      operands_(operands),
      outputs_(outputs),
      sources_(sources) {
  PlaceValues();
  AllocateRegisters();
  AddSteps();
  for (std::size_t k = 0; k < in_place_.size(); ++k) {
    in_place_[k].before_call = k * calls_.size() / in_place_.size();
  }
}

void TileRunner::PlaceValues() {
  const std::vector<bool> used = UsedValues(program_);
  places_.assign(used.size(), Place::kNone);
  rows_in_place_.assign(used.size(), false);
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (!used[i]) {
      continue;
    }
    const auto& what = program_.instructions[i].what;
    if (const auto* load = std::get_if<LoadOperand>(&what)) {
      const auto stream = static_cast<std::size_t>(load->operand);
      places_[i] = schedule_.IsConstant(stream) ? Place::kFixed
                   : schedule_.IsDense(stream)  ? Place::kInPlace
                                                : Place::kRegister;
      if (places_[i] == Place::kRegister && schedule_.ColumnStride(stream) == 1 && OnlyAddedToColumns(i)) {
        places_[i] = Place::kInPlace;
        rows_in_place_[i] = true;
      }
    } else {
      places_[i] = std::holds_alternative<Constant>(what) ? Place::kFixed : Place::kRegister;
    }
  }
  stores_.reserve(program_.stores.size());
  for (const StoreOutput& store : program_.stores) {
    PlaceStore(store);
  }
}

bool TileRunner::OnlyAddedToColumns(std::size_t value) const {
  const auto id = static_cast<ValueId>(value);
  for (const Instruction& instruction : program_.instructions) {
    const auto arguments = ArgumentsOf(instruction);
    if (std::find(arguments.begin(), arguments.end(), id) != arguments.end()) {
      return false;
    }
  }
  for (const StoreOutput& store : program_.stores) {
    if (store.value == id) {
      return false;
    }
  }
  const std::size_t first = OutputStream(outputs_.size()) + sources_.size();
  for (std::size_t r = 0; r < program_.reductions.size(); ++r) {
    if (program_.reductions[r].value == id && !schedule_.AddsColumns(first + r)) {
      return false;
    }
  }
  return true;
}

std::int64_t TileRunner::RowStride(ValueId value) const {
  const auto v = static_cast<std::size_t>(value);
  if (!rows_in_place_[v]) {
    return schedule_.columns();
  }
  return schedule_.RowStride(static_cast<std::size_t>(std::get<LoadOperand>(program_.instructions[v].what).operand));
}

void TileRunner::PlaceStore(const StoreOutput& store) {
  const auto value = static_cast<std::size_t>(store.value);
  const auto output = static_cast<std::size_t>(store.output);
  const int size = SizeOf(TypeOf(value));
  const auto& what = program_.instructions[value].what;
  const bool is_computed = std::holds_alternative<ApplyOperation>(what) || std::holds_alternative<Cast>(what);
  Store::How how = Store::How::kCopy;
  if (!schedule_.IsDense(OutputStream(output))) {
    how = Store::How::kScatter;
  } else if (BytesOf(outputs_[output].region, size) >= kStreamedBytes) {
    how = Store::How::kStream;
  } else if (is_computed && places_[value] == Place::kRegister && !OverlapsOperands(output, size)) {
    // An overlapping output waits for the end of the tile: instructions to come may read the operand.
    how = Store::How::kComputedThere;
    places_[value] = Place::kOutput;
  }
  stores_.push_back({how, value, output, size});
}

bool TileRunner::OverlapsOperands(std::size_t output, int element_size) const {
  const AddressRange range = RangeOf(outputs_[output].block, outputs_[output].region, element_size);
  for (std::size_t o = 0; o < operands_.size(); ++o) {
    const AddressRange other = RangeOf(operands_[o].block, operands_[o].region, SizeOf(program_.operand_types[o]));
    if (std::less<>{}(range.begin, other.end) && std::less<>{}(other.begin, range.end)) {
      return true;
    }
  }
  return false;
}

void TileRunner::AllocateRegisters() {
  const RegisterPlan plan = AssignRegisters(program_, places_);
  int widest = 1;
  bool draws = false;
  for (const Instruction& instruction : program_.instructions) {
    widest = std::max(widest, SizeOf(instruction.dtype));
    draws |= std::holds_alternative<RandomNumber>(instruction.what);
  }
  const std::int64_t points = schedule_.max_points();
  const std::int64_t register_bytes = (points * widest + kCacheLine - 1) & -kCacheLine;
  const std::int64_t index_bytes = draws ? 3 * points * static_cast<std::int64_t>(sizeof(std::int64_t)) : 0;
  const auto total = static_cast<std::size_t>(register_bytes * plan.count + index_bytes);
  scratch_.reset(static_cast<std::byte*>(::operator new (total, std::align_val_t{kCacheLine})));
  index_scratch_ = reinterpret_cast<std::int64_t*>(scratch_.get() + register_bytes * plan.count);
  where_.assign(places_.size(), nullptr);
  for (std::size_t i = 0; i < where_.size(); ++i) {
    if (plan.register_of[i] >= 0) {
      where_[i] = scratch_.get() + register_bytes * plan.register_of[i];
    }
  }
}

void TileRunner::AddSteps() {
  std::size_t source = 0;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    const Instruction& instruction = program_.instructions[i];
    const bool is_index = std::holds_alternative<GlobalIndex>(instruction.what);
    const bool is_random = std::holds_alternative<RandomNumber>(instruction.what);
    const std::size_t its_source = source;
    source += is_index || is_random ? 1 : 0;
    if (places_[i] == Place::kNone) {
      continue;
    }
    if (is_index || is_random) {
      const std::size_t stream = OutputStream(outputs_.size()) + its_source;
      loads_.push_back({is_index ? Load::How::kIndex : Load::How::kRandom, i, stream, its_source});
    } else if (const auto* load = std::get_if<LoadOperand>(&instruction.what)) {
      AddLoad(i, static_cast<std::size_t>(load->operand));
    } else if (const auto* constant = std::get_if<Constant>(&instruction.what)) {
      alignas(16) std::byte element[16];
      StoreScalar(constant->value, instruction.dtype, element);
      kernels_.memory.gather[BySize(SizeOf(instruction.dtype))](1, schedule_.max_points(), element, 0, 0, where_[i]);
    } else {
      AddCall(i);
    }
  }
}

void TileRunner::AddLoad(std::size_t value, std::size_t operand) {
  const int size = SizeOf(TypeOf(value));
  switch (places_[value]) {
    case Place::kInPlace:
      in_place_.push_back({value, operand, size,
                           !rows_in_place_[value] && BytesOf(operands_[operand].region, size) >= kPrefetchedBytes});
      break;
    case Place::kFixed:
      loads_.push_back({Load::How::kRepeat, value, operand, operand});
      break;
    default:
      loads_.push_back({Load::How::kGather, value, operand, operand});
      break;
  }
}

void TileRunner::AddCall(std::size_t value) {
  const Instruction& instruction = program_.instructions[value];
  Call call{.value = value};
  const auto arguments = ArgumentsOf(instruction);
  for (std::size_t k = 0; k < arguments.size(); ++k) {
    call.arguments[k] = static_cast<std::size_t>(std::max(arguments[k], 0));
  }
  if (const auto* apply = std::get_if<ApplyOperation>(&instruction.what)) {
    const auto& kernels = kernels_.operations[static_cast<std::size_t>(apply->operation)];
    call.kernel = kernels[static_cast<std::size_t>(apply->compute)];
  } else {
    const auto& casts = kernels_.casts[static_cast<std::size_t>(TypeOf(call.arguments[0]))];
    call.cast = casts[static_cast<std::size_t>(instruction.dtype)];
  }
  calls_.push_back(call);
}

std::uint32_t TileRunner::Run() {
  PointToOperands();
  for (Load& load : loads_) {
    RunLoad(load);
  }
  for (const Store& store : stores_) {
    if (store.how == Store::How::kComputedThere) {
      where_[store.value] = OutputAddress(store);
    }
  }
  const std::int64_t points = schedule_.points();
  for (std::size_t c = 0; c < calls_.size(); ++c) {
    for (const InPlace& load : in_place_) {
      if (load.prefetched && load.before_call == c && calls_.size() > 1) {
        Prefetch(where_[load.value] + kPrefetchDistance, schedule_.points() * load.element_size);
      }
    }
    const Call& call = calls_[c];
    const void* in[3] = {where_[call.arguments[0]], where_[call.arguments[1]], where_[call.arguments[2]]};
    if (call.cast != nullptr) {
      call.cast(points, in[0], where_[call.value]);
    } else if (const std::uint32_t failures = call.kernel(points, in, where_[call.value]); failures != 0) {
      return failures;
    }
  }
  for (const Store& store : stores_) {
    RunStore(store);
  }
  return 0;
}

void TileRunner::PointToOperands() {
  for (const InPlace& load : in_place_) {
    // The program does not write through it.
    where_[load.value] =
        const_cast<std::byte*>(operands_[load.operand].block) + schedule_.Position(load.operand) * load.element_size;
    // With several calls, their operands' next elements are asked for in between; what is only reduced is read fast
    // enough by itself.
    if (load.prefetched && calls_.size() == 1) {
      Prefetch(where_[load.value] + kPrefetchDistance, schedule_.points() * load.element_size);
    }
  }
}

void TileRunner::RunLoad(Load& load) {
  const std::int64_t size = SizeOf(TypeOf(load.value));
  const std::int64_t position = schedule_.Position(load.stream);
  switch (load.how) {
    case Load::How::kGather:
      kernels_.memory.gather[BySize(size)](
          schedule_.rows(), schedule_.columns(), operands_[load.from].block + position * size,
          schedule_.RowStride(load.stream), schedule_.ColumnStride(load.stream), where_[load.value]);
      break;
    case Load::How::kRepeat:
      if (load.last_at != position) {
        kernels_.memory.gather[BySize(size)](1, schedule_.max_points(), operands_[load.from].block + position * size, 0,
                                             0, where_[load.value]);
        load.last_at = position;
      }
      break;
    case Load::How::kIndex:
      sources_[load.from].Fill(schedule_, load.stream, kernels_.memory,
                               reinterpret_cast<std::int64_t*>(where_[load.value]));
      break;
    case Load::How::kRandom:
      DrawNumbers(load);
      break;
  }
}

void TileRunner::DrawNumbers(const Load& load) {
  const auto& random = std::get<RandomNumber>(program_.instructions[load.value].what);
  const std::int64_t points = schedule_.points();
  std::int64_t* index = index_scratch_;
  auto* first = reinterpret_cast<std::uint64_t*>(index + schedule_.max_points());
  std::uint64_t* second = first + schedule_.max_points();
  sources_[load.from].Fill(schedule_, load.stream, kernels_.memory, index);
  kernels_.memory.philox(points, index, random.stream, random.seed, first, second);
  DrawRandom(random, TypeOf(load.value), points, first, second, where_[load.value]);
}

void TileRunner::RunStore(const Store& store) {
  const std::int64_t bytes = schedule_.points() * store.element_size;
  const std::byte* elements = where_[store.value];
  switch (store.how) {
    case Store::How::kComputedThere:
      break;
    case Store::How::kCopy:
      std::memmove(OutputAddress(store), elements, static_cast<std::size_t>(bytes));
      break;
    case Store::How::kStream:
      kernels_.memory.stream(bytes, elements, OutputAddress(store));
      break;
    case Store::How::kScatter: {
      const std::size_t stream = OutputStream(store.output);
      kernels_.memory.scatter[BySize(store.element_size)](schedule_.rows(), schedule_.columns(), elements,
                                                          OutputAddress(store), schedule_.RowStride(stream),
                                                          schedule_.ColumnStride(stream));
      break;
    }
  }
}

}  // namespace distarray
