// A square tile of a matrix, transposed in registers.
#pragma once

#include <cstddef>

#include "vector.hpp"

namespace pellucid::PELLUCID_KERNELS {
namespace {

using Size = std::ptrdiff_t;

constexpr int tile_bytes = vector_bytes < 32 ? vector_bytes : 32;  // in a row of a tile

template <typename T>
struct Tile {
  static constexpr int side = tile_bytes / sizeof(T);
  typedef T Row __attribute__((vector_size(tile_bytes)));

  static Row interleave_low(Row a, Row b) {
    if constexpr (side == 8)
      return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
    else if constexpr (side == 4)
      return __builtin_shufflevector(a, b, 0, 4, 1, 5);
    else
      return __builtin_shufflevector(a, b, 0, 2);
  }

  static Row interleave_high(Row a, Row b) {
    if constexpr (side == 8)
      return __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
    else if constexpr (side == 4)
      return __builtin_shufflevector(a, b, 2, 6, 3, 7);
    else
      return __builtin_shufflevector(a, b, 1, 3);
  }

  // Row r of the tile lies side by side with row r + side/2, as a deck of cards is shuffled; as often as it takes a
  // card to go once around, and rows are columns.
  static void transpose(T* y, Size y_stride, const T* x, Size x_stride) {
    Row rows[side], shuffled[side];
#pragma GCC unroll 8
    for (int r = 0; r < side; ++r) __builtin_memcpy(&rows[r], x + r * x_stride, sizeof(Row));
#pragma GCC unroll 4
    for (int width = side; width > 1; width /= 2) {
#pragma GCC unroll 4
      for (int r = 0; r < side / 2; ++r) {
        shuffled[2 * r] = interleave_low(rows[r], rows[r + side / 2]);
        shuffled[2 * r + 1] = interleave_high(rows[r], rows[r + side / 2]);
      }
#pragma GCC unroll 8
      for (int r = 0; r < side; ++r) rows[r] = shuffled[r];
    }
#pragma GCC unroll 8
    for (int r = 0; r < side; ++r) __builtin_memcpy(y + r * y_stride, &rows[r], sizeof(Row));
  }
};

}  // namespace
}  // namespace pellucid::PELLUCID_KERNELS
