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

// What a product is added to, after it is multiplied by a number: y = old + scale (x w). old lies as y does, and may be
// y. The depth is then 512 at most.
template <typename T>
struct Update {
  const T* old = nullptr;
  T scale = 1;
};

#ifdef PELLUCID_KERNELS
namespace PELLUCID_KERNELS {
extern const Matmul<float> matmul_float32;
extern const Matmul<double> matmul_float64;

// Some rows or columns of a product whose size is `whole`: they get the bits that they have in the whole.
template <typename T>
void multiply_part(MatmulSize whole, MatmulSize, Matrix<const T> x, Matrix<const T> w, Matrix<T> y, T* scratch,
                   Update<T> update = {});
}  // namespace PELLUCID_KERNELS
#endif

}  // namespace pellucid
