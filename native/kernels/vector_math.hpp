// The functions of mathematics for one vector, without branches: every lane goes the same way.
//
//        x ──► reduce: a small r and what was taken off ──► polynomial of r ──► put together ──► where x is special:
//              exp   x = k·ln 2 + r                         p(r)                2ᵏ·p            select
//              log   x = 2ᵏ·(1 + f)                         p(f)                k·ln 2 + p
//              sin   x = k·π/2 + r                          sin r, cos r        one of ±sin r, ±cos r by k mod 4
//
// What is taken off comes in pieces with so few digits that k times a piece is exact (Cody and Waite), so that it makes
// no difference whether the machine fuses a product and a sum.
//
// The largest errors found on any instruction set, in units in the last place, and the bound to which
// tests/engines/test_elementwise_kernel.py holds them:
//
//              exp    expm1  log    log1p  tanh   sigmoid  softplus  erf    sin    cos
//   float32    1.04   1.67   0.79   0.82   1.43   2.24     1.60      0.99   0.89   0.85
//   float64    0.98   1.94   0.78   0.81   1.43   2.29     1.63      1.18   0.96   0.94
//   bound      1.5    2      1      1      2      2.5      2         1.5    1.5    1.5
//
// Powers of float32 are within 1 ulp (0.51 were found).
//
// The polynomials are minimax fits of this project's own, by Remez exchange in 50 digits (mpmath), of
//
//   exp    (eʳ - 1 - r)/r² for |r| ≤ ln 2/2, with the weight r²/|eʳ - 1|, so that it serves expm1 too
//   log    (2·atanh(s)/s - 2)/s² of s² for 1 + f from √½ to √2, where s = f/(2 + f), with the weight s²
//   tanh   (tanh(x)/x - 1)/x² of x² for x ≤ 0.625, with the weight x²
//   erf    erf(x)/x - 1 of x² for x ≤ 1
//   erfc   e^(x²)·erfc(x) of t = (2 - x)/(2 + x) for 1 ≤ x ≤ 6, with the weight e^(-x²)
//   sin    (sin(x)/x - 1)/x² of x² for x ≤ π/4, with the weight x²;  cos: (cos(x) - 1 + x²/2)/x⁴, with the weight x⁴
//
// and the coefficients are rounded to the dtype.
#pragma once

#include "kernel.hpp"
#include "vector.hpp"

namespace pellucid::PELLUCID_KERNELS {

template <typename T>
struct Format;

template <>
struct Format<float> {
  using Bits = unsigned;
  static constexpr int mantissa = 23, bias = 127;
  static constexpr float to_integer = 12582912.0f;  // 1.5·2²³: adding it rounds to a whole number, in the low bits
  static constexpr float ln2[] = {0.693359375f, -2.12194440e-4f};
  static constexpr float exp_range[] = {-104.0f, 89.0f};  // beyond: 0 and inf
  static constexpr float exp[] = {0.49999997f, 0.16666543f, 0.0416672f, 0.008366549f, 0.0013882482f};
  static constexpr Bits root_half = 0x3f3504f3, one = 0x3f800000;
  static constexpr float log[] = {0.66666776f, 0.39977497f, 0.29873058f};
  static constexpr float tanh[] = {-0.33333284f, 0.13331491f, -0.053743493f, 0.020650571f, -0.0057170223f};
  static constexpr float erf[] = {0.12837917f,   -0.37612626f,    0.112836f,     -0.02685444f,
                                  0.0051895254f, -0.00080207444f, 7.8887686e-05f};
  static constexpr float erf_one = 4.0f;  // from here on erf is 1
  static constexpr float erfc[] = {0.25539568f, 0.42718586f, 0.24165727f, 0.078986906f, 0.00372974f, -0.007212552f};
  static constexpr float half_pi[] = {0x1.92p+0f, 0x1.fb4p-12f, 0x1.444p-24f, 0x1.68cp-39f,
                                      0x1.1a6264p-54f};  // 11 bits each
  static constexpr float turns = 8192.0f;                // k·piece is exact up to this k
  static constexpr float sin[] = {-0.16666655f, 0.008332173f, -0.00019516656f};
  static constexpr float cos[] = {0.041666646f, -0.0013887362f, 2.4437744e-05f};
};

template <>
struct Format<double> {
  using Bits = unsigned long long;
  static constexpr int mantissa = 52, bias = 1023;
  static constexpr double to_integer = 6755399441055744.0;  // 1.5·2⁵²
  static constexpr double ln2[] = {6.93147180369123816490e-01, 1.90821492927058770002e-10};
  static constexpr double exp_range[] = {-746.0, 710.0};
  static constexpr double exp[] = {0.5,
                                   0.16666666666666677,
                                   0.04166666666666651,
                                   0.008333333333321653,
                                   0.0013888888888962554,
                                   0.00019841269886076125,
                                   2.4801587172291785e-05,
                                   2.755724425168528e-06,
                                   2.755740274052557e-07,
                                   2.5109025289959433e-08,
                                   2.08753367123549e-09};
  static constexpr Bits root_half = 0x3fe6a09e667f3bcd, one = 0x3ff0000000000000;
  static constexpr double log[] = {0.6666666666666735, 0.3999999999941111,  0.28571428743259186, 0.22222198476235214,
                                   0.1818356973205571, 0.15313903320815425, 0.14797508117393732};
  static constexpr double tanh[] = {-0.33333333333332876,   0.1333333333326491,    -0.05396825393247985,
                                    0.021869487601910136,   -0.008863221318536983, 0.0035919915646967994,
                                    -0.0014549704443560445, 0.0005863523774335967, -0.0002286330195667165,
                                    7.721892042852676e-05,  -1.610741613490044e-05};
  static constexpr double erf[] = {0.12837916709551256,     -0.3761263890318355,    0.11283791670945242,
                                   -0.026866170643274494,   0.005223977607408945,   -0.0008548325988986625,
                                   0.00012055295298884273,  -1.492474424137392e-05, 1.64475123887136e-06,
                                   -1.6209134774496085e-07, 1.3722795602079783e-08, -7.800846550689858e-10};
  static constexpr double erf_one = 6.0;
  static constexpr double erfc[] = {0.2553956763105071,      0.4271858474139429,    0.24165819424104093,
                                    0.07897858103683235,     0.0037328925042703098, -0.006997464543570407,
                                    -0.0008471351727288546,  0.0009820557335694336, 4.30432679431425e-05,
                                    -0.00017408379824326937, 3.275403195289504e-05, 1.1922210134682741e-05};
  static constexpr double half_pi[] = {0x1.921fb544p+0, 0x1.0b4611a6p-34, 0x1.3198a2ep-69,  // 33 bits each
                                       0x1.b839a252049c1p-104};
  static constexpr double turns = 1048576.0;
  static constexpr double sin[] = {-0.16666666666666632,  0.008333333333322316,    -0.0001984126982972513,
                                   2.755731366196514e-06, -2.5050753244573426e-08, 1.5896503603912538e-10};
  static constexpr double cos[] = {0.0416666666666666,      -0.0013888888888873992, 2.4801587289395712e-05,
                                   -2.7557314326230524e-07, 2.08757195827397e-09,   -1.135944978982952e-11};
};

template <typename T>
struct BitsOf {
  typedef typename Format<T>::Bits type __attribute__((vector_size(vector_bytes)));
};
template <typename T>
using Bits = typename BitsOf<T>::type;

template <typename T>
inline Bits<T> bits(Vector<T> x) {
  return reinterpret_cast<Bits<T>>(x);
}
template <typename T>
inline Vector<T> number(Bits<T> x) {
  return reinterpret_cast<Vector<T>>(x);
}

template <typename T>
inline constexpr typename Format<T>::Bits sign_bit = typename Format<T>::Bits(1) << (8 * sizeof(T) - 1);

template <typename T>
inline Vector<T> magnitude(Vector<T> x) {
  return number<T>(bits<T>(x) & ~sign_bit<T>);
}
// y, which is not below 0, with the sign of x.
template <typename T>
inline Vector<T> with_sign(Vector<T> y, Vector<T> x) {
  return number<T>(bits<T>(y) | (bits<T>(x) & sign_bit<T>));
}

// c[0] + c[1]·x + c[2]·x² + …
template <typename T, int count>
inline Vector<T> polynomial(Vector<T> x, const T (&c)[count]) {
  Vector<T> y = x * c[count - 1] + c[count - 2];
#pragma GCC unroll 16
  for (int i = count - 3; i >= 0; --i) y = y * x + c[i];
  return y;
}

// ---- exponentials

// 2ᵏ for a whole number k from -126 (-1022) to 127 (1023): k + bias, moved to where a number keeps its exponent.
template <typename T>
inline Vector<T> power_of_two(Vector<T> k) {
  using F = Format<T>;
  return number<T>(bits<T>(k + (F::to_integer + F::bias)) << F::mantissa);
}

template <typename T>
struct Exponent {
  Vector<T> k, r, p;  // x = k·ln 2 + r, p = eʳ - 1
};

template <typename T>
inline Exponent<T> exponent(Vector<T> x) {
  using F = Format<T>;
  const Vector<T> k = x * T(1.44269504088896340736) + F::to_integer - F::to_integer;
  const Vector<T> r = x - k * F::ln2[0] - k * F::ln2[1];
  return {k, r, r + r * r * polynomial<T>(r, F::exp)};
}

template <typename T>
inline Vector<T> exp(Vector<T> x) {
  using F = Format<T>;
  x = x < F::exp_range[0] ? Vector<T>{} + F::exp_range[0] : x;
  x = x > F::exp_range[1] ? Vector<T>{} + F::exp_range[1] : x;
  const Exponent<T> e = exponent<T>(x);
  // In two steps, since 2ᵏ alone may be too large or too small.
  const Vector<T> most = Vector<T>{} + T(F::bias), least = Vector<T>{} + T(1 - F::bias);
  Vector<T> k = e.k > most ? most : e.k;
  k = k < least ? least : k;
  return (T(1) + e.p) * power_of_two<T>(k) * power_of_two<T>(e.k - k);
}

// exp for x ≤ 0 whose result is added to something of the size of 1: what is below the smallest normal number is 0.
template <typename T>
inline Vector<T> exp_below_zero(Vector<T> x) {
  constexpr T least = sizeof(T) == sizeof(float) ? T(-87) : T(-708);
  const Exponent<T> e = exponent<T>(x < least ? Vector<T>{} + least : x);
  const Vector<T> y = (T(1) + e.p) * power_of_two<T>(e.k);
  return x < least ? Vector<T>{} : y;
}

template <typename T>
inline Vector<T> expm1(Vector<T> x) {
  using F = Format<T>;
  constexpr T least = sizeof(T) == sizeof(float) ? T(-20) : T(-40);  // from here down it is -1
  Vector<T> small = x < least ? Vector<T>{} + least : x;
  small = small > F::exp_range[1] ? Vector<T>{} + F::exp_range[1] : small;
  const Exponent<T> e = exponent<T>(small);
  const Vector<T> half = power_of_two<T>(e.k - T(1));  // 2ᵏ itself may be too large
  const Vector<T> y = (half * e.p + (half - T(0.5))) * T(2);
  return x == T(0) ? x : y;  // keeps -0
}

template <typename T>
inline Vector<T> sigmoid(Vector<T> x) {
  const Vector<T> small = exp<T>(-magnitude<T>(x));
  return (x >= T(0) ? Vector<T>{} + T(1) : small) / (T(1) + small);
}

template <typename T>
inline Vector<T> tanh(Vector<T> x) {
  const Vector<T> a = magnitude<T>(x), z = x * x;
  const Vector<T> e = exp_below_zero<T>(a * T(-2));
  const Vector<T> near = a + a * (z * polynomial<T>(z, Format<T>::tanh));
  const Vector<T> far = T(1) - T(2) * e / (T(1) + e);
  return with_sign<T>(a < T(0.625) ? near : far, x);
}

// ---- logarithms

// ln(2ᵏ·(1 + f) + c·2ᵏ) for a tiny c, as k·ln 2 + 2·atanh(f/(2 + f)) + c.
template <typename T>
inline Vector<T> logarithm(Vector<T> k, Vector<T> f, Vector<T> c) {
  using F = Format<T>;
  const Vector<T> s = f / (T(2) + f), z = s * s, half = T(0.5) * f * f;
  const Vector<T> rest = s * (half + z * polynomial<T>(z, F::log)) + (k * F::ln2[1] + c);
  return k * F::ln2[0] - ((half - rest) - f);
}

template <typename T>
struct Logarithm {
  Vector<T> k, m;  // x = 2ᵏ·m, m from √½ to √2
};

// For normal x above 0.
template <typename T>
inline Logarithm<T> parts(Vector<T> x) {
  using F = Format<T>;
  constexpr typename F::Bits fraction = (typename F::Bits(1) << F::mantissa) - 1;
  constexpr typename F::Bits whole = typename F::Bits(F::bias + F::mantissa) << F::mantissa;  // 2²³, 2⁵²
  const Bits<T> i = bits<T>(x) + (F::one - F::root_half);
  const T taken = T(fraction + 1) + T(F::bias);
  return {number<T>((i >> F::mantissa) | whole) - taken, number<T>((i & fraction) + F::root_half)};
}

// y for x > 0, and what else a logarithm can be.
template <typename T>
inline Vector<T> log_of_any(Vector<T> y, Vector<T> x, Vector<T> result_for_large) {
  const Vector<T> inf = Vector<T>{} + T(__builtin_inf()), nan = Vector<T>{} + T(__builtin_nan(""));
  y = x < inf ? y : result_for_large;
  return x > T(0) ? y : (x == T(0) ? -inf : nan);
}

template <typename T>
inline Vector<T> log(Vector<T> x) {
  using F = Format<T>;
  constexpr T smallest = sizeof(T) == sizeof(float) ? T(0x1p-126) : T(0x1p-1022);
  constexpr T scale = T(typename F::Bits(1) << F::mantissa);
  const Vector<T> normal = x < smallest ? x * scale : x;
  const Logarithm<T> l = parts<T>(normal);
  const Vector<T> k = l.k - (x < smallest ? Vector<T>{} + T(F::mantissa) : Vector<T>{});
  return log_of_any<T>(logarithm<T>(k, l.m - T(1), Vector<T>{}), x, x);
}

template <typename T>
inline Vector<T> log1p(Vector<T> x) {
  const Vector<T> u = T(1) + x;
  const Logarithm<T> l = parts<T>(u);
  // What the sum lost; where u is next to 1, x itself is f and nothing is lost.
  const Vector<T> lost = (x >= T(1) ? T(1) - (u - x) : x - (u - T(1))) / u;
  const Vector<T> y = logarithm<T>(l.k, l.k == T(0) ? x : l.m - T(1), l.k == T(0) ? Vector<T>{} : lost);
  return x == T(0) ? x : log_of_any<T>(y, u, x);
}

// max(x, 0) + log1p(e^-|x|). From -745 (-104) down it is 0, and e^x itself long before. The logarithm is of a number u
// from 1 to 2, whose lost digits count only where it is above √2: there 1/u need not be exact.
template <typename T>
inline Vector<T> softplus(Vector<T> x) {
  const Vector<T> z = exp<T>(-magnitude<T>(x)), u = T(1) + z;
  const Logarithm<T> l = parts<T>(u);
  const Vector<T> lost = (z - (u - T(1))) * (T(1.207) - T(0.3536) * u);
  const Vector<T> y = logarithm<T>(l.k, l.k == T(0) ? z : l.m - T(1), l.k == T(0) ? Vector<T>{} : lost);
  return (x <= T(0) ? Vector<T>{} : x) + y;
}

// ---- powers

// aᵇ = e^(b·ln a) in double, where both need be right to 2⁻²⁸ only: the first terms of the polynomials will do. Powers
// of double would need twice a double's digits; they are left to the standard library.
struct Power {
  static constexpr double log[] = {0.6666666666666735, 0.3999999999941111, 0.28571428743259186, 0.22222198476235214,
                                   0.1818356973205571};
  static constexpr double exp[] = {0.5,
                                   0.16666666666666677,
                                   0.04166666666666651,
                                   0.008333333333321653,
                                   0.0013888888888962554,
                                   0.00019841269886076125,
                                   2.4801587172291785e-05};
};

template <typename Half>
inline Half power_of_half(Half from_a, Half from_b) {
  using D = Vector<double>;
  using F = Format<double>;
  constexpr double inf = __builtin_inf(), ln2 = 0.693147180559945309;
  const D a = __builtin_convertvector(from_a, D), b = __builtin_convertvector(from_b, D);
  const D size = magnitude<double>(a);
  const Logarithm<double> l = parts<double>(size);
  const D f = l.m - 1.0, s = f / (2.0 + f), z = s * s;
  D ln = l.k * ln2 + (2.0 * s + s * (z * polynomial<double>(z, Power::log)));
  ln = size == 0.0 ? D{} - inf : size < inf ? ln : size;
  D x = b * ln;
  x = x < -110.0 ? D{} - 110.0 : x;  // 0 and inf as floats
  x = x > 90.0 ? D{} + 90.0 : x;
  const D k = x * 1.44269504088896340736 + F::to_integer - F::to_integer, r = x - k * ln2;
  D y = (1.0 + (r + r * r * polynomial<double>(r, Power::exp))) * power_of_two<double>(k);
  // Whether b is a whole number, and an odd one; from 2³⁰ on all are even.
  D near = b > 0x1p30 ? D{} + 0x1p30 : b;
  near = near < -0x1p30 ? D{} - 0x1p30 : near;
  const D half = near * 0.5, whole_half = half + F::to_integer - F::to_integer;
  const auto whole = near + F::to_integer - F::to_integer == near;
  const auto odd = whole & (whole_half != half);
  y = number<double>(bits<double>(y) ^ (reinterpret_cast<Bits<double>>(odd) & bits<double>(a) & sign_bit<double>));
  y = (a < 0.0) & (a > -inf) & ~whole ? D{} + __builtin_nan("") : y;
  const auto is_one = (b == 0.0) | (a == 1.0) | ((size == 1.0) & (magnitude<double>(b) == inf));
  return __builtin_convertvector(is_one ? D{} + 1.0 : y, Half);
}

inline Vector<float> float_power(Vector<float> a, Vector<float> b) {
  typedef float Half __attribute__((vector_size(vector_bytes / 2)));
  Half from_a[2], from_b[2], y[2];
  __builtin_memcpy(from_a, &a, sizeof a);
  __builtin_memcpy(from_b, &b, sizeof b);
  for (int i = 0; i < 2; ++i) y[i] = power_of_half(from_a[i], from_b[i]);
  Vector<float> all;
  __builtin_memcpy(&all, y, sizeof all);
  return all;
}

// ---- the error function

template <typename T>
inline Vector<T> erf(Vector<T> x) {
  using F = Format<T>;
  const Vector<T> a = magnitude<T>(x), z = a * a;
  const Vector<T> near = a + a * polynomial<T>(z, F::erf);
  const Vector<T> b = a > F::erf_one ? Vector<T>{} + F::erf_one : a;
  const Vector<T> t = (T(2) - b) / (T(2) + b);
  const Vector<T> far = T(1) - exp_below_zero<T>(-(b * b)) * polynomial<T>(t, F::erfc);
  return with_sign<T>(a < T(1) ? near : far, x);
}

// ---- sine and cosine

// From here on, k·piece would be rounded: such numbers are left to the scalar functions of the standard library.
template <typename T>
inline constexpr T sine_range = Format<T>::turns * T(1.57);

// quarter = 0: sine; 1: cosine, the sine a quarter of a turn later.
template <typename T, int quarter>
inline Vector<T> sine(Vector<T> x) {
  using F = Format<T>;
  const Vector<T> shifted = x * T(0.63661977236758134308) + F::to_integer;
  const Vector<T> k = shifted - F::to_integer;
  Vector<T> r = x - k * F::half_pi[0], lost = {};  // the first difference is exact
#pragma GCC unroll 8
  for (int i = 1; i < static_cast<int>(sizeof F::half_pi / sizeof(T)); ++i) {
    const Vector<T> taken = k * F::half_pi[i], rest = r - taken;
    lost += (r - rest) - taken;
    r = rest;
  }
  const Vector<T> z = r * r, half = T(0.5) * z, w = T(1) - half;
  const Vector<T> sin = r + (r * (z * polynomial<T>(z, F::sin)) + lost);
  const Vector<T> cos = w + (((T(1) - w) - half) + (z * z * polynomial<T>(z, F::cos) - r * lost));
  const Bits<T> turn = bits<T>(shifted) + typename F::Bits(quarter);
  const Bits<T> odd = turn & 1, negative = (turn & 2) << (8 * sizeof(T) - 2);
  const Vector<T> y = number<T>(bits<T>(odd != 0 ? cos : sin) ^ negative);
  return quarter == 0 ? (x == T(0) ? x : y) : y;
}

}  // namespace pellucid::PELLUCID_KERNELS
