// Convolution as an implicit matmul: the columns that im2col would copy are read where they stand.
//
//   conv2d_T    buffers  y (N, OH, OW, M), x (N, H, W, C), w (M, C/groups, KH, KW)
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
// The positions of a tile lie in one row of y, in parts as equal as can be (28 is 10 + 9 + 9): the rows of the tile are
// then a fixed step apart in x. Taps side by side (no dilation, no groups) are one run of KW·C numbers.
//
// Where windows reach over the edge, the rows of x that some rows of y need (a strip) are copied with their border of
// zeros, so that the tile knows of no edges. Around the tile:
//
//   for each strip of rows of an image: copy x if it needs a border    L1 to L2
//     for each panel of w                                              L1 to L2
//       for each row of the strip, for each tile of positions
//
// With one channel a group (depthwise) the vector is channels: x is loaded instead of broadcast.
//
// Every number of y is summed tap by tap, and channel by channel within a tap, whatever the workers are.

#include "convolution.hpp"
#include "convolution_strip.hpp"
#include "table.hpp"
#include "vector.hpp"

namespace pellucid::PELLUCID_KERNELS {
namespace {

template <int vectors>
constexpr int tile_positions = vector_registers == 32 ? (vectors == 2 ? 12 : 16) : (vectors == 2 ? 6 : 12);

// The places in x that a tile reads from one position: `rows` × `columns` runs of `length` numbers.
struct Runs {
  Size rows, columns, length, row_stride, column_stride;
};

template <typename T>
Runs runs_of(const ConvolutionPass<T>& pass, Size row_stride) {
  const Size down = pass.gap[0] * row_stride, across = pass.gap[1] * pass.channels;
  if (pass.groups == 1 && pass.gap[1] == 1) return {pass.taps[0], 1, pass.taps[1] * pass.channels, down, 0};
  return {pass.taps[0], pass.taps[1], pass.depth, down, across};
}

// Copies `count` numbers, fewer than twice `most`, in pieces of a power of two.
template <int most, typename T>
inline void copy_some(T* to, const T* from, Size count) {
  if (count & most) {
    __builtin_memcpy(to, from, most * sizeof(T));
    to += most, from += most;
  }
  if constexpr (most > 1) copy_some<most / 2>(to, from, count);
}

// Where the filters do not fill the vectors: if nothing but the next position of this tile follows in memory, it may be
// overwritten, since its turn comes.
template <typename T, int positions, int vectors>
inline void store_some(T* y, Size y_step, const T* lines, Size filters) {
  constexpr Size width = vectors * lanes<T>;
  const Size end = filters == y_step ? positions * y_step - width : -1;
  for (Size p = 0; p < positions; ++p, lines += width)
    if (p * y_step <= end)
      __builtin_memcpy(y + p * y_step, lines, width * sizeof(T));
    else
      copy_some<width / 2>(y + p * y_step, lines, filters);
}

template <typename T, int positions, int vectors>
void tile(const Runs& runs, const T* x, Size x_step, const T* panel, T* y, Size y_step, Size filters) {
  Vector<T> sum[positions][vectors] = {};
  for (Size i = 0; i < runs.rows; ++i)
    for (Size j = 0; j < runs.columns; ++j) {
      const T* run = x + i * runs.row_stride + j * runs.column_stride;
      for (Size k = 0; k < runs.length; ++k, panel += vectors * lanes<T>) {
        Vector<T> w[vectors];
#pragma GCC unroll 16
        for (int v = 0; v < vectors; ++v) w[v] = load(panel + v * lanes<T>);
#pragma GCC unroll 16
        for (int p = 0; p < positions; ++p)
#pragma GCC unroll 16
          for (int v = 0; v < vectors; ++v) sum[p][v] += run[p * x_step + k] * w[v];
      }
    }
  constexpr Size width = vectors * lanes<T>;
  T line[positions * width];
  T* const to = filters == width ? y : line;
  const Size to_step = filters == width ? y_step : width;
#pragma GCC unroll 16
  for (int p = 0; p < positions; ++p)
#pragma GCC unroll 16
    for (int v = 0; v < vectors; ++v) store<T>(to + p * to_step + v * lanes<T>, sum[p][v]);
  if (filters != width) store_some<T, positions, vectors>(y, y_step, line, filters);
}

// The same for one channel a group.
template <typename T, int positions>
void depthwise_tile(const Runs& runs, const T* x, Size x_step, const T* panel, T* y, Size y_step, Size filters) {
  Vector<T> sum[positions] = {};
  for (Size i = 0; i < runs.rows; ++i)
    for (Size j = 0; j < runs.columns; ++j, panel += lanes<T>) {
      const T* run = x + i * runs.row_stride + j * runs.column_stride;
      const Vector<T> w = load(panel);
#pragma GCC unroll 16
      for (int p = 0; p < positions; ++p) sum[p] += load(run + p * x_step) * w;
    }
  T line[positions * lanes<T>];
  T* const to = filters == lanes<T> ? y : line;
  const Size to_step = filters == lanes<T> ? y_step : lanes<T>;
#pragma GCC unroll 16
  for (int p = 0; p < positions; ++p) store<T>(to + p * to_step, sum[p]);
  if (filters != lanes<T>) store_some<T, positions, 1>(y, y_step, line, filters);
}

template <typename T>
using Tile = void (*)(const Runs&, const T* x, Size x_step, const T* panel, T* y, Size y_step, Size filters);

// How the filters fall into panels, and the positions of a row into tiles.
template <typename T>
struct Layout {
  bool depthwise;
  Size groups, filters, depth, taps;

  explicit Layout(const ConvolutionPass<T>& pass)
      : depthwise(pass.groups > 1 && pass.depth == 1 && pass.filters == 1),
        groups(depthwise ? 1 : pass.groups),
        filters(depthwise ? pass.groups : pass.filters),
        depth(pass.depth),
        taps(pass.taps[0] * pass.taps[1]) {}

  Size vectors(Size filter) const { return !depthwise && filters - filter > lanes<T> ? 2 : 1; }
  // The last vector of channels of a depthwise convolution ends where they end, since x is loaded by whole vectors.
  Size first(Size filter) const {
    return depthwise && filters >= lanes<T> ? smaller(filter, filters - lanes<T>) : filter;
  }

  Size packed() const { return groups * taps * depth * round_up(filters, lanes<T>); }
};

template <typename T, int vectors, bool depthwise, int positions = tile_positions<vectors>>
Tile<T> tile_of(Size count) {
  if constexpr (positions > 1)
    if (count < positions) return tile_of<T, vectors, depthwise, positions - 1>(count);
  if constexpr (depthwise)
    return depthwise_tile<T, positions>;
  else
    return tile<T, positions, vectors>;
}

// Tiles of `count` positions, then tiles of one more.
template <typename T>
struct Row {
  Tile<T> fewer, more;
  Size count, fewer_tiles, more_tiles;
};

template <typename T, int vectors, bool depthwise>
Row<T> split(Size positions) {
  const Size tiles = (positions + tile_positions<vectors> - 1) / tile_positions<vectors>;
  const Size count = positions / tiles, rest = positions % tiles;
  return {tile_of<T, vectors, depthwise>(count), tile_of<T, vectors, depthwise>(count + (rest > 0)), count,
          tiles - rest, rest};
}

// Copies w in the order in which the tiles want it: panel by panel, and in a panel tap by tap, channel by channel.
template <typename T>
void pack(const ConvolutionPass<T>& pass, T* packed) {
  const Layout<T> layout(pass);
  const Size filter_stride = layout.depthwise ? pass.weight_group : pass.weight_filter;
  for (Size group = 0; group < layout.groups; ++group)
    for (Size filter = 0, width; filter < layout.filters; filter += width) {
      width = layout.vectors(filter) * lanes<T>;
      const Size start = layout.first(filter), filters = smaller(width, layout.filters - start);
      const T* first = pass.weight + group * pass.weight_group + start * filter_stride;
      for (Size c = 0; c < pass.depth; ++c)
        for (Size i = 0; i < pass.taps[0]; ++i)
          for (Size j = 0; j < pass.taps[1]; ++j) {
            const T* from = first + c * pass.weight_depth + i * pass.weight_tap[0] + j * pass.weight_tap[1];
            T* to = packed + ((i * pass.taps[1] + j) * pass.depth + c) * width;
            for (Size f = 0; f < filters; ++f) to[f] = from[f * filter_stride];
            for (Size f = filters; f < width; ++f) to[f] = 0;
          }
      packed += layout.taps * layout.depth * width;
    }
}

// ---- strip by strip

constexpr Size strip_bytes = 64 << 10;        // of x, in a strip
constexpr Size small_strip_bytes = 16 << 10;  // where there are few images to share out
constexpr Size few_images = 8;

template <typename T>
Size strip_rows(const ConvolutionPass<T>& pass) {
  const Size bytes = pass.images < few_images ? small_strip_bytes : strip_bytes;
  const Size row = pass.step[0] * pass.width * pass.channels * static_cast<Size>(sizeof(T));
  return larger(1, smaller(pass.out[0], bytes / larger(1, row)));
}

template <typename T>
void convolve_strip(const ConvolutionPass<T>& pass, const Strip<T>& strip, const T* panel, Size rows, T* y) {
  const Layout<T> layout(pass);
  const Size x_step = pass.step[1] * pass.channels, x_row = pass.step[0] * strip.row_stride;
  const Runs runs = runs_of(pass, strip.row_stride);
  const Row<T> two = split<T, 2, false>(pass.out[1]);
  const Row<T> one = layout.depthwise ? split<T, 1, true>(pass.out[1]) : split<T, 1, false>(pass.out[1]);
  for (Size group = 0; group < layout.groups; ++group)
    for (Size filter = 0, width; filter < layout.filters; filter += width) {
      width = layout.vectors(filter) * lanes<T>;
      const Row<T>& row = width > lanes<T> ? two : one;
      const Size start = layout.first(filter), filters = smaller(width, layout.filters - start);
      for (Size r = 0; r < rows; ++r) {
        const T* from = strip.x + r * x_row + (layout.depthwise ? start : group * layout.depth);
        T* to = y + r * pass.y_row + group * layout.filters + start;
        for (Size t = 0; t < row.fewer_tiles; ++t, from += row.count * x_step, to += row.count * pass.y_step)
          row.fewer(runs, from, x_step, panel, to, pass.y_step, filters);
        for (Size t = 0; t < row.more_tiles; ++t, from += (row.count + 1) * x_step, to += (row.count + 1) * pass.y_step)
          row.more(runs, from, x_step, panel, to, pass.y_step, filters);
      }
      panel += layout.taps * layout.depth * width;
    }
}

}  // namespace

template <typename T>
Size convolve_scratch(const ConvolutionPass<T>& pass) {
  return (round_up(Layout<T>(pass).packed(), lanes<T>) + strip_size(pass, strip_rows(pass))) *
         static_cast<Size>(sizeof(T));
}

template <typename T>
void convolve(const ConvolutionPass<T>& pass, const Call& call) {
  if (pass.out[0] == 0 || pass.out[1] == 0) return;
  T* const packed = reinterpret_cast<T*>(call.scratch);
  T* const copy = packed + round_up(Layout<T>(pass).packed(), lanes<T>);
  const bool whole = Layout<T>(pass).depthwise && pass.channels < lanes<T>;
  const Size most = strip_rows(pass), strips = (pass.out[0] + most - 1) / most;
  const Share mine = share(pass.images * strips, call);
  if (mine.begin < mine.end) pack(pass, packed);
  for (Size i = mine.begin; i < mine.end; ++i) {
    const Size image = i / strips, row = i % strips * most, rows = smaller(most, pass.out[0] - row);
    convolve_strip(pass, strip(pass, image, row, rows, copy, whole), static_cast<const T*>(packed), rows,
                   pass.y + image * pass.y_image + row * pass.y_row);
  }
}

template <typename T>
void convolution_forward(const Call& call) {
  ConvolutionPass<T> pass = forward_pass<T>(convolution_size(call.numbers));
  pass.x = call.buffer<const T>(1);
  pass.y = call.buffer<T>(0);
  pass.weight = call.buffer<const T>(2);
  convolve(pass, call);
}

template <typename T>
Size convolution_forward_scratch(const Size* numbers) {
  return convolve_scratch(forward_pass<T>(convolution_size(numbers)));
}

template void convolve(const ConvolutionPass<float>&, const Call&);
template void convolve(const ConvolutionPass<double>&, const Call&);
template Size convolve_scratch(const ConvolutionPass<float>&);
template Size convolve_scratch(const ConvolutionPass<double>&);
template void convolution_forward<float>(const Call&);
template void convolution_forward<double>(const Call&);
template Size convolution_forward_scratch<float>(const Size*);
template Size convolution_forward_scratch<double>(const Size*);

}  // namespace pellucid::PELLUCID_KERNELS
