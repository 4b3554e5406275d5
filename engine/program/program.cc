#include "engine/program/program.h"

#include <absl/strings/str_cat.h>

#include <string>
#include <string_view>
#include <utility>

#include "engine/base/error.h"
#include "engine/kernels/operations.h"

namespace distarray {
namespace {

template <typename... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <typename... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

absl::Status Defect(std::string_view what, std::int64_t position) {
  return Error(Reason::kInternal, absl::StrCat("program: ", std::string(what), " (number ", position, ")"));
}

std::string Text(DType dtype) { return std::string(NameOf(dtype)); }

bool IsDType(DType dtype) { return static_cast<int>(dtype) < kDTypeCount; }

/// Whether `value` is made before instruction `user`.
bool IsBefore(ValueId value, std::size_t user) { return value >= 0 && static_cast<std::size_t>(value) < user; }

absl::Status ValidateOperation(const Program& program, const ApplyOperation& apply, DType dtype, std::size_t position) {
  const auto at = static_cast<std::int64_t>(position);
  if (apply.operation < 0 || static_cast<std::size_t>(apply.operation) >= Operations().size()) {
    return Defect("unknown operation", at);
  }
  const Operation& operation = Operations()[static_cast<std::size_t>(apply.operation)];
  if (!IsDType(apply.compute)) {
    return Defect("unknown dtype", at);
  }
  const auto loop = operation.loops[static_cast<std::size_t>(apply.compute)];
  if (!loop.has_value() || loop->compute != apply.compute || loop->result != dtype) {
    return Defect(
        absl::StrCat(std::string(operation.name), " has no loop on ", Text(apply.compute), " that gives ", Text(dtype)),
        at);
  }
  for (int k = 0; k < operation.operand_count; ++k) {
    const ValueId argument = apply.arguments[static_cast<std::size_t>(k)];
    if (!IsBefore(argument, position)) {
      return Defect("argument used before it is made", at);
    }
    const DType expected = operation.condition_first && k == 0 ? DType::kBool : apply.compute;
    if (program.instructions[static_cast<std::size_t>(argument)].dtype != expected) {
      return Defect(absl::StrCat("argument ", k, " of ", std::string(operation.name), " is not ", Text(expected)), at);
    }
  }
  return absl::OkStatus();
}

absl::Status ValidateInstruction(const Program& program, std::size_t position, int ndim) {
  const Instruction& instruction = program.instructions[position];
  const auto at = static_cast<std::int64_t>(position);
  if (!IsDType(instruction.dtype)) {
    return Defect("unknown dtype", at);
  }
  return std::visit(
      Overloaded{
          [&](const LoadOperand& load) {
            const auto count = static_cast<std::int32_t>(program.operand_types.size());
            const bool fits = load.operand >= 0 && load.operand < count &&
                              program.operand_types[static_cast<std::size_t>(load.operand)] == instruction.dtype;
            return fits ? absl::OkStatus() : Defect("operand that is not there, or of another dtype", at);
          },
          [&](const Constant&) { return absl::OkStatus(); },
          [&](const GlobalIndex& index) {
            const bool fits = index.axis >= 0 && index.axis < ndim && instruction.dtype == DType::kInt64;
            return fits ? absl::OkStatus() : Defect("index along an axis that is not there, or not int64", at);
          },
          [&](const RandomNumber& random) {
            const Kind kind = KindOf(instruction.dtype);
            const bool integers =
                random.kind == RandomNumber::Kind::kIntegers || random.kind == RandomNumber::Kind::kClosedIntegers;
            const bool fits = integers ? kind == Kind::kSigned || kind == Kind::kUnsigned : kind == Kind::kFloat;
            return fits ? absl::OkStatus() : Defect("random numbers of a dtype that does not fit", at);
          },
          [&](const ApplyOperation& apply) { return ValidateOperation(program, apply, instruction.dtype, position); },
          [&](const Cast& cast) {
            return IsBefore(cast.argument, position) ? absl::OkStatus() : Defect("argument used before it is made", at);
          },
      },
      instruction.what);
}

absl::Status ValidateReduction(const Program& program, const ReduceOutput& reduce, std::int64_t position, int ndim) {
  if (!IsBefore(reduce.value, program.instructions.size())) {
    return Defect("reduction of a value that is not there", position);
  }
  if (reduce.reduction < 0 || static_cast<std::size_t>(reduce.reduction) >= Reductions().size() ||
      !IsDType(reduce.result)) {
    return Defect("unknown reduction or dtype", position);
  }
  const Reduction& reduction = Reductions()[static_cast<std::size_t>(reduce.reduction)];
  const DType source = program.instructions[static_cast<std::size_t>(reduce.value)].dtype;
  const auto loop = reduction.loops[static_cast<std::size_t>(source)];
  if (!loop.has_value() || loop->compute != source) {
    return Defect(absl::StrCat(std::string(reduction.name), " does not compute in ", Text(source)), position);
  }
  for (std::size_t a = 0; a < reduce.axes.size(); ++a) {
    if (reduce.axes[a] < 0 || reduce.axes[a] >= ndim || (a > 0 && reduce.axes[a] <= reduce.axes[a - 1])) {
      return Defect("axes out of range or not ascending", position);
    }
  }
  return absl::OkStatus();
}

void EncodeScalar(const Scalar& scalar, ByteWriter& out) {
  out.Put(static_cast<std::uint8_t>(scalar.value.index()));
  std::visit([&out](const auto& value) { out.Put(value); }, scalar.value);
}

Scalar DecodeScalar(ByteReader& in) {
  switch (in.Get<std::uint8_t>()) {
    case 0:
      return Scalar{in.Get<std::uint8_t>() != 0};
    case 1:
      return Scalar{in.Get<std::int64_t>()};
    case 2:
      return Scalar{in.Get<std::uint64_t>()};
    case 3:
      return Scalar{in.Get<double>()};
    default:
      return Scalar{in.Get<std::complex<double>>()};
  }
}

void EncodeInstruction(const Instruction& instruction, ByteWriter& out) {
  out.Put(instruction.dtype);
  out.Put(static_cast<std::uint8_t>(instruction.what.index()));
  std::visit(Overloaded{
                 [&](const Constant& constant) { EncodeScalar(constant.value, out); },
                 [&](const RandomNumber& random) {
                   out.Put(random.kind);
                   out.Put(random.seed);
                   out.Put(random.stream);
                   EncodeScalar(random.low, out);
                   EncodeScalar(random.high, out);
                 },
                 [&](const auto& plain) { out.Put(plain); },
             },
             instruction.what);
}

Instruction DecodeInstruction(ByteReader& in) {
  Instruction instruction;
  instruction.dtype = in.Get<DType>();
  switch (in.Get<std::uint8_t>()) {
    case 0:
      instruction.what = in.Get<LoadOperand>();
      break;
    case 1:
      instruction.what = Constant{DecodeScalar(in)};
      break;
    case 2:
      instruction.what = in.Get<GlobalIndex>();
      break;
    case 3: {
      RandomNumber random;
      random.kind = in.Get<RandomNumber::Kind>();
      random.seed = in.Get<std::uint64_t>();
      random.stream = in.Get<std::uint64_t>();
      random.low = DecodeScalar(in);
      random.high = DecodeScalar(in);
      instruction.what = random;
      break;
    }
    case 4:
      instruction.what = in.Get<ApplyOperation>();
      break;
    default:
      instruction.what = in.Get<Cast>();
      break;
  }
  return instruction;
}

}  // namespace

absl::Status Program::Validate(int ndim) const {
  for (const DType dtype : operand_types) {
    if (!IsDType(dtype)) {
      return Defect("unknown dtype of an operand", 0);
    }
  }
  for (std::size_t i = 0; i < instructions.size(); ++i) {
    DA_RETURN_IF_ERROR(ValidateInstruction(*this, i, ndim));
  }
  for (std::size_t s = 0; s < stores.size(); ++s) {
    if (!IsBefore(stores[s].value, instructions.size()) || stores[s].output < 0) {
      return Defect("store of a value that is not there", static_cast<std::int64_t>(s));
    }
  }
  for (std::size_t r = 0; r < reductions.size(); ++r) {
    DA_RETURN_IF_ERROR(ValidateReduction(*this, reductions[r], static_cast<std::int64_t>(r), ndim));
  }
  return absl::OkStatus();
}

void Program::Encode(ByteWriter& out) const {
  out.PutVector(operand_types);
  out.Put(static_cast<std::int64_t>(instructions.size()));
  for (const Instruction& instruction : instructions) {
    EncodeInstruction(instruction, out);
  }
  out.PutVector(stores);
  out.Put(static_cast<std::int64_t>(reductions.size()));
  for (const ReduceOutput& reduce : reductions) {
    out.Put(reduce.value);
    out.Put(reduce.reduction);
    out.Put(reduce.result);
    out.PutVector(reduce.axes);
    out.Put(reduce.correction);
  }
}

Program Program::Decode(ByteReader& in) {
  Program program;
  program.operand_types = in.GetVector<DType>();
  const auto instruction_count = in.Get<std::int64_t>();
  for (std::int64_t i = 0; i < instruction_count && in.ok(); ++i) {
    program.instructions.push_back(DecodeInstruction(in));
  }
  program.stores = in.GetVector<StoreOutput>();
  const auto reduction_count = in.Get<std::int64_t>();
  for (std::int64_t r = 0; r < reduction_count && in.ok(); ++r) {
    ReduceOutput reduce;
    reduce.value = in.Get<ValueId>();
    reduce.reduction = in.Get<std::int32_t>();
    reduce.result = in.Get<DType>();
    reduce.axes = in.GetVector<int>();
    reduce.correction = in.Get<double>();
    program.reductions.push_back(std::move(reduce));
  }
  return program;
}

}  // namespace distarray
