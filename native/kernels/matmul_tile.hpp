// One tile of y = x w in registers, for a w whose columns are side by side.
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
// 24 sums, 2 vectors of w and a broadcast fill 32 vector registers; with 16 there are 6 rows. The last columns, which
// fill no two vectors, get a narrower tile, of half a vector where the machine has short ones beside the long; of its
// last vector only a part may belong to y. A single row has room for 4 vectors of sums.
#pragma once

#include <cstdint>

#include "matmul.hpp"
#include "vector.hpp"

namespace pellucid::PELLUCID_KERNELS {
namespace {

using Size = std::ptrdiff_t;

constexpr int tile_rows = vector_registers == 32 ? 12 : 6;
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

// The steps of the depth that a tile takes, in their order; or, without a list, the first `count`.
constexpr Size depth_block = 512;
using Step = std::uint16_t;

struct Steps {
  const Step* of;
  Size count;
};

template <typename T>
struct Job {
  Steps steps;
  const T* x;
  Size x_stride;  // from row to row, or, across, from step to step of the depth
  const T* w;
  Size w_stride;  // from step to step
  T* y;
  Size y_stride;
  Size columns;  // of the tile that belong to y
  bool add;      // to what an earlier block of the depth left in y
  const T* old;  // what the product is added to after it is multiplied by scale, with y's strides; or none
  T scale;
  Size coming;  // columns further on, in each step: what is to be fetched for a later tile; or 0
};

// Asks for the line of memory that holds this number: a later tile reads it. Tiles of short vectors take so long that
// memory keeps up with them unasked.
template <typename T>
inline void fetch(const T* number) {
  if constexpr (vector_bytes > 16) __builtin_prefetch(number);
}

template <typename V, typename T>
inline V load_as(const T* from) {
  V vector;
  __builtin_memcpy(&vector, from, sizeof vector);
  return vector;
}

// Vector v of a row; of the last one of a ragged tile, the part that is there. Without masks, what a ragged tile reads
// is packed, with zeros behind it.
template <typename T, typename V, bool part>
inline V load_some(const T* from, const Part<T, V>& last) {
  if constexpr (part)
    return last.load(from);
  else
    return load_as<V>(from);
}

template <typename T, typename V, int vectors, bool ragged, bool across, int rows>
void multiply_tile(const Job<T>& job) {
  constexpr Size width = sizeof(V) / sizeof(T);
  const Part<T, V> last(job.columns - (vectors - 1) * width);
  V sum[rows][vectors] = {};
  const Size x_stride = job.x_stride, w_stride = job.w_stride, coming = job.coming;
  const auto take = [&](const T* x, const T* w) __attribute__((always_inline)) {
    asm("" : "+r"(x));  // or the compiler keeps an address for each row, and has too few registers for them
    fetch(w + coming);
    V row[vectors];
#pragma GCC unroll 4
    for (int v = 0; v < vectors - 1; ++v) row[v] = load_as<V>(w + v * width);
    row[vectors - 1] = load_some < T, V, ragged && has_masks > (w + (vectors - 1) * width, last);
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r)
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) sum[r][v] += (across ? x[r] : x[r * x_stride]) * row[v];
  };
  const Size x_step = across ? x_stride : 1, count = job.steps.count;
  if (job.steps.of) {
    for (Size i = 0; i < count; ++i) {
      const Size k = job.steps.of[i];
      take(job.x + k * x_step, job.w + k * w_stride);
    }
  } else {
    const T *x = job.x, *w = job.w;
    for (Size i = 0; i < count; ++i, x += x_step, w += w_stride) take(x, w);
  }
  if (job.add)
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r) {
      const T* const y = job.y + r * job.y_stride;
#pragma GCC unroll 4
      for (int v = 0; v < vectors - 1; ++v) sum[r][v] = load_as<V>(y + v * width) + sum[r][v];
      sum[r][vectors - 1] = load_some<T, V, ragged>(y + (vectors - 1) * width, last) + sum[r][vectors - 1];
    }
  else  // a product too small for a number may have left -0, which a step of zeros would have made 0
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r)
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) sum[r][v] += T(0);
  if (job.old)
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r) {
      const T* const old = job.old + r * job.y_stride;
#pragma GCC unroll 4
      for (int v = 0; v < vectors - 1; ++v) sum[r][v] = load_as<V>(old + v * width) + rounded(sum[r][v] * job.scale);
      sum[r][vectors - 1] =
          load_some<T, V, ragged>(old + (vectors - 1) * width, last) + rounded(sum[r][vectors - 1] * job.scale);
    }
#pragma GCC unroll 16
  for (int r = 0; r < rows; ++r) {
    T* const y = job.y + r * job.y_stride;
#pragma GCC unroll 4
    for (int v = 0; v < vectors - 1; ++v) __builtin_memcpy(y + v * width, &sum[r][v], sizeof(V));
    if constexpr (ragged)
      last.store(y + (vectors - 1) * width, sum[r][vectors - 1]);
    else
      __builtin_memcpy(y + (vectors - 1) * width, &sum[r][vectors - 1], sizeof(V));
  }
}

template <typename T>
using Multiply = void (*)(const Job<T>&);

// The tiles of 1, 2 ... tile_rows rows: the last rows of x are fewer than a tile has.
template <typename T, typename V, int vectors, bool ragged, bool across>
struct Tiles {
  Multiply<T> of[tile_rows];
  constexpr Tiles() : of() { fill<tile_rows>(); }

 private:
  template <int rows>
  constexpr void fill() {
    of[rows - 1] = multiply_tile<T, V, vectors, ragged, across, rows>;
    if constexpr (rows > 1) fill<rows - 1>();
  }
};
template <typename T, typename V, int vectors, bool ragged, bool across>
constexpr Tiles<T, V, vectors, ragged, across> tiles_of;

// The tiles that one panel of w's columns gets.
template <typename T>
struct Panel {
  Size width, columns;  // which the tile reads, and those of them that belong to y
  bool ragged;
  const Multiply<T>* tiles;
};

template <typename T, bool across>
Panel<T> panel_of(Size left) {
  // Without names for them: what Clang 14 instantiates here, it takes for parts of this function.
  if (left >= 2 * lanes<T>) return {2 * lanes<T>, 2 * lanes<T>, false, tiles_of<T, Vector<T>, 2, false, across>.of};
  if (left > (has_halves ? lanes<T> + half<T> : lanes<T>))
    return {2 * lanes<T>, left, true, tiles_of<T, Vector<T>, 2, true, across>.of};
  if (left >= lanes<T>) return {lanes<T>, lanes<T>, false, tiles_of<T, Vector<T>, 1, false, across>.of};
  if (left > half<T> || !has_halves) return {lanes<T>, left, true, tiles_of<T, Vector<T>, 1, true, across>.of};
  return {half<T>, left, true, tiles_of<T, Half<T>, 1, true, across>.of};
}

// For a single row, where `across` makes no difference.
template <typename T>
Panel<T> panel_of_row(Size left) {
  constexpr Size L = lanes<T>;
  static constexpr Multiply<T> whole[] = {
      multiply_tile<T, Vector<T>, 1, false, true, 1>, multiply_tile<T, Vector<T>, 2, false, true, 1>,
      multiply_tile<T, Vector<T>, 3, false, true, 1>, multiply_tile<T, Vector<T>, 4, false, true, 1>};
  static constexpr Multiply<T> ragged[] = {
      multiply_tile<T, Vector<T>, 1, true, true, 1>, multiply_tile<T, Vector<T>, 2, true, true, 1>,
      multiply_tile<T, Vector<T>, 3, true, true, 1>, multiply_tile<T, Vector<T>, 4, true, true, 1>};
  if (left >= 4 * L) return {4 * L, 4 * L, false, whole + 3};
  const Size vectors = left / L;
  if (vectors * L == left || (vectors > 0 && !has_masks)) return {vectors * L, vectors * L, false, whole + vectors - 1};
  return {(vectors + 1) * L, left, true, ragged + vectors};
}

// The first panel of so many columns.
template <typename T>
using Panels = Panel<T> (*)(Size left);

template <typename T>
Panels<T> panels_for(Size rows, bool across) {
  if (rows == 1 && across) return panel_of_row<T>;
  return across ? panel_of<T, true> : panel_of<T, false>;
}

}  // namespace
}  // namespace pellucid::PELLUCID_KERNELS
