#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/codec/codec.h"
#include "server/planner/lane.h"
#include "server/planner/value.h"

namespace distarray::server {

/// Makes lazy values: nothing is computed here, but shapes, dtypes and distributions of results are.
class Recorder {
 public:
  explicit Recorder(Lane& lane) : lane_(lane) {}

  /// A value of `node`; registered with the values it reads. If one of these has failed, a failed value with its error.
  ValuePtr Make(Node node, DType dtype, Shape shape, Layout layout, const std::string& origin);
  /// A value that stands for a failure.
  ValuePtr MakeFailed(absl::Status error, const std::string& origin);

  /// operation(arguments) on `compute`; operands' views must have `shape`. The result is cast to dtype.
  ValuePtr Apply(std::string_view operation, DType compute, DType dtype, std::vector<Argument> arguments,
                 const Shape& shape, const Layout& layout, const std::string& origin);

  /// One operand of a ufunc as the client gave it.
  using UfuncOperand = std::variant<Operand, TypedScalar>;

  /// NumPy's name(operands) with broadcasting and promotion ("astype" too). `default_targets`: where a result goes that
  /// has no operand's shape. Errors: kUnknownOperation, kInvalidType, kInvalidValue.
  absl::StatusOr<ValuePtr> Ufunc(std::string_view name, const std::vector<UfuncOperand>& operands,
                                 std::optional<DType> dtype, const std::vector<int>& default_targets,
                                 const std::string& origin);

  struct ReduceOptions {
    std::vector<int> axes;
    bool all_axes = false;
    std::optional<DType> dtype;
    double correction = 0;
  };
  /// NumPy's operand.name(axis=...), without the reduced dimensions. `axes` comes back ascending, not negative.
  /// Errors: kUnknownOperation, kInvalidType, kAxisOutOfRange, kInvalidValue (no elements).
  absl::StatusOr<ValuePtr> Reduce(std::string_view name, const Operand& operand, ReduceOptions& options,
                                  const std::string& origin);

  /// The operand's elements laid out otherwise; the very value if they are already.
  ValuePtr Redistribute(const Operand& operand, const Layout& layout, const std::string& origin);
  /// A copy as of now, dealt out as the operand lies.
  ValuePtr Copy(const Operand& operand, const std::string& origin);

  /// The values of CreateRequest. Errors: kInvalidType, kInvalidValue.
  absl::StatusOr<ValuePtr> Create(const v1::CreateRequest& request, DType dtype, const Shape& shape,
                                  const Layout& layout, const std::string& origin);

 private:
  absl::StatusOr<ValuePtr> CreateSequence(const v1::CreateRequest& request, DType dtype, const Shape& shape,
                                          const Layout& layout, const std::string& origin);
  absl::StatusOr<ValuePtr> CreateRandom(const v1::CreateRequest::Random& request, DType dtype, const Shape& shape,
                                        const Layout& layout, const std::string& origin);
  Lane& lane_;
};

}  // namespace distarray::server
