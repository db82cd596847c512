// Matrix product: dot products where both operands lie along the depth (matmul_dots.hpp), else tiles that broadcast
// numbers of x over panels of w's columns (matmul_tile.hpp).
//
// Panels are read in place where that is as fast: w when its rows are short, or few, or few rows of x use them; x when
// its rows or its columns are side by side. Otherwise they are packed (matmul_pack.hpp). Around the tile, three loops
// keep things in the caches that fit them:
//
//   for each block of w (depth_block × column_block): pack it              L2
//     for each block of x's rows (row_block × depth_block)                 L2
//       for each panel of w (depth_block × 2 vectors)                      L1
//         for each tile of rows
//
// A panel in place may lie in memory far away: while one is being used, its first tiles fetch the next. Steps of the
// depth in which a tile of x has nothing are left out (matmul_steps.hpp).
//
// Every number of y is summed in the order of the depth, in pieces of depth_block, whatever the other sizes are and
// whatever is packed: parts of a product, computed apart, have the bits of the whole.

#include "matmul.hpp"

#include "matmul_dots.hpp"
#include "matmul_pack.hpp"
#include "matmul_steps.hpp"
#include "matmul_tile.hpp"
#include "table.hpp"
#include "vector.hpp"

namespace pellucid::PELLUCID_KERNELS {
namespace {

constexpr Size tiles_in_block = 132 / tile_rows;  // of rows
constexpr Size column_block = 256;
// So many rows, or so little depth, that w is not packed. Short tiles would read it in place too often.
constexpr Size rows_in_place = vector_registers == 32 ? 256 : 64;
constexpr Size depth_in_place = 128;

// ---- strides

// So near together that several share a page.
template <typename T>
bool near(Size stride) {
  return stride > 0 && stride * static_cast<Size>(sizeof(T)) <= 512;
}

// ---- x

enum class Reading { rows, spread_rows, across, packed };

template <typename T>
Reading reading(MatmulSize size, Matrix<const T> x) {
  if (size.rows == 1 || (x.row_stride == 1 && x.column_stride != 1)) {
    const bool pack = size.rows > 1 && size.columns > 2 * tile_columns<T> && !near<T>(x.column_stride);
    return pack ? Reading::packed : Reading::across;
  }
  if (x.column_stride != 1) return Reading::packed;
  return crowded<T>(x.row_stride) && size.columns > tile_columns<T> ? Reading::spread_rows : Reading::rows;
}

// How many rows a tile gets: all of them about the same, since a tile of two or three is slow.
Size tile_height(Size rows) {
  const Size tiles = (rows + tile_rows - 1) / tile_rows;
  return (rows + tiles - 1) / tiles;
}

// A block of x as the tiles read it.
template <typename T>
struct Left {
  const T* data;
  Size stride, next_tile, height;
};

template <typename T>
Left<T> read(Reading how, Size rows, Size depth, Size height, Matrix<const T> x, T* scratch) {
  switch (how) {
    case Reading::packed:
      pack_across(rows, depth, height, x, scratch);
      return {scratch, tile_rows, tile_rows * depth, height};
    case Reading::across:
      return {x.data, x.column_stride, height, height};
    case Reading::spread_rows:
      spread(rows, depth, x, scratch);
      return {scratch, spread_stride<T>(depth), height * spread_stride<T>(depth), height};
    default:
      return {x.data, x.row_stride, height * x.row_stride, height};
  }
}

// ---- w

// Packing pays where many blocks of rows read w again, or where its rows get into each other's way.
template <typename T>
bool reads_in_place(MatmulSize size, Matrix<const T> w) {
  if (w.column_stride != 1) return false;
  const bool few_rows = size.rows <= (crowded<T>(w.row_stride) ? 2 * tile_rows : rows_in_place);
  return few_rows || size.depth <= depth_in_place || near<T>(w.row_stride);
}

template <typename T>
Size packed_size(MatmulSize size) {
  return smaller(depth_block, size.depth) * smaller(column_block, round_up(size.columns, tile_columns<T>));
}

template <typename T>
Size scratch(MatmulSize size) {
  const Size panels = packed_size<T>(size) + round_up(smaller(tiles_in_block * tile_rows, size.rows), tile_rows) *
                                                 spread_stride<T>(smaller(depth_block, size.depth));
  return larger(panels, dots::scratch<T>(size));
}

// ---- steps

// Those of each tile of a block of x.
template <typename T>
class StepsOfTiles {
 public:
  // Whether any tile leaves out some. At first the line of x in the middle shows whether it is worth to look.
  bool find(MatmulSize size, Left<T> x, bool across) {
    const Size middle = (across ? size.depth : size.rows) / 2, length = across ? size.rows : size.depth;
    if (!looks_sparse(length, x.data + middle * x.stride)) return false;
    bool some = false;
    Step* found = found_;
    Steps* tile = tiles_;
    for (Size row = 0; row < size.rows; row += x.height, ++tile, found += depth_block, x.data += x.next_tile) {
      const Size rows = smaller(x.height, size.rows - row);
      *tile = across ? steps_across(rows, size.depth, x.data, x.stride, found)
                     : steps_of_rows(rows, size.depth, x.data, x.stride, found);
      some |= tile->count < size.depth;
    }
    return some;
  }

  Steps operator[](Size tile) const { return tiles_[tile]; }

 private:
  Step found_[tiles_in_block * depth_block + lanes<T>];
  Steps tiles_[tiles_in_block];
};

// ---- blocks

template <typename T>
constexpr Size line = 64 / sizeof(T);  // of a cache

// w is a block in place or packed. In place, the last panel is packed here if it is ragged and there are no masks.
template <typename T>
void multiply_block(MatmulSize size, Panels<T> panel_of, Left<T> x, const StepsOfTiles<T>* some, Matrix<const T> w,
                    bool in_place, Matrix<T> y, bool add, Update<T> update, T* packed) {
  for (Size column = 0; column < size.columns;) {
    const Panel<T> panel = panel_of(size.columns - column);
    const bool here = in_place && (has_masks || !panel.ragged);
    if (in_place && !here) pack_panel(0, size.depth, panel, from(w, 0, column), packed);
    Job<T> job = {
        .steps = {nullptr, size.depth},
        .x = x.data,
        .x_stride = x.stride,
        .w = here ? w.data + column : packed,
        .w_stride = here ? w.row_stride : panel.width,
        .y = y.data + column,
        .y_stride = y.row_stride,
        .columns = panel.columns,
        .add = add,
        .old = update.old ? update.old + column : nullptr,
        .scale = update.scale,
        .coming = 0,
    };
    const Size end = here ? smaller(size.columns - column, 2 * tile_columns<T>) : 0;  // of the next panel
    Size coming = panel.columns + line<T> - 1;  // the last number of a line: rows may begin anywhere in one
    for (Size row = 0; row < size.rows; row += x.height) {
      job.coming = coming < end ? coming : 0;
      coming += line<T>;
      if (some) job.steps = (*some)[row / x.height];
      panel.tiles[smaller(x.height, size.rows - row) - 1](job);
      job.x += x.next_tile;
      job.y += x.height * y.row_stride;
      if (job.old) job.old += x.height * y.row_stride;
    }
    if (!in_place) packed += panel.width * size.depth;
    column += panel.columns;
  }
}

template <typename T>
Update<T> at(Update<T> update, Size offset) {
  return {update.old ? update.old + offset : nullptr, update.scale};
}

// Whether a block of w, in place or packed, is finite.
template <typename T>
bool finite_block(Size columns, Size depth, Panels<T> panel_of, Matrix<const T> w, const T* packed) {
  if (!packed) return finite(depth, columns, w.data, w.row_stride);
  Size width = 0;
  for (Size column = 0; column < columns;) {
    const Panel<T> panel = panel_of(columns - column);
    width += panel.width;
    column += panel.columns;
  }
  return finite(1, width * depth, packed, 0);
}

template <typename T>
void multiply_panels(MatmulSize size, Matrix<const T> x, Matrix<const T> w, Matrix<T> y, Update<T> update, T* scratch) {
  T* const x_scratch = scratch + packed_size<T>(size);
  const Reading how = reading(size, x);
  const bool across = how == Reading::across || how == Reading::packed;
  const Panels<T> panel_of = panels_for<T>(size.rows, across);
  const bool in_place = reads_in_place(size, w);
  const Size height = tile_height(size.rows), row_block = tiles_in_block * height;
  const Size columns_at_once = in_place ? size.columns : column_block;
  StepsOfTiles<T> steps;
  for (Size column = 0; column < size.columns; column += columns_at_once) {
    const Size columns = smaller(columns_at_once, size.columns - column);
    Size k = 0;
    do {  // once even where the depth is 0: y is then all zeros
      const Size depth = smaller(depth_block, size.depth - k);
      const Matrix<const T> there = from(w, k, column);
      if (!in_place) pack_block(columns, depth, there, panel_of, scratch);
      bool look = size.rows > 1 && columns >= columns_to_skip && depth >= steps_at_first, finite = false;
      for (Size row = 0; row < size.rows; row += row_block) {
        const MatmulSize block = {smaller(row_block, size.rows - row), columns, depth};
        const Left<T> left = read(how, block.rows, depth, height, from(x, row, k), x_scratch);
        const bool some = look && steps.find(block, left, across);
        if (some && !finite)
          look = finite = finite_block(columns, depth, panel_of, there, in_place ? nullptr : scratch);
        multiply_block(block, panel_of, left, some && finite ? &steps : nullptr, there, in_place, from(y, row, column),
                       k > 0, at(update, row * y.row_stride + column), scratch);
      }
      k += depth_block;
    } while (k < size.depth);
  }
}

// ---- all

// Whether to take dot products: not for short ones, whose lanes take longer to add up than the products do, unless the
// other way would pack w for few columns or a single row; and not for a large w with few registers, where a tile of dot
// products reads each number of it too often.
template <typename T>
bool takes_dots(MatmulSize whole, Matrix<const T> x, Matrix<const T> w) {
  constexpr Size largest = vector_registers == 32 ? Size{1} << 60 : 1 << 20;
  const bool along_depth = w.row_stride == 1 && (x.column_stride == 1 || whole.rows == 1);
  if (!along_depth || (whole.rows > 1 && whole.columns * whole.depth > largest)) return false;
  return whole.rows == 1 || whole.depth >= 8 * lanes<T> || whole.depth > whole.columns;
}

template <typename T>
void run(MatmulSize size, Matrix<const T> x, Matrix<const T> w, Matrix<T> y, T* scratch) {
  multiply_part(size, size, x, w, y, scratch);
}

}  // namespace

template <typename T>
void multiply_part(MatmulSize whole, MatmulSize size, Matrix<const T> x, Matrix<const T> w, Matrix<T> y, T* scratch,
                   Update<T> update) {
  if (size.rows == 0 || size.columns == 0) return;
  if (!update.old && takes_dots(whole, x, w))
    dots::multiply(size, x, w, y, scratch);
  else
    multiply_panels(size, x, w, y, update, scratch);
}

template void multiply_part(MatmulSize, MatmulSize, Matrix<const float>, Matrix<const float>, Matrix<float>, float*,
                            Update<float>);
template void multiply_part(MatmulSize, MatmulSize, Matrix<const double>, Matrix<const double>, Matrix<double>, double*,
                            Update<double>);

const Matmul<float> matmul_float32 = {scratch<float>, run<float>};
const Matmul<double> matmul_float64 = {scratch<double>, run<double>};

}  // namespace pellucid::PELLUCID_KERNELS
