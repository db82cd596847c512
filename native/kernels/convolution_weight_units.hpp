// How the weights' gradient falls into units of work, each a tile of sums.
#pragma once

#include "convolution_strip.hpp"
#include "convolution_weight.hpp"

namespace pellucid::PELLUCID_KERNELS {

constexpr Size few_channels = 8;

// The sums of a block of images are (groups, taps, depth, filters rounded up to vectors).
template <typename T>
struct Layout {
  const ConvolutionSize& size;
  bool depthwise, scattered;
  Size groups, filters, depth, width;  // width: of a row of sums
  Size segments, segment_rows;         // a tile's rows are in one segment: the channels of a tap, or everything

  explicit Layout(const ConvolutionSize& size)
      : size(size),
        depthwise(size.groups > 1 && size.depth() == 1 && size.filters_each() == 1),
        scattered(size.groups == 1 && size.dilation[1] == 1 && size.channels <= few_channels),
        groups(depthwise ? 1 : size.groups),
        filters(depthwise ? size.groups : size.filters_each()),
        depth(size.depth()),
        width(round_up(filters, lanes<T>)),
        segments(scattered ? 1 : size.taps()),
        segment_rows(scattered ? size.taps() * depth : depth) {}

  // The room of a block: that of the widest vectors.
  Size block() const { return size.groups * size.taps() * depth * round_up(size.filters_each(), 64 / sizeof(T)); }
  Size vectors(Size filter) const { return !depthwise && filters - filter > lanes<T> ? 2 : 1; }
  // As Panels have it: where there are enough filters, no vector reaches behind them.
  Size first(Size filter) const { return filters < lanes<T> ? filter : smaller(filter, filters - lanes<T>); }
  Size row(Size group, Size segment) const { return (group * segments + segment) * segment_rows; }
};

// One tile of w̄.
struct Unit {
  Size group, segment, row, rows, filter, vectors;
};

// Calls body(unit) for the units numbered from `begin` to before `end`; returns how many there are in all.
template <typename T, typename Body>
Size each_unit(const Layout<T>& layout, Size begin, Size end, Body body) {
  Size number = 0;
  for (Size group = 0; group < layout.groups; ++group)
    for (Size filter = 0, vectors; filter < layout.filters; filter += vectors * lanes<T>) {
      vectors = layout.vectors(filter);
      const Size most = vectors == 2 ? tile_rows<2> : tile_rows<1>, tiles = (layout.segment_rows + most - 1) / most;
      for (Size segment = 0; segment < layout.segments; ++segment)
        for (Size t = 0; t < tiles; ++t, ++number) {
          const Size from = layout.segment_rows * t / tiles, until = layout.segment_rows * (t + 1) / tiles;
          if (number >= begin && number < end) body(Unit{group, segment, from, until - from, filter, vectors});
        }
    }
  return number;
}

template <typename T>
Size unit_count(const Layout<T>& layout) {
  return each_unit(layout, 0, 0, [](const Unit&) {});
}

// The sums of some units over some images, and the scratch that they need.
template <typename T>
void add_images(const Call& call, const Layout<T>& layout, Share images, Share units, T* sums);
template <typename T>
Size direct_scratch(const Layout<T>& layout);

}  // namespace pellucid::PELLUCID_KERNELS
