// The weights of a convolution in the order in which its tiles read them.
//
//   conv2d_pack_weights_T    buffers  packed, w (M, C/groups, KH, KW)
//
// A step of the batch, or a block of its images, needs that once, however many calls share the images out.

#include "convolution.hpp"
#include "convolution_dot.hpp"
#include "convolution_panels.hpp"
#include "table.hpp"
#include "vector.hpp"

namespace pellucid::PELLUCID_KERNELS {

template <typename T>
Size packed_size(const ConvolutionPass<T>& pass) {
  return Panels<T>(pass).packed() + winograd_size(pass);
}

// One vector of filters of a panel, whose rows are `width` apart.
template <typename T>
void pack_vector(const ConvolutionPass<T>& pass, const ConvolutionWeights<T>& weights, const T* first, Share channels,
                 Size filter_stride, Size filters, T* to, Size width) {
  for (Size c = channels.begin; c < channels.end; ++c)
    for (Size i = 0; i < pass.taps[0]; ++i)
      for (Size j = 0; j < pass.taps[1]; ++j) {
        const T* from = first + c * weights.depth + i * weights.tap[0] + j * weights.tap[1];
        T* const row = to + ((i * pass.taps[1] + j) * pass.depth + c) * width;
        for (Size f = 0; f < filters; ++f) row[f] = from[f * filter_stride];
        for (Size f = filters; f < lanes<T>; ++f) row[f] = 0;
      }
}

// The workers share out the channels.
template <typename T>
void pack_weights(const ConvolutionPass<T>& pass, const ConvolutionWeights<T>& weights, T* packed, const Call& call) {
  const Panels<T> panels(pass);
  const Share channels = share(panels.depth, call);
  if (panels.dot) return pack_dot_weights(pass, weights, packed, channels);
  const Size filter_stride = panels.depthwise ? weights.group : weights.filter;
  T* const start = packed;
  for (Size group = 0; group < panels.groups; ++group)
    for (Size filter = 0, width; filter < panels.filters; filter += width) {
      width = panels.vectors(filter) * lanes<T>;
      for (Size v = 0; v < width; v += lanes<T>)
        pack_vector(pass, weights, weights.first + group * weights.group + panels.first(filter + v) * filter_stride,
                    channels, filter_stride, smaller(panels.filters, lanes<T>), packed + v, width);
      packed += panels.taps * panels.depth * width;
    }
  if (has_winograd(pass)) pack_winograd(pass, start, channels);
}

template <typename T>
void convolution_pack_weights(const Call& call) noexcept {
  const ConvolutionSize& size = convolution_size(call.numbers);
  const ConvolutionWeights<T> weights = {
      .first = call.buffer<const T>(1),
      .group = size.filters_each() * size.depth() * size.taps(),
      .filter = size.depth() * size.taps(),
      .depth = size.taps(),
      .tap = {size.kernel[1], 1},
  };
  pack_weights(forward_pass<T>(size), weights, call.buffer<T>(0), call);
}

template Size packed_size(const ConvolutionPass<float>&);
template Size packed_size(const ConvolutionPass<double>&);
template void pack_weights(const ConvolutionPass<float>&, const ConvolutionWeights<float>&, float*, const Call&);
template void pack_weights(const ConvolutionPass<double>&, const ConvolutionWeights<double>&, double*, const Call&);
template void convolution_pack_weights<float>(const Call&) noexcept;
template void convolution_pack_weights<double>(const Call&) noexcept;

}  // namespace pellucid::PELLUCID_KERNELS
