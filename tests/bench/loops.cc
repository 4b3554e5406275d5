// What the daemon is measured against: the same work as one hand-written loop, on two threads, over arrays in the kind
// of memory that engines have. Reads the names of loops and answers each with the seconds that it took, so that whoever
// asks can run both sides in turn. Compiled for the machine it runs on.
//
// Usage: bench_loops ELEMENTS (float64, an array)

#include <immintrin.h>
#include <sleef.h>
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <thread>

namespace {

#ifdef __AVX512F__
using Doubles = __m512d;
constexpr std::int64_t kLanes = 8;
Doubles Load(const double* from) { return _mm512_load_pd(from); }
void Stream(double* to, Doubles value) { _mm512_stream_pd(to, value); }
Doubles Sine(Doubles x) { return Sleef_sind8_u35avx512f(x); }
#else
using Doubles = __m256d;
constexpr std::int64_t kLanes = 4;
Doubles Load(const double* from) { return _mm256_load_pd(from); }
void Stream(double* to, Doubles value) { _mm256_stream_pd(to, value); }
Doubles Sine(Doubles x) { return Sleef_sind4_u35avx2(x); }
#endif

constexpr int kThreads = 2;
constexpr int kSums = 4;  // independent ones hide the latency of additions

/// Touched memory as engines have it: of a file without a name, on huge pages where the system allows.
double* Allocate(std::int64_t elements) {
  const auto bytes = static_cast<std::size_t>(elements) * sizeof(double);
  const int file = memfd_create("bench_loops", MFD_CLOEXEC);
  if (file < 0 || ftruncate(file, static_cast<off_t>(bytes)) != 0) {
    std::perror("memory");
    std::exit(1);
  }
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  madvise(memory, bytes, MADV_HUGEPAGE);
  auto* array = static_cast<double*>(memory);
  for (std::int64_t i = 0; i < elements; ++i) {
    array[i] = static_cast<double>(i % 1024) / 1024;
  }
  return array;
}

struct Arrays {
  double *a, *b, *c, *d, *out;
};
using Loop = double (*)(const Arrays&, std::int64_t begin, std::int64_t end);

double Total(const Doubles* sums) {
  double total = 0;
  for (int s = 0; s < kSums; ++s) {
    for (std::int64_t lane = 0; lane < kLanes; ++lane) {
      total += sums[s][lane];
    }
  }
  return total;
}

double Fused(const Arrays& x, std::int64_t begin, std::int64_t end) {
  for (std::int64_t i = begin; i < end; i += kLanes) {
    Stream(x.out + i, Load(x.a + i) * Load(x.b + i) + Load(x.c + i) * Sine(Load(x.d + i)) + 1.0);
  }
  return 0;
}

double Add(const Arrays& x, std::int64_t begin, std::int64_t end) {
  for (std::int64_t i = begin; i < end; i += kLanes) {
    Stream(x.out + i, Load(x.a + i) + Load(x.b + i));
  }
  return 0;
}

double AddInPlace(const Arrays& x, std::int64_t begin, std::int64_t end) {
  for (std::int64_t i = begin; i < end; i += kLanes) {
    Stream(x.out + i, Load(x.out + i) + Load(x.b + i));
  }
  return 0;
}

double Read(const Arrays& x, std::int64_t begin, std::int64_t end) {
  Doubles sums[kSums] = {};
  for (std::int64_t i = begin; i < end; i += kSums * kLanes) {
    for (int s = 0; s < kSums; ++s) {
      sums[s] += Load(x.a + i + s * kLanes);
    }
  }
  return Total(sums);
}

double ReadTwo(const Arrays& x, std::int64_t begin, std::int64_t end) {
  Doubles sums[kSums] = {};
  for (std::int64_t i = begin; i < end; i += kSums * kLanes) {
    for (int s = 0; s < kSums; ++s) {
      sums[s] += Load(x.a + i + s * kLanes) * Load(x.b + i + s * kLanes);
    }
  }
  return Total(sums);
}

double Copy(const Arrays& x, std::int64_t begin, std::int64_t end) {
  std::memcpy(x.out + begin, x.a + begin, static_cast<std::size_t>(end - begin) * sizeof(double));
  return 0;
}

const std::map<std::string, Loop> kLoops = {{"fused", &Fused}, {"add", &Add},          {"add_in_place", &AddInPlace},
                                            {"read", &Read},   {"read_two", &ReadTwo}, {"copy", &Copy}};

/// Seconds of a loop, its halves on a thread each.
double Seconds(Loop loop, const Arrays& arrays, std::int64_t elements) {
  const auto began = std::chrono::steady_clock::now();
  volatile double sink[kThreads];
  std::thread threads[kThreads];
  for (int t = 0; t < kThreads; ++t) {
    threads[t] =
        std::thread([&, t] { sink[t] = loop(arrays, elements / kThreads * t, elements / kThreads * (t + 1)); });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

}  // namespace

int main(int argc, char** argv) {
  constexpr std::int64_t kWhole = kThreads * kSums * kLanes;
  const std::int64_t elements = argc > 1 ? std::atoll(argv[1]) / kWhole * kWhole : 0;
  if (elements <= 0) {
    std::fputs("usage: bench_loops ELEMENTS\n", stderr);
    return 2;
  }
  const Arrays arrays{Allocate(elements), Allocate(elements), Allocate(elements), Allocate(elements),
                      Allocate(elements)};
  std::string name;
  while (std::cin >> name) {
    const auto found = kLoops.find(name);
    if (found == kLoops.end()) {
      std::fprintf(stderr, "there is no loop %s\n", name.c_str());
      return 2;
    }
    std::printf("%.9f\n", Seconds(found->second, arrays, elements));
    std::fflush(stdout);
  }
  return 0;
}
