// Prints how fast programs run beside hand-written loops, on one core: GB/s of what must be read and written, and the
// ratio of times.

#include <immintrin.h>
#include <sleef.h>
#include <sys/mman.h>
#include <time.h>

#include <cstdio>
#include <cstring>
#include <functional>
#include <limits>
#include <random>
#include <vector>

#include "tests/engine/program/program_builder.h"

namespace distarray {
namespace {

constexpr std::int64_t kSize = std::int64_t{1} << 24;
constexpr int kRepetitions = 7;

/// Doubles on fresh, touched pages.
class Block {
 public:
  explicit Block(std::int64_t size) : size_(size) {
    data_ = static_cast<double*>(mmap(nullptr, Bytes(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    madvise(data_, Bytes(), MADV_HUGEPAGE);
    std::mt19937_64 random(static_cast<std::uint64_t>(size));
    for (std::int64_t i = 0; i < size; ++i) {
      data_[i] = static_cast<double>(random() >> 40) * 1e-4;
    }
  }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  ~Block() { munmap(data_, Bytes()); }
  double* data() const { return data_; }
  LocalOperand In(const LocalRegion& region) const { return {reinterpret_cast<const std::byte*>(data_), region}; }
  LocalOutput Out(const LocalRegion& region) const { return {reinterpret_cast<std::byte*>(data_), region}; }

 private:
  std::size_t Bytes() const { return static_cast<std::size_t>(size_) * sizeof(double); }
  std::int64_t size_;
  double* data_;
};

/// Of this thread, so that what else the machine does counts less.
double ProcessorSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double BestSeconds(const std::function<void()>& work) {
  double best = std::numeric_limits<double>::infinity();
  for (int i = 0; i < kRepetitions; ++i) {
    const double begin = ProcessorSeconds();
    work();
    best = std::min(best, ProcessorSeconds() - begin);
  }
  return best;
}

void Report(const char* what, double bytes, double seconds, double reference_seconds) {
  std::printf("%-44s %7.2f GB/s", what, bytes / seconds * 1e-9);
  if (reference_seconds > 0) {
    std::printf("   %5.2f x the hand-written loop's time", seconds / reference_seconds);
  }
  std::printf("\n");
}

void Run(const Program& program, const Shape& shape, std::vector<LocalOperand> operands,
         std::vector<LocalOutput> outputs) {
  const Distribution space = SingleTarget(shape, 0);
  Executor executor(program, space, 0, std::move(operands), std::move(outputs));
  if (!RunAll(executor, 1 << 20).ok()) {
    std::puts("failed");
  }
}

void FusedByHand(const double* a, const double* b, const double* c, const double* d, double* out, std::int64_t n) {
  for (std::int64_t i = 0; i < n; i += 4) {
    const __m256d product = _mm256_mul_pd(_mm256_loadu_pd(a + i), _mm256_loadu_pd(b + i));
    const __m256d wave = _mm256_mul_pd(_mm256_loadu_pd(c + i), Sleef_sind4_u35avx2(_mm256_loadu_pd(d + i)));
    _mm256_stream_pd(out + i, _mm256_add_pd(_mm256_add_pd(product, wave), _mm256_set1_pd(1)));
  }
  _mm_sfence();
}

void ExpressionByHand(const double* a, const double* b, const double* c, double* out, std::int64_t n) {
  for (std::int64_t i = 0; i < n; i += 4) {
    const __m256d product = _mm256_mul_pd(_mm256_loadu_pd(a + i), _mm256_loadu_pd(b + i));
    _mm256_stream_pd(out + i, _mm256_add_pd(product, _mm256_loadu_pd(c + i)));
  }
  _mm_sfence();
}

void AddByHand(const double* a, const double* b, double* out, std::int64_t n) {
  for (std::int64_t i = 0; i < n; i += 4) {
    _mm256_stream_pd(out + i, _mm256_add_pd(_mm256_loadu_pd(a + i), _mm256_loadu_pd(b + i)));
  }
  _mm_sfence();
}

double SumByHand(const double* a, std::int64_t n) {
  __m256d sums[4] = {};
  for (std::int64_t i = 0; i < n; i += 16) {
    for (int k = 0; k < 4; ++k) {
      sums[k] = _mm256_add_pd(sums[k], _mm256_loadu_pd(a + i + 4 * k));
    }
  }
  const __m256d sum = _mm256_add_pd(_mm256_add_pd(sums[0], sums[1]), _mm256_add_pd(sums[2], sums[3]));
  return sum[0] + sum[1] + sum[2] + sum[3];
}

double DotByHand(const double* a, const double* b, std::int64_t n) {
  __m256d sums[4] = {};
  for (std::int64_t i = 0; i < n; i += 16) {
    for (int k = 0; k < 4; ++k) {
      sums[k] = _mm256_fmadd_pd(_mm256_loadu_pd(a + i + 4 * k), _mm256_loadu_pd(b + i + 4 * k), sums[k]);
    }
  }
  const __m256d sum = _mm256_add_pd(_mm256_add_pd(sums[0], sums[1]), _mm256_add_pd(sums[2], sums[3]));
  return sum[0] + sum[1] + sum[2] + sum[3];
}

void BenchLarge() {
  const Block a(kSize), b(kSize), c(kSize), d(kSize), out(kSize);
  const LocalRegion dense = DenseRegion({kSize});
  const double bytes = static_cast<double>(kSize) * 8;
  volatile double sink = 0;

  Report("memcpy", 2 * bytes,
         BestSeconds([&] { std::memcpy(out.data(), a.data(), static_cast<std::size_t>(kSize) * 8); }), 0);

  {
    ProgramBuilder p;
    const ValueId va = p.Operand(DType::kFloat64), vb = p.Operand(DType::kFloat64);
    p.Store(p.Apply("add", {va, vb}));
    const double hand = BestSeconds([&] { AddByHand(a.data(), b.data(), out.data(), kSize); });
    Report("a+b", 3 * bytes, BestSeconds([&] {
             Run(p.program(), {kSize}, {a.In(dense), b.In(dense)}, {out.Out(dense)});
           }),
           hand);
  }
  {
    ProgramBuilder p;
    const ValueId va = p.Operand(DType::kFloat64), vb = p.Operand(DType::kFloat64), vc = p.Operand(DType::kFloat64);
    p.Store(p.Apply("add", {p.Apply("multiply", {va, vb}), vc}));
    const double hand = BestSeconds([&] { ExpressionByHand(a.data(), b.data(), c.data(), out.data(), kSize); });
    Report("a*b+c", 4 * bytes, BestSeconds([&] {
             Run(p.program(), {kSize}, {a.In(dense), b.In(dense), c.In(dense)}, {out.Out(dense)});
           }),
           hand);
  }
  for (const bool summed : {false, true}) {
    ProgramBuilder p;
    const ValueId va = p.Operand(DType::kFloat64), vb = p.Operand(DType::kFloat64), vc = p.Operand(DType::kFloat64),
                  vd = p.Operand(DType::kFloat64);
    const ValueId value = p.Apply(
        "add", {p.Apply("add", {p.Apply("multiply", {va, vb}), p.Apply("multiply", {vc, p.Apply("sin", {vd})})}),
                p.Number(1.0, DType::kFloat64)});
    const double hand = BestSeconds([&] { FusedByHand(a.data(), b.data(), c.data(), d.data(), out.data(), kSize); });
    std::vector<LocalOutput> outputs;
    if (summed) {
      p.Reduce("sum", value, {0});
    } else {
      p.Store(value);
      outputs = {out.Out(dense)};
    }
    Report(summed ? "sum(a*b + c*sin(d) + 1)" : "a*b + c*sin(d) + 1", (summed ? 4 : 5) * bytes, BestSeconds([&] {
             Run(p.program(), {kSize}, {a.In(dense), b.In(dense), c.In(dense), d.In(dense)}, outputs);
           }),
           hand);
  }
  {
    ProgramBuilder p;
    const ValueId va = p.Operand(DType::kFloat64), vb = p.Operand(DType::kFloat64);
    p.Reduce("sum", p.Apply("multiply", {va, vb}), {0});
    const double hand = BestSeconds([&] { sink = DotByHand(a.data(), b.data(), kSize); });
    Report("sum(a*b)", 2 * bytes, BestSeconds([&] {
             Run(p.program(), {kSize}, {a.In(dense), b.In(dense)}, {});
           }),
           hand);
  }
  const double sum_by_hand = BestSeconds([&] { sink = SumByHand(a.data(), kSize); });
  Report("plain sum by hand", bytes, sum_by_hand, 0);
  for (const char* name : {"sum", "mean", "var", "max", "prod"}) {
    ProgramBuilder p;
    p.Reduce(name, p.Operand(DType::kFloat64), {0});
    Report(name, bytes, BestSeconds([&] { Run(p.program(), {kSize}, {a.In(dense)}, {}); }), sum_by_hand);
  }
  const Shape shapes[] = {{4096, kSize / 4096}, {16, kSize / 16}, {kSize / 16, 16}, {kSize / 4, 4}};
  for (const Shape& shape : shapes) {
    for (const int axis : {0, 1}) {
      ProgramBuilder p;
      p.Reduce("sum", p.Operand(DType::kFloat64), {axis});
      const LocalRegion region = DenseRegion(shape);
      const std::string what = "sum of " + ToString(shape) + " over axis " + std::to_string(axis);
      Report(what.c_str(), bytes, BestSeconds([&] { Run(p.program(), shape, {a.In(region)}, {}); }), sum_by_hand);
    }
  }
  {
    const Shape shape = {4096, kSize / 4096};
    ProgramBuilder p;
    p.Store(p.Apply("add", {p.Operand(DType::kFloat64), p.Operand(DType::kFloat64)}));
    const LocalRegion region = DenseRegion(shape);
    const LocalRegion transposed{shape, 0, {1, 4096}};
    const double hand = BestSeconds([&] { AddByHand(a.data(), b.data(), out.data(), kSize); });
    Report("a+b.T, 4096 x 4096", 3 * bytes, BestSeconds([&] {
             Run(p.program(), shape, {a.In(region), b.In(transposed)}, {out.Out(region)});
           }),
           hand);
    const LocalRegion row{shape, 0, {0, 1}};
    const LocalRegion column{shape, 0, {1, 0}};
    Report("row + column, 4096 x 4096", bytes, BestSeconds([&] {
             Run(p.program(), shape, {a.In(row), b.In(column)}, {out.Out(region)});
           }),
           hand);
    const LocalRegion odd{{2048, 2048}, 1, {8192, 2}};
    Report("a[::2, 1::2] + b[::2, 1::2]", 3 * bytes / 4, BestSeconds([&] {
             Run(p.program(), {2048, 2048}, {a.In(odd), b.In(odd)}, {out.Out(DenseRegion({2048, 2048}))});
           }),
           hand / 4);
  }
  for (const auto kind : {RandomNumber::Kind::kUniform, RandomNumber::Kind::kNormal, RandomNumber::Kind::kIntegers}) {
    ProgramBuilder p;
    const bool integers = kind == RandomNumber::Kind::kIntegers;
    p.Store(p.Random({kind, 1, 2, Scalar{0.0}, Scalar{100.0}}, integers ? DType::kInt64 : DType::kFloat64));
    const double seconds = BestSeconds([&] { Run(p.program(), {kSize}, {}, {out.Out(dense)}); });
    std::printf("random numbers, kind %d %28.2f ns an element\n", static_cast<int>(kind),
                seconds / static_cast<double>(kSize) * 1e9);
  }
}

/// float32 of a few thousand elements: everything is in the cache.
void BenchSmall() {
  for (const std::int64_t size : {1, 16, 1000, 10000, 100000}) {
    std::vector<double> x(static_cast<std::size_t>(size), 1.5);
    std::vector<double> out(x.size());
    const LocalRegion dense = DenseRegion({size});
    ProgramBuilder p;
    const ValueId v = p.Operand(DType::kFloat64);
    p.Store(p.Apply("add", {p.Apply("multiply", {v, v}), p.Number(1.0, DType::kFloat64)}));
    const int repetitions = static_cast<int>(std::max<std::int64_t>(10000000 / (size + 1000), 10));
    const double seconds = BestSeconds([&] {
      for (int i = 0; i < repetitions; ++i) {
        Run(p.program(), {size}, {Operand(x, dense)}, {Output(out, dense)});
      }
    });
    std::printf("x*x+1 of %7lld elements %33.3f us\n", static_cast<long long>(size), seconds / repetitions * 1e6);
  }
}

}  // namespace
}  // namespace distarray

int main() {
  std::printf("kernels: %s; %lld float64 an array, one core\n", distarray::KernelSet(),
              static_cast<long long>(distarray::kSize));
  distarray::BenchLarge();
  distarray::BenchSmall();
  return 0;
}
