#pragma once

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdint>
#include <functional>
#include <numeric>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/kernels/operations.h"
#include "engine/program/executor.h"
#include "engine/program/program.h"

namespace distarray {

/// Writes programs for tests: each call adds an instruction and gives its value.
class ProgramBuilder {
 public:
  ValueId Operand(DType dtype) {
    program_.operand_types.push_back(dtype);
    return Add(LoadOperand{static_cast<std::int32_t>(program_.operand_types.size()) - 1}, dtype);
  }
  template <typename T>
  ValueId Number(T value, DType dtype) {
    return Add(Constant{Scalar{value}}, dtype);
  }
  ValueId Index(int axis) { return Add(GlobalIndex{axis}, DType::kInt64); }
  ValueId Random(RandomNumber random, DType dtype) { return Add(random, dtype); }
  ValueId To(DType dtype, ValueId value) { return Add(Cast{value}, dtype); }
  /// Arguments of one dtype that the operation computes in (but for where's condition).
  ValueId Apply(std::string_view name, std::vector<ValueId> arguments) {
    const int number = FindOperation(name);
    const Operation& operation = Operations()[static_cast<std::size_t>(number)];
    const DType compute = TypeOf(arguments.back());
    ApplyOperation apply{number, compute, {-1, -1, -1}};
    std::copy(arguments.begin(), arguments.end(), apply.arguments.begin());
    return Add(apply, operation.loops[static_cast<std::size_t>(compute)].value().result);
  }
  void Store(ValueId value) { program_.stores.push_back({value, static_cast<std::int32_t>(program_.stores.size())}); }
  /// Casts to the dtype that the reduction computes in first.
  int Reduce(std::string_view name, ValueId value, std::vector<int> axes, double correction = 0) {
    const int number = FindReduction(name);
    const LoopTypes loop =
        Reductions()[static_cast<std::size_t>(number)].loops[static_cast<std::size_t>(TypeOf(value))].value();
    const ValueId computed = loop.compute == TypeOf(value) ? value : To(loop.compute, value);
    program_.reductions.push_back({computed, number, loop.result, std::move(axes), correction});
    return static_cast<int>(program_.reductions.size()) - 1;
  }
  DType TypeOf(ValueId value) const { return program_.instructions[static_cast<std::size_t>(value)].dtype; }
  const Program& program() const { return program_; }

 private:
  ValueId Add(decltype(Instruction::what) what, DType dtype) {
    program_.instructions.push_back({std::move(what), dtype});
    return static_cast<ValueId>(program_.instructions.size()) - 1;
  }
  Program program_;
};

/// Strides of a dense block in C order.
inline std::vector<std::int64_t> DenseStrides(const Shape& shape) {
  std::vector<std::int64_t> strides(shape.size(), 1);
  for (std::size_t d = shape.size(); d-- > 1;) {
    strides[d - 1] = strides[d] * shape[d];
  }
  return strides;
}

inline LocalRegion DenseRegion(const Shape& shape) { return {shape, 0, DenseStrides(shape)}; }

template <typename T>
LocalOperand Operand(const std::vector<T>& block, const LocalRegion& region) {
  return {reinterpret_cast<const std::byte*>(block.data()), region};
}
template <typename T>
LocalOutput Output(std::vector<T>& block, const LocalRegion& region) {
  return {reinterpret_cast<std::byte*>(block.data()), region};
}

inline std::int64_t CountOf(const Shape& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

/// The next index in C order; false after the last.
inline bool NextIndex(const Shape& shape, Shape& index) {
  for (std::size_t d = shape.size(); d-- > 0;) {
    if (++index[d] < shape[d]) {
      return true;
    }
    index[d] = 0;
  }
  return false;
}

inline std::int64_t PositionOf(const LocalRegion& region, const Shape& index) {
  return region.offset + std::inner_product(index.begin(), index.end(), region.strides.begin(), std::int64_t{0});
}

/// value is expected but for a relative error.
inline bool IsNear(double value, double expected, double error) {
  return std::fabs(value - expected) <= error * std::fabs(expected);
}

/// Runs to the end, `slice` points at a time.
inline absl::Status RunAll(Executor& executor, std::int64_t slice = std::int64_t{1} << 40) {
  for (;;) {
    const absl::StatusOr<bool> done = executor.Advance(slice);
    if (!done.ok() || *done) {
      return done.status();
    }
  }
}

}  // namespace distarray
