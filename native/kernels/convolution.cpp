// Convolution of images and its two gradients. Images are channels last, weights as the user has them; all contiguous.
//
//   conv2d_T                  buffers  y (N, OH, OW, M), x (N, H, W, C), w (M, C/groups, KH, KW)
//   conv2d_input_gradient_T   buffers  x̄, ȳ, w
//   conv2d_weight_gradient_T  buffers  w̄, x, ȳ
//
//   numbers  N, H, W, C, OH, OW, M, KH, KW, stride (down, across), padding (top, left), dilation (down, across), groups
//
//   col2im_T                  buffers  x (N, C, H, W), columns (N·OH·OW, C·KH·KW)
//
//   numbers  N, H, W, C, OH, OW, KH, KW, stride (down, across), padding (top, left), dilation (down, across)

#include "convolution.hpp"

#include "table.hpp"
#include "vector.hpp"

namespace pellucid::PELLUCID_KERNELS {
namespace {

struct Geometry {
  Size images, height, width, channels, out_height, out_width, filters;
  Size kernel[2], stride[2], padding[2], dilation[2];
  Size groups;
};

template <typename T>
void forward(const Call& call) {
  const Geometry& g = *reinterpret_cast<const Geometry*>(call.numbers);
  const Size depth = g.channels / g.groups, each = g.filters / g.groups;
  const Share rows = share(g.images * g.out_height, call);
  for (Size row = rows.begin; row < rows.end; ++row)
    for (Size ow = 0; ow < g.out_width; ++ow)
      for (Size m = 0; m < g.filters; ++m) {
        T sum = 0;
        for (Size k = 0; k < g.kernel[0]; ++k)
          for (Size l = 0; l < g.kernel[1]; ++l) {
            const Size h = row % g.out_height * g.stride[0] - g.padding[0] + k * g.dilation[0];
            const Size w = ow * g.stride[1] - g.padding[1] + l * g.dilation[1];
            if (h < 0 || h >= g.height || w < 0 || w >= g.width) continue;
            const T* x = call.buffer<const T>(1) +
                         ((row / g.out_height * g.height + h) * g.width + w) * g.channels + m / each * depth;
            const T* weight = call.buffer<const T>(2) + (m * depth * g.kernel[0] + k) * g.kernel[1] + l;
            for (Size c = 0; c < depth; ++c) sum += x[c] * weight[c * g.kernel[0] * g.kernel[1]];
          }
        call.buffer<T>(0)[(row * g.out_width + ow) * g.filters + m] = sum;
      }
}

template <typename T>
void input_gradient(const Call& call) {
  const Geometry& g = *reinterpret_cast<const Geometry*>(call.numbers);
  const Size depth = g.channels / g.groups, each = g.filters / g.groups, taps = g.kernel[0] * g.kernel[1];
  const Share rows = share(g.images * g.height, call);
  for (Size row = rows.begin; row < rows.end; ++row)
    for (Size w = 0; w < g.width; ++w)
      for (Size c = 0; c < g.channels; ++c) {
        T sum = 0;
        for (Size k = 0; k < g.kernel[0]; ++k)
          for (Size l = 0; l < g.kernel[1]; ++l) {
            const Size h = row % g.height + g.padding[0] - k * g.dilation[0], v = w + g.padding[1] - l * g.dilation[1];
            if (h < 0 || v < 0 || h % g.stride[0] || v % g.stride[1]) continue;
            if (h / g.stride[0] >= g.out_height || v / g.stride[1] >= g.out_width) continue;
            const Size first = c / depth * each;
            const T* y =
                call.buffer<const T>(1) +
                ((row / g.height * g.out_height + h / g.stride[0]) * g.out_width + v / g.stride[1]) * g.filters + first;
            const T* weight = call.buffer<const T>(2) + (first * depth + c % depth) * taps + k * g.kernel[1] + l;
            for (Size m = 0; m < each; ++m) sum += y[m] * weight[m * depth * taps];
          }
        call.buffer<T>(0)[(row * g.width + w) * g.channels + c] = sum;
      }
}

template <typename T>
void weight_gradient(const Call& call) {
  const Geometry& g = *reinterpret_cast<const Geometry*>(call.numbers);
  const Size depth = g.channels / g.groups, each = g.filters / g.groups, taps = g.kernel[0] * g.kernel[1];
  const Share mine = share(g.filters * depth * taps, call, 16);
  for (Size i = mine.begin; i < mine.end; ++i) {
    const Size l = i % g.kernel[1], k = i / g.kernel[1] % g.kernel[0], c = i / taps % depth, m = i / taps / depth;
    T sum = 0;
    for (Size row = 0; row < g.images * g.out_height; ++row)
      for (Size ow = 0; ow < g.out_width; ++ow) {
        const Size h = row % g.out_height * g.stride[0] - g.padding[0] + k * g.dilation[0];
        const Size w = ow * g.stride[1] - g.padding[1] + l * g.dilation[1];
        if (h < 0 || h >= g.height || w < 0 || w >= g.width) continue;
        sum += call.buffer<const T>(1)[((row / g.out_height * g.height + h) * g.width + w) * g.channels +
                                       m / each * depth + c] *
               call.buffer<const T>(2)[(row * g.out_width + ow) * g.filters + m];
      }
    call.buffer<T>(0)[i] = sum;
  }
}

// One plane of an image after the other; its windows added in their order.
template <typename T>
void col2im(const Call& call) {
  const Size* n = call.numbers;
  const Size height = n[1], width = n[2], channels = n[3], out_height = n[4], out_width = n[5];
  const Size *kernel = n + 6, *stride = n + 8, *padding = n + 10, *dilation = n + 12;
  const Share planes = share(n[0] * channels, call);
  for (Size plane = planes.begin; plane < planes.end; ++plane) {
    T* const x = call.buffer<T>(0) + plane * height * width;
    const T* column = call.buffer<const T>(1) + (plane / channels * out_height * out_width * channels +
                                                 plane % channels) * kernel[0] * kernel[1];
    for (Size i = 0; i < height * width; ++i) x[i] = 0;
    for (Size oh = 0; oh < out_height; ++oh)
      for (Size ow = 0; ow < out_width; ++ow, column += channels * kernel[0] * kernel[1])
        for (Size k = 0; k < kernel[0]; ++k)
          for (Size l = 0; l < kernel[1]; ++l) {
            const Size h = oh * stride[0] - padding[0] + k * dilation[0];
            const Size w = ow * stride[1] - padding[1] + l * dilation[1];
            if (h >= 0 && h < height && w >= 0 && w < width) x[h * width + w] += column[k * kernel[1] + l];
          }
  }
}

const Kernel kernels[] = {
    {"conv2d_float32", forward<float>, nullptr},
    {"conv2d_float64", forward<double>, nullptr},
    {"conv2d_input_gradient_float32", input_gradient<float>, nullptr},
    {"conv2d_input_gradient_float64", input_gradient<double>, nullptr},
    {"conv2d_weight_gradient_float32", weight_gradient<float>, nullptr},
    {"conv2d_weight_gradient_float64", weight_gradient<double>, nullptr},
    {"col2im_float32", col2im<float>, nullptr},
    {"col2im_float64", col2im<double>, nullptr},
};

}  // namespace

Kernels convolution_kernels() { return {kernels, sizeof kernels / sizeof kernels[0]}; }

}  // namespace pellucid::PELLUCID_KERNELS
