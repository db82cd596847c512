// What the files of a convolution's gradient by its weights share.
#pragma once

#include "convolution.hpp"
#include "vector.hpp"

namespace pellucid::PELLUCID_KERNELS {

// How many rows a tile has at most.
template <int vectors>
constexpr int tile_rows = vector_registers == 32 ? (vectors == 2 ? 12 : 16) : (vectors == 2 ? 6 : 12);

// The positions of a strip: sizes, and how far apart they are in x and ȳ.
struct Positions {
  Size images, rows, columns;
  Size x_image, x_row, x_step, y_image, y_row, y_step;
};

// Where a tile's sums are, and whether to start them from zero. `second` is how far the second vector of filters lies
// behind the first in ȳ.
template <typename T>
struct Sums {
  T* at;
  Size row_stride, second;
  bool fresh;
};

template <typename T>
using WeightTile = void (*)(const Positions&, const T* x, const Size* offsets, const T* y, const Sums<T>& to);

// scattered: the tile's rows are not side by side in x, but at `offsets`
template <typename T>
WeightTile<T> weight_tile(Size rows, Size vectors, bool scattered = false);

// One channel a group; `count` is how many of a vector's channels there are.
template <typename T>
void depthwise_weight_tile(const Positions& at, const T* x, const T* y, const Sums<T>& to, Size count);

// For 3 × 3 taps and many channels: some filters' sums over some images; wrong where they are not finite.
template <typename T>
bool has_weight_winograd(const ConvolutionSize& size, Size blocks);
template <typename T>
void add_images_winograd(const Call& call, Share images, Share filters, T* sums);
template <typename T>
Size weight_winograd_scratch(const ConvolutionSize& size);

}  // namespace pellucid::PELLUCID_KERNELS
