// reshape: the same elements in C order under another shape.
#include <absl/strings/str_cat.h>

#include "server/compute/families.h"

namespace distarray::server {
namespace {

/// Blocks that already are those of the result are only taken for what they become; else runs of the flat order move to
/// the engines that own them.
absl::StatusOr<Computed> Reshape(Workbench& bench, const Computation& asked) {
  DA_ASSIGN_OR_RETURN(const Operand operand, asked.ArrayOperand(bench, 0));
  DA_RETURN_IF_ERROR(ValidateShape(asked.shape));
  const Shape from = operand.view.shape();
  const auto count = [](const Shape& shape) {
    std::int64_t product = 1;
    for (const std::int64_t size : shape) {
      product *= size;
    }
    return product;
  };
  if (count(from) != count(asked.shape)) {
    return Error(Reason::kInvalidValue, absl::StrCat("shape: cannot reshape an array of shape ", ToString(from),
                                                     " into shape ", ToString(asked.shape)));
  }
  DA_ASSIGN_OR_RETURN(ValuePtr flat, bench.Flat(operand));
  const Layout layout = bench.RowsLayout(asked.shape, flat->layout->value->targets);
  const std::vector<std::int64_t> bounds = Workbench::FlatBounds(**layout);
  DA_ASSIGN_OR_RETURN(flat, bench.Moved(Workbench::Whole(flat), bench.BlockLayout(bounds, layout->value->targets)));
  DA_ASSIGN_OR_RETURN(Array result, bench.Name(bench.Recast(flat, layout, flat->dtype)));
  return Computed{.arrays = {std::move(result)}};
}

}  // namespace

std::vector<ComputationRow> ReshapeRows() { return {{.name = "reshape", .function = Reshape}}; }

}  // namespace distarray::server
