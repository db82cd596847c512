// One vector of the instruction set that the file is being compiled for, through the vector extensions of GCC and
// Clang: arithmetic is written with the ordinary operators, and a * b + c becomes one instruction where the machine has
// it.
#pragma once

#include <cstddef>

// What is no operator: a load or a store of a part of a vector. Everything in this header is inlined by force, so that
// no copy of it can become a symbol that another instruction set's kernels share (see table.hpp).
#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace pellucid::PELLUCID_KERNELS {

#if defined(__AVX512F__)
inline constexpr int vector_bytes = 64, vector_registers = 32;
#elif defined(__AVX2__)
inline constexpr int vector_bytes = 32, vector_registers = 16;
#elif defined(__aarch64__)
inline constexpr int vector_bytes = 16, vector_registers = 32;
#else
inline constexpr int vector_bytes = 16, vector_registers = 16;
#endif

template <typename T>
struct VectorOf;
template <>
struct VectorOf<float> {
  typedef float type __attribute__((vector_size(vector_bytes)));
};
template <>
struct VectorOf<double> {
  typedef double type __attribute__((vector_size(vector_bytes)));
};

template <typename T>
using Vector = typename VectorOf<T>::type;

template <typename T>
inline constexpr int lanes = vector_bytes / sizeof(T);

// Loads and stores go through memcpy, which compiles to one unaligned move; a cast pointer would promise an alignment
// that NumPy's arrays do not have.
template <typename T>
inline Vector<T> load(const T* from) {
  Vector<T> vector;
  __builtin_memcpy(&vector, from, sizeof vector);
  return vector;
}

template <typename T>
inline void store(T* to, Vector<T> vector) {
  __builtin_memcpy(to, &vector, sizeof vector);
}

// Whether the machine loads and stores a part of a vector as fast as the whole.
inline constexpr bool has_masks = vector_bytes > 16;

// The first `count` numbers of a vector V of T, more than 0: nothing behind them is read or written.
template <typename T, typename V = Vector<T>>
class Part {
 public:
  explicit Part(std::ptrdiff_t count) : count_(static_cast<int>(count)) {}

  // Zeros behind them.
  V load(const T* from) const {
#if defined(__AVX512F__)
    if constexpr (width == 16) return _mm512_maskz_loadu_ps(static_cast<__mmask16>(mask()), from);
    if constexpr (width == 8 && sizeof(T) == 8) return _mm512_maskz_loadu_pd(static_cast<__mmask8>(mask()), from);
    if constexpr (width == 8 && sizeof(T) == 4) return _mm256_maskz_loadu_ps(static_cast<__mmask8>(mask()), from);
    if constexpr (width == 4) return _mm256_maskz_loadu_pd(static_cast<__mmask8>(mask()), from);
#elif defined(__AVX2__)
    if constexpr (sizeof(T) == 4)
      return _mm256_maskload_ps(from, mask());
    else
      return _mm256_maskload_pd(from, mask());
#else
    V vector = {};
    for (int i = 0; i < width; ++i)
      if (i < count_) vector[i] = from[i];
    return vector;
#endif
  }

  void store(T* to, V vector) const {
#if defined(__AVX512F__)
    if constexpr (width == 16) _mm512_mask_storeu_ps(to, static_cast<__mmask16>(mask()), vector);
    if constexpr (width == 8 && sizeof(T) == 8) _mm512_mask_storeu_pd(to, static_cast<__mmask8>(mask()), vector);
    if constexpr (width == 8 && sizeof(T) == 4) _mm256_mask_storeu_ps(to, static_cast<__mmask8>(mask()), vector);
    if constexpr (width == 4) _mm256_mask_storeu_pd(to, static_cast<__mmask8>(mask()), vector);
#elif defined(__AVX2__)
    if constexpr (sizeof(T) == 4)
      _mm256_maskstore_ps(to, mask(), vector);
    else
      _mm256_maskstore_pd(to, mask(), vector);
#else
    for (int i = 0; i < width; ++i)
      if (i < count_) to[i] = vector[i];
#endif
  }

 private:
  static constexpr int width = sizeof(V) / sizeof(T);
#if defined(__AVX512F__)
  unsigned mask() const { return (1u << count_) - 1; }
#elif defined(__AVX2__)
  __m256i mask() const {
    if constexpr (sizeof(T) == 4)
      return _mm256_cmpgt_epi32(_mm256_set1_epi32(count_), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    else
      return _mm256_cmpgt_epi64(_mm256_set1_epi64x(count_), _mm256_setr_epi64x(0, 1, 2, 3));
  }
#endif
  int count_;
};

// A product as it is rounded: a compiler does not make it a part of a multiply-add.
template <typename V>
inline V rounded(V product) {
#if defined(__AVX512F__)
  asm("" : "+v"(product));
#elif defined(__x86_64__)
  asm("" : "+x"(product));
#else
  asm("" : "+w"(product));
#endif
  return product;
}

// Whether any number of a vector is other than 0. A NaN is.
template <typename T>
inline bool any_of(Vector<T> vector) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4)
    return _mm512_cmp_ps_mask(vector, _mm512_setzero_ps(), _CMP_NEQ_UQ) != 0;
  else
    return _mm512_cmp_pd_mask(vector, _mm512_setzero_pd(), _CMP_NEQ_UQ) != 0;
#elif defined(__AVX2__)
  if constexpr (sizeof(T) == 4)
    return _mm256_movemask_ps(_mm256_cmp_ps(vector, _mm256_setzero_ps(), _CMP_NEQ_UQ)) != 0;
  else
    return _mm256_movemask_pd(_mm256_cmp_pd(vector, _mm256_setzero_pd(), _CMP_NEQ_UQ)) != 0;
#else
  const auto other = vector != Vector<T>{};
  bool any = false;
  for (int i = 0; i < lanes<T>; ++i) any |= other[i] != 0;
  return any;
#endif
}

}  // namespace pellucid::PELLUCID_KERNELS
