#pragma once

// exp and power with AVX-512, whose instructions for exponents and small tables make them about twice as fast as
// SLEEF's, within 1 unit of the last place. Power is 2^(y * log2(x)) with the logarithm to 65 bits:
//
//   x = 2^k m, 0.75 <= m < 1.5; c is the multiple of 1/16 nearest to m; r = m / c - 1, |r| < 0.042
//   log2(x) = k + log2(c) + log2(1 + r), the last by its series, of which the first two terms are computed twice as
//   precisely as the rest

#ifdef __AVX512F__

#include <immintrin.h>

#include <cmath>
#include <limits>

namespace distarray::DISTARRAY_KERNEL_SET {

inline __m512d Constant(double value) { return _mm512_set1_pd(value); }

/// 2^(high + low), |low| < 1: any value of high.
inline __m512d Exp2Of(__m512d high, __m512d low) {
  // 1 / k! * ln(2)^k
  constexpr double kTerms[] = {1.0,
                               6.93147180559945286e-01,
                               2.40226506959100694e-01,
                               5.55041086648215762e-02,
                               9.61812910762847688e-03,
                               1.33335581464284411e-03,
                               1.54035303933816061e-04,
                               1.52527338040598406e-05,
                               1.32154867901443094e-06,
                               1.01780860092396997e-07,
                               7.05491162080112332e-09,
                               4.44553827187081145e-10,
                               2.56784359934882051e-11,
                               1.36914888539041284e-12};
  // Beyond these, everything is 0 or infinite.
  const __m512d within = _mm512_min_pd(Constant(2000), _mm512_max_pd(Constant(-2000), high));
  const __mmask8 counts = _mm512_cmp_pd_mask(within, high, _CMP_EQ_OQ);
  const __m512d whole = _mm512_roundscale_pd(within, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const __m512d f = _mm512_mask_add_pd(_mm512_sub_pd(within, whole), counts, _mm512_sub_pd(within, whole), low);
  // Two halves of the sum, by even and odd powers, at the same time.
  const __m512d square = _mm512_mul_pd(f, f);
  __m512d even = Constant(kTerms[12]);
  __m512d odd = Constant(kTerms[13]);
  for (int k = 10; k >= 2; k -= 2) {
    even = _mm512_fmadd_pd(even, square, Constant(kTerms[k]));
    odd = _mm512_fmadd_pd(odd, square, Constant(kTerms[k + 1]));
  }
  odd = _mm512_fmadd_pd(odd, square, Constant(kTerms[1]));
  const __m512d rest = _mm512_fmadd_pd(even, square, _mm512_mul_pd(odd, f));
  return _mm512_scalef_pd(_mm512_add_pd(Constant(1), rest), whole);
}

inline __m512d ExpOf(__m512d x) {
  constexpr double kLog2E = 1.44269504088896339e+00;
  constexpr double kLn2High = 6.93147180369123816e-01;  // its last bits are 0: products with exponents are exact
  constexpr double kLn2Low = 1.90821492927058770e-10;
  constexpr double kTerms[] = {
      1.0,        1.0,         1.0 / 2,      1.0 / 6,       1.0 / 24,       1.0 / 120,       1.0 / 720,
      1.0 / 5040, 1.0 / 40320, 1.0 / 362880, 1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800};
  const __m512d within = _mm512_min_pd(Constant(1000), _mm512_max_pd(Constant(-1000), x));
  const __m512d whole =
      _mm512_roundscale_pd(_mm512_mul_pd(within, Constant(kLog2E)), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const __m512d high = _mm512_fnmadd_pd(whole, Constant(kLn2High), within);
  const __m512d f = _mm512_fnmadd_pd(whole, Constant(kLn2Low), high);
  const __m512d square = _mm512_mul_pd(f, f);
  __m512d even = Constant(kTerms[12]);
  __m512d odd = Constant(kTerms[13]);
  for (int k = 10; k >= 2; k -= 2) {
    even = _mm512_fmadd_pd(even, square, Constant(kTerms[k]));
    odd = _mm512_fmadd_pd(odd, square, Constant(kTerms[k + 1]));
  }
  // 1 + (f + f^2 (even + f odd))
  const __m512d rest = _mm512_fmadd_pd(square, _mm512_fmadd_pd(odd, f, even), f);
  return _mm512_scalef_pd(_mm512_add_pd(Constant(1), rest), whole);
}

// Of c = 16/16 .. 27/16, then 12/16 .. 15/16: 1 / c, rounded, and what its logarithm really is, with room for k.
alignas(64) inline constexpr double kReciprocals[16] = {1.0,
                                                        0.9411764705882353,
                                                        0.8888888888888888,
                                                        0.8421052631578947,
                                                        0.8,
                                                        0.7619047619047619,
                                                        0.7272727272727273,
                                                        0.6956521739130435,
                                                        0.6666666666666666,
                                                        0.64,
                                                        0.6153846153846154,
                                                        0.5925925925925926,
                                                        1.3333333333333333,
                                                        1.2307692307692308,
                                                        1.1428571428571428,
                                                        1.0666666666666667};
alignas(64) inline constexpr double kHigh[16] = {0.0,
                                                 0.0874628412502716,
                                                 0.16992500144260703,
                                                 0.24792751344375574,
                                                 0.32192809488697094,
                                                 0.39231742277843296,
                                                 0.45943161863760906,
                                                 0.5235619560571649,
                                                 0.5849625007213035,
                                                 0.6438561897748514,
                                                 0.7004397181408422,
                                                 0.7548875021639105,
                                                 -0.4150374992786965,
                                                 -0.29956028185915784,
                                                 -0.19264507794196106,
                                                 -0.09310940439172555};
alignas(64) inline constexpr double kLow[16] = {0.0,
                                                6.783365796585726e-14,
                                                -2.9458355405304396e-13,
                                                -1.7016874894531822e-13,
                                                3.9132866996700715e-13,
                                                3.2741301597111444e-13,
                                                -3.118465598331115e-13,
                                                -1.5202212681945793e-13,
                                                -1.472517341952243e-13,
                                                -1.2670722263719646e-13,
                                                2.499201011366693e-13,
                                                -4.419153739108636e-13,
                                                -1.472517341952243e-13,
                                                2.499201011366693e-13,
                                                -4.3474986594399416e-13,
                                                2.440969571874317e-13};

/// A positive normal number taken apart: 2^k m, and which entry of the tables is m's.
struct Parts {
  __m512d k;
  __m512d m;
  __m512i entry;  // in the lowest four bits

  __m512d LookUp(const double* table) const {
    return _mm512_permutex2var_pd(_mm512_load_pd(table), entry, _mm512_load_pd(table + 8));
  }
};

inline Parts TakeApart(__m512d x) {
  const __m512d m = _mm512_getmant_pd(x, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_zero);
  const __m512d fraction = _mm512_getmant_pd(x, _MM_MANT_NORM_1_2, _MM_MANT_SIGN_zero);
  const __m512d k = _mm512_getexp_pd(x);
  const __mmask8 halved = _mm512_cmp_pd_mask(m, fraction, _CMP_LT_OQ);
  // 16 m, rounded, in the lowest bits.
  const __m512d nearest = _mm512_fmadd_pd(m, Constant(16), Constant(6755399441055744));
  return {_mm512_mask_add_pd(k, halved, k, Constant(1)), m, _mm512_castpd_si512(nearest)};
}

/// log2 of positive normal numbers, as an unevaluated sum.
struct Logarithm {
  __m512d high;
  __m512d low;
};

inline Logarithm Log2Of(__m512d x) {
  constexpr double kLog2E = 1.4426950408889634;
  constexpr double kLog2ELow = 2.0355273740931033e-17;
  const Parts parts = TakeApart(x);
  const __m512d reciprocal = parts.LookUp(kReciprocals);
  const __m512d product = _mm512_mul_pd(parts.m, reciprocal);
  const __m512d r = _mm512_sub_pd(product, Constant(1));
  const __m512d r_low = _mm512_fmsub_pd(parts.m, reciprocal, product);
  // ln(1 + r) = r - r^2/2 + r^3 (1/3 - r/4 + ...)
  const __m512d half = _mm512_mul_pd(r, Constant(0.5));
  const __m512d squared = _mm512_mul_pd(r, half);
  const __m512d squared_low = _mm512_fmsub_pd(r, half, squared);
  const __m512d square = _mm512_mul_pd(r, r);
  __m512d odd = Constant(1.0 / 13);
  __m512d even = Constant(-1.0 / 12);
  for (int n = 11; n >= 3; n -= 2) {
    odd = _mm512_fmadd_pd(odd, square, Constant(1.0 / n));
    if (n > 3) {
      even = _mm512_fmadd_pd(even, square, Constant(-1.0 / (n - 1)));
    }
  }
  const __m512d tail = _mm512_mul_pd(_mm512_mul_pd(square, r), _mm512_fmadd_pd(even, r, odd));
  const __m512d first = _mm512_sub_pd(r, squared);
  __m512d rest = _mm512_sub_pd(_mm512_sub_pd(r, first), squared);
  const __m512d slope = _mm512_fnmadd_pd(r, _mm512_sub_pd(Constant(1), r), Constant(1));  // of ln(1 + r)
  rest = _mm512_fmadd_pd(r_low, slope, _mm512_sub_pd(rest, squared_low));
  rest = _mm512_add_pd(rest, tail);
  // Times 1 / ln(2), plus k + log2(c).
  const __m512d high = _mm512_mul_pd(first, Constant(kLog2E));
  __m512d low = _mm512_fmsub_pd(first, Constant(kLog2E), high);
  low = _mm512_fmadd_pd(first, Constant(kLog2ELow), low);
  low = _mm512_fmadd_pd(rest, Constant(kLog2E), low);
  const __m512d large = _mm512_add_pd(parts.k, parts.LookUp(kHigh));
  const __m512d sum = _mm512_add_pd(large, high);
  const __m512d lost = _mm512_add_pd(_mm512_sub_pd(large, sum), high);
  const __m512d rest_of_sum = _mm512_add_pd(lost, _mm512_add_pd(low, parts.LookUp(kLow)));
  const __m512d rounded = _mm512_add_pd(sum, rest_of_sum);
  return {rounded, _mm512_add_pd(_mm512_sub_pd(sum, rounded), rest_of_sum)};
}

/// Numbers that all of the above is right for: normal, and finite.
inline __mmask8 IsNormal(__m512d x) {
  constexpr int kOthers = 0x01 | 0x02 | 0x04 | 0x08 | 0x10 | 0x20 | 0x80;  // NaN, zeros, infinities, denormal
  return static_cast<__mmask8>(~_mm512_fpclass_pd_mask(x, kOthers));
}

/// The power of numbers whose magnitudes have `power`: for what is unusual, and of negative numbers.
inline __m512d Signed(__m512d x, __m512d y, __m512d power) {
  const __mmask8 usual = IsNormal(x) & IsNormal(y);
  const __mmask8 negative = _mm512_cmp_pd_mask(x, Constant(0), _CMP_LT_OQ);
  if (usual == 0xFF && negative == 0) {
    return power;
  }
  // A negative number to a whole power has the power's sign, to another there is none; the rest is the library's.
  alignas(64) double bases[8];
  alignas(64) double exponents[8];
  alignas(64) double powers[8];
  _mm512_store_pd(bases, x);
  _mm512_store_pd(exponents, y);
  _mm512_store_pd(powers, power);
  for (int lane = 0; lane < 8; ++lane) {
    if ((usual >> lane & 1) == 0) {
      powers[lane] = std::pow(bases[lane], exponents[lane]);
    } else if ((negative >> lane & 1) != 0) {
      const double whole = std::trunc(exponents[lane]);
      const bool odd = std::trunc(whole / 2) * 2 != whole;
      powers[lane] =
          whole != exponents[lane] ? std::numeric_limits<double>::quiet_NaN() : (odd ? -powers[lane] : powers[lane]);
    }
  }
  return _mm512_load_pd(powers);
}

inline __m512d PowerOf(__m512d x, __m512d y) {
  const Logarithm logarithm = Log2Of(x);
  const __m512d exponent = _mm512_mul_pd(y, logarithm.high);
  const __m512d lost = _mm512_fmsub_pd(y, logarithm.high, exponent);
  return Signed(x, y, Exp2Of(exponent, _mm512_fmadd_pd(y, logarithm.low, lost)));
}

/// As precise as float32 needs, in float64.
inline __m512d RoughPowerOf(__m512d x, __m512d y) {
  const Parts parts = TakeApart(x);
  const __m512d r = _mm512_fmsub_pd(parts.m, parts.LookUp(kReciprocals), Constant(1));
  constexpr double kLog2E = 1.4426950408889634;
  constexpr double kLogarithm[] = {kLog2E, -kLog2E / 2, kLog2E / 3, -kLog2E / 4, kLog2E / 5, -kLog2E / 6, kLog2E / 7};
  __m512d logarithm = Constant(kLogarithm[6]);
  for (int n = 5; n >= 0; --n) {
    logarithm = _mm512_fmadd_pd(logarithm, r, Constant(kLogarithm[n]));
  }
  logarithm = _mm512_fmadd_pd(logarithm, r, _mm512_add_pd(parts.k, parts.LookUp(kHigh)));
  const __m512d exponent = _mm512_min_pd(Constant(2000), _mm512_max_pd(Constant(-2000), _mm512_mul_pd(y, logarithm)));
  const __m512d whole = _mm512_roundscale_pd(exponent, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const __m512d f = _mm512_sub_pd(exponent, whole);
  constexpr double kExp2[] = {1.0,
                              0.6931471805599453,
                              0.24022650695910072,
                              0.05550410866482158,
                              0.009618129107628477,
                              0.0013333558146428443,
                              0.0001540353039338161,
                              1.5252733804059841e-05};
  __m512d power = Constant(kExp2[7]);
  for (int n = 6; n >= 0; --n) {
    power = _mm512_fmadd_pd(power, f, Constant(kExp2[n]));
  }
  return Signed(x, y, _mm512_scalef_pd(power, whole));
}

/// By way of float64, in which no float32 is denormal.
inline __m512 PowerOf(__m512 x, __m512 y) {
  const auto half = [](__m512 whole, int number) {
    return _mm512_cvtps_pd(number == 0 ? _mm512_castps512_ps256(whole) : _mm512_extractf32x8_ps(whole, 1));
  };
  const __m256 low = _mm512_cvtpd_ps(RoughPowerOf(half(x, 0), half(y, 0)));
  const __m256 high = _mm512_cvtpd_ps(RoughPowerOf(half(x, 1), half(y, 1)));
  return _mm512_insertf32x8(_mm512_castps256_ps512(low), high, 1);
}

}  // namespace distarray::DISTARRAY_KERNEL_SET

#endif
