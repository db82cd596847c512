// Matrix product in tiles of registers.
//
// One tile of y stays in registers while the depth streams past it:
//
//                      columns: 2 vectors
//                     ┌───────────────┐
//                     │ w: one panel  │   depth
//                     │               │     ↓     a step loads 2 vectors of w,
//                     └───────────────┘
//        depth →      ┌───────────────┐
//     ┌───────────┐   │               │
//  12 │ x: some   │   │ y: 12 × 2     │           broadcasts 12 numbers of x
//  or │ rows      │   │ sums          │           and does 24 multiply-adds
//   6 │           │   │               │
//     └───────────┘   └───────────────┘
//
// 24 sums, 2 vectors of w and a broadcast fill 32 vector registers; with 16 there are 6 rows. Columns that fill no two
// vectors go to panels of one, or of half a one where the machine has short vectors beside the long ones.
//
// Both sides are read in place where that is as fast: w when its rows are short or few rows use a panel, x when its
// rows or its columns are side by side. Otherwise they are packed, in the order in which the tile reads:
//
//   w packed: a panel's rows one after the other         x packed: 12 numbers for each step of the depth
//
// In place, nothing behind w's last column may be read, so that the last vector lies over the one before it:
//
//     │ 16 columns    │ 16 columns    │     30 columns: both are computed twice where they meet, to the same bits
//     └───────────────┘
//                   └───────────────┘
//
// Around the tile, three loops keep things in the caches that fit them:
//
//   for each block of w (depth_block × column_block): pack it              L2
//     for each block of x's rows (row_block × depth_block)                 L2
//       for each panel of w (depth_block × 2 vectors)                      L1
//         for each tile of rows
//
// Every number of y is summed in the order of the depth, in pieces of depth_block, whatever the other sizes are and
// whatever is packed: parts of a product, computed apart, have the bits of the whole.

#include "matmul.hpp"

#include "matmul_dots.hpp"
#include "table.hpp"
#include "transpose.hpp"
#include "vector.hpp"

namespace pellucid::PELLUCID_KERNELS {
namespace {

using Size = std::ptrdiff_t;

constexpr int tile_rows = vector_registers == 32 ? 12 : 6;
constexpr Size depth_block = 512;
constexpr Size row_block = 60;
constexpr Size column_block = 256;
constexpr Size rows_in_place = 2 * tile_rows;  // and so many rows, or w's rows so near together, that w is not packed
constexpr Size bytes_in_place = 512;
constexpr bool has_halves = vector_bytes == 64;

template <typename T>
struct HalfOf {
  typedef T type __attribute__((vector_size(has_halves ? vector_bytes / 2 : vector_bytes)));
};
template <typename T>
using Half = typename HalfOf<T>::type;

template <typename T>
constexpr Size half = sizeof(Half<T>) / sizeof(T);

template <typename T>
constexpr Size tile_columns = 2 * lanes<T>;

constexpr Size smaller(Size a, Size b) { return a < b ? a : b; }

constexpr Size round_up(Size size, Size unit) { return (size + unit - 1) / unit * unit; }

template <typename T>
Matrix<T> from(Matrix<T> matrix, Size row, Size column) {
  return {matrix.data + row * matrix.row_stride + column * matrix.column_stride, matrix.row_stride,
          matrix.column_stride};
}

// ---- one tile

template <typename T>
struct Job {
  Size depth;
  const T* x;
  Size x_stride;  // from row to row, or, across, from step to step of the depth
  const T* w;
  Size w_stride, last;  // from step to step; where the last of several vectors begins
  T* y;
  Size y_stride, begin, end;  // the columns of the tile that belong to y
  bool add;                   // to what an earlier block of the depth left in y
};

template <typename V, typename T>
inline V load_as(const T* from) {
  V vector;
  __builtin_memcpy(&vector, from, sizeof vector);
  return vector;
}

// Up to `limit` numbers, a power of 2: a loop or a call for so few would cost more than they do.
template <Size limit, typename T>
inline void copy_few(T* to, const T* from, Size count) {
#pragma GCC unroll 8
  for (Size some = limit; some > 0; some /= 2)
    if (count & some) {
      __builtin_memcpy(to, from, static_cast<std::size_t>(some) * sizeof(T));
      to += some, from += some;
    }
}

// Where vector v of a tile begins: the last one may lie over the one before it.
template <int vectors>
inline Size offset(int v, Size width, Size last) {
  return v > 0 && v == vectors - 1 ? last : v * width;
}

// Stores one row of sums.
template <typename T, typename V, int vectors>
inline void finish(const Job<T>& job, int r, const V* sums) {
  constexpr Size width = sizeof(V) / sizeof(T);
  T* const y = job.y + r * job.y_stride;
  const Size used = job.end - job.begin;
  const bool whole = used == (vectors == 1 ? width : job.last + width);
  V sum[vectors];
  T line[vectors * width];
#pragma GCC unroll 4
  for (int v = 0; v < vectors; ++v) sum[v] = sums[v];
  if (job.add) {
    const T* old = y;
    if (!whole) copy_few<vectors * width>(line + job.begin, y + job.begin, used), old = line;
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) sum[v] = load_as<V>(old + offset<vectors>(v, width, job.last)) + sum[v];
  }
  T* const to = whole ? y : line;
#pragma GCC unroll 4
  for (int v = 0; v < vectors; ++v) __builtin_memcpy(to + offset<vectors>(v, width, job.last), &sum[v], sizeof(V));
  if (!whole) copy_few<vectors * width>(y + job.begin, line + job.begin, used);
}

template <typename T, typename V, int vectors, bool across, int rows>
void multiply_tile(const Job<T>& job) {
  constexpr Size width = sizeof(V) / sizeof(T);
  V sum[rows][vectors] = {};
  const T *x = job.x, *w = job.w;
  const Size x_stride = job.x_stride, w_stride = job.w_stride, last = job.last;
  for (Size k = job.depth; k > 0; --k) {
    V row[vectors];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) row[v] = load_as<V>(w + offset<vectors>(v, width, last));
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r)
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) sum[r][v] += (across ? x[r] : x[r * x_stride]) * row[v];
    x += across ? x_stride : 1;
    w += w_stride;
  }
  V sums[rows][vectors];  // a copy in memory, so that the others stay in registers
#pragma GCC unroll 16
  for (int r = 0; r < rows; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) sums[r][v] = sum[r][v];
#pragma GCC unroll 1
  for (int r = 0; r < rows; ++r) finish<T, V, vectors>(job, r, sums[r]);
}

// The last rows of x are fewer than a tile has; each such number has a tile of its own.
template <typename T, typename V, int vectors, bool across, int rows = tile_rows>
void multiply_rows(Size count, const Job<T>& job) {
  if constexpr (rows > 1)
    if (count < rows) return multiply_rows<T, V, vectors, across, rows - 1>(count, job);
  multiply_tile<T, V, vectors, across, rows>(job);
}

template <typename T, typename V, int vectors, bool across>
void multiply_one(Size, const Job<T>& job) {
  multiply_tile<T, V, vectors, across, 1>(job);
}

template <typename T>
using MultiplyRows = void (*)(Size, const Job<T>&);

// ---- panels

template <typename T>
struct Panel {
  Size start, width;      // the columns that it reads
  Size begin, end, last;  // see Job
  MultiplyRows<T> multiply;
};

template <typename T, typename V, int vectors>
MultiplyRows<T> rows_of(bool across) {
  return across ? multiply_rows<T, V, vectors, true> : multiply_rows<T, V, vectors, false>;
}

// The panel of packed columns that begins at `column`; zeros stand behind the last one.
template <typename T>
Panel<T> packed_panel(Size columns, Size column, bool across) {
  constexpr Size L = lanes<T>;
  const Size left = columns - column;
  if (left > (has_halves ? L + half<T> : L))
    return {column, 2 * L, 0, smaller(left, 2 * L), L, rows_of<T, Vector<T>, 2>(across)};
  if (left > (has_halves ? half<T> : 0)) return {column, L, 0, smaller(left, L), L, rows_of<T, Vector<T>, 1>(across)};
  return {column, half<T>, 0, left, half<T>, rows_of<T, Half<T>, 1>(across)};
}

// The panel of w in place: it ends where w ends. There are at least half<T> columns. A single row has room for more
// sums.
template <typename T>
Panel<T> panel_in_place(MatmulSize size, Size column, bool across) {
  constexpr Size L = lanes<T>, H = half<T>;
  const Size columns = size.columns, left = columns - column;
  if (size.rows == 1 && across && left > 3 * L) {
    const Size width = smaller(left, 4 * L);
    return {column, width, 0, width, width - L, multiply_one<T, Vector<T>, 4, true>};
  }
  if (size.rows == 1 && across && left > 2 * L)
    return {column, left, 0, left, left - L, multiply_one<T, Vector<T>, 3, true>};
  if (left > (has_halves && columns > left ? L + H : L)) {
    const Size width = smaller(left, 2 * L);
    return {column, width, 0, width, width - L, rows_of<T, Vector<T>, 2>(across)};
  }
  if (left > L) return {column, L, 0, L, L, rows_of<T, Vector<T>, 1>(across)};
  if (left > H && columns < L) return {column, left, 0, left, left - H, rows_of<T, Half<T>, 2>(across)};
  if (left > H || !has_halves) return {columns - L, L, L - left, L, L, rows_of<T, Vector<T>, 1>(across)};
  return {columns - H, H, H - left, H, H, rows_of<T, Half<T>, 1>(across)};
}

// ---- packing

// `columns` columns of w as a panel of `width`, zeros behind them: rows from `begin` to `end`.
template <typename T>
void pack_panel(Size begin, Size end, Size columns, Size width, Matrix<const T> w, T* panel) {
  panel += begin * width;
  const T* row = w.data + begin * w.row_stride;
  if (columns == tile_columns<T>)  // sizes that the compiler knows: whole vectors
    for (Size k = begin; k < end; ++k, panel += tile_columns<T>, row += w.row_stride)
      __builtin_memcpy(panel, row, tile_columns<T> * sizeof(T));
  else
    for (Size k = begin; k < end; ++k, panel += width, row += w.row_stride) {
      for (Size c = columns; c < width; ++c) panel[c] = 0;
      copy_few<tile_columns<T>>(panel, row, columns);
    }
}

// The same for any strides; for columns that are each side by side in memory, square by square.
template <typename T>
void pack_turned(Size depth, Size columns, Size width, Matrix<const T> w, T* panel) {
  constexpr Size side = Tile<T>::side;
  const Size depth_in_tiles = w.row_stride == 1 ? depth / side * side : 0;
  const Size columns_in_tiles = columns / side * side;
  for (Size k = 0; k < depth_in_tiles; k += side)
    for (Size c = 0; c < columns_in_tiles; c += side)
      Tile<T>::transpose(panel + k * width + c, width, w.data + k + c * w.column_stride, w.column_stride);
  for (Size c = 0; c < width; ++c)
    for (Size k = c < columns_in_tiles ? depth_in_tiles : 0; k < depth; ++k)
      panel[k * width + c] = c < columns ? w.data[k * w.row_stride + c * w.column_stride] : T(0);
}

// Rows of x in tiles, across: the numbers that one step of the depth takes side by side.
template <typename T>
void pack_across(Size rows, Size depth, Matrix<const T> x, T* to) {
  for (Size row = 0; row < rows; row += tile_rows, to += tile_rows * depth) {
    const Size count = smaller(tile_rows, rows - row);
    const T* here = x.data + row * x.row_stride;
    if (x.row_stride == 1 && count == tile_rows)
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

// Where rows of x are spread to: one vector further apart than they are long.
template <typename T>
Size spread_stride(Size depth) {
  return round_up(depth, lanes<T>) + lanes<T>;
}

template <typename T>
void spread(Size rows, Size depth, Matrix<const T> x, T* to) {
  for (Size r = 0; r < rows; ++r)
    __builtin_memcpy(to + r * spread_stride<T>(depth), x.data + r * x.row_stride,
                     static_cast<std::size_t>(depth) * sizeof(T));
}

// ---- blocks

// A block of x as the tiles read it.
template <typename T>
struct Left {
  const T* data;
  Size stride, next_tile;
};

enum class Reading { rows, spread_rows, across, packed };

template <typename T>
Reading reading(MatmulSize size, Matrix<const T> x) {
  if (size.rows == 1 || (x.row_stride == 1 && x.column_stride != 1)) {
    const bool pack = size.rows > 1 && (crowded<T>(x.column_stride) || size.columns > 2 * tile_columns<T>);
    return pack ? Reading::packed : Reading::across;
  }
  if (x.column_stride != 1) return Reading::packed;
  return crowded<T>(x.row_stride) && size.columns > tile_columns<T> ? Reading::spread_rows : Reading::rows;
}

template <typename T>
Left<T> read(Reading how, Size rows, Size depth, Matrix<const T> x, T* scratch) {
  switch (how) {
    case Reading::packed:
      pack_across(rows, depth, x, scratch);
      return {scratch, tile_rows, tile_rows * depth};
    case Reading::across:
      return {x.data, x.column_stride, tile_rows};
    case Reading::spread_rows:
      spread(rows, depth, x, scratch);
      return {scratch, spread_stride<T>(depth), tile_rows * spread_stride<T>(depth)};
    default:
      return {x.data, x.row_stride, tile_rows * x.row_stride};
  }
}

// w is packed, or stands in place with this stride.
template <typename T>
struct Right {
  const T* data;
  bool in_place;
  Size stride;
};

template <typename T>
void multiply_block(MatmulSize size, Left<T> x, bool across, Right<T> w, Matrix<T> y, bool add) {
  const T* packed = w.data;
  for (Size column = 0; column < size.columns;) {
    const Panel<T> panel =
        w.in_place ? panel_in_place<T>(size, column, across) : packed_panel<T>(size.columns, column, across);
    Job<T> job = {
        .depth = size.depth,
        .x = x.data,
        .x_stride = x.stride,
        .w = w.in_place ? w.data + panel.start : packed,
        .w_stride = w.in_place ? w.stride : panel.width,
        .last = panel.last,
        .y = y.data + panel.start,
        .y_stride = y.row_stride,
        .begin = w.in_place && !add ? 0 : panel.begin,  // what is stored twice has the same bits
        .end = panel.end,
        .add = add,
    };
    for (Size row = 0; row < size.rows; row += tile_rows) {
      panel.multiply(smaller(tile_rows, size.rows - row), job);
      job.x += x.next_tile;
      job.y += tile_rows * y.row_stride;
    }
    packed += panel.width * size.depth;
    column = panel.start + panel.end;
  }
}

template <typename T>
Size packed_size(MatmulSize size) {
  return smaller(depth_block, size.depth) * smaller(column_block, round_up(size.columns, tile_columns<T>));
}

template <typename T>
Size scratch(MatmulSize size) {
  return packed_size<T>(size) +
         smaller(row_block, round_up(size.rows, tile_rows)) * spread_stride<T>(smaller(depth_block, size.depth));
}

// A block of w as panels, one behind the other. A few rows go to all panels before the next ones: they are read as they
// lie.
template <typename T>
void pack(Size columns, Size depth, Matrix<const T> w, T* to) {
  constexpr Size rows_at_once = 8;
  const Size step = w.column_stride == 1 ? rows_at_once : depth;
  for (Size k = 0; k < depth; k += step)
    for (Size column = 0; column < columns;) {
      const Panel<T> panel = packed_panel<T>(columns, column, false);
      T* const here = to + column * depth;
      if (w.column_stride == 1)
        pack_panel(k, smaller(depth, k + step), panel.end, panel.width, from(w, 0, column), here);
      else
        pack_turned(depth, panel.end, panel.width, from(w, 0, column), here);
      column += panel.end;
    }
}

template <typename T>
bool reads_in_place(MatmulSize size, Matrix<const T> w) {
  const bool near = w.row_stride > 0 && w.row_stride * static_cast<Size>(sizeof(T)) <= bytes_in_place;
  return w.column_stride == 1 && size.columns >= half<T> && (near || size.rows <= rows_in_place);
}

template <typename T>
void multiply_in_panels(MatmulSize size, Matrix<const T> x, Matrix<const T> w, Matrix<T> y, T* scratch) {
  T* const x_scratch = scratch + packed_size<T>(size);
  const Reading how = reading(size, x);
  const bool across = how == Reading::across || how == Reading::packed;
  const bool in_place = reads_in_place(size, w);
  const Size columns_at_once = in_place ? size.columns : column_block;
  for (Size column = 0; column < size.columns; column += columns_at_once) {
    const Size columns = smaller(columns_at_once, size.columns - column);
    Size k = 0;
    do {  // once even where the depth is 0: y is then all zeros
      const Size depth = smaller(depth_block, size.depth - k);
      const Matrix<const T> there = from(w, k, column);
      if (!in_place) pack(columns, depth, there, scratch);
      for (Size row = 0; row < size.rows; row += row_block) {
        const Size rows = smaller(row_block, size.rows - row);
        multiply_block({rows, columns, depth}, read(how, rows, depth, from(x, row, k), x_scratch), across,
                       Right<T>{in_place ? there.data : scratch, in_place, w.row_stride}, from(y, row, column), k > 0);
      }
      k += depth_block;
    } while (k < size.depth);
  }
}

// Whether to take dot products: not for short ones, whose lanes take longer to add up than the products do, unless the
// other way would pack w for few columns or a single row.
template <typename T>
bool takes_dots(MatmulSize whole, Matrix<const T> x, Matrix<const T> w) {
  const bool along_depth = x.column_stride == 1 && w.row_stride == 1;
  return along_depth && (whole.rows == 1 || whole.depth >= 8 * lanes<T> || whole.depth > whole.columns);
}

template <typename T>
void run(MatmulSize size, Matrix<const T> x, Matrix<const T> w, Matrix<T> y, T* scratch) {
  multiply_part(size, size, x, w, y, scratch);
}

}  // namespace

template <typename T>
void multiply_part(MatmulSize whole, MatmulSize size, Matrix<const T> x, Matrix<const T> w, Matrix<T> y, T* scratch) {
  if (takes_dots(whole, x, w))
    dots::multiply(size, x, w, y);
  else
    multiply_in_panels(size, x, w, y, scratch);
}

template void multiply_part(MatmulSize, MatmulSize, Matrix<const float>, Matrix<const float>, Matrix<float>, float*);
template void multiply_part(MatmulSize, MatmulSize, Matrix<const double>, Matrix<const double>, Matrix<double>,
                            double*);

const Matmul<float> matmul_float32 = {scratch<float>, run<float>};
const Matmul<double> matmul_float64 = {scratch<double>, run<double>};

}  // namespace pellucid::PELLUCID_KERNELS
