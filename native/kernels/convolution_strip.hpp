// The rows of an image that some rows of a convolution's output need, with their border of zeros.
#pragma once

#include "convolution.hpp"
#include "vector.hpp"

namespace pellucid::PELLUCID_KERNELS {

constexpr Size smaller(Size a, Size b) { return a < b ? a : b; }
constexpr Size larger(Size a, Size b) { return a > b ? a : b; }
constexpr Size round_up(Size size, Size unit) { return (size + unit - 1) / unit * unit; }

// A forward convolution, its pointers not yet set.
template <typename T>
ConvolutionPass<T> forward_pass(const ConvolutionSize& size) {
  return {
      .x = nullptr,
      .images = size.images,
      .height = size.height,
      .width = size.width,
      .channels = size.channels,
      .start = {-size.padding[0], -size.padding[1]},
      .step = {size.stride[0], size.stride[1]},
      .taps = {size.kernel[0], size.kernel[1]},
      .gap = {size.dilation[0], size.dilation[1]},
      .y = nullptr,
      .out = {size.out_height, size.out_width},
      .y_image = size.out_height * size.out_width * size.filters,
      .y_row = size.out_width * size.filters,
      .y_step = size.filters,
      .groups = size.groups,
      .depth = size.depth(),
      .filters = size.filters_each(),
      .packed = nullptr,
      .three_by_three = size.three_by_three(),
  };
}

// What some rows of y need of x: either where it stands, or a copy with its border.
template <typename T>
struct Strip {
  const T* x;
  Size row_stride;
};

inline Size reach(Size positions, Size step, Size taps, Size gap) {
  return (positions - 1) * step + (taps - 1) * gap + 1;
}

// How many numbers such a copy has; a vector may be loaded from its last one.
template <typename T>
Size strip_size(const ConvolutionPass<T>& pass, Size out_rows) {
  if (pass.taps[0] * pass.taps[1] == 0) return 0;
  return reach(out_rows, pass.step[0], pass.taps[0], pass.gap[0]) *
             reach(pass.out[1], pass.step[1], pass.taps[1], pass.gap[1]) * pass.channels +
         lanes<T>;
}

// Copies `count` numbers, fewer than twice `most`, in pieces of a power of two.
template <int most, typename T>
inline void copy_some(T* to, const T* from, Size count) {
  if (count & most) {
    __builtin_memcpy(to, from, most * sizeof(T));
    to += most, from += most;
  }
  if constexpr (most > 1) copy_some<most / 2>(to, from, count);
}

// Rows are often too short for a call of memcpy to be worth it.
template <typename T>
void copy_row(const T* from, Size count, Size before, Size after, T* to) {
  for (Size i = 0; i < before; ++i) to[i] = 0;
  to += before;
  Size i = 0;
  for (; i + lanes<T> <= count; i += lanes<T>) store(to + i, load(from + i));
  copy_some<lanes<T> / 2>(to + i, from + i, count - i);
  for (i = count; i < count + after; ++i) to[i] = 0;
}

// always: copy even where no border is needed
template <typename T>
Strip<T> strip(const ConvolutionPass<T>& pass, Size image, Size out_row, Size out_rows, T* copy, bool always = false) {
  if (pass.taps[0] * pass.taps[1] == 0) return {pass.x, 0};
  const Size top = pass.start[0] + out_row * pass.step[0], left = pass.start[1];
  const Size rows = reach(out_rows, pass.step[0], pass.taps[0], pass.gap[0]);
  const Size columns = reach(pass.out[1], pass.step[1], pass.taps[1], pass.gap[1]);
  const T* x = pass.x + image * pass.height * pass.width * pass.channels;
  const Size row_stride = pass.width * pass.channels;
  const bool inside = top >= 0 && left >= 0 && top + rows <= pass.height && left + columns <= pass.width;
  if (inside && !always) return {x + top * row_stride + left * pass.channels, row_stride};
  const Size from = smaller(larger(left, 0), pass.width), until = larger(smaller(left + columns, pass.width), from);
  const Size before = larger(0, smaller(from - left, columns)), count = smaller(until - from, columns - before);
  for (Size r = 0; r < rows; ++r) {
    T* const to = copy + r * columns * pass.channels;
    if (top + r < 0 || top + r >= pass.height)
      copy_row<T>(x, 0, columns * pass.channels, 0, to);
    else
      copy_row(x + (top + r) * row_stride + from * pass.channels, count * pass.channels, before * pass.channels,
               (columns - before - count) * pass.channels, to);
  }
  return {copy, columns * pass.channels};
}

}  // namespace pellucid::PELLUCID_KERNELS
