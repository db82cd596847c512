// The gradient of a convolution by its 3 × 3 taps, in 4 multiplications an output instead of 9 (Winograd's F(3×3,
// 2×2)).
//
// As convolution_winograd.cpp has it, with taps and outputs exchanged: 2 × 2 of ȳ are spread to 4 × 4 places as the
// taps are there, and the sums over tiles are 16 matrix products, one for each place:
//
//      x: 4 × 4                16 × (tiles, channels)
//    ┌─┬─┬─┬─┐                ┌──────────┐
//    ├─┼─┼─┼─┤   Bᵀ x B       │ rows of  │            16 × (channels, filters)        w̄: 3 × 3
//    ├─┼─┼─┼─┤  ───────────→  │  tiles   │ ᵀ          ┌──────────┐
//    └─┴─┴─┴─┘                └──────────┘     sum    │ rows of  │    Gᵀ m G         ┌─┬─┬─┐
//                             ┌──────────┐  ───────→  │ channels │  ─────────→       ├─┼─┼─┤
//      ȳ: 2 × 2  A ȳ Aᵀ       │ rows of  │            └──────────┘                   ├─┼─┼─┤
//        ┌─┬─┐  ───────────→  │  tiles   │                                           └─┴─┴─┘
//        ├─┼─┤                └──────────┘
//        └─┴─┘                16 × (tiles, filters)
//
// with the last row of A not negated, but that of G. Some tiles are taken at a time, so that what lies between stays in
// L2; the products of a block of images are transformed at its end, which costs next to nothing. Beside the direct
// kernel: 1.4 times as fast with 16 channels, 1.6 with 32, 1.7 with 64, 2 with 128.
//
// |error| ≤ 4 (n + 12) ε Σ_tiles (Σ |x| over 4 × 4) (Σ |ȳ| over 2 × 2), where n is the number of tiles, and far below
// in practice. A nan or an infinity spreads to taps that do not see it: convolution_weight.cpp sums again what comes
// out with one.
//
// Reference: Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, 2015

#include "convolution_strip.hpp"
#include "convolution_weight.hpp"
#include "convolution_winograd.hpp"
#include "table.hpp"

namespace pellucid::PELLUCID_KERNELS {
namespace {

constexpr Size fewest_positions = 128;  // of a block: fewer do not pay for the transformation of their sums

// Some filters' sums over some images, and the memory for what lies between.
template <typename T>
struct Block {
  ConvolutionPass<T> pass;
  const T* y;
  Share images, filters;
  T *x_places, *y_places, *products;  // 16 × (tiles, channels), (tiles, filters), (channels, filters)

  Size filter_count() const { return filters.end - filters.begin; }
  Size x_stride() const { return place_stride<T>(most_tiles, pass.channels); }
  Size y_stride() const { return place_stride<T>(most_tiles, filter_count()); }
};

struct TileAt {
  Size image, row, column;
};

// One axis of A ȳ Aᵀ, to places that are `step` apart.
template <typename V>
[[gnu::always_inline]] inline void spread(V a, V b, V* to, int step) {
  to[0] = a, to[step] = a + b, to[2 * step] = a - b, to[3 * step] = b;
}

// One axis of Gᵀ m G, from and to places that are `step` apart.
template <typename V>
[[gnu::always_inline]] inline void gather(const V* m, V* to, int step) {
  const V half_sum = (m[step] + m[2 * step]) * 0.5f, half_difference = (m[step] - m[2 * step]) * 0.5f;
  to[0] = m[0] + half_sum, to[step] = half_difference, to[2 * step] = half_sum - m[3 * step];
}

// 2 × 2 of ȳ, zeros outside of the image, to 16 places.
template <typename T>
void transform_gradient(const Block<T>& block, const TileAt& at, T* to) {
  const ConvolutionPass<T>& pass = block.pass;
  const T* y = block.y + at.image * pass.y_image + 2 * at.row * pass.y_row + 2 * at.column * pass.y_step;
  const bool below = 2 * at.row + 1 < pass.out[0], beside = 2 * at.column + 1 < pass.out[1];
  const Size stride = block.y_stride();
  y += block.filters.begin;
  for (Size f = 0; f < block.filter_count(); f += lanes<T>, y += lanes<T>, to += lanes<T>) {
    const Vector<T> zero = {};
    Vector<T> columns[8], all[places];
    spread(load(y), below ? load(y + pass.y_row) : zero, columns, 2);
    spread(beside ? load(y + pass.y_step) : zero, below && beside ? load(y + pass.y_row + pass.y_step) : zero,
           columns + 1, 2);
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) spread(columns[2 * i], columns[2 * i + 1], all + 4 * i, 1);
    T* place = to;
#pragma GCC unroll 16
    for (int k = 0; k < places; ++k, place += stride) store(place, all[k]);
  }
}

// The next tiles, from `at` on, which moves on.
template <typename T>
void transform_tiles(const Block<T>& block, TileAt& at, Size count) {
  const ConvolutionPass<T>& pass = block.pass;
  for (Size t = 0; t < count; ++t) {
    const T* const image = pass.x + at.image * pass.height * pass.width * pass.channels;
    transform_input(pass, image, at.row, at.column, block.x_places + t * pass.channels, block.x_stride());
    transform_gradient(block, at, block.y_places + t * block.filter_count());
    if (2 * ++at.column >= pass.out[1]) at.column = 0, ++at.row;
    if (2 * at.row >= pass.out[0]) at.row = 0, ++at.image;
  }
}

// products (channels, filters) += Σ over tiles of x (tiles, channels) and y (tiles, filters)
template <typename T>
void multiply(Size tiles, Size channels, Size filters, const T* x, const T* y, T* products, bool fresh) {
  const Positions at = {1, 1, tiles, 0, 0, channels, 0, 0, filters};
  for (Size f = 0, vectors; f < filters; f += vectors * lanes<T>) {
    vectors = filters - f > lanes<T> ? 2 : 1;
    const Size most = vectors == 2 ? tile_rows<2> : tile_rows<1>, parts = (channels + most - 1) / most;
    for (Size p = 0; p < parts; ++p) {
      const Size begin = channels * p / parts, end = channels * (p + 1) / parts;
      const Sums<T> to = {products + begin * filters + f, filters, lanes<T>, fresh};
      weight_tile<T>(end - begin, vectors)(at, x + begin, nullptr, y + f, to);
    }
  }
}

template <typename T>
void transform_products(const Block<T>& block, T* sums) {
  const Size channels = block.pass.channels, filters = block.filter_count();
  for (Size c = 0; c < channels; ++c)
    for (Size f = 0; f < filters; f += lanes<T>) {
      Vector<T> m[places], columns[12], w[12];  // w: 3 × 3, in rows of 4
      for (Size k = 0; k < places; ++k) m[k] = load(block.products + (k * channels + c) * filters + f);
#pragma GCC unroll 4
      for (int j = 0; j < 4; ++j) gather(m + j, columns + j, 4);
#pragma GCC unroll 3
      for (int i = 0; i < 3; ++i) gather(columns + 4 * i, w + 4 * i, 1);
      for (Size tap = 0; tap < 9; ++tap)
        store(sums + (tap * channels + c) * block.pass.filters + block.filters.begin + f, w[tap / 3 * 4 + tap % 3]);
    }
}

}  // namespace

template <typename T>
bool has_weight_winograd(const ConvolutionSize& size, Size blocks) {
  const Size positions = size.images * size.out_height * size.out_width;
  return size.images >= blocks && positions >= fewest_positions * blocks && has_winograd(forward_pass<T>(size));
}

template <typename T>
Size weight_winograd_scratch(const ConvolutionSize& size) {
  return places * static_cast<Size>(sizeof(T)) *
         (place_stride<T>(most_tiles, size.channels) + place_stride<T>(most_tiles, size.filters) +
          size.channels * size.filters);
}

template <typename T>
void add_images_winograd(const Call& call, Share images, Share filters, T* sums) {
  Block<T> block = {
      .pass = forward_pass<T>(convolution_size(call.numbers)),
      .y = call.buffer<const T>(2),
      .images = images,
      .filters = filters,
      .x_places = reinterpret_cast<T*>(call.scratch),
      .y_places = nullptr,
      .products = nullptr,
  };
  block.pass.x = call.buffer<const T>(1);
  block.y_places = block.x_places + places * block.x_stride();
  block.products = block.y_places + places * block.y_stride();
  const Size channels = block.pass.channels, count = block.filter_count();
  const Size tiles = (images.end - images.begin) * ((block.pass.out[0] + 1) / 2) * ((block.pass.out[1] + 1) / 2);
  const Size strips = (tiles + most_tiles - 1) / most_tiles;
  TileAt at = {images.begin, 0, 0};
  for (Size s = 0; s < strips; ++s) {
    const Size some = tiles * (s + 1) / strips - tiles * s / strips;
    transform_tiles(block, at, some);
    for (Size k = 0; k < places; ++k)
      multiply(some, channels, count, block.x_places + k * block.x_stride(), block.y_places + k * block.y_stride(),
               block.products + k * channels * count, s == 0);
  }
  transform_products(block, sums);
}

template bool has_weight_winograd<float>(const ConvolutionSize&, Size);
template bool has_weight_winograd<double>(const ConvolutionSize&, Size);
template Size weight_winograd_scratch<float>(const ConvolutionSize&);
template Size weight_winograd_scratch<double>(const ConvolutionSize&);
template void add_images_winograd(const Call&, Share, Share, float*);
template void add_images_winograd(const Call&, Share, Share, double*);

}  // namespace pellucid::PELLUCID_KERNELS
