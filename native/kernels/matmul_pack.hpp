// Parts of x and w, copied into the order in which the tiles of matmul_tile.hpp read them.
//
//   w packed: a panel's rows one after the other         x packed: 12 numbers for each step of the depth
//
//     ┌───────────┐┌───────────┐                           ┌───────────┐
//     │ row 0     ││ row 0     │                           │ column 0  │
//     │ row 1     ││ row 1     │                           │ column 1  │  of 12 rows
//     │ ...       ││ ...       │                           │ ...       │
#pragma once

#include "matmul_tile.hpp"
#include "transpose.hpp"

namespace pellucid::PELLUCID_KERNELS {
namespace {

constexpr Size smaller(Size a, Size b) { return a < b ? a : b; }

constexpr Size larger(Size a, Size b) { return a < b ? b : a; }

constexpr Size round_up(Size size, Size unit) { return (size + unit - 1) / unit * unit; }

template <typename T>
Matrix<T> from(Matrix<T> matrix, Size row, Size column) {
  return {matrix.data + row * matrix.row_stride + column * matrix.column_stride, matrix.row_stride,
          matrix.column_stride};
}

// ---- w

// A few columns of w, side by side, as a panel: rows from `begin` to `end`. Zeros follow the last column. In a panel of
// half a vector they run into the next row, which comes next, and at the very end into room that is there.
template <typename T>
void pack_panel(Size begin, Size end, const Panel<T>& panel, Matrix<const T> w, T* to) {
  constexpr Size L = lanes<T>;
  to += begin * panel.width;
  const T* row = w.data + begin * w.row_stride;
  if (panel.columns == tile_columns<T>) {  // a size that the compiler knows: whole vectors
    for (Size k = begin; k < end; ++k, to += tile_columns<T>, row += w.row_stride)
      __builtin_memcpy(to, row, tile_columns<T> * sizeof(T));
    return;
  }
  const Size whole = panel.columns / L * L;
  const Part<T> last(panel.columns - whole);
  for (Size k = begin; k < end; ++k, to += panel.width, row += w.row_stride) {
    for (Size c = 0; c < whole; c += L) store(to + c, load(row + c));
    if (whole < panel.columns) store(to + whole, last.load(row + whole));
  }
}

// The same for any strides; for columns that are each side by side in memory, square by square.
template <typename T>
void pack_turned(Size depth, const Panel<T>& panel, Matrix<const T> w, T* to) {
  constexpr Size side = Tile<T>::side;
  const Size depth_in_tiles = w.row_stride == 1 ? depth / side * side : 0;
  const Size columns_in_tiles = panel.columns / side * side;
  for (Size k = 0; k < depth_in_tiles; k += side)
    for (Size c = 0; c < columns_in_tiles; c += side)
      Tile<T>::transpose(to + k * panel.width + c, panel.width, w.data + k + c * w.column_stride, w.column_stride);
  for (Size c = 0; c < panel.width; ++c)
    for (Size k = c < columns_in_tiles ? depth_in_tiles : 0; k < depth; ++k)
      to[k * panel.width + c] = c < panel.columns ? w.data[k * w.row_stride + c * w.column_stride] : T(0);
}

// A block of w as panels, one behind the other. A few rows go to all panels before the next ones: they are read as they
// lie.
template <typename T>
void pack_block(Size columns, Size depth, Matrix<const T> w, Panels<T> panel_of, T* to) {
  constexpr Size rows_at_once = 8;
  const Size step = w.column_stride == 1 ? rows_at_once : depth;
  for (Size k = 0; k < depth; k += step)
    for (Size column = 0; column < columns;) {
      const Panel<T> panel = panel_of(columns - column);
      T* const here = to + column * depth;
      if (w.column_stride == 1)
        pack_panel(k, smaller(depth, k + step), panel, from(w, 0, column), here);
      else
        pack_turned(depth, panel, from(w, 0, column), here);
      column += panel.columns;
    }
}

// ---- x

// Rows of x in tiles of `height` rows: the numbers that one step of the depth takes side by side.
template <typename T>
void pack_across(Size rows, Size depth, Size height, Matrix<const T> x, T* to) {
  for (Size row = 0; row < rows; row += height, to += tile_rows * depth) {
    const Size count = smaller(height, rows - row);
    const T* here = x.data + row * x.row_stride;
    if (x.row_stride == 1 && row + tile_rows <= rows)  // a size that the compiler knows; some belong to the next tile
      for (Size k = 0; k < depth; ++k)
        __builtin_memcpy(to + k * tile_rows, here + k * x.column_stride, tile_rows * sizeof(T));
    else
      for (Size r = 0; r < count; ++r)
        for (Size k = 0; k < depth; ++k) to[k * tile_rows + r] = here[r * x.row_stride + k * x.column_stride];
  }
}

// Lines a multiple of 4096 bytes apart share one set of the cache, which holds 8 of them; a tile reads up to 12 rows
// at once.
template <typename T>
bool crowded(Size stride) {
  return stride % static_cast<Size>(4096 / sizeof(T)) == 0;
}

// How far apart such rows are spread: an odd number of vectors.
template <typename T>
Size spread_stride(Size depth) {
  return round_up(depth, 2 * lanes<T>) + lanes<T>;
}

template <typename T>
void spread(Size rows, Size depth, Matrix<const T> x, T* to) {
  for (Size r = 0; r < rows; ++r)
    __builtin_memcpy(to + r * spread_stride<T>(depth), x.data + r * x.row_stride,
                     static_cast<std::size_t>(depth) * sizeof(T));
}

}  // namespace
}  // namespace pellucid::PELLUCID_KERNELS
