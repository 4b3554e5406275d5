#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/status.h"
#include "engine/dtype/dtype.h"
#include "engine/dtype/scalar.h"

namespace distarray {

/// A value of a program: the position of the instruction that makes it.
using ValueId = std::int32_t;

/// The element of operand number `operand` (Program::operand_types) at the point of the iteration space.
struct LoadOperand {
  std::int32_t operand = 0;
};
/// The same number everywhere.
struct Constant {
  Scalar value;
};
/// The point's global index along dimension `axis` of the iteration space; int64.
struct GlobalIndex {
  std::int32_t axis = 0;
};
/// A random number by counter: Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC11), key
/// = seed, counter = (C-order global index of the point, stream). The same for any distribution.
struct RandomNumber {
  enum class Kind : std::uint8_t { kUniform, kNormal, kIntegers, kClosedIntegers };
  Kind kind = Kind::kUniform;
  std::uint64_t seed = 0;
  std::uint64_t stream = 0;
  Scalar low;   // uniform, integers: lowest; normal: mean
  Scalar high;  // uniform, integers: end, exclusive; closed integers: the last; normal: standard deviation
};
/// Operation number `operation` of Operations() on values of dtype `compute` (first operand bool if condition_first).
struct ApplyOperation {
  std::int32_t operation = 0;
  DType compute = DType::kFloat64;
  std::array<ValueId, 3> arguments{-1, -1, -1};
};
/// Conversion to the instruction's dtype, as NumPy's astype; defined for every value (engine/dtype/convert.h).
struct Cast {
  ValueId argument = -1;
};

struct Instruction {
  std::variant<LoadOperand, Constant, GlobalIndex, RandomNumber, ApplyOperation, Cast> what;
  DType dtype = DType::kFloat64;  // of the value it makes
};

/// Where a value goes: into output buffer number `output`, of the value's dtype.
struct StoreOutput {
  ValueId value = -1;
  std::int32_t output = 0;
};

/// Reduction number `reduction` of Reductions() of a value (of its compute dtype) over `axes` of the iteration space.
struct ReduceOutput {
  ValueId value = -1;
  std::int32_t reduction = 0;
  DType result = DType::kFloat64;
  std::vector<int> axes;  // ascending
  double correction = 0;  // var, std
};

/// One pass over an iteration space: what to compute, kept apart from what executes it. Instructions in an order in
/// which arguments come first.
struct Program {
  std::vector<DType> operand_types;
  std::vector<Instruction> instructions;
  std::vector<StoreOutput> stores;
  std::vector<ReduceOutput> reductions;

  /// Arguments before use, dtypes that fit, numbers in range; `ndim` dimensions of the space. Error kInternal: the
  /// planner's defect.
  absl::Status Validate(int ndim) const;
  void Encode(ByteWriter& out) const;
  static Program Decode(ByteReader& in);
};

}  // namespace distarray
