// Convolution of images and its two gradients, channels last.
#pragma once

#include "kernel.hpp"

#ifdef PELLUCID_KERNELS
namespace pellucid::PELLUCID_KERNELS {

Kernels convolution_kernels();

// ---- what the files of this family share

// The numbers of a call, in their order.
struct ConvolutionSize {
  Size images, height, width, channels, out_height, out_width, filters;
  Size kernel[2], stride[2], padding[2], dilation[2];  // down, across
  Size groups;

  Size depth() const { return channels / groups; }  // channels that a filter sees
  Size filters_each() const { return filters / groups; }
  Size taps() const { return kernel[0] * kernel[1]; }
  bool three_by_three() const {
    bool yes = groups == 1;
    for (int a = 0; a < 2; ++a) yes &= kernel[a] == 3 && stride[a] == 1 && dilation[a] == 1;
    return yes;
  }
};

inline const ConvolutionSize& convolution_size(const Size* numbers) {
  return *reinterpret_cast<const ConvolutionSize*>(numbers);
}

// A convolution as the tile sees it: every position of y is the sum over some taps of x. Forward is one of these; the
// gradient by the input is one for each phase of the stride.
template <typename T>
struct ConvolutionPass {
  const T* x;
  Size images, height, width, channels;
  Size start[2];         // where in x the first tap of the first position lies; may be outside
  Size step[2];          // in x, from one position to the next
  Size taps[2], gap[2];  // how many, and how far apart in x
  T* y;
  Size out[2];                  // positions down and across
  Size y_image, y_row, y_step;  // how far apart in memory
  Size groups, depth, filters;  // the latter two of one group
  const T* packed;              // the weights as the tile reads them
  bool three_by_three;          // of the whole convolution: 3 × 3 taps, no stride, no dilation, one group
};

// Where the weights of a pass lie before they are packed: of the first tap, and strides.
template <typename T>
struct ConvolutionWeights {
  const T* first;
  Size group, filter, depth, tap[2];
};

template <typename T>
void convolve(const ConvolutionPass<T>& pass, const Call& call);
template <typename T>
Size convolve_scratch(const ConvolutionPass<T>& pass);

// The same for few channels.
template <typename T>
bool has_few_channels(const ConvolutionPass<T>& pass);
template <typename T>
void convolve_few(const ConvolutionPass<T>& pass, const Call& call);
template <typename T>
Size convolve_few_scratch(const ConvolutionPass<T>& pass);

template <typename T>
Size packed_size(const ConvolutionPass<T>& pass);
template <typename T>
void pack_weights(const ConvolutionPass<T>& pass, const ConvolutionWeights<T>& weights, T* packed, const Call& call);

// Some rows of y, and the part of it that multiplies: y[p] = x[p] w, for rows of x, w one panel after the other.
template <typename T>
struct Panels;
template <typename T>
void convolve_rows(const ConvolutionPass<T>& pass, Size image, Size begin, Size end);
template <typename T>
void multiply_panels(const Panels<T>& panels, Size positions, const T* x, const T* w, T* y);

// The same for 3 × 3 taps and many channels; its weights follow those of convolve.
template <typename T>
bool has_winograd(const ConvolutionPass<T>& pass);
template <typename T>
void convolve_winograd(const ConvolutionPass<T>& pass, const Call& call);
template <typename T>
Size convolve_winograd_scratch(const ConvolutionPass<T>& pass);
template <typename T>
Size winograd_size(const ConvolutionPass<T>& pass);
template <typename T>
void pack_winograd(const ConvolutionPass<T>& pass, T* packed, Share channels);

template <typename T>
void convolution_pack_weights(const Call& call) noexcept;
template <typename T>
void convolution_forward(const Call& call) noexcept;
template <typename T>
Size convolution_forward_scratch(const Size* numbers);
template <typename T>
void convolution_input_gradient_pack_weights(const Call& call) noexcept;
template <typename T>
void convolution_input_gradient(const Call& call) noexcept;
template <typename T>
Size convolution_input_gradient_scratch(const Size* numbers);
template <typename T>
Size convolution_weight_gradient_scratch(const Size* numbers);
template <typename T>
void convolution_weight_gradient_partial(const Call& call) noexcept;
template <typename T>
void convolution_weight_gradient_sum(const Call& call) noexcept;

}  // namespace pellucid::PELLUCID_KERNELS
#endif
