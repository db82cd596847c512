// How the filters of a convolution fall into panels, and how a panel's weights lie in memory.
#pragma once

#include "convolution_strip.hpp"

namespace pellucid::PELLUCID_KERNELS {

// Of both x and a panel, the places that a tile reads for one position: `rows` × `columns` runs of `length` steps.
struct Runs {
  Size rows, columns, length;
  Size x_row, x_column, panel_row, panel_column;
};

//              filters: 1 or 2 vectors
//            ┌───────────────┐
//   tap 0    │               │ channel 0    Panel by panel of each group; a panel holds tap by tap, channel by channel
//            │               │ channel 1    one row of weights.
//   tap 1    │               │ channel 0
//            └───────────────┘     ⋮
template <typename T>
struct Panels {
  bool depthwise, dot;  // dot: convolution_dot.hpp says how they lie then
  Size groups, filters, depth, taps;

  explicit Panels(const ConvolutionPass<T>& pass)
      : depthwise(pass.groups >= lanes<T> && pass.depth == 1 && pass.filters == 1),
        dot(pass.groups == 1 && 4 * pass.filters <= lanes<T> && pass.depth >= lanes<T>),
        groups(depthwise ? 1 : pass.groups),
        filters(depthwise ? pass.groups : pass.filters),
        depth(pass.depth),
        taps(pass.taps[0] * pass.taps[1]) {}

  Size vectors(Size filter) const { return !depthwise && filters - filter > lanes<T> ? 2 : 1; }

  // The filter at which the vector starts that would start at `filter`: the last vector ends where the filters end, and
  // so may have some in common with the one before. Only where they do not fill one is a vector filled up with zeros.
  Size first(Size filter) const { return filters < lanes<T> ? filter : smaller(filter, filters - lanes<T>); }

  // What store_tile wants to know about the panel that starts at `filter`.
  Size fill(Size filter) const {
    return vectors(filter) == 2 ? first(filter + lanes<T>) - first(filter) : smaller(filters, lanes<T>);
  }

  Size packed() const {
    return dot ? taps * filters * round_up(depth, lanes<T>) : groups * taps * depth * round_up(filters, lanes<T>);
  }
};

}  // namespace pellucid::PELLUCID_KERNELS
