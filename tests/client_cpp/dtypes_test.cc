// What moves elements, and what orders and sums them, for every dtype.
#include <algorithm>
#include <complex>

#include "tests/client_cpp/dense.h"

namespace distarray::inline client {
namespace {

// Small numbers, each of which every dtype has.
template <typename T>
Dense<T> Small(const Shape& shape) {
  std::int64_t count = 0;
  return Dense<T>::Of(shape, [&](const Shape&) {
    count += 3;
    return static_cast<T>(static_cast<float>(count % 5 % (std::is_same_v<T, bool> ? 2 : 5)));
  });
}

// In NumPy's order, which std::complex has none of.
template <typename T>
bool Before(const T& a, const T& b) {
  if constexpr (requires { a.real(); }) {
    return a.real() < b.real();  // imaginary parts are 0
  } else {
    return a < b;
  }
}

TEMPLATE_LIST_TEST_CASE("elements of every dtype move", "", ElementTypes) {
  OnAllDistributions([](const Dealer& deal) {
    const Dense<TestType> x = Small<TestType>({6, 4});
    const Array a = deal(x);
    CheckSame(Reshape(a, {3, 8}), Dense<TestType>{{3, 8}, x.values});
    CheckSame(Transpose(a), Dense<TestType>::Of({4, 6}, [&](const Shape& i) { return x.at({i[1], i[0]}); }));
    CheckSame(Concat({a, a}), Dense<TestType>::Of({12, 4}, [&](const Shape& i) { return x.at({i[0] % 6, i[1]}); }));
    CheckSame(Roll(a, 1, 0), Dense<TestType>::Of({6, 4}, [&](const Shape& i) { return x.at({(i[0] + 5) % 6, i[1]}); }));
    const Dense<std::int64_t> rows{{3}, {5, 0, -2}};
    const std::int64_t places[] = {5, 0, 4};
    const auto taken = Dense<TestType>::Of({3, 4}, [&](const Shape& i) { return x.at({places[i[0]], i[1]}); });
    CheckSame(Take(a, deal(rows), 0), taken);
    const Array zeros = ZerosLike(a);
    CHECK(PutAt(zeros, {deal(rows)}, deal(taken)).ok());
    const auto put = [&](const Shape& i) { return std::find(places, places + 3, i[0]) != places + 3; };
    CheckSame(zeros, Dense<TestType>::Of({6, 4}, [&](const Shape& i) { return put(i) ? x.at(i) : TestType(); }));
    const auto mask = Dense<bool>::Of({6}, [](const Shape& i) { return i[0] % 2 == 1; });
    CheckSame(Got(TakeWhere(a, deal(mask))), Dense<TestType>::Of({3, 4}, [&](const Shape& i) {
                return x.at({2 * i[0] + 1, i[1]});
              }));
    CheckSame(Repeat(a, 2, 1), Dense<TestType>::Of({6, 8}, [&](const Shape& i) { return x.at({i[0], i[1] / 2}); }));
  });
}

TEMPLATE_LIST_TEST_CASE("elements of every dtype are ordered and summed", "", ElementTypes) {
  OnAllDistributions([](const Dealer& deal) {
    const Dense<TestType> x = Small<TestType>({5, 3});
    const Array a = deal(x);
    std::vector<TestType> sorted = x.values;
    std::stable_sort(sorted.begin(), sorted.end(), Before<TestType>);
    CheckSame(Sort(Ravel(a)), Dense<TestType>{{15}, sorted});
    std::vector<TestType> values = sorted;
    values.erase(std::unique(values.begin(), values.end()), values.end());
    CheckSame(Got(UniqueValues(a)), Dense<TestType>{{static_cast<std::int64_t>(values.size())}, values});
    CheckSame(Take(Ravel(a), Argsort(Ravel(a)), 0), Dense<TestType>{{15}, sorted});
    const auto most = std::max_element(x.values.begin(), x.values.end(), Before<TestType>) - x.values.begin();
    CheckSame(Argmax(a), Dense<std::int64_t>{{}, {most}});
    // Sums and products of small whole numbers are exact in every dtype.
    CheckSame(Matmul(a, Transpose(a)), Dense<TestType>::Of({5, 5}, [&](const Shape& i) {
                TestType sum{};
                for (std::int64_t k = 0; k < 3; ++k) {
                  sum = static_cast<TestType>(sum + x.at({i[0], k}) * x.at({i[1], k}));
                }
                return sum;
              }));
    CheckSame(Cumsum(a, 0, kDTypeOf<TestType>), Dense<TestType>::Of({5, 3}, [&](const Shape& i) {
                TestType sum{};
                for (std::int64_t k = 0; k <= i[0]; ++k) {
                  sum = static_cast<TestType>(sum + x.at({k, i[1]}));
                }
                return sum;
              }));
  });
}

}  // namespace
}  // namespace distarray::inline client
