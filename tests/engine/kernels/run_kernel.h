#pragma once

#include <array>
#include <cstring>
#include <memory>
#include <string_view>
#include <type_traits>
#include <vector>

#include "engine/kernels/kernel_set.h"
#include "engine/kernels/operations.h"

namespace distarray {

/// The kernel sets that can run here.
inline std::vector<const KernelTable*> RunnableSets() {
  std::vector<const KernelTable*> sets;
  for (const char* name : {"baseline", "avx2", "avx512"}) {
    if (const KernelTable* set = FindKernelSet(name); set != nullptr) {
      sets.push_back(set);
    }
  }
  return sets;
}

/// A dense array that, unlike std::vector, also holds bool as bytes.
template <typename T>
class Elements {
 public:
  explicit Elements(std::size_t size) : size_(size), data_(new T[size]()) {}
  Elements(std::initializer_list<T> values) : Elements(values.size()) {
    std::copy(values.begin(), values.end(), begin());
  }
  explicit Elements(const std::vector<T>& values) : Elements(values.size()) {
    std::copy(values.begin(), values.end(), begin());
  }
  std::size_t size() const { return size_; }
  T* begin() { return data_.get(); }
  T* end() { return begin() + size_; }
  const T* begin() const { return data_.get(); }
  const T* end() const { return begin() + size_; }
  T& operator[](std::size_t i) { return data_[i]; }
  const T& operator[](std::size_t i) const { return data_[i]; }

 private:
  std::size_t size_;
  std::shared_ptr<T[]> data_;
};

inline Kernel FindKernel(const KernelTable& set, std::string_view name, DType dtype) {
  return set.operations[static_cast<std::size_t>(FindOperation(name))][static_cast<std::size_t>(dtype)];
}

template <typename R, typename T>
Elements<R> RunUnary(const KernelTable& set, std::string_view name, const Elements<T>& x) {
  Elements<R> out(x.size());
  const void* in[] = {x.begin()};
  FindKernel(set, name, kDTypeOf<T>)(static_cast<std::int64_t>(x.size()), in, out.begin());
  return out;
}

template <typename R, typename T>
Elements<R> RunBinary(const KernelTable& set, std::string_view name, const Elements<T>& x, const Elements<T>& y) {
  Elements<R> out(x.size());
  const void* in[] = {x.begin(), y.begin()};
  FindKernel(set, name, kDTypeOf<T>)(static_cast<std::int64_t>(x.size()), in, out.begin());
  return out;
}

/// All pairs of the values, as two arrays.
template <typename T>
std::pair<Elements<T>, Elements<T>> AllPairs(const std::vector<T>& values) {
  Elements<T> x(values.size() * values.size());
  Elements<T> y(values.size() * values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (std::size_t j = 0; j < values.size(); ++j) {
      x[i * values.size() + j] = values[i];
      y[i * values.size() + j] = values[j];
    }
  }
  return {x, y};
}

/// Equal, or both NaN.
template <typename T>
bool Same(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    return a == b || (a != a && b != b);
  } else {
    return a == b;
  }
}
template <typename T>
bool Same(std::complex<T> a, std::complex<T> b) {
  return Same(a.real(), b.real()) && Same(a.imag(), b.imag());
}

}  // namespace distarray
