#include "server/compute/computation.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <utility>

#include "server/compute/families.h"

namespace distarray::server {
namespace {

std::vector<ComputationRow> AllRows() {
  std::vector<ComputationRow> all;
  for (const auto& family :
       {CountingRows, IndexingRows, SelectingRows, LinearAlgebraRows, ReshapeRows, ScanRows, SortingRows}) {
    std::vector<ComputationRow> rows = family();
    all.insert(all.end(), std::make_move_iterator(rows.begin()), std::make_move_iterator(rows.end()));
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return all;
}

template <typename Number>
Number As(const Scalar& scalar) {
  return std::visit(
      [](const auto& value) -> Number {
        if constexpr (requires { static_cast<Number>(value); }) {
          return static_cast<Number>(value);
        } else {
          return Number();
        }
      },
      scalar.value);
}

}  // namespace

std::span<const ComputationRow> Computations() {
  static const std::vector<ComputationRow> rows = AllRows();
  return rows;
}

const ComputationRow* FindComputation(std::string_view name) {
  const auto rows = Computations();
  const auto found =
      std::lower_bound(rows.begin(), rows.end(), name,
                       [](const ComputationRow& row, std::string_view sought) { return row.name < sought; });
  return found != rows.end() && found->name == name ? &*found : nullptr;
}

bool Computation::Flag(std::string_view name) const { return As<bool>(parameters.find(name)->second); }
std::int64_t Computation::Integer(std::string_view name) const {
  return As<std::int64_t>(parameters.find(name)->second);
}
double Computation::Floating(std::string_view name) const { return As<double>(parameters.find(name)->second); }

absl::StatusOr<Operand> Computation::ArrayOperand(Workbench& bench, std::size_t number) const {
  if (const auto* array = std::get_if<Operand>(&operands[number])) {
    return *array;
  }
  const auto& scalar = std::get<TypedScalar>(operands[number]);
  return bench.ScalarArray(scalar.scalar, scalar.dtype.value_or(DefaultType(scalar.scalar)));
}

absl::StatusOr<int> NormalizeAxis(std::int64_t axis, int ndim) {
  if (axis < -ndim || axis >= ndim) {
    return Error(Reason::kAxisOutOfRange,
                 absl::StrCat("axis ", axis, " is out of bounds for array of dimension ", ndim));
  }
  return static_cast<int>(axis < 0 ? axis + ndim : axis);
}

}  // namespace distarray::server
