// The gradient of a convolution by its input.
//
//   conv2d_input_gradient_pack_weights_T    buffers  packed, w (M, C/groups, KH, KW)
//   conv2d_input_gradient_T                 buffers  x̄ (N, H, W, C), ȳ (N, OH, OW, M), packed
//
// x̄ is a convolution of ȳ with w turned round, filters and channels exchanged. With a stride s, the pixels of x̄ fall
// into s × s phases, each of which sees some of the taps only: a phase is a convolution of its own, without a stride.
//
//   stride 2, 3 taps   x̄  0   1   2   3   4        phase 0 (0, 2, 4...): tap 1
//   padding 1                ╱│╲     ╱│╲           phase 1 (1, 3...): taps 2 and 0
//                       ȳ  0      1      2
//
// A phase that sees no tap is zeros. The packed weights are those of one phase after the other; no tap is in two.

#include "convolution.hpp"
#include "table.hpp"
#include "vector.hpp"

namespace pellucid::PELLUCID_KERNELS {
namespace {

// One axis of one phase: pixels phase, phase + stride, ... of x̄.
struct Phase {
  Size pixels;              // how many
  Size tap, taps, between;  // the last tap of w that they see, how many, and how far apart in w
  Size start, gap;          // where in ȳ the last tap lies for the first pixel, and how far apart the taps are there
};

// Pixel h sees tap k through ȳ at (h + padding - k·dilation) / stride, where that is a whole number.
Phase phase(const ConvolutionSize& size, int axis, Size number) {
  const Size stride = size.stride[axis], dilation = size.dilation[axis], pixels = axis == 0 ? size.height : size.width;
  const auto seen = [&](Size tap) { return (number + size.padding[axis] - tap * dilation) % stride == 0; };
  Phase found = {(pixels - number + stride - 1) / stride, 0, 0, 1, 0, 1};
  Size first = 0;
  while (first < size.kernel[axis] && !seen(first)) ++first;
  if (first == size.kernel[axis]) return found;
  while (found.between * dilation % stride != 0) ++found.between;
  found.taps = (size.kernel[axis] - 1 - first) / found.between + 1;
  found.tap = first + (found.taps - 1) * found.between;
  found.start = (number + size.padding[axis] - found.tap * dilation) / stride;
  found.gap = found.between * dilation / stride;
  return found;
}

template <typename T>
ConvolutionPass<T> input_pass(const ConvolutionSize& size, const Phase& down, const Phase& across) {
  return {
      .x = nullptr,
      .images = size.images,
      .height = size.out_height,
      .width = size.out_width,
      .channels = size.filters,
      .start = {down.start, across.start},
      .step = {1, 1},
      .taps = {down.taps, across.taps},
      .gap = {down.gap, across.gap},
      .y = nullptr,
      .out = {down.pixels, across.pixels},
      .y_image = size.height * size.width * size.channels,
      .y_row = size.stride[0] * size.width * size.channels,
      .y_step = size.stride[1] * size.channels,
      .groups = size.groups,
      .depth = size.filters_each(),
      .filters = size.depth(),
      .packed = nullptr,
      .three_by_three = size.three_by_three(),
  };
}

// Calls body(first pixel down and across, taps down and across).
template <typename Body>
void each_phase(const ConvolutionSize& size, Body body) {
  for (Size i = 0; i < size.stride[0] && i < size.height; ++i)
    for (Size j = 0; j < size.stride[1] && j < size.width; ++j) body(i, j, phase(size, 0, i), phase(size, 1, j));
}

}  // namespace

template <typename T>
void convolution_input_gradient_pack_weights(const Call& call) noexcept {
  const ConvolutionSize& size = convolution_size(call.numbers);
  T* packed = call.buffer<T>(0);
  each_phase(size, [&](Size, Size, const Phase& down, const Phase& across) {
    const ConvolutionPass<T> pass = input_pass<T>(size, down, across);
    const ConvolutionWeights<T> weights = {
        .first = call.buffer<const T>(1) + down.tap * size.kernel[1] + across.tap,
        .group = size.filters_each() * size.depth() * size.taps(),
        .filter = size.taps(),
        .depth = size.depth() * size.taps(),
        .tap = {-down.between * size.kernel[1], -across.between},
    };
    pack_weights(pass, weights, packed, call);
    packed += packed_size(pass);
  });
}

template <typename T>
void convolution_input_gradient(const Call& call) noexcept {
  const ConvolutionSize& size = convolution_size(call.numbers);
  const T* packed = call.buffer<const T>(2);
  each_phase(size, [&](Size i, Size j, const Phase& down, const Phase& across) {
    ConvolutionPass<T> pass = input_pass<T>(size, down, across);
    pass.x = call.buffer<const T>(1);
    pass.y = call.buffer<T>(0) + (i * size.width + j) * size.channels;
    pass.packed = packed;
    convolve(pass, call);
    packed += packed_size(pass);
  });
}

template <typename T>
Size convolution_input_gradient_scratch(const Size* numbers) {
  const ConvolutionSize& size = convolution_size(numbers);
  Size most = 0;
  each_phase(size, [&](Size, Size, const Phase& down, const Phase& across) {
    const Size bytes = convolve_scratch(input_pass<T>(size, down, across));
    most = bytes > most ? bytes : most;
  });
  return most;
}

template void convolution_input_gradient_pack_weights<float>(const Call&) noexcept;
template void convolution_input_gradient_pack_weights<double>(const Call&) noexcept;
template Size convolution_input_gradient_scratch<float>(const Size*);
template Size convolution_input_gradient_scratch<double>(const Size*);
template void convolution_input_gradient<float>(const Call&) noexcept;
template void convolution_input_gradient<double>(const Call&) noexcept;

}  // namespace pellucid::PELLUCID_KERNELS
