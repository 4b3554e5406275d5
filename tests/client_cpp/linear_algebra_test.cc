// Products of matrices, vectors and tensors.
#include "distarray/linear_algebra.h"

#include <complex>

#include "distarray/manipulation.h"
#include "tests/client_cpp/dense.h"

namespace distarray::inline client {
namespace {

using Doubles = Dense<double>;
using Ints = Dense<std::int64_t>;

// The sum of `terms` of f.
template <typename F>
auto Total(std::int64_t terms, F f) {
  decltype(f(std::int64_t{})) total = 0;
  for (std::int64_t k = 0; k < terms; ++k) {
    total += f(k);
  }
  return total;
}

TEST_CASE("matmul") {
  OnAllDistributions([](const Dealer& deal) {
    const Doubles x = Doubles::Mixed({5, 4});
    const Doubles y = Doubles::Mixed({4, 3}, 9, 2);
    const Array a = deal(x);
    const Array b = deal(y);
    const Doubles product = Doubles::Of({5, 3}, [&](const Shape& i) {
      return Total(4, [&](auto k) { return x.at({i[0], k}) * y.at({k, i[1]}); });
    });
    CheckClose(Matmul(a, b), product);
    CheckClose(Dot(a, b), product);
    CheckClose(Tensordot(a, b, 1), product);
    CheckClose(Einsum("ij,jk->ik", a, b), product);
    CheckClose(Einsum("ij,jk", a, b), product);
    CheckClose(Matmul(MatrixTranspose(b), Transpose(a)), Doubles::Of({3, 5}, [&](const Shape& i) {
                 return product.at({i[1], i[0]});
               }));
    const Doubles column = Doubles::Of({5}, [&](const Shape& i) {
      return Total(4, [&](auto k) { return x.at({i[0], k}) * y.at({k, 1}); });
    });
    CheckClose(Matmul(a, b.Slice({All(), 1})), column);
    CheckClose(Matmul(a.Slice({2}), b), Doubles::Of({3}, [&](const Shape& i) { return product.at({2, i[0]}); }));
    const Ints n = Ints::Mixed({3, 6, 4});
    const Ints m = Ints::Mixed({4, 2}, 9, 3);
    CheckSame(Matmul(deal(n), deal(m)), Ints::Of({3, 6, 2}, [&](const Shape& i) {
                return Total(4, [&](auto k) { return n.at({i[0], i[1], k}) * m.at({k, i[2]}); });
              }));
    const Dense<bool> p = Dense<bool>::Of({3, 2}, [](const Shape& i) { return i[0] == i[1]; });
    CheckSame(Matmul(deal(p), Transpose(deal(p))),
              Dense<bool>::Of({3, 3}, [](const Shape& i) { return i[0] == i[1] && i[0] < 2; }));
  });
}

TEST_CASE("sums of products over axes") {
  OnAllDistributions([](const Dealer& deal) {
    const Ints x = Ints::Mixed({4, 3, 2});
    const Ints y = Ints::Mixed({3, 4, 5}, 9, 2);
    const Array a = deal(x);
    const Array b = deal(y);
    const Ints both = Ints::Of({2, 5}, [&](const Shape& i) {
      return Total(12, [&](auto k) { return x.at({k / 3, k % 3, i[0]}) * y.at({k % 3, k / 3, i[1]}); });
    });
    CheckSame(Tensordot(a, b, {0, 1}, {1, 0}), both);
    CheckSame(Einsum("ijk,jil->kl", a, b), both);
    CheckSame(Tensordot(a, a, 3), Ints{{}, {Total(24, [&](auto k) {
                                         const auto e = x.values[static_cast<std::size_t>(k)];
                                         return e * e;
                                       })}});
    CheckSame(Tensordot(a, b.Slice({0, 0}), 0), Ints::Of({4, 3, 2, 5}, [&](const Shape& i) {
                return x.at({i[0], i[1], i[2]}) * y.at({0, 0, i[3]});
              }));
    CheckSame(Vecdot(a, a, 1), Ints::Of({4, 2}, [&](const Shape& i) {
                return Total(3, [&](auto k) { return x.at({i[0], k, i[1]}) * x.at({i[0], k, i[1]}); });
              }));
    CheckSame(Dot(a, b.Slice({Range(0, 2), 0})), Ints::Of({4, 3, 5}, [&](const Shape& i) {
                return Total(2, [&](auto k) { return x.at({i[0], i[1], k}) * y.at({k, 0, i[2]}); });
              }));
    CheckSame(Inner(a, a.Slice({0})), Ints::Of({4, 3, 3}, [&](const Shape& i) {
                return Total(2, [&](auto k) { return x.at({i[0], i[1], k}) * x.at({0, i[2], k}); });
              }));
    CheckSame(Dot(a.Slice({0, 0, 0}), b), Ints::Of(y.shape, [&](const Shape& i) { return x.values[0] * y.at(i); }));
    CheckSame(Inner(a.Slice({0, 0, 0}), b), Ints::Of(y.shape, [&](const Shape& i) { return x.values[0] * y.at(i); }));
    CheckSame(Dot(a.Slice({0, All(), 0}), a.Slice({1, All(), 0})), Ints{{}, {Total(3, [&](auto k) {
                                                                          return x.at({0, k, 0}) * x.at({1, k, 0});
                                                                        })}});
  });
}

TEST_CASE("conjugates") {
  using C = std::complex<double>;
  OnAllDistributions([](const Dealer& deal) {
    const Doubles parts = Doubles::Mixed({6, 2});
    const auto x = Dense<C>::Of({6}, [&](const Shape& i) { return C(parts.at({i[0], 0}), parts.at({i[0], 1})); });
    const Array a = deal(x);
    const C squares = Total(6, [&](auto k) { return std::conj(x.at({k})) * x.at({k}); });
    CheckClose(Vecdot(a, a), Dense<C>{{}, {squares}});
    CheckClose(Vdot(a, Reshape(a, {2, 3})), Dense<C>{{}, {squares}});
    CheckClose(Dot(a, a), Dense<C>{{}, {Total(6, [&](auto k) { return x.at({k}) * x.at({k}); })}});
    CheckClose(Matmul(Reshape(a, {2, 3}), Reshape(a, {3, 2})), Dense<C>::Of({2, 2}, [&](const Shape& i) {
                 return Total(3, [&](auto k) { return x.at({i[0] * 3 + k}) * x.at({k * 2 + i[1]}); });
               }));
  });
}

TEST_CASE("every element with every other") {
  OnAllDistributions([](const Dealer& deal) {
    const Ints x = Ints::Mixed({3, 2});
    const Ints y = Ints::Mixed({4}, 9, 2);
    const Array a = deal(x);
    const Array b = deal(y);
    CheckSame(Outer(a, b), Ints::Of({6, 4}, [&](const Shape& i) {
                return x.values[static_cast<std::size_t>(i[0])] * y.at({i[1]});
              }));
    CheckSame(Kron(a, Reshape(b, {2, 2})), Ints::Of({6, 4}, [&](const Shape& i) {
                return x.at({i[0] / 2, i[1] / 2}) * y.at({i[0] % 2 * 2 + i[1] % 2});
              }));
    CheckSame(Kron(a, b), Ints::Of({3, 8}, [&](const Shape& i) { return x.at({i[0], i[1] / 4}) * y.at({i[1] % 4}); }));
  });
}

TEST_CASE("diagonals") {
  OnAllDistributions([](const Dealer& deal) {
    const Ints x = Ints::Mixed({5, 4, 3});
    const Array a = deal(x);
    CheckSame(Diagonal(a), Ints::Of({3, 4}, [&](const Shape& i) { return x.at({i[1], i[1], i[0]}); }));
    CheckSame(Diagonal(a, -3), Ints::Of({3, 2}, [&](const Shape& i) { return x.at({i[1] + 3, i[1], i[0]}); }));
    CheckSame(Diagonal(a, 1, 2, 0), Ints::Of({4, 3}, [&](const Shape& i) { return x.at({i[1] + 1, i[0], i[1]}); }));
    CheckSame(Diagonal(a, 4), Ints{{3, 0}, {}});
    CheckSame(Diagonal(a, -9), Ints{{3, 0}, {}});
    CheckSame(Trace(a, 1), Ints::Of({3}, [&](const Shape& i) {
                return Total(3, [&](auto k) { return x.at({k, k + 1, i[0]}); });
              }));
    CheckSame(Einsum("iij->j", a.Slice({Range(0, 4)})), Ints::Of({3}, [&](const Shape& i) {
                return Total(4, [&](auto k) { return x.at({k, k, i[0]}); });
              }));
  });
}

TEST_CASE("einsum") {
  OnAllDistributions([](const Dealer& deal) {
    const Ints x = Ints::Mixed({2, 4, 3});
    const Ints y = Ints::Mixed({2, 3, 5}, 9, 2);
    const Array a = deal(x);
    const Array b = deal(y);
    CheckSame(Einsum("bij, bjk -> bik", a, b), Ints::Of({2, 4, 5}, [&](const Shape& i) {
                return Total(3, [&](auto k) { return x.at({i[0], i[1], k}) * y.at({i[0], k, i[2]}); });
              }));
    CheckSame(Einsum("...ij,...jk->...ki", a, b), Ints::Of({2, 5, 4}, [&](const Shape& i) {
                return Total(3, [&](auto k) { return x.at({i[0], i[2], k}) * y.at({i[0], k, i[1]}); });
              }));
    CheckSame(Einsum("kji", a), Ints::Of({3, 4, 2}, [&](const Shape& i) { return x.at({i[2], i[1], i[0]}); }));
    CheckSame(Einsum("ijk->j", a), Ints::Of({4}, [&](const Shape& i) {
                return Total(6, [&](auto k) { return x.at({k / 3, i[0], k % 3}); });
              }));
    CheckSame(Einsum("i...->...", a), Ints::Of({4, 3}, [&](const Shape& i) {
                return x.at({0, i[0], i[1]}) + x.at({1, i[0], i[1]});
              }));
    CheckSame(Einsum("bij,bjk->bj", a, b), Ints::Of({2, 3}, [&](const Shape& i) {
                return Total(4,
                             [&](auto k) {
                               return x.at({i[0], k, i[1]});
                             }) *
                       Total(5, [&](auto k) {
                         return y.at({i[0], i[1], k});
                       });
              }));
    CheckSame(Einsum("ij,ij->", a.Slice({0}), a.Slice({1})),
              Ints{{}, {Total(12, [&](auto k) {
                     return x.at({0, k / 3, k % 3}) * x.at({1, k / 3, k % 3});
                   })}});
    CHECK(Why(Einsum("ij->i", a)) == Reason::kInvalidValue);
    CHECK(Why(Einsum("ijk,lm", a)) == Reason::kInvalidValue);
    CHECK(Why(Einsum("ijk->il", a)) == Reason::kInvalidValue);
    CHECK(Why(Einsum("ijk->ii", a)) == Reason::kInvalidValue);
    CHECK(Why(Einsum("i2k->i", a)) == Reason::kInvalidValue);
    CHECK(Why(Einsum("ijk,ijk->i", a, b)) == Reason::kInvalidValue);
    CHECK(Why(Einsum("iij->j", a)) == Reason::kInvalidValue);
  });
}

TEST_CASE("products that do not fit") {
  OnAllDistributions([](const Dealer& deal) {
    const Array a = deal(Doubles::Mixed({4, 3}));
    CHECK(Why(Matmul(a, a)) == Reason::kInvalidValue);
    CHECK(Why(Matmul(a, a.Slice({0, 0}))) == Reason::kInvalidValue);
    CHECK(Why(MatrixTranspose(a.Slice({0}))) == Reason::kInvalidValue);
    CHECK(Why(Vecdot(a, Transpose(a))) == Reason::kInvalidValue);
    CHECK(Why(Vecdot(a, a, 2)) == Reason::kAxisOutOfRange);
    CHECK(Why(Tensordot(a, a, 1)) == Reason::kInvalidValue);
    CHECK(Why(Tensordot(a, a, 3)) == Reason::kInvalidValue);
    CHECK(Why(Tensordot(a, a, {0, 1}, {0})) == Reason::kInvalidValue);
    CHECK(Why(Tensordot(a, a, {0, 0}, {0, 1})) == Reason::kInvalidValue);
    CHECK(Why(Vdot(a, a.Slice({0}))) == Reason::kInvalidValue);
    CHECK(Why(Diagonal(a, 0, 1, -1)) == Reason::kInvalidValue);
    CHECK(Why(Diagonal(a, 0, 0, 2)) == Reason::kAxisOutOfRange);
    const Array failed = Matmul(a, a);
    CHECK(Matmul(failed, a).status() == failed.status());
    CHECK(Outer(a, failed).status() == failed.status());
    CHECK(Trace(failed).status() == failed.status());
  });
}

}  // namespace
}  // namespace distarray::inline client
