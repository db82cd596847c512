// The gradient of a convolution by its weights: for each tap a matrix product of x and ȳ over all positions.
//
//   conv2d_weight_gradient_partial_T  buffers  partial (blocks, ...), x (N, H, W, C), ȳ (N, OH, OW, M)
//   conv2d_weight_gradient_sum_T      buffers  w̄ (M, C/groups, KH, KW), partial
//
// The images fall into `blocks` (the last number of both) parts: block b has those from N·b/blocks to before
// N·(b+1)/blocks, and the sums of each are added in their order. The number of blocks decides on the bits; the number
// of workers, who share out blocks and weights, never does. A dozen blocks keep a dozen workers busy.
//
// They are summed directly (convolution_weight_direct.cpp), or, with many channels and 3 × 3 taps, Winograd's way
// (convolution_weight_winograd.cpp).

#include "convolution_weight.hpp"

#include "convolution.hpp"
#include "convolution_weight_units.hpp"
#include "convolution_winograd.hpp"
#include "table.hpp"

namespace pellucid::PELLUCID_KERNELS {
namespace {

// ---- Winograd's: units are panels of filters, of as many as a unit has otherwise

template <typename T>
Size panel_count(const Layout<T>& layout) {
  return (layout.filters + 2 * lanes<T> - 1) / (2 * lanes<T>);
}

template <typename T>
Share panel(const Layout<T>& layout, Size number) {
  return {2 * lanes<T> * number, smaller(2 * lanes<T> * (number + 1), layout.filters)};
}

template <typename T>
bool is_finite(const Layout<T>& layout, Share filters, const T* sums) {
  Vector<T> spoilt[9] = {};
  for (Size c = 0; c < layout.depth; ++c)
    for (Size f = filters.begin; f < filters.end; f += lanes<T>)
#pragma GCC unroll 9
      for (int tap = 0; tap < 9; ++tap) spoilt[tap] += load(sums + (tap * layout.depth + c) * layout.width + f) * T{0};
  bool found = false;
  for (int tap = 0; tap < 9; ++tap) found |= any<T>(spoilt[tap]);
  return !found;
}

// One that is spoilt is summed again directly; whether another one is, too, makes no difference to it.
template <typename T>
void add_panels(const Call& call, const Layout<T>& layout, Share block, Share panels, T* sums) {
  add_images_winograd(call, block, {panel(layout, panels.begin).begin, panel(layout, panels.end - 1).end}, sums);
  for (Size p = panels.begin; p < panels.end; ++p) {
    const Share filters = panel(layout, p);
    if (is_finite(layout, filters, sums)) continue;
    Share units = {0, 0};
    each_unit(layout, 0, unit_count(layout), [&](const Unit& unit) {
      units.begin += unit.filter < filters.begin;
      units.end += unit.filter < filters.end;
    });
    add_images(call, layout, block, units, sums);
  }
}

Size blocks_of(const Size* numbers) { return numbers[sizeof(ConvolutionSize) / sizeof(Size)]; }

}  // namespace

template <typename T>
Size convolution_weight_gradient_scratch(const Size* numbers) {
  const ConvolutionSize& size = convolution_size(numbers);
  if (has_weight_winograd<T>(size, blocks_of(numbers))) return weight_winograd_scratch<T>(size);
  return direct_scratch(Layout<T>(size));
}

template <typename T>
void convolution_weight_gradient_partial(const Call& call) noexcept {
  const ConvolutionSize& size = convolution_size(call.numbers);
  const Layout<T> layout(size);
  const Size blocks = blocks_of(call.numbers);
  const bool winograd = has_weight_winograd<T>(size, blocks);
  const Size units = winograd ? panel_count(layout) : unit_count(layout);
  const Share mine = share(blocks * units, call);
  for (Size b = 0; b < blocks; ++b) {
    const Share some = {larger(0, mine.begin - b * units), smaller(units, mine.end - b * units)};
    const Share images = {size.images * b / blocks, size.images * (b + 1) / blocks};
    if (some.begin < some.end)
      (winograd ? add_panels<T> : add_images<T>)(call, layout, images, some, call.buffer<T>(0) + b * layout.block());
  }
}

// Adds the blocks, and puts the sums where the user has them: a vector of filters of one channel and tap at a time.
template <typename T>
void convolution_weight_gradient_sum(const Call& call) noexcept {
  const ConvolutionSize& size = convolution_size(call.numbers);
  const Layout<T> layout(size);
  const Size blocks = blocks_of(call.numbers), taps = size.taps(), stride = layout.depth * taps;
  const Size filters = smaller(layout.filters, lanes<T>);
  const Share mine = share(layout.groups * layout.depth * taps, call);
  for (Size i = mine.begin; i < mine.end; ++i) {
    const Size group = i / stride, c = i % stride / taps, tap = i % taps;
    const T* const from = call.buffer<const T>(1) + ((group * taps + tap) * layout.depth + c) * layout.width;
    for (Size filter = 0; filter < layout.filters; filter += lanes<T>) {
      Vector<T> sum = load(from + filter);
      for (Size b = 1; b < blocks; ++b) sum += load(from + b * layout.block() + filter);
      T* const w = call.buffer<T>(0) + (group * layout.filters + layout.first(filter)) * stride + i % stride;
      for (Size f = 0; f < filters; ++f) w[f * stride] = sum[f];
    }
  }
}

template Size convolution_weight_gradient_scratch<float>(const Size*);
template Size convolution_weight_gradient_scratch<double>(const Size*);
template void convolution_weight_gradient_partial<float>(const Call&) noexcept;
template void convolution_weight_gradient_partial<double>(const Call&) noexcept;
template void convolution_weight_gradient_sum<float>(const Call&) noexcept;
template void convolution_weight_gradient_sum<double>(const Call&) noexcept;

}  // namespace pellucid::PELLUCID_KERNELS
