#include "engine/linear_algebra/blas.h"

#include <dlfcn.h>

#include <algorithm>
#include <complex>
#include <cstdlib>
#include <string>
#include <type_traits>

namespace distarray {
namespace {

// Debian's alternatives choose among its builds: with threads of its own (the default), with OpenMP, or with one.
constexpr const char* kLibrary = "libopenblas.so.0";

// cblas.h
constexpr int kRowMajor = 101;
constexpr int kNoTranspose = 111;
constexpr int kTranspose = 112;

int threads_wanted = 1;

int Transpose(bool transposed) { return transposed ? kTranspose : kNoTranspose; }

/// How CBLAS takes a number of type T: complex ones by address.
template <typename T>
constexpr bool kByAddress = !std::is_floating_point_v<T>;
template <typename T>
using Number = std::conditional_t<kByAddress<T>, const void*, T>;
template <typename T>
using Numbers = std::conditional_t<kByAddress<T>, const void*, const T*>;
template <typename T>
using Result = std::conditional_t<kByAddress<T>, void*, T*>;

template <typename T>
using GemmFunction = void (*)(int, int, int, int, int, int, Number<T>, Numbers<T>, int, Numbers<T>, int, Number<T>,
                              Result<T>, int);
template <typename T>
using GemvFunction = void (*)(int, int, int, int, Number<T>, Numbers<T>, int, Numbers<T>, int, Number<T>, Result<T>,
                              int);

template <typename T>
Number<T> Pass(const T& number) {
  if constexpr (kByAddress<T>) {
    return &number;
  } else {
    return number;
  }
}

template <typename T>
void* Choose(void* s, void* d, void* c, void* z) {
  if constexpr (std::is_same_v<T, float>) {
    return s;
  } else if constexpr (std::is_same_v<T, double>) {
    return d;
  } else if constexpr (std::is_same_v<T, std::complex<float>>) {
    return c;
  } else {
    return z;
  }
}

}  // namespace

void Blas::UseThreads(int threads) { threads_wanted = std::max(threads, 1); }

const Blas* Blas::Load() {
  // It starts its threads when it is loaded.
  const std::string count = std::to_string(threads_wanted);
  for (const char* name : {"OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"}) {
    setenv(name, count.c_str(), 0);
  }
  void* const library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    return nullptr;
  }
  static Blas loaded;
  const auto find = [&](const char* name) { return dlsym(library, name); };
  loaded.functions_ = {find("cblas_sgemm"), find("cblas_dgemm"), find("cblas_cgemm"), find("cblas_zgemm"),
                       find("cblas_sgemv"), find("cblas_dgemv"), find("cblas_cgemv"), find("cblas_zgemv")};
  const auto& all = loaded.functions_;
  if (!all.sgemm || !all.dgemm || !all.cgemm || !all.zgemm || !all.sgemv || !all.dgemv || !all.cgemv || !all.zgemv) {
    return nullptr;
  }
  if (void* const name = find("openblas_get_corename"); name != nullptr) {
    loaded.kernels_ = reinterpret_cast<char* (*)()>(name)();
  }
  if (void* const threads = find("openblas_get_num_threads"); threads != nullptr) {
    loaded.threads_ = reinterpret_cast<int (*)()>(threads)();
  }
  return &loaded;
}

const Blas* Blas::Get() {
  static const Blas* const loaded = Load();
  return loaded;
}

template <typename T>
void Blas::Gemm(bool a_transposed, bool b_transposed, int m, int n, int k, const T* a, int a_stride, const T* b,
                int b_stride, bool accumulate, T* c, int c_stride) const {
  const auto gemm = reinterpret_cast<GemmFunction<T>>(
      Choose<T>(functions_.sgemm, functions_.dgemm, functions_.cgemm, functions_.zgemm));
  const T one(1);
  const T beta(accumulate ? 1 : 0);
  gemm(kRowMajor, Transpose(a_transposed), Transpose(b_transposed), m, n, k, Pass(one), a, a_stride, b, b_stride,
       Pass(beta), c, c_stride);
}

template <typename T>
void Blas::Gemv(bool transposed, int rows, int columns, const T* a, int a_stride, const T* x, int x_step,
                bool accumulate, T* y, int y_step) const {
  const auto gemv = reinterpret_cast<GemvFunction<T>>(
      Choose<T>(functions_.sgemv, functions_.dgemv, functions_.cgemv, functions_.zgemv));
  const T one(1);
  const T beta(accumulate ? 1 : 0);
  gemv(kRowMajor, Transpose(transposed), rows, columns, Pass(one), a, a_stride, x, x_step, Pass(beta), y, y_step);
}

#define DISTARRAY_BLAS_OF(T)                                                                              \
  template void Blas::Gemm(bool, bool, int, int, int, const T*, int, const T*, int, bool, T*, int) const; \
  template void Blas::Gemv(bool, int, int, const T*, int, const T*, int, bool, T*, int) const
DISTARRAY_BLAS_OF(float);
DISTARRAY_BLAS_OF(double);
DISTARRAY_BLAS_OF(std::complex<float>);
DISTARRAY_BLAS_OF(std::complex<double>);
#undef DISTARRAY_BLAS_OF

}  // namespace distarray
