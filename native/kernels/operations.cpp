// The operations of elementwise programs. A code in a program is a place in this table.
//
// Each function below is the meaning of one element; `loop` makes a loop over a tile of it, which the compiler turns
// into vectors. The functions of mathematics are vectors from the start: they stand in vector_math.hpp.
//
//   dtype    bool   uint8  int32  int64      uint64              float32  float64
//   element  Truth  Byte   int    long long  unsigned long long  float    double
//
// bool is one byte, 0 or 1. Integers wrap round like NumPy's.

#include "operations.hpp"

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-math-errno")  // else sqrt is a call for fear of numbers below 0
#endif

namespace pellucid::PELLUCID_KERNELS {
namespace {

using Byte = unsigned char;
using Truth = unsigned char;
using Long = long long;
using Unsigned = unsigned long long;

// ---- loops

template <auto f, typename Y, typename... X>
struct Loop;

template <auto f, typename Y, typename A>
struct Loop<f, Y, A> {
  static void run(Size size, std::byte* to, const std::byte* first, const std::byte*, const std::byte*) {
    Y* y = reinterpret_cast<Y*>(to);
    const A* a = reinterpret_cast<const A*>(first);
#pragma GCC ivdep
    for (Size i = 0; i < size; ++i) y[i] = f(a[i]);
  }
};

template <auto f, typename Y, typename A, typename B>
struct Loop<f, Y, A, B> {
  static void run(Size size, std::byte* to, const std::byte* first, const std::byte* second, const std::byte*) {
    Y* y = reinterpret_cast<Y*>(to);
    const A* a = reinterpret_cast<const A*>(first);
    const B* b = reinterpret_cast<const B*>(second);
#pragma GCC ivdep
    for (Size i = 0; i < size; ++i) y[i] = f(a[i], b[i]);
  }
};

template <auto f, typename Y, typename A, typename B, typename C>
struct Loop<f, Y, A, B, C> {
  static void run(Size size, std::byte* to, const std::byte* first, const std::byte* second, const std::byte* third) {
    Y* y = reinterpret_cast<Y*>(to);
    const A* a = reinterpret_cast<const A*>(first);
    const B* b = reinterpret_cast<const B*>(second);
    const C* c = reinterpret_cast<const C*>(third);
#pragma GCC ivdep
    for (Size i = 0; i < size; ++i) y[i] = f(a[i], b[i], c[i]);
  }
};

template <auto f, typename Y, typename... X>
constexpr Operation loop(const char* name, Y (*)(X...)) {
  return {name, Loop<f, Y, X...>::run, sizeof...(X), sizeof(Y)};
}

// ---- types

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
    return (a >= b) | (a != a) ? a : b;  // b also where b is nan
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
  if constexpr (sizeof(T) == sizeof(float) && floating<T>) {
    return __builtin_powf(a, b);
  } else if constexpr (floating<T>) {
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

#define PLAIN(name)                                         \
  inline float name##_of(float a) { return __builtin_##name##f(a); } \
  inline double name##_of(double a) { return __builtin_##name(a); }  \
  template <typename T>                                     \
  inline T name(T a) {                                      \
    return name##_of(a);                                    \
  }
PLAIN(exp)
PLAIN(expm1)
PLAIN(log)
PLAIN(log1p)
PLAIN(sin)
PLAIN(cos)
PLAIN(tanh)
PLAIN(erf)
template <typename T>
inline T sigmoid(T x) {
  const T small = exp_of(-abs(x));
  return (x >= T(0) ? T(1) : small) / (T(1) + small);
}
template <typename T>
inline T softplus(T x) {
  return maximum(x, T(0)) + log1p_of(exp_of(-abs(x)));
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

// ---- the table

#define ONE(name, function) loop<function>(name, function)
#define FLOATS(name) ONE(#name "_float32", name<float>), ONE(#name "_float64", name<double>)
#define NUMBERS(name)                                                                           \
  ONE(#name "_uint8", name<Byte>), ONE(#name "_int32", name<int>), ONE(#name "_int64", name<Long>), \
      ONE(#name "_uint64", name<Unsigned>), FLOATS(name)
#define EVERY(name) ONE(#name "_bool", name<Truth>), NUMBERS(name)
#define CASTS(from, From)                                                                           \
  ONE("cast_" from "_bool", to_bool<From>), ONE("cast_" from "_uint8", (cast<From, Byte>)),         \
      ONE("cast_" from "_int32", (cast<From, int>)), ONE("cast_" from "_int64", (cast<From, Long>)), \
      ONE("cast_" from "_uint64", (cast<From, Unsigned>)), ONE("cast_" from "_float32", (cast<From, float>)), \
      ONE("cast_" from "_float64", (cast<From, double>))

constexpr Operation table[] = {
    ONE("add_bool", logical_or),
    NUMBERS(add),
    NUMBERS(subtract),
    ONE("multiply_bool", logical_and),
    NUMBERS(multiply),
    FLOATS(divide),
    NUMBERS(negative),
    NUMBERS(power),
    EVERY(maximum),
    EVERY(abs),
    NUMBERS(sign),
    FLOATS(floor),
    FLOATS(sqrt),
    FLOATS(exp),
    FLOATS(expm1),
    FLOATS(log),
    FLOATS(log1p),
    FLOATS(sin),
    FLOATS(cos),
    FLOATS(tanh),
    FLOATS(sigmoid),
    FLOATS(erf),
    FLOATS(softplus),
    EVERY(isfinite),
    EVERY(equal),
    EVERY(less),
    EVERY(less_equal),
    EVERY(where),
    ONE("logical_not_bool", logical_not),
    ONE("logical_and_bool", logical_and),
    ONE("logical_or_bool", logical_or),
    CASTS("bool", Truth),
    CASTS("uint8", Byte),
    CASTS("int32", int),
    CASTS("int64", Long),
    CASTS("uint64", Unsigned),
    CASTS("float32", float),
    CASTS("float64", double),
};

}  // namespace

Operations operations() { return {table, sizeof table / sizeof table[0]}; }

}  // namespace pellucid::PELLUCID_KERNELS
