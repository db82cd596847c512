// How large a tile of a convolution's output is, and how its sums are stored.
#pragma once

#include "convolution_strip.hpp"
#include "vector.hpp"

namespace pellucid::PELLUCID_KERNELS {
namespace {

template <int vectors>
constexpr int tile_positions = vector_registers == 32 ? 12 : (vectors == 2 ? 6 : 12);

// Two vectors: `fill` is how far the second one lies behind the first in y. One vector: how many filters it holds.
// Where they do not fill it, and nothing but the tile's next position follows in memory, that may be overwritten, since
// its turn comes; the others take a way round.
template <typename T, int positions, int vectors>
[[gnu::always_inline]] inline void store_tile(const Vector<T> (&sum)[positions][vectors], T* y, Size y_step,
                                              Size fill) {
  if (vectors == 2 || fill == lanes<T>) {
#pragma GCC unroll 32
    for (int p = 0; p < positions; ++p) {
      store<T>(y + p * y_step, sum[p][0]);
      if constexpr (vectors == 2) store<T>(y + p * y_step + fill, sum[p][1]);
    }
    return;
  }
  const Size end = fill == y_step ? positions * y_step - lanes<T> : -1;
  T line[positions * lanes<T>];
#pragma GCC unroll 32
  for (int p = 0; p < positions; ++p) store<T>(p * y_step <= end ? y + p * y_step : line + p * lanes<T>, sum[p][0]);
  for (Size p = 0; p < positions; ++p)
    if (p * y_step > end) copy_some<lanes<T> / 2>(y + p * y_step, line + p * lanes<T>, fill);
}

}  // namespace
}  // namespace pellucid::PELLUCID_KERNELS
