#include "engine/dtype/dtype.h"

#include <string>

#include "tests/engine/dtype/numpy_promotion.h"
#include "tests/support/catch.h"

namespace distarray {
namespace {

DType At(int i) { return static_cast<DType>(i); }

TEST_CASE("result types are NumPy 2's for every pair") {
  for (int a = 0; a < kDTypeCount; ++a) {
    for (int b = 0; b < kDTypeCount; ++b) {
      INFO(NameOf(At(a)) << " with " << NameOf(At(b)));
      CHECK(static_cast<int>(ResultType(At(a), At(b))) == kNumPyResultType[a][b]);
    }
  }
}

TEST_CASE("same-kind casts are NumPy 2's for every pair") {
  for (int a = 0; a < kDTypeCount; ++a) {
    for (int b = 0; b < kDTypeCount; ++b) {
      INFO(NameOf(At(a)) << " to " << NameOf(At(b)));
      CHECK(CanCastSameKind(At(a), At(b)) == kNumPyCanCastSameKind[a][b]);
    }
  }
}

TEST_CASE("names and sizes lead there and back") {
  for (int i = 0; i < kDTypeCount; ++i) {
    CHECK(DTypeFromName(NameOf(At(i))) == At(i));
    Visit(At(i), [&]<typename T>() {
      CHECK(SizeOf(At(i)) == static_cast<int>(sizeof(T)));
      CHECK(kDTypeOf<T> == At(i));
    });
  }
  CHECK_FALSE(DTypeFromName("float16").has_value());
  CHECK_FALSE(DTypeFromName("").has_value());
}

TEST_CASE("the real part of complex types") {
  CHECK(RealOf(DType::kComplex64) == DType::kFloat32);
  CHECK(RealOf(DType::kComplex128) == DType::kFloat64);
  CHECK(RealOf(DType::kFloat32) == DType::kFloat32);
  CHECK(RealOf(DType::kBool) == DType::kBool);
}

}  // namespace
}  // namespace distarray
