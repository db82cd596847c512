// y = x w
#pragma once

#include <cstddef>

namespace pellucid {

// Strides count elements; a transpose is a swap of the two.
template <typename T>
struct Matrix {
  T* data;
  std::ptrdiff_t row_stride, column_stride;
};

struct MatmulSize {
  std::ptrdiff_t rows, columns, depth;  // x (rows, depth), w (depth, columns), y (rows, columns)
};

template <typename T>
struct Matmul {
  // How many elements of scratch memory a matmul of this size needs. It is fastest aligned to 64 bytes.
  std::ptrdiff_t (*scratch)(MatmulSize);
  // x and w may have any strides. y has column_stride 1, is never read before it is written and overlaps nothing else.
  void (*run)(MatmulSize, Matrix<const T> x, Matrix<const T> w, Matrix<T> y, T* scratch);
};

#ifdef PELLUCID_KERNELS
namespace PELLUCID_KERNELS {
extern const Matmul<float> matmul_float32;
extern const Matmul<double> matmul_float64;

// What becomes of a finished sum before it is stored: plus bias[row, column] (strides; 0 repeats), then relu.
template <typename T>
struct Epilogue {
  const T* bias = nullptr;
  std::ptrdiff_t row_stride = 0, column_stride = 0;
  bool relu = false;
};

// As Matmul's run, with its scratch. The rows or columns of a product, computed apart, have the bits of the whole.
template <typename T>
void multiply(MatmulSize, Matrix<const T> x, Matrix<const T> w, Matrix<T> y, Epilogue<T>, T* scratch);

// The same for a single row, where w's row_stride is 1: each sum runs along w's column. Its order is another one.
template <typename T>
void multiply_row(MatmulSize, Matrix<const T> x, Matrix<const T> w, T* y, Epilogue<T>, T* scratch);
}  // namespace PELLUCID_KERNELS
#endif

}  // namespace pellucid
