// The meaning of one element of the operations of elementwise programs.
//
//   dtype    bool   uint8  int32  int64      uint64              float32  float64
//   element  Truth  Byte   int    long long  unsigned long long  float    double
//
// bool is one byte, 0 or 1. Integers wrap round like NumPy's.
#pragma once

namespace pellucid::PELLUCID_KERNELS {
namespace {

using Byte = unsigned char;
using Truth = unsigned char;
using Long = long long;
using Unsigned = unsigned long long;

template <typename T>
constexpr bool floating = T(0.5) != T(0);
template <typename T>
constexpr bool is_signed = T(-1) < T(0);

// Where integers are added without fear of an overflow, which C++ leaves undefined for the signed.
template <typename T>
struct WrapsOf {
  using type = T;
};
template <>
struct WrapsOf<Byte> {
  using type = unsigned;
};
template <>
struct WrapsOf<int> {
  using type = unsigned;
};
template <>
struct WrapsOf<Long> {
  using type = Unsigned;
};
template <typename T>
using Wraps = typename WrapsOf<T>::type;

// ---- arithmetic

template <typename T>
inline T add(T a, T b) {
  return static_cast<T>(Wraps<T>(a) + Wraps<T>(b));
}
template <typename T>
inline T subtract(T a, T b) {
  return static_cast<T>(Wraps<T>(a) - Wraps<T>(b));
}
template <typename T>
inline T multiply(T a, T b) {
  return static_cast<T>(Wraps<T>(a) * Wraps<T>(b));
}
template <typename T>
inline T divide(T a, T b) {
  return a / b;
}
template <typename T>
inline T negative(T a) {
  return static_cast<T>(-Wraps<T>(a));
}
template <typename T>
inline T maximum(T a, T b) {
  if constexpr (floating<T>)
    return ((a >= b) | (a != a)) ? a : b;  // b also where b is nan
  else
    return a > b ? a : b;
}
template <typename T>
inline T abs(T a) {
  if constexpr (sizeof(T) == sizeof(float) && floating<T>)
    return __builtin_fabsf(a);
  else if constexpr (floating<T>)
    return __builtin_fabs(a);
  else
    return a < T(0) ? negative(a) : a;
}
template <typename T>
inline T sign(T a) {
  if constexpr (floating<T>)
    return a > T(0) ? T(1) : a < T(0) ? T(-1) : a == T(0) ? T(0) : a;
  else
    return static_cast<T>(static_cast<int>(a > T(0)) - static_cast<int>(a < T(0)));
}
template <typename T>
inline T power(T a, T b) {
  if constexpr (floating<T>) {
    return __builtin_pow(a, b);
  } else {
    if (b < T(0)) return a == T(1) ? T(1) : a == T(-1) ? (b % 2 ? a : T(1)) : T(0);  // a whole part; Python refuses it
    T y = 1;
    for (; b; b = static_cast<T>(b / 2), a = multiply(a, a))
      if (b % 2) y = multiply(y, a);
    return y;
  }
}

// ---- functions of mathematics

inline float sqrt_of(float a) { return __builtin_sqrtf(a); }
inline double sqrt_of(double a) { return __builtin_sqrt(a); }
inline float floor_of(float a) { return __builtin_floorf(a); }
inline double floor_of(double a) { return __builtin_floor(a); }

template <typename T>
inline T sqrt(T a) {
  return sqrt_of(a);
}
template <typename T>
inline T floor(T a) {
  return floor_of(a);
}

// ---- comparison and logic

template <typename T>
inline Truth equal(T a, T b) {
  return a == b;
}
template <typename T>
inline Truth less(T a, T b) {
  return a < b;
}
template <typename T>
inline Truth less_equal(T a, T b) {
  return a <= b;
}
template <typename T>
inline Truth isfinite(T a) {
  if constexpr (floating<T>)
    return a - a == T(0);
  else
    return 1;
}
template <typename T>
inline T where(Truth condition, T a, T b) {
  return condition ? a : b;
}

inline Truth logical_not(Truth a) { return a ^ 1; }
inline Truth logical_and(Truth a, Truth b) { return a & b; }
inline Truth logical_or(Truth a, Truth b) { return a | b; }

// ---- casts

// Through the signed integer of the same size, in two halves: the same for numbers out of range on every machine.
template <typename T>
inline Unsigned to_unsigned(T a) {
  constexpr T half = 9223372036854775808.0;
  return a < half ? static_cast<Unsigned>(static_cast<Long>(a))
                  : static_cast<Unsigned>(static_cast<Long>(a - half)) ^ (Unsigned(1) << 63);
}

template <typename From, typename To>
inline To cast(From a) {
  if constexpr (floating<From> && sizeof(To) == 1)
    return static_cast<To>(static_cast<int>(a));
  else if constexpr (floating<From> && !floating<To> && !is_signed<To>)
    return to_unsigned(a);
  else
    return static_cast<To>(a);
}
template <typename From>
inline Truth to_bool(From a) {
  return a != From(0);
}

}  // namespace
}  // namespace pellucid::PELLUCID_KERNELS
