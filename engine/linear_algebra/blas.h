#pragma once

#include <cstdint>
#include <string>

namespace distarray {

/// OpenBLAS, loaded when it is first needed: processes that multiply no matrices (the front, the supervisor, the
/// guards of functions) neither map it nor start its threads.
class Blas {
 public:
  /// Null: it is not installed.
  static const Blas* Get();
  /// How many threads it may use, from the first Get on; $OPENBLAS_NUM_THREADS has the last word.
  static void UseThreads(int threads);

  /// The name of the kernels that it chose, "SkylakeX".
  const std::string& kernels() const { return kernels_; }
  int threads() const { return threads_; }

  // Row-major; strides in elements.
  template <typename T>
  void Gemm(bool a_transposed, bool b_transposed, int m, int n, int k, const T* a, int a_stride, const T* b,
            int b_stride, bool accumulate, T* c, int c_stride) const;
  /// y = (or +=) A x: A has `rows` rows as it lies in memory.
  template <typename T>
  void Gemv(bool transposed, int rows, int columns, const T* a, int a_stride, const T* x, int x_step, bool accumulate,
            T* y, int y_step) const;

 private:
  struct Functions {
    void* sgemm;
    void* dgemm;
    void* cgemm;
    void* zgemm;
    void* sgemv;
    void* dgemv;
    void* cgemv;
    void* zgemv;
  };

  Blas() = default;
  static const Blas* Load();

  Functions functions_{};
  std::string kernels_;
  int threads_ = 1;
};

}  // namespace distarray
