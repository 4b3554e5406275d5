#pragma once

#include "server/compute/product.h"

namespace distarray::server {

/// How a product is computed: factors where the scheme wants them.
struct ProductPlan {
  MultiplyMatrices::Scheme scheme = MultiplyMatrices::Scheme::kLocal;
  ValuePtr a;
  ValuePtr b;
  Layout result;  // of the full shape
};

/// A distribution over one dimension, everything else whole, on as many of the targets as the map has processes.
Distribution DealtOver(const Shape& shape, std::size_t dimension, DimensionMap map, std::vector<int> targets);

/// A batch is dealt out over dimension `dealt` of it; what is broadcast over it is copied to all.
absl::StatusOr<ProductPlan> PlanLocal(Workbench& bench, const MatrixProduct& problem, std::size_t dealt);
/// Rows of a stay where they are; panels of b are passed round.
absl::StatusOr<ProductPlan> PlanPanels(Workbench& bench, const MatrixProduct& problem);
/// Any of these, or partial products that are summed: whichever takes the least time.
absl::StatusOr<ProductPlan> PlanProduct(Workbench& bench, const MatrixProduct& problem);

}  // namespace distarray::server
