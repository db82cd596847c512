// Matrix products whose operands both lie along the depth: y = x wᵀ as PyTorch's Linear has it. Nothing is packed;
// rows of x that get into each other's way in the cache are copied.
//
// A number of y is a dot product of two rows. A tile of them shares what it loads:
//
//                      w: 5 rows, lying down the depth
//                     ┌───┬───┬───┬───┬───┐
//                     │   │   │   │   │   │   depth
//                     │ ▒ │ ▒ │ ▒ │ ▒ │ ▒ │     ↓     a step loads 5 + 5 vectors along the depth
//                     └───┴───┴───┴───┴───┘
//        depth →
//     ┌───────────┐   ┌───┬───┬───┬───┬───┐
//   5 │     ▒     │   │ Σ │ Σ │ Σ │ Σ │ Σ │           and does 25 multiply-adds on vectors of sums
//     └───────────┘   └───┴───┴───┴───┴───┘
//
// With 16 registers there are 3 × 4 sums. At the end the lanes of each vector are added up. The last vector of the
// depth may be a part of one: the lanes behind it are zeros. Nothing behind a row is read.
//
// Around the tile, so that one operand of it stays in L1 and the other comes from L2:
//
//   for each piece of the depth (depth_at_once)
//     for each block of x's rows (rows_at_once × depth_at_once)            L2
//       for each tile of w's rows                                          L1
//         for each tile of the block's rows
//
// While it computes, a tile asks for a part of w's next rows, which may lie in memory far away: they are there when
// their turn comes.
//
// A sum's order depends on the depth alone: lanes first, in pieces of depth_at_once, then the lanes in halves.
#pragma once

#include "matmul.hpp"
#include "matmul_pack.hpp"
#include "vector.hpp"

namespace pellucid::PELLUCID_KERNELS {
namespace {
namespace dots {

using Size = std::ptrdiff_t;

constexpr int tile_rows = vector_registers == 32 ? 5 : 3;
constexpr int tile_columns = vector_registers == 32 ? 5 : 4;
template <typename T>
constexpr Size depth_at_once = 4096 / sizeof(T);
template <typename T>
constexpr Size block_at_once = (544 << 10) / sizeof(T);  // 128 rows and what spreads them
constexpr Size columns_to_spread = 64;                   // fewer would not repay the copy

template <typename T>
struct Job {
  Size depth;
  const T* x;
  Size x_stride;  // from row to row
  const T* w;
  Size w_stride;  // likewise: w's columns are its rows here
  T* y;
  Size y_stride;
  bool add;         // to what an earlier piece of the depth left in y
  const T* coming;  // to be fetched for a later tile: so much further in each step
  Size coming_step;
};

// ---- sums over lanes

// 4 numbers of float32, 2 of float64.
template <typename T>
struct QuadOf {
  typedef T type __attribute__((vector_size(16)));
};
template <typename T>
using Quad = typename QuadOf<T>::type;

template <typename T, int bytes>
struct FoldedOf {
  typedef T type __attribute__((vector_size(bytes / 2)));
};

// The lower half of a vector plus the upper.
template <typename T, typename V>
inline auto fold(V v) {
  // Through memory, which no compiler takes: GCC would shuffle the whole of v where one move of a half is enough.
  typename FoldedOf<T, sizeof v>::type halves[2];
  __builtin_memcpy(halves, &v, sizeof v);
  return halves[0] + halves[1];
}

// The sums of neighbouring pairs of a and of b, in each 16 bytes: a0 + a2, b0 + b2, a1 + a3, b1 + b3.
inline auto interleave(auto a, auto b) {
  constexpr int count = sizeof a / sizeof a[0];
  if constexpr (count == 8)
    return __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13) +
           __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15);
  else if constexpr (count == 4 && sizeof a == 32)
    return __builtin_shufflevector(a, b, 0, 4, 2, 6) + __builtin_shufflevector(a, b, 1, 5, 3, 7);
  else if constexpr (count == 4)
    return __builtin_shufflevector(a, b, 0, 4, 1, 5) + __builtin_shufflevector(a, b, 2, 6, 3, 7);
  else
    return __builtin_shufflevector(a, b, 0, 2) + __builtin_shufflevector(a, b, 1, 3);
}

// The sum of each of 4 vectors (2 of float64), side by side. Every one is added up in the same order.
template <typename T>
inline Quad<T> add_lanes(const Vector<T>* v) {
  if constexpr (vector_bytes == 64 && sizeof(T) == 4)
    return fold<T>(interleave(interleave(fold<T>(v[0]), fold<T>(v[2])), interleave(fold<T>(v[1]), fold<T>(v[3]))));
  else if constexpr (vector_bytes == 64)
    return fold<T>(interleave(fold<T>(v[0]), fold<T>(v[1])));
  else if constexpr (vector_bytes == 32 && sizeof(T) == 4)
    return fold<T>(interleave(interleave(v[0], v[2]), interleave(v[1], v[3])));
  else if constexpr (vector_bytes == 32)
    return fold<T>(interleave(v[0], v[1]));
  else if constexpr (sizeof(T) == 4)
    return interleave(interleave(v[0], v[2]), interleave(v[1], v[3]));
  else
    return interleave(v[0], v[1]);
}

// ---- one tile

template <typename T, int rows, int columns>
void multiply_tile(const Job<T>& job) {
  constexpr Size L = lanes<T>;
  constexpr int Q = sizeof(Quad<T>) / sizeof(T);
  Vector<T> sum[rows][columns] = {};
  const T *x = job.x, *w = job.w;
  const Size x_stride = job.x_stride, w_stride = job.w_stride;
  const T* coming = job.coming;
  const Size coming_step = job.coming_step;
  Size k = job.depth;
  for (; k >= L; k -= L, x += L, w += L, coming += coming_step) {
    fetch(coming);
    Vector<T> there[columns];
#pragma GCC unroll 8
    for (int c = 0; c < columns; ++c) there[c] = load(w + c * w_stride);
#pragma GCC unroll 8
    for (int r = 0; r < rows; ++r) {
      const Vector<T> here = load(x + r * x_stride);
#pragma GCC unroll 8
      for (int c = 0; c < columns; ++c) sum[r][c] += here * there[c];
    }
  }
  if (k > 0) {
    const Part<T> part(k);
    Vector<T> there[columns];
#pragma GCC unroll 8
    for (int c = 0; c < columns; ++c) there[c] = part.load(w + c * w_stride);
#pragma GCC unroll 8
    for (int r = 0; r < rows; ++r) {
      const Vector<T> here = part.load(x + r * x_stride);
#pragma GCC unroll 8
      for (int c = 0; c < columns; ++c) sum[r][c] += here * there[c];
    }
  }
  constexpr int quads = columns / Q * Q;
#pragma GCC unroll 8
  for (int r = 0; r < rows; ++r)
#pragma GCC unroll 8
    for (int c = 0; c < quads; c += Q) {
      T* const y = job.y + r * job.y_stride + c;
      Quad<T> total = add_lanes<T>(&sum[r][c]);
      if (job.add) {
        Quad<T> old;
        __builtin_memcpy(&old, y, sizeof old);
        total = old + total;
      }
      __builtin_memcpy(y, &total, sizeof total);
    }
#pragma GCC unroll 8
  for (int c = quads; c < columns; ++c)
#pragma GCC unroll 8
    for (int r = 0; r < rows; r += Q) {
      Vector<T> some[Q];
#pragma GCC unroll 4
      for (int q = 0; q < Q; ++q) some[q] = sum[r + q < rows ? r + q : r][c];
      const Quad<T> total = add_lanes<T>(some);
#pragma GCC unroll 4
      for (int q = 0; q < Q; ++q) {
        if (r + q >= rows) break;
        T* const y = job.y + (r + q) * job.y_stride + c;
        *y = job.add ? *y + total[q] : total[q];
      }
    }
}

template <typename T>
using Multiply = void (*)(const Job<T>&);

// One tile for each number of rows and columns: those at the edges are smaller.
template <typename T>
struct Tiles {
  Multiply<T> of[tile_rows * tile_columns];
  constexpr Tiles() : of() { fill<0>(); }

 private:
  template <int at>
  constexpr void fill() {
    of[at] = multiply_tile<T, at / tile_columns + 1, at % tile_columns + 1>;
    if constexpr (at + 1 < tile_rows * tile_columns) fill<at + 1>();
  }
};
template <typename T>
constexpr Tiles<T> tiles;

// ---- blocks

// How many tiles share the fetching of a row: a few, so that it takes a small part of what memory can deliver. None
// fetch where there are fewer tiles than rows to come.
template <typename T>
Size fetchers(Size rows) {
  const Size tiles_there = (rows + tile_rows - 1) / tile_rows;
  return smaller(smaller(4, lanes<T>), tiles_there / tile_columns);
}

// What a tile fetches of w's next `rows` rows: a part of one. The first `sharing` tiles fetch the first row, and so on.
template <typename T>
void fetch_part(Job<T>& job, Size tile, Size sharing, Size rows) {
  job.coming = job.w;
  job.coming_step = 0;
  if (tile >= rows * sharing) return;
  job.coming += (tile_columns + tile / sharing) * job.w_stride + tile % sharing * (job.depth / sharing);
  job.coming_step = lanes<T> / sharing;
}

template <typename T>
void multiply_block(MatmulSize size, Job<T>& job) {
  const T* const x = job.x;
  T* const y = job.y;
  const Size sharing = fetchers<T>(size.rows);
  for (Size column = 0; column < size.columns; column += tile_columns) {
    const Multiply<T>* const of = tiles<T>.of + (smaller(tile_columns, size.columns - column) - 1);
    const Size coming = smaller(tile_columns, size.columns - column - tile_columns);
    job.x = x;
    job.y = y + column;
    for (Size row = 0, tile = 0; row < size.rows; row += tile_rows, ++tile) {
      if (sharing > 0) fetch_part(job, tile, sharing, coming);
      of[(smaller(tile_rows, size.rows - row) - 1) * tile_columns](job);
      job.x += tile_rows * job.x_stride;
      job.y += tile_rows * job.y_stride;
    }
    job.w += tile_columns * job.w_stride;
  }
}

template <typename T>
Size scratch(MatmulSize size) {
  return smaller(block_at_once<T>, size.rows * spread_stride<T>(smaller(depth_at_once<T>, size.depth)));
}

// x has column_stride 1 (or is a single row), w row_stride 1.
template <typename T>
void multiply(MatmulSize size, Matrix<const T> x, Matrix<const T> w, Matrix<T> y, T* scratch) {
  const bool spreads = size.rows > 1 && crowded<T>(x.row_stride) && size.columns > columns_to_spread;
  Size k = 0;
  do {  // once even where the depth is 0: y is then all zeros
    const Size depth = smaller(depth_at_once<T>, size.depth - k);
    const Size rows_at_once = block_at_once<T> / spread_stride<T>(depth) / tile_rows * tile_rows;
    for (Size row = 0; row < size.rows; row += rows_at_once) {
      const Size rows = smaller(rows_at_once, size.rows - row);
      const Matrix<const T> there = from(x, row, k);
      Job<T> job = {
          .depth = depth,
          .x = there.data,
          .x_stride = x.row_stride,
          .w = w.data + k,
          .w_stride = w.column_stride,
          .y = y.data + row * y.row_stride,
          .y_stride = y.row_stride,
          .add = k > 0,
          .coming = w.data,
          .coming_step = 0,
      };
      if (spreads) {
        spread(rows, depth, there, scratch);
        job.x = scratch;
        job.x_stride = spread_stride<T>(depth);
      } else if (x.column_stride != 1) {
        for (Size i = 0; i < depth; ++i) scratch[i] = there.data[i * x.column_stride];
        job.x = scratch;
      }
      multiply_block({rows, size.columns, depth}, job);
    }
    k += depth_at_once<T>;
  } while (k < size.depth);
}

}  // namespace dots
}  // namespace
}  // namespace pellucid::PELLUCID_KERNELS
