// The operations of elementwise programs. A code in a program is a place in this table.
//
// operations_elements.hpp has the meaning of one element; `loop` makes a loop over a tile of it, which the compiler
// turns into vectors. The functions of mathematics are vectors from the start: they stand in vector_math.hpp.

#include "operations.hpp"

#include "operations_elements.hpp"
#include "vector_math.hpp"

namespace pellucid::PELLUCID_KERNELS {
namespace {

// ---- loops of elements

// What one round of the loop writes, no other reads. Clang looks at run time, and warns of a loop that is none the
// better for a promise.
#ifdef __clang__
#define PELLUCID_INDEPENDENT
#else
#define PELLUCID_INDEPENDENT _Pragma("GCC ivdep")
#endif

template <auto f, typename Y, typename... X>
struct Loop;

template <auto f, typename Y, typename A>
struct Loop<f, Y, A> {
  static void run(Size size, std::byte* to, const std::byte* first, const std::byte*, const std::byte*) {
    Y* y = reinterpret_cast<Y*>(to);
    const A* a = reinterpret_cast<const A*>(first);
    PELLUCID_INDEPENDENT
    for (Size i = 0; i < size; ++i) y[i] = f(a[i]);
  }
};

template <auto f, typename Y, typename A, typename B>
struct Loop<f, Y, A, B> {
  static void run(Size size, std::byte* to, const std::byte* first, const std::byte* second, const std::byte*) {
    Y* y = reinterpret_cast<Y*>(to);
    const A* a = reinterpret_cast<const A*>(first);
    const B* b = reinterpret_cast<const B*>(second);
    PELLUCID_INDEPENDENT
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
    PELLUCID_INDEPENDENT
    for (Size i = 0; i < size; ++i) y[i] = f(a[i], b[i], c[i]);
  }
};

template <auto f, typename Y, typename... X>
constexpr Operation loop(const char* name, Y (*)(X...)) {
  return {name, Loop<f, Y, X...>::run, sizeof...(X), sizeof(Y)};
}

// ---- loops of vectors

// A loop over a tile of a function of vectors. The last vector overlaps the one before it; it is read before that is
// written, since y may be a.
template <typename T, Vector<T> (*f)(Vector<T>)>
void vectors(Size size, std::byte* to, const std::byte* from, const std::byte*, const std::byte*) {
  T* y = reinterpret_cast<T*>(to);
  const T* a = reinterpret_cast<const T*>(from);
  if (size < lanes<T>) {
    T part[lanes<T>] = {};
    __builtin_memcpy(part, a, static_cast<std::size_t>(size) * sizeof(T));
    store<T>(part, f(load<T>(part)));
    __builtin_memcpy(y, part, static_cast<std::size_t>(size) * sizeof(T));
    return;
  }
  const Vector<T> last = load(a + size - lanes<T>);
  Size i = 0;
  for (; i + lanes<T> <= size; i += lanes<T>) store<T>(y + i, f(load(a + i)));
  if (i < size) store<T>(y + size - lanes<T>, f(last));
}

// The same of two numbers.
template <typename T, Vector<T> (*f)(Vector<T>, Vector<T>)>
void vector_pairs(Size size, std::byte* to, const std::byte* first, const std::byte* second, const std::byte*) {
  T* y = reinterpret_cast<T*>(to);
  const T *a = reinterpret_cast<const T*>(first), *b = reinterpret_cast<const T*>(second);
  if (size < lanes<T>) {
    T parts[2][lanes<T>] = {};
    __builtin_memcpy(parts[0], a, static_cast<std::size_t>(size) * sizeof(T));
    __builtin_memcpy(parts[1], b, static_cast<std::size_t>(size) * sizeof(T));
    store<T>(parts[0], f(load<T>(parts[0]), load<T>(parts[1])));
    __builtin_memcpy(y, parts[0], static_cast<std::size_t>(size) * sizeof(T));
    return;
  }
  const Vector<T> last_a = load(a + size - lanes<T>), last_b = load(b + size - lanes<T>);
  Size i = 0;
  for (; i + lanes<T> <= size; i += lanes<T>) store<T>(y + i, f(load(a + i), load(b + i)));
  if (i < size) store<T>(y + size - lanes<T>, f(last_a, last_b));
}

inline float any_sine(float a, int quarter) { return quarter ? __builtin_cosf(a) : __builtin_sinf(a); }
inline double any_sine(double a, int quarter) { return quarter ? __builtin_cos(a) : __builtin_sin(a); }

template <typename T, int quarter>
Vector<T> far_sine(Vector<T> x) {
  Vector<T> y = sine<T, quarter>(x);
  for (int i = 0; i < lanes<T>; ++i)
    if (!(abs(x[i]) <= sine_range<T>)) y[i] = any_sine(x[i], quarter);
  return y;
}

// Tiles with a number so large that sine() is not made for it are rare.
template <typename T, int quarter>
void sines(Size size, std::byte* y, const std::byte* a, const std::byte* b, const std::byte* c) {
  const T* x = reinterpret_cast<const T*>(a);
  int far = 0;
  for (Size i = 0; i < size; ++i) far |= !(abs(x[i]) <= sine_range<T>);
  (far ? vectors<T, far_sine<T, quarter>> : vectors<T, sine<T, quarter>>)(size, y, a, b, c);
}

// ---- bytes divided by a number

// Bytes divided by one normal number b, as pixels are. A division takes as long as all the rest of scaling an image,
// but the quotient with 1/b, once corrected by what it leaves of a, is the division's to the last bit (P. Markstein,
// 1990).
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
inline float fused(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
inline double fused(double a, double b, double c) { return __builtin_fma(a, b, c); }
template <typename T>
inline T quotient(T a, T b, T inverse) {
  const T q = a * inverse;
  return fused(fused(-q, b, a), inverse, q);
}
#else
template <typename T>
inline T quotient(T a, T b, T) {
  return a / b;
}
#endif

template <typename T>
void divide_bytes(Size size, std::byte* to, const std::byte* first, const std::byte* second, const std::byte*) {
  constexpr Size piece = 64;  // a loop of known length is vectors for sure
  T* y = reinterpret_cast<T*>(to);
  const Byte* a = reinterpret_cast<const Byte*>(first);
  const T b = *reinterpret_cast<const T*>(second), inverse = T(1) / b;
  Size i = 0;
  for (; i + piece <= size; i += piece) {
    T numbers[piece];
    for (Size j = 0; j < piece; ++j) numbers[j] = static_cast<T>(a[i + j]);
    for (Size j = 0; j < piece; ++j) numbers[j] = quotient(numbers[j], b, inverse);
    __builtin_memcpy(y + i, numbers, sizeof numbers);
  }
  for (; i < size; ++i) y[i] = quotient(static_cast<T>(a[i]), b, inverse);
}

// ---- the table

#define ONE(name, function) loop<function>(name, function)
#define FLOATS(name) ONE(#name "_float32", name<float>), ONE(#name "_float64", name<double>)
#define VECTORS(name)                                                                    \
  {#name "_float32", vectors<float, PELLUCID_KERNELS::name<float>>, 1, sizeof(float)}, { \
    #name "_float64", vectors<double, PELLUCID_KERNELS::name<double>>, 1, sizeof(double) \
  }
#define NUMBERS(name)                                                                               \
  ONE(#name "_uint8", name<Byte>), ONE(#name "_int32", name<int>), ONE(#name "_int64", name<Long>), \
      ONE(#name "_uint64", name<Unsigned>), FLOATS(name)
#define EVERY(name) ONE(#name "_bool", name<Truth>), NUMBERS(name)
#define CASTS(from, From)                                                                                     \
  ONE("cast_" from "_bool", to_bool<From>), ONE("cast_" from "_uint8", (cast<From, Byte>)),                   \
      ONE("cast_" from "_int32", (cast<From, int>)), ONE("cast_" from "_int64", (cast<From, Long>)),          \
      ONE("cast_" from "_uint64", (cast<From, Unsigned>)), ONE("cast_" from "_float32", (cast<From, float>)), \
      ONE("cast_" from "_float64", (cast<From, double>))

constexpr Operation table[] = {
    ONE("add_bool", logical_or),
    NUMBERS(add),
    NUMBERS(subtract),
    ONE("multiply_bool", logical_and),
    NUMBERS(multiply),
    FLOATS(divide),
    {"divide_bytes_float32", divide_bytes<float>, 2, sizeof(float)},
    {"divide_bytes_float64", divide_bytes<double>, 2, sizeof(double)},
    NUMBERS(negative),
    ONE("power_uint8", power<Byte>),
    ONE("power_int32", power<int>),
    ONE("power_int64", power<Long>),
    ONE("power_uint64", power<Unsigned>),
    {"power_float32", vector_pairs<float, float_power>, 2, sizeof(float)},
    ONE("power_float64", power<double>),
    EVERY(maximum),
    EVERY(abs),
    NUMBERS(sign),
    FLOATS(floor),
    FLOATS(sqrt),
    VECTORS(exp),
    VECTORS(expm1),
    VECTORS(log),
    VECTORS(log1p),
    {"sin_float32", sines<float, 0>, 1, sizeof(float)},
    {"sin_float64", sines<double, 0>, 1, sizeof(double)},
    {"cos_float32", sines<float, 1>, 1, sizeof(float)},
    {"cos_float64", sines<double, 1>, 1, sizeof(double)},
    VECTORS(tanh),
    VECTORS(sigmoid),
    VECTORS(erf),
    VECTORS(softplus),
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
