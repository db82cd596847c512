// One vector of the instruction set that the file is being compiled for, through the vector extensions of GCC and
// Clang: arithmetic is written with the ordinary operators, and a * b + c becomes one instruction where the machine has
// it.
#pragma once

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

}  // namespace pellucid::PELLUCID_KERNELS
