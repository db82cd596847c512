// Convolution of images that have few channels: the first layer of most networks.
//
// A run of KW·C numbers is short there, and going from one to the next costs as much as the run. So the taps with their
// channels are one list of places in x, the same for all positions, since x is copied with its border of zeros:
//
//        x, C = 1, 3 × 3 taps                 list: 0, 1, 2, row, row + 1, row + 2, 2·row, ...
//     ┌─┬─┬─┬─ ─ ─
//     │a│b│c│                 ┌───────────┐   ┌─────────────┐
//     ├─┼─┼─┼─ ─ ─            │ x at this │   │ y: 12 × 1 or│   w at this place: a row of the packed weights
//     │d│e│f│      positions  │ place     │   │ 12 × 2 sums │
//     ├─┼─┼─┼─ ─ ─            └───────────┘   └─────────────┘
//     │g│h│i│

#include "convolution.hpp"
#include "convolution_panels.hpp"
#include "convolution_strip.hpp"
#include "convolution_tile.hpp"
#include "table.hpp"
#include "vector.hpp"

namespace pellucid::PELLUCID_KERNELS {
namespace {

constexpr Size few_channels = 4;
constexpr Size strip_bytes = 16 << 10;

template <typename T, int positions, int vectors>
void tile(const Size* places, Size count, const T* x, Size x_step, const T* panel, T* y, Size y_step, Size fill) {
  Vector<T> sum[positions][vectors] = {};
  for (Size k = 0; k < count; ++k, panel += vectors * lanes<T>) {
    const T* const at = x + places[k];
    Vector<T> w[vectors];
#pragma GCC unroll 16
    for (int v = 0; v < vectors; ++v) w[v] = load(panel + v * lanes<T>);
#pragma GCC unroll 32
    for (int p = 0; p < positions; ++p)
#pragma GCC unroll 16
      for (int v = 0; v < vectors; ++v) sum[p][v] += at[p * x_step] * w[v];
  }
  store_tile<T>(sum, y, y_step, fill);
}

template <typename T>
using Tile = void (*)(const Size* places, Size count, const T* x, Size x_step, const T* panel, T* y, Size y_step,
                      Size fill);

template <typename T, int vectors, int positions = tile_positions<vectors>>
Tile<T> tile_of(Size count) {
  if constexpr (positions > 1)
    if (count < positions) return tile_of<T, vectors, positions - 1>(count);
  return tile<T, positions, vectors>;
}

// One row of y, in parts as equal as can be.
template <typename T, int vectors>
void convolve_row(const ConvolutionPass<T>& pass, const Size* places, Size count, const T* x, const T* panel, T* y,
                  Size fill) {
  constexpr Size most = tile_positions<vectors>;
  const Size columns = pass.out[1], tiles = (columns + most - 1) / most, x_step = pass.step[1] * pass.channels;
  for (Size t = 0; t < tiles; ++t) {
    const Size begin = columns * t / tiles, end = columns * (t + 1) / tiles;
    tile_of<T, vectors>(end - begin)(places, count, x + begin * x_step, x_step, panel, y + begin * pass.y_step,
                                     pass.y_step, fill);
  }
}

template <typename T>
void convolve_rows(const ConvolutionPass<T>& pass, Size image, Size begin, Size end, const Size* places,
                   const Strip<T>& x) {
  const Panels<T> panels(pass);
  const Size count = panels.taps * panels.depth;
  const T* panel = pass.packed;
  for (Size filter = 0, width; filter < panels.filters; filter += width) {
    const bool two = panels.vectors(filter) == 2;
    width = panels.vectors(filter) * lanes<T>;
    const auto convolve = two ? convolve_row<T, 2> : convolve_row<T, 1>;
    for (Size row = begin; row < end; ++row)
      convolve(pass, places, count, x.x + (row - begin) * pass.step[0] * x.row_stride, panel,
               pass.y + image * pass.y_image + row * pass.y_row + panels.first(filter), panels.fill(filter));
    panel += count * width;
  }
}

template <typename T>
Size rows_at_once(const ConvolutionPass<T>& pass) {
  const Size row = (pass.step[0] * pass.width * pass.channels + pass.y_row) * static_cast<Size>(sizeof(T));
  return larger(1, smaller(pass.out[0], strip_bytes / larger(1, row)));
}

}  // namespace

template <typename T>
bool has_few_channels(const ConvolutionPass<T>& pass) {
  return pass.groups == 1 && pass.channels <= few_channels && !Panels<T>(pass).dot && pass.taps[0] * pass.taps[1] > 0;
}

template <typename T>
Size convolve_few_scratch(const ConvolutionPass<T>& pass) {
  return pass.taps[0] * pass.taps[1] * pass.depth * static_cast<Size>(sizeof(Size)) +
         strip_size(pass, rows_at_once(pass)) * static_cast<Size>(sizeof(T));
}

template <typename T>
void convolve_few(const ConvolutionPass<T>& pass, const Call& call) {
  Size* const places = reinterpret_cast<Size*>(call.scratch);
  const Size run = pass.taps[1] * pass.channels;
  T* const copy = reinterpret_cast<T*>(places + pass.taps[0] * run);
  const Size most = rows_at_once(pass), parts = (pass.out[0] + most - 1) / most;
  const Share mine = share(pass.images * parts, call);
  Size row_stride = -1;
  for (Size i = mine.begin; i < mine.end; ++i) {
    const Size image = i / parts, begin = i % parts * most, end = smaller(begin + most, pass.out[0]);
    const Strip<T> x = strip(pass, image, begin, end - begin, copy);
    if (x.row_stride != row_stride)
      for (Size k = 0; k < pass.taps[0] * run; ++k)
        places[k] = k / run * pass.gap[0] * x.row_stride + k % run / pass.channels * pass.gap[1] * pass.channels +
                    k % pass.channels;
    row_stride = x.row_stride;
    convolve_rows(pass, image, begin, end, places, x);
  }
}

template bool has_few_channels(const ConvolutionPass<float>&);
template bool has_few_channels(const ConvolutionPass<double>&);
template Size convolve_few_scratch(const ConvolutionPass<float>&);
template Size convolve_few_scratch(const ConvolutionPass<double>&);
template void convolve_few(const ConvolutionPass<float>&, const Call&);
template void convolve_few(const ConvolutionPass<double>&, const Call&);

}  // namespace pellucid::PELLUCID_KERNELS
