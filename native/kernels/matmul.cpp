// Matrix product, register-tiled, right-hand side packed.
//
// One tile of y stays in registers while the depth streams past it:
//
//                      columns: 2 vectors
//                     ┌───────────────┐
//                     │ w, packed: one│   depth
//                     │ panel         │     ↓     a step loads 2 vectors of w,
//                     └───────────────┘
//        depth →      ┌───────────────┐
//     ┌───────────┐   │               │
//  12 │ x, as it  │   │ y: 12 × 2     │           broadcasts 12 numbers of x
//  or │ stands    │   │ sums          │           and does 24 multiply-adds
//   6 │           │   │               │
//     └───────────┘   └───────────────┘
//
// 24 sums, 2 vectors of w and a broadcast fill 32 vector registers; with 16 there are 6 rows. A panel holds the numbers
// of w in the order in which the tile wants them, so that it is read as one stream whatever w's strides are. x is
// mostly read in place: a broadcast costs the same from anywhere in the cache.
//
// Around the tile, three loops keep things in the caches that fit them:
//
//   for each block of w (depth_block × column_block): pack it              L2 to L3
//     for each block of x's rows (row_block × depth_block)                 L2
//       for each panel of w (depth_block × 2 vectors)                      L1
//         for each tile of rows
//
// Every number of y is summed in the order of the depth, in pieces of depth_block, whatever the other sizes are.

#include "matmul.hpp"

#include "table.hpp"
#include "vector.hpp"

namespace pellucid::PELLUCID_KERNELS {
namespace {

using Size = std::ptrdiff_t;

constexpr int tile_rows = vector_registers == 32 ? 12 : 6;
constexpr int tile_vectors = 2;
constexpr Size depth_block = 512;
constexpr Size row_block = 60;
constexpr Size column_block = 512;

template <typename T>
constexpr Size tile_columns = tile_vectors * lanes<T>;

constexpr Size smaller(Size a, Size b) { return a < b ? a : b; }

constexpr Size round_up(Size size, Size unit) { return (size + unit - 1) / unit * unit; }

template <typename T>
Matrix<T> from(Matrix<T> matrix, Size row, Size column) {
  return {matrix.data + row * matrix.row_stride + column * matrix.column_stride, matrix.row_stride,
          matrix.column_stride};
}

// y = x panel, or y += x panel where an earlier block of the depth left its sums in y.
template <typename T, int rows, int vectors>
void multiply_tile(Size depth, Matrix<const T> x, const T* panel, Matrix<T> y, Size columns, bool add) {
  Vector<T> sum[rows][vectors] = {};
  for (Size k = 0; k < depth; ++k, panel += vectors * lanes<T>) {
    Vector<T> w[vectors];
#pragma GCC unroll 16
    for (int v = 0; v < vectors; ++v) w[v] = load(panel + v * lanes<T>);
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r)
#pragma GCC unroll 16
      for (int v = 0; v < vectors; ++v) sum[r][v] += x.data[r * x.row_stride + k * x.column_stride] * w[v];
  }
#pragma GCC unroll 16
  for (int r = 0; r < rows; ++r) {
    T* row = y.data + r * y.row_stride;
    if (columns == vectors * lanes<T>) {
#pragma GCC unroll 16
      for (int v = 0; v < vectors; ++v)
        store<T>(row + v * lanes<T>, add ? load(row + v * lanes<T>) + sum[r][v] : sum[r][v]);
    } else {
      T line[vectors * lanes<T>];
#pragma GCC unroll 16
      for (int v = 0; v < vectors; ++v) store<T>(line + v * lanes<T>, sum[r][v]);
      for (Size c = 0; c < columns; ++c) row[c] = add ? row[c] + line[c] : line[c];
    }
  }
}

// The last rows of x are fewer than a tile has; each such number has a tile of its own.
template <typename T, int vectors, int rows = tile_rows>
void multiply_rows(Size count, Size depth, Matrix<const T> x, const T* panel, Matrix<T> y, Size columns, bool add) {
  if constexpr (rows > 1)
    if (count < rows) return multiply_rows<T, vectors, rows - 1>(count, depth, x, panel, y, columns, add);
  multiply_tile<T, rows, vectors>(depth, x, panel, y, columns, add);
}

// Copies `columns` columns of w into a panel of `width`, zeros behind them.
template <typename T>
void pack_panel(Size depth, Size columns, Size width, Matrix<const T> w, T* panel) {
  for (Size k = 0; k < depth; ++k, panel += width) {
    const T* row = w.data + k * w.row_stride;
    if (w.column_stride == 1 && columns == tile_columns<T>)  // sizes that the compiler knows: whole vectors
      for (Size c = 0; c < tile_columns<T>; ++c) panel[c] = row[c];
    else
      for (Size c = 0; c < width; ++c) panel[c] = c < columns ? row[c * w.column_stride] : T(0);
  }
}

// Rows a multiple of 4096 bytes apart share one set of the cache, which holds 8 lines; a tile reads up to 12 rows at
// once.
template <typename T>
bool crowded(Matrix<const T> x) {
  return x.row_stride % static_cast<Size>(4096 / sizeof(T)) == 0;
}

// Where rows of x are spread to: one vector further apart than they are long.
template <typename T>
Size spread_stride(Size depth) {
  return round_up(depth, lanes<T>) + lanes<T>;
}

template <typename T>
Matrix<const T> spread(Size rows, Size depth, Matrix<const T> x, T* to) {
  const Matrix<T> copy = {to, spread_stride<T>(depth), 1};
  for (Size r = 0; r < rows; ++r)
    for (Size k = 0; k < depth; ++k)
      copy.data[r * copy.row_stride + k] = x.data[r * x.row_stride + k * x.column_stride];
  return {copy.data, copy.row_stride, 1};
}

template <typename T>
Size panel_width(Size columns) {
  return columns > lanes<T> ? tile_columns<T> : lanes<T>;
}

template <typename T>
void multiply_block(MatmulSize size, Matrix<const T> x, const T* packed, Matrix<T> y, bool add) {
  for (Size column = 0; column < size.columns; column += tile_columns<T>) {
    const Size columns = smaller(tile_columns<T>, size.columns - column);
    const auto multiply = columns > lanes<T> ? multiply_rows<T, tile_vectors> : multiply_rows<T, 1>;
    const T* panel = packed + column * size.depth;
    for (Size row = 0; row < size.rows; row += tile_rows)
      multiply(smaller(tile_rows, size.rows - row), size.depth, from(x, row, 0), panel, from(y, row, column), columns,
               add);
  }
}

template <typename T>
Size packed_size(MatmulSize size) {
  return smaller(depth_block, size.depth) * smaller(column_block, round_up(size.columns, tile_columns<T>));
}

template <typename T>
Size scratch(MatmulSize size) {
  return packed_size<T>(size) + smaller(row_block, size.rows) * spread_stride<T>(smaller(depth_block, size.depth));
}

template <typename T>
void run(MatmulSize size, Matrix<const T> x, Matrix<const T> w, Matrix<T> y, T* packed) {
  T* const spread_rows = packed + packed_size<T>(size);
  const bool spreads = crowded(x) && size.columns > tile_columns<T>;
  for (Size column = 0; column < size.columns; column += column_block) {
    const Size columns = smaller(column_block, size.columns - column);
    Size k = 0;
    do {  // once even where the depth is 0: y is then all zeros
      const Size depth = smaller(depth_block, size.depth - k);
      for (Size c = 0; c < columns; c += tile_columns<T>) {
        const Size left = smaller(tile_columns<T>, columns - c);
        pack_panel(depth, left, panel_width<T>(left), from(w, k, column + c), packed + c * depth);
      }
      for (Size row = 0; row < size.rows; row += row_block) {
        const Size rows = smaller(row_block, size.rows - row);
        const Matrix<const T> there = from(x, row, k);
        multiply_block({rows, columns, depth}, spreads ? spread(rows, depth, there, spread_rows) : there,
                       static_cast<const T*>(packed), from(y, row, column), k > 0);
      }
      k += depth_block;
    } while (k < size.depth);
  }
}

}  // namespace

const Matmul<float> matmul_float32 = {scratch<float>, run<float>};
const Matmul<double> matmul_float64 = {scratch<double>, run<double>};

}  // namespace pellucid::PELLUCID_KERNELS
