// matmul_float32, matmul_float64: y = x w for stacks of matrices, then y + bias, then relu, as asked.
//
//   buffers  y, x, w, and bias (columns) if there is one
//   numbers  stack, rows, columns, depth,
//            for each of y, x and w: stride of the stack, of the rows, of the columns (in elements),
//            bias (0 or 1), activation (0 none, 1 relu: x <= 0 becomes 0, nan stays)
//
// x and w have any strides: a transpose is a swap of two. y's columns are side by side (stride 1) or its rows are.

#include "products.hpp"

#include "matmul.hpp"
#include "table.hpp"

namespace pellucid::PELLUCID_KERNELS {
namespace {

struct Strides {
  Size stack, row, column;
};

struct Numbers {
  Size stack, rows, columns, depth;
  Strides y, x, w;
  Size bias, activation;
};

template <typename T>
const Matmul<T>& matmul();
template <>
const Matmul<float>& matmul<float>() {
  return matmul_float32;
}
template <>
const Matmul<double>& matmul<double>() {
  return matmul_float64;
}

template <typename T>
Size scratch(const Size* given) {
  const Numbers& n = *reinterpret_cast<const Numbers*>(given);
  const Size straight = matmul<T>().scratch({n.rows, n.columns, n.depth});
  const Size swapped = matmul<T>().scratch({n.columns, n.rows, n.depth});
  return (straight > swapped ? straight : swapped) * static_cast<Size>(sizeof(T));
}

template <typename T>
void product(const Call& call) {
  const Numbers& n = *reinterpret_cast<const Numbers*>(call.numbers);
  const Share mine = share(n.rows, call);
  for (Size s = 0; s < n.stack; ++s) {
    const Size rows = mine.end - mine.begin;
    T* y = call.buffer<T>(0) + s * n.y.stack + mine.begin * n.y.row;
    const T* x = call.buffer<const T>(1) + s * n.x.stack + mine.begin * n.x.row;
    const T* w = call.buffer<const T>(2) + s * n.w.stack;
    T* scratch = reinterpret_cast<T*>(call.scratch);
    if (n.y.column == 1)
      matmul<T>().run({rows, n.columns, n.depth}, {x, n.x.row, n.x.column}, {w, n.w.row, n.w.column},
                      {y, n.y.row, n.y.column}, scratch);
    else
      matmul<T>().run({n.columns, rows, n.depth}, {w, n.w.column, n.w.row}, {x, n.x.column, n.x.row},
                      {y, n.y.column, n.y.row}, scratch);
    const T* bias = n.bias ? call.buffer<const T>(3) : nullptr;
    for (Size r = 0; r < rows; ++r)
      for (Size c = 0; c < n.columns; ++c) {
        T& value = y[r * n.y.row + c * n.y.column];
        if (bias) value += bias[c];
        if (n.activation && value <= 0) value = 0;
      }
  }
}

const Kernel kernels[] = {
    {"matmul_float32", product<float>, scratch<float>},
    {"matmul_float64", product<double>, scratch<double>},
};

}  // namespace

Kernels products_kernels() { return {kernels, sizeof kernels / sizeof kernels[0]}; }

}  // namespace pellucid::PELLUCID_KERNELS
