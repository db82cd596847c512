// What Winograd's convolution and its gradient by the weights share: how a tile of pixels is transformed.
#pragma once

#include "convolution.hpp"
#include "vector.hpp"

namespace pellucid::PELLUCID_KERNELS {
namespace {

constexpr Size places = 16;      // of a transformed tile
constexpr Size most_tiles = 64;  // at once

// How far apart the places of some tiles lie: a power of two would put them all into the same few lines of a cache.
template <typename T>
constexpr Size place_stride(Size tiles, Size channels) {
  return tiles * channels + 64 / static_cast<Size>(sizeof(T));
}

// One axis of Bᵀ x B, in place.
template <typename V>
[[gnu::always_inline]] inline void transform(V& a, V& b, V& c, V& d) {
  const V sum = b + c, difference = c - b, last = b - d;
  a = a - c, b = sum, c = difference, d = last;
}

// A tile's 16 pixels, zeros where they are not `inside`, to 16 places that are `stride` apart.
template <typename T, typename Inside>
[[gnu::always_inline]] inline void transform_pixels(const ConvolutionPass<T>& pass, const T* x, T* to, Size stride,
                                                    Inside inside) {
  const Size channels = pass.channels, x_row = pass.width * channels;
  for (Size c = 0; c < channels; c += lanes<T>, x += lanes<T>, to += lanes<T>) {
    for (int i = 6; i < 8; ++i)  // the tile after the one below sees them: images may lie far away
      for (int j = 1; j < 3; ++j) __builtin_prefetch(x + i * x_row + j * channels);
    Vector<T> d[4][4];
    const T* from = x;
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i, from += x_row) {
      const T* at = from;
#pragma GCC unroll 4
      for (int j = 0; j < 4; ++j, at += channels) d[i][j] = inside(i, j) ? load(at) : Vector<T>{};
    }
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) transform(d[0][j], d[1][j], d[2][j], d[3][j]);
    T* at = to;
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      transform(d[i][0], d[i][1], d[i][2], d[i][3]);
#pragma GCC unroll 4
      for (int j = 0; j < 4; ++j, at += stride) store(at, d[i][j]);
    }
  }
}

template <typename T>
void transform_input(const ConvolutionPass<T>& pass, const T* image, Size row, Size column, T* to, Size stride) {
  const Size top = pass.start[0] + 2 * row, left = pass.start[1] + 2 * column;
  const T* const x = image + (top * pass.width + left) * pass.channels;
  if (top >= 0 && left >= 0 && top + 4 <= pass.height && left + 4 <= pass.width)
    return transform_pixels(pass, x, to, stride, [](int, int) { return true; });
  bool inside[2][4];
  for (int i = 0; i < 4; ++i) {
    inside[0][i] = top + i >= 0 && top + i < pass.height;
    inside[1][i] = left + i >= 0 && left + i < pass.width;
  }
  transform_pixels(pass, x, to, stride, [&](int i, int j) { return inside[0][i] && inside[1][j]; });
}

template <typename T>
bool any(Vector<T> vector) {
  bool found = false;
  for (int i = 0; i < lanes<T>; ++i) found |= vector[i] != 0;
  return found;
}

}  // namespace
}  // namespace pellucid::PELLUCID_KERNELS
