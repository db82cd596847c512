// Convolution as an implicit matmul: the columns that im2col would copy are read where they stand.
//
//   conv2d_T    buffers  y (N, OH, OW, M), x (N, H, W, C), packed
//
// One tile of y stays in registers while the taps stream past it:
//
//                                filters: 1 or 2 vectors
//                               ┌───────────────┐
//                               │ w, packed: one│   tap, and within it
//                               │ panel         │   channel
//                               └───────────────┘     ↓     a step loads 2 vectors of w,
//                  channels →   ┌───────────────┐
//  up to 12     ┌───────────┐   │               │
//  or 6         │ x at this │   │ y: 12 × 2     │           broadcasts 12 numbers of x
//  positions    │ tap       │   │ sums          │           and does 24 multiply-adds
//  side by side └───────────┘   └───────────────┘
//
// Taps side by side (no dilation, no groups) are one run of KW·C numbers. No tile knows of edges: positions fall into
// rectangles in which all see the same taps, and only these are summed.
//
//     ┌─┬─────────┬─┐
//     ├─┼─────────┼─┤    The tiles of a rectangle lie across or down, whichever makes fewer of them, in parts as equal
//     │ │ all of  │ │    as can be (28 is 10 + 9 + 9). Either way a tile's positions are a fixed step apart in x.
//     │ │ the taps│ │
//     ├─┼─────────┼─┤
//     └─┴─────────┴─┘
//
// Around the tile:
//
//   for some rows of an image                                           L1 to L2
//     for each panel of w                                               L1 to L2
//       for each rectangle of positions, for each tile
//
// With one channel a group (depthwise) the vector is channels: x is loaded instead of broadcast. A few filters and many
// channels have a tile of their own, in convolution_dot.hpp.
//
// Every number of y is summed tap by tap, and channel by channel within a tap, whatever the workers are.

#include "convolution.hpp"
#include "convolution_dot.hpp"
#include "convolution_panels.hpp"
#include "convolution_strip.hpp"
#include "convolution_tile.hpp"
#include "table.hpp"
#include "vector.hpp"

namespace pellucid::PELLUCID_KERNELS {
namespace {

template <typename T, int positions, int vectors>
void tile(const Runs& runs, const T* x, Size x_step, const T* panel, T* y, Size y_step, Size fill) {
  Vector<T> sum[positions][vectors] = {};
  for (Size i = 0; i < runs.rows; ++i)
    for (Size j = 0; j < runs.columns; ++j) {
      const T* run = x + i * runs.x_row + j * runs.x_column;
      const T* weights = panel + i * runs.panel_row + j * runs.panel_column;
      for (Size k = 0; k < runs.length; ++k, weights += vectors * lanes<T>) {
        Vector<T> w[vectors];
#pragma GCC unroll 16
        for (int v = 0; v < vectors; ++v) w[v] = load(weights + v * lanes<T>);
#pragma GCC unroll 16
        for (int p = 0; p < positions; ++p)
#pragma GCC unroll 16
          for (int v = 0; v < vectors; ++v) sum[p][v] += run[p * x_step + k] * w[v];
      }
    }
  store_tile<T>(sum, y, y_step, fill);
}

// The same for one channel a group.
template <typename T, int positions>
void depthwise_tile(const Runs& runs, const T* x, Size x_step, const T* panel, T* y, Size y_step, Size fill) {
  Vector<T> sum[positions][1] = {};
  for (Size i = 0; i < runs.rows; ++i)
    for (Size j = 0; j < runs.columns; ++j) {
      const T* run = x + i * runs.x_row + j * runs.x_column;
      const Vector<T> w = load(panel + i * runs.panel_row + j * runs.panel_column);
#pragma GCC unroll 16
      for (int p = 0; p < positions; ++p) sum[p][0] += load(run + p * x_step) * w;
    }
  store_tile<T>(sum, y, y_step, fill);
}

template <typename T>
using Tile = void (*)(const Runs&, const T* x, Size x_step, const T* panel, T* y, Size y_step, Size fill);

enum class Kind { plain, depthwise, dot };

// How many positions a tile has at most; `vectors` is the number of filters where the vector is channels.
template <Kind kind, int vectors>
constexpr int most_positions = kind == Kind::dot ? dot_positions<vectors> : tile_positions<vectors>;

template <typename T, Kind kind, int vectors, int positions = most_positions<kind, vectors>>
Tile<T> tile_of(Size count) {
  if constexpr (positions > 1)
    if (count < positions) return tile_of<T, kind, vectors, positions - 1>(count);
  if constexpr (kind == Kind::dot)
    return dot_tile<T, positions, vectors>;
  else if constexpr (kind == Kind::depthwise)
    return depthwise_tile<T, positions>;
  else
    return tile<T, positions, vectors>;
}

// ---- rectangles of positions

// Positions side by side along one axis that see the same taps.
struct Stretch {
  Size begin, end;  // positions
  Size tap, taps;   // the first one, and how many
};

// The stretch that starts at `begin`.
template <typename T>
Stretch stretch(const ConvolutionPass<T>& pass, int axis, Size begin, Size end) {
  const Size size = axis == 0 ? pass.height : pass.width, gap = pass.gap[axis], taps = pass.taps[axis];
  const auto before = [&](Size at) { return at > 0 ? smaller((at + gap - 1) / gap, taps) : 0; };  // taps below `at`
  Stretch found = {begin, begin, 0, 0};
  for (; found.end < end; ++found.end) {
    const Size at = pass.start[axis] + found.end * pass.step[axis];
    const Size first = before(-at), count = larger(0, before(size - at) - first);
    if (found.end == begin) found.tap = first, found.taps = count;
    if (found.tap != first || found.taps != count) break;
  }
  return found;
}

// Tiles in a line, in parts as equal as can be; a step is how far it is from one position to the next.
template <typename T, Kind kind, int vectors>
void convolve_line(const Runs& runs, Size positions, const T* x, Size x_step, const T* panel, T* y, Size y_step,
                   Size fill) {
  constexpr Size most = most_positions<kind, vectors>;
  const Size tiles = (positions + most - 1) / most;
  for (Size t = 0; t < tiles; ++t) {
    const Size begin = positions * t / tiles, end = positions * (t + 1) / tiles;
    tile_of<T, kind, vectors>(end - begin)(runs, x + begin * x_step, x_step, panel, y + begin * y_step, y_step, fill);
  }
}

// x and y are those of the image, at the group's first channel and the panel's first filter.
template <typename T, Kind kind, int vectors>
void convolve_rectangle(const ConvolutionPass<T>& pass, const Stretch& down, const Stretch& across, const T* x,
                        const T* panel, T* y, Size fill) {
  constexpr Size most = most_positions<kind, vectors>;
  const Size tap_size = kind == Kind::dot ? vectors * round_up(pass.depth, lanes<T>) : pass.depth * vectors * lanes<T>;
  const Size row = pass.width * pass.channels, steps[] = {pass.step[0] * row, pass.step[1] * pass.channels};
  const bool one_run = kind == Kind::plain && pass.groups == 1 && pass.gap[1] == 1;
  const Runs runs = {
      .rows = across.taps == 0 ? 0 : down.taps,
      .columns = one_run ? 1 : across.taps,
      .length = one_run ? across.taps * pass.depth : pass.depth,
      .x_row = pass.gap[0] * row,
      .x_column = pass.gap[1] * pass.channels,
      .panel_row = pass.taps[1] * tap_size,
      .panel_column = tap_size,
  };
  panel += down.tap * runs.panel_row + across.tap * runs.panel_column;
  x += (pass.start[0] + down.tap * pass.gap[0]) * row + (pass.start[1] + across.tap * pass.gap[1]) * pass.channels +
       down.begin * steps[0] + across.begin * steps[1];
  y += down.begin * pass.y_row + across.begin * pass.y_step;
  const Size rows = down.end - down.begin, columns = across.end - across.begin;
  if (rows * ((columns + most - 1) / most) <= columns * ((rows + most - 1) / most))
    for (Size r = 0; r < rows; ++r)
      convolve_line<T, kind, vectors>(runs, columns, x + r * steps[0], steps[1], panel, y + r * pass.y_row, pass.y_step,
                                      fill);
  else
    for (Size c = 0; c < columns; ++c)
      convolve_line<T, kind, vectors>(runs, rows, x + c * steps[1], steps[0], panel, y + c * pass.y_step, pass.y_row,
                                      fill);
}

template <typename T>
using Rectangle = void (*)(const ConvolutionPass<T>&, const Stretch& down, const Stretch& across, const T* x,
                           const T* panel, T* y, Size fill);

template <typename T, int filters = lanes<T> / 4>
Rectangle<T> dot_rectangle_of(Size count) {
  if constexpr (filters > 1)
    if (count < filters) return dot_rectangle_of<T, filters - 1>(count);
  if constexpr (filters > 0) return convolve_rectangle<T, Kind::dot, filters>;
  return nullptr;
}

template <typename T>
Rectangle<T> rectangle_of(const Panels<T>& panels, Size filter) {
  if (panels.dot) return dot_rectangle_of<T>(panels.filters);
  if (panels.depthwise) return convolve_rectangle<T, Kind::depthwise, 1>;
  return panels.vectors(filter) == 2 ? convolve_rectangle<T, Kind::plain, 2> : convolve_rectangle<T, Kind::plain, 1>;
}

}  // namespace

template <typename T>
void multiply_panels(const Panels<T>& panels, Size positions, const T* x, const T* w, T* y) {
  const Runs runs = {1, 1, panels.depth, 0, 0, 0, 0};
  for (Size filter = 0, width; filter < panels.filters; filter += width) {
    width = panels.vectors(filter) * lanes<T>;
    const auto convolve =
        panels.vectors(filter) == 2 ? convolve_line<T, Kind::plain, 2> : convolve_line<T, Kind::plain, 1>;
    convolve(runs, positions, x, panels.depth, w + filter * panels.depth, y + panels.first(filter), panels.filters,
             panels.fill(filter));
  }
}

template <typename T>
void convolve_rows(const ConvolutionPass<T>& pass, Size image, Size begin, Size end) {
  const Panels<T> panels(pass);
  const T* panel = pass.packed;
  for (Size group = 0; group < panels.groups; ++group)
    for (Size filter = 0, width; filter < panels.filters; filter += width) {
      width = panels.vectors(filter) * lanes<T>;
      const Size start = panels.first(filter);
      const T* x =
          pass.x + image * pass.height * pass.width * pass.channels + (panels.depthwise ? start : group * panels.depth);
      T* y = pass.y + image * pass.y_image + group * panels.filters + start;
      const auto convolve = rectangle_of(panels, filter);
      for (Stretch down = stretch(pass, 0, begin, end); down.begin < end; down = stretch(pass, 0, down.end, end))
        for (Stretch across = stretch(pass, 1, 0, pass.out[1]); across.begin < pass.out[1];
             across = stretch(pass, 1, across.end, pass.out[1]))
          convolve(pass, down, across, x, panel, y, panels.fill(filter));
      panel += panels.taps * panels.depth * width;
    }
}

// ---- shares

namespace {

constexpr Size rows_bytes = 64 << 10;      // of x, in the rows that are taken at once
constexpr Size few_rows_bytes = 16 << 10;  // where there are few images to share out
constexpr Size few_images = 8;

template <typename T>
Size rows_at_once(const ConvolutionPass<T>& pass) {
  const Size bytes = pass.images < few_images ? few_rows_bytes : rows_bytes;
  const Size row = pass.step[0] * pass.width * pass.channels * static_cast<Size>(sizeof(T));
  return larger(1, smaller(pass.out[0], bytes / larger(1, row)));
}

}  // namespace

template <typename T>
void convolve(const ConvolutionPass<T>& pass, const Call& call) {
  if (pass.out[0] == 0 || pass.out[1] == 0) return;
  if (has_few_channels(pass)) return convolve_few(pass, call);
  if (has_winograd(pass)) return convolve_winograd(pass, call);
  const Size most = rows_at_once(pass), parts = (pass.out[0] + most - 1) / most;
  const Share mine = share(pass.images * parts, call);
  for (Size i = mine.begin; i < mine.end; ++i)
    convolve_rows(pass, i / parts, i % parts * most, smaller((i % parts + 1) * most, pass.out[0]));
}

template <typename T>
Size convolve_scratch(const ConvolutionPass<T>& pass) {
  return has_few_channels(pass) ? convolve_few_scratch(pass) : has_winograd(pass) ? convolve_winograd_scratch(pass) : 0;
}

template <typename T>
void convolution_forward(const Call& call) noexcept {
  ConvolutionPass<T> pass = forward_pass<T>(convolution_size(call.numbers));
  pass.x = call.buffer<const T>(1);
  pass.y = call.buffer<T>(0);
  pass.packed = call.buffer<const T>(2);
  convolve(pass, call);
}

template <typename T>
Size convolution_forward_scratch(const Size* numbers) {
  return convolve_scratch(forward_pass<T>(convolution_size(numbers)));
}

template Size convolve_scratch(const ConvolutionPass<float>&);
template Size convolve_scratch(const ConvolutionPass<double>&);
template Size convolution_forward_scratch<float>(const Size*);
template Size convolution_forward_scratch<double>(const Size*);
template void multiply_panels(const Panels<float>&, Size, const float*, const float*, float*);
template void multiply_panels(const Panels<double>&, Size, const double*, const double*, double*);
template void convolve_rows(const ConvolutionPass<float>&, Size, Size, Size);
template void convolve_rows(const ConvolutionPass<double>&, Size, Size, Size);
template void convolve(const ConvolutionPass<float>&, const Call&);
template void convolve(const ConvolutionPass<double>&, const Call&);
template void convolution_forward<float>(const Call&) noexcept;
template void convolution_forward<double>(const Call&) noexcept;

}  // namespace pellucid::PELLUCID_KERNELS
