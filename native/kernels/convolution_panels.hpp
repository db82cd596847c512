// How the filters of a convolution fall into panels, and how a panel's weights lie in memory.
#pragma once

#include "convolution_strip.hpp"

namespace pellucid::PELLUCID_KERNELS {

//              filters: 1 or 2 vectors
//            ┌───────────────┐
//   tap 0    │               │ channel 0    Panel by panel of each group; a panel holds tap by tap, channel by channel
//            │               │ channel 1    one row of weights, that of filters which are not there zeros.
//   tap 1    │               │ channel 0
//            └───────────────┘     ⋮
template <typename T>
struct Panels {
  bool depthwise;
  Size groups, filters, depth, taps;

  explicit Panels(const ConvolutionPass<T>& pass)
      : depthwise(pass.groups >= lanes<T> && pass.depth == 1 && pass.filters == 1),
        groups(depthwise ? 1 : pass.groups),
        filters(depthwise ? pass.groups : pass.filters),
        depth(pass.depth),
        taps(pass.taps[0] * pass.taps[1]) {}

  Size vectors(Size filter) const { return !depthwise && filters - filter > lanes<T> ? 2 : 1; }

  // The last vector of channels of a depthwise convolution ends where they end, since x is loaded by whole vectors.
  Size first(Size filter) const { return depthwise ? smaller(filter, filters - lanes<T>) : filter; }

  Size packed() const { return groups * taps * depth * round_up(filters, lanes<T>); }
};

}  // namespace pellucid::PELLUCID_KERNELS
