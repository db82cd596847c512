// Convolution of images and its two gradients. Images are channels last, weights as the user has them; all contiguous.
//
//   conv2d_pack_weights_T                 buffers  packed, w (M, C/groups, KH, KW)
//   conv2d_T                              buffers  y (N, OH, OW, M), x (N, H, W, C), packed
//   conv2d_input_gradient_pack_weights_T  buffers  packed, w
//   conv2d_input_gradient_T               buffers  x̄, ȳ, packed
//   conv2d_weight_gradient_partial_T      buffers  partial (blocks, as packed weights), x, ȳ
//   conv2d_weight_gradient_sum_T          buffers  w̄, partial
//
//   numbers  N, H, W, C, OH, OW, M, KH, KW, stride (down, across), padding (top, left), dilation (down, across),
//   groups;
//            blocks for the last two
//
// The packed weights are in the order in which the tiles of this instruction set read them; the two convolutions have
// each their own. They need no more room than groups · KH · KW · depth · filters numbers, where depth is that of one
// group in the image that is read, and filters those of one group in the one that is made, rounded up to 64 bytes; for
// 3 × 3 taps without stride, dilation or groups, as much as 16 taps more would (but not for the partial sums).
// The number of images means nothing to packing.
//
//   col2im_T                  buffers  x (N, C, H, W), columns (N·OH·OW, C·KH·KW)
//
//   numbers  N, H, W, C, OH, OW, KH, KW, stride (down, across), padding (top, left), dilation (down, across)

#include "convolution.hpp"

#include "table.hpp"
#include "vector.hpp"

namespace pellucid::PELLUCID_KERNELS {
namespace {

// One plane of an image after the other; its windows added in their order.
template <typename T>
void col2im(const Call& call) noexcept {
  const Size* n = call.numbers;
  const Size height = n[1], width = n[2], channels = n[3], out_height = n[4], out_width = n[5];
  const Size *kernel = n + 6, *stride = n + 8, *padding = n + 10, *dilation = n + 12;
  const Share planes = share(n[0] * channels, call);
  for (Size plane = planes.begin; plane < planes.end; ++plane) {
    T* const x = call.buffer<T>(0) + plane * height * width;
    const T* column = call.buffer<const T>(1) +
                      (plane / channels * out_height * out_width * channels + plane % channels) * kernel[0] * kernel[1];
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
    {"conv2d_pack_weights_float32", convolution_pack_weights<float>, nullptr},
    {"conv2d_pack_weights_float64", convolution_pack_weights<double>, nullptr},
    {"conv2d_float32", convolution_forward<float>, convolution_forward_scratch<float>},
    {"conv2d_float64", convolution_forward<double>, convolution_forward_scratch<double>},
    {"conv2d_input_gradient_pack_weights_float32", convolution_input_gradient_pack_weights<float>, nullptr},
    {"conv2d_input_gradient_pack_weights_float64", convolution_input_gradient_pack_weights<double>, nullptr},
    {"conv2d_input_gradient_float32", convolution_input_gradient<float>, convolution_input_gradient_scratch<float>},
    {"conv2d_input_gradient_float64", convolution_input_gradient<double>, convolution_input_gradient_scratch<double>},
    {"conv2d_weight_gradient_partial_float32", convolution_weight_gradient_partial<float>,
     convolution_weight_gradient_scratch<float>},
    {"conv2d_weight_gradient_partial_float64", convolution_weight_gradient_partial<double>,
     convolution_weight_gradient_scratch<double>},
    {"conv2d_weight_gradient_sum_float32", convolution_weight_gradient_sum<float>, nullptr},
    {"conv2d_weight_gradient_sum_float64", convolution_weight_gradient_sum<double>, nullptr},
    {"col2im_float32", col2im<float>, nullptr},
    {"col2im_float64", col2im<double>, nullptr},
};

}  // namespace

Kernels convolution_kernels() { return {kernels, sizeof kernels / sizeof kernels[0]}; }

}  // namespace pellucid::PELLUCID_KERNELS
