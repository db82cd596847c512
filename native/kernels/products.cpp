// matmul_float32, matmul_float64: y = x w for stacks of matrices.
//
//   buffers  y, x, w
//   numbers  stack, rows, columns, depth,
//            for each of y, x and w: stride of the stack, of the rows, of the columns (in elements)
//
// matmul_update_float32, matmul_update_float64: y = old ± scale (x w), for a depth of 512 at most.
//
//   buffers  y, x, w, old (which lies as y does, and may be y), scale (one number; if there is one)
//   numbers  as above; then 1 or -1, and whether there is a scale
//
// x and w have any strides: a transpose is a swap of two. y's columns are side by side (stride 1), or its rows are, and
// then yᵀ = wᵀ xᵀ is computed.
//
// Workers share out the rows or the columns of all the matrices, put end to end; of a product of two matrices whichever
// is done first: to share rows, each worker reads (and may have to pack) all of w; to share columns, all of x.
//
//          rows of 3 matrices                     columns
//     ┌─────┐ ┌─────┐ ┌─────┐          ┌──┬──┐ ┌──┬──┐ ┌──┬──┐
//     │  0  │ │  0  │ │  1  │          │0 │0 │ │0 │1 │ │1 │1 │
//     ├─────┤ ├─────┤ ├─────┤          │  │  │ │  │  │ │  │  │
//     │  0  │ │  1  │ │  1  │          │  │  │ │  │  │ │  │  │
//     └─────┘ └─────┘ └─────┘          └──┴──┘ └──┴──┘ └──┴──┘

#include "products.hpp"

#include "matmul.hpp"
#include "table.hpp"
#include "vector.hpp"

namespace pellucid::PELLUCID_KERNELS {
namespace {

struct Strides {
  Size stack, row, column;
};

struct Numbers {
  Size stack, rows, columns, depth;
  Strides y, x, w;
};

// Whether yᵀ is computed: where y's rows are side by side instead of its columns. A single column is better a row.
bool swaps(const Numbers& n) { return n.columns == 1 ? n.y.row == 1 : n.y.column != 1; }

template <typename T>
const Matmul<T>& matmul() {
  if constexpr (sizeof(T) == 4)
    return matmul_float32;
  else
    return matmul_float64;
}

template <typename T>
Size scratch(const Size* given) {
  const Numbers& n = *reinterpret_cast<const Numbers*>(given);
  const MatmulSize size = swaps(n) ? MatmulSize{n.columns, n.rows, n.depth} : MatmulSize{n.rows, n.columns, n.depth};
  return matmul<T>().scratch(size) * static_cast<Size>(sizeof(T));
}

// A stack of products with y's columns side by side.
template <typename T>
struct Products {
  Size stack;
  MatmulSize size;
  T* y;
  const T *x, *w;
  Strides ys, xs, ws;
};

Strides transposed(Strides s) { return {s.stack, s.column, s.row}; }

template <typename T>
Products<T> products(const Call& call) {
  const Numbers& n = *reinterpret_cast<const Numbers*>(call.numbers);
  T* const y = call.buffer<T>(0);
  const T *const x = call.buffer<const T>(1), *const w = call.buffer<const T>(2);
  if (!swaps(n)) return {n.stack, {n.rows, n.columns, n.depth}, y, x, w, n.y, n.x, n.w};
  return {n.stack, {n.columns, n.rows, n.depth}, y, w, x, transposed(n.y), transposed(n.w), transposed(n.x)};
}

// Cycles, roughly: a vector of sums for each row and step, and half a cycle for each number packed.
template <typename T>
double cost(MatmulSize size, bool packs_x) {
  const double vectors = static_cast<double>((size.columns + lanes<T> - 1) / lanes<T>);
  const double rows = static_cast<double>(size.rows), columns = static_cast<double>(size.columns);
  return static_cast<double>(size.depth) * (rows * vectors + (columns + (packs_x ? rows : 0)) / 2);
}

Size each(Size size, Size unit, Size workers) { return ((size + unit - 1) / unit + workers - 1) / workers * unit; }

template <typename T>
bool shares_rows(const Products<T>& p, Size workers) {
  if (workers == 1 || p.stack >= workers) return true;
  if (p.xs.column == 1 && p.ws.row == 1)  // nothing is packed then, and the longer side is the more to read
    return p.stack * p.size.rows >= p.size.columns;
  const bool packs_x = p.xs.column != 1;
  const MatmulSize by_rows = {each(p.stack * p.size.rows, 1, workers), p.size.columns, p.size.depth};
  const MatmulSize by_columns = {p.size.rows, each(p.stack * p.size.columns, lanes<T>, workers), p.size.depth};
  return cost<T>(by_rows, packs_x) <= cost<T>(by_columns, packs_x);
}

template <typename T>
void run(const Call& call, Update<T> update) {
  const Products<T> p = products<T>(call);
  const bool by_rows = shares_rows(p, call.workers);
  const Size length = by_rows ? p.size.rows : p.size.columns;
  const Size unit = by_rows ? 1 : lanes<T>, units = (length + unit - 1) / unit;
  const Share mine = share(p.stack * units, call);
  for (Size at = mine.begin; at < mine.end;) {
    const Size s = at / units, end = (s + 1) * units < mine.end ? (s + 1) * units : mine.end;
    const Size first = (at - s * units) * unit;
    const Size last = (end - s * units) * unit < length ? (end - s * units) * unit : length;
    const Size row = by_rows ? first : 0, column = by_rows ? 0 : first;
    MatmulSize size = p.size;
    (by_rows ? size.rows : size.columns) = last - first;
    const Matrix<const T> x = {p.x + s * p.xs.stack + row * p.xs.row, p.xs.row, p.xs.column};
    const Matrix<const T> w = {p.w + s * p.ws.stack + column * p.ws.column, p.ws.row, p.ws.column};
    const Matrix<T> y = {p.y + s * p.ys.stack + row * p.ys.row + column, p.ys.row, 1};
    const Update<T> part = {update.old ? update.old + (y.data - p.y) : nullptr, update.scale};
    multiply_part(p.size, size, x, w, y, reinterpret_cast<T*>(call.scratch), part);
    at = end;
  }
}

template <typename T>
void product(const Call& call) noexcept {
  run<T>(call, {});
}

template <typename T>
void product_update(const Call& call) noexcept {
  const Size* const more = call.numbers + sizeof(Numbers) / sizeof(Size);  // sign, and whether there is a scale
  const T sign = static_cast<T>(more[0]);
  run<T>(call, {call.buffer<const T>(3), more[1] ? sign * *call.buffer<const T>(4) : sign});
}

const Kernel kernels[] = {
    {"matmul_float32", product<float>, scratch<float>},
    {"matmul_float64", product<double>, scratch<double>},
    {"matmul_update_float32", product_update<float>, scratch<float>},
    {"matmul_update_float64", product_update<double>, scratch<double>},
};

}  // namespace

Kernels products_kernels() { return {kernels, sizeof kernels / sizeof kernels[0]}; }

}  // namespace pellucid::PELLUCID_KERNELS
