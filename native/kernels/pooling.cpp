// Pooling of images and its gradients. Images are channels last: x (N, H, W, C) and y (N, OH, OW, C), contiguous.
//
//   max_pool2d_T            buffers  y, position, x    position: the number of the maximum in its window, row by row
//   max_pool2d_gradient_T   buffers  x̄, ȳ, position
//   max_pool2d_argmax_T     buffers  index, x          index: h·W + w of the maximum in the image, as int64
//   sum_pool2d_T            buffers  y, x
//   sum_unpool2d_T          buffers  x̄, ȳ              the adjoint of sum_pool2d
//
//   numbers  N, H, W, C, OH, OW, KH, KW, stride (down, across), padding (top, left), dilation (down, across)
//
// Positions are uint8: windows have up to 256 places. Of equal numbers the first is the maximum, a nan is larger than
// anything, and padding is left out: a window that lies in it entirely gives -inf, and no gradient.

#include "pooling.hpp"

#include "pooling_walk.hpp"
#include "table.hpp"
#include "vector.hpp"

namespace pellucid::PELLUCID_KERNELS {
namespace {

const Kernel kernels[] = {
    {"max_pool2d_float32", max_pool<float>, pooling_scratch},
    {"max_pool2d_float64", max_pool<double>, pooling_scratch},
    {"max_pool2d_gradient_float32", max_pool_gradient<float>, pooling_scratch},
    {"max_pool2d_gradient_float64", max_pool_gradient<double>, pooling_scratch},
    {"max_pool2d_argmax_float32", max_pool_argmax<float>, pooling_scratch},
    {"max_pool2d_argmax_float64", max_pool_argmax<double>, pooling_scratch},
    {"sum_pool2d_float32", sum_pool<float>, pooling_scratch},
    {"sum_pool2d_float64", sum_pool<double>, pooling_scratch},
    {"sum_unpool2d_float32", sum_unpool<float>, pooling_scratch},
    {"sum_unpool2d_float64", sum_unpool<double>, pooling_scratch},
};

}  // namespace

Kernels pooling_kernels() { return {kernels, sizeof kernels / sizeof kernels[0]}; }

}  // namespace pellucid::PELLUCID_KERNELS
