#include "engine/sorting/key.h"

#include "engine/dtype/dtype.h"
#include "tests/engine/sorting/elements.h"
#include "tests/support/catch.h"

namespace distarray {
namespace {

template <typename T>
bool IsOrdered(T a, T b) {
  bool ordered = (OrderKey(a) < OrderKey(b)) == Before(a, b) && (OrderKey(a) == OrderKey(b)) == Same(a, b) &&
                 (ReversedKey(OrderKey(a)) < ReversedKey(OrderKey(b))) == Before(b, a);
  if constexpr (kKeyIsElement<T>) {
    ordered = ordered && Same(KeyElement<T>(ElementKey(a)), a) && (!Before(a, b) || ElementKey(a) < ElementKey(b));
  }
  return ordered;
}

/// Pairs of elements whose keys are not ordered as they are.
template <typename T>
int Disordered() {
  std::vector<T> elements = RandomElements<T>(60, Kinds::kSpecial, 1);
  const std::vector<T> more = RandomElements<T>(60, Kinds::kMany, 2);
  elements.insert(elements.end(), more.begin(), more.end());
  int disordered = 0;
  for (const T a : elements) {
    for (const T b : elements) {
      disordered += IsOrdered(a, b) ? 0 : 1;
    }
  }
  return disordered;
}

TEST_CASE("keys are ordered as elements are") {
  for (int dtype = 0; dtype < kDTypeCount; ++dtype) {
    CHECK(Visit(static_cast<DType>(dtype), []<typename T>() { return Disordered<T>(); }) == 0);
  }
}

TEST_CASE("zeros keep their signs") {
  CHECK(std::signbit(KeyElement<double>(ElementKey(-0.0))));
  CHECK(!std::signbit(KeyElement<float>(ElementKey(0.0F))));
}

}  // namespace
}  // namespace distarray
