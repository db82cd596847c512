// The gradient of a convolution by its weights: for each tap a matrix product of x and ȳ over all positions.
//
//   conv2d_weight_gradient_partial_T  buffers  partial (blocks, ...), x (N, H, W, C), ȳ (N, OH, OW, M)
//   conv2d_weight_gradient_sum_T      buffers  w̄ (M, C/groups, KH, KW), partial
//
// The images fall into `blocks` (the last number of both) parts: block b has those from N·b/blocks to before
// N·(b+1)/blocks, and the sums of each are added in their order. The number of blocks decides on the bits; the number
// of workers, who share out blocks and weights, never does. A dozen blocks keep a dozen workers busy.
//
// One tile of w̄ stays in registers while the positions stream past it:
//
//                                filters: 1 or 2 vectors
//                               ┌───────────────┐
//                               │ ȳ, as it      │   position
//                               │ stands        │     ↓     a step loads 2 vectors of ȳ,
//              position →       └───────────────┘
//               ┌───────────┐   ┌───────────────┐
//   up to 12    │ x under   │   │               │
//   or 6        │ this tap  │   │ w̄: 12 × 2     │           broadcasts 12 numbers of x
//   channels    │           │   │ sums          │           and does 24 multiply-adds
//               └───────────┘   └───────────────┘
//
// Nothing is packed; the sums lie as the tiles have them, which convolution_panels.hpp draws, until all are added.
// Positions at which a tap lies outside of the image are left out. Where there are few channels, the
// rows of a tile are any taps with their channels, and x is copied with a border of zeros.
//
// Images are taken in strips that the cache holds, and every tile goes over a strip before the next one comes. With one
// channel a group (depthwise) the vector is channels: x is loaded instead of broadcast.

#include "convolution.hpp"
#include "convolution_strip.hpp"
#include "table.hpp"
#include "vector.hpp"

namespace pellucid::PELLUCID_KERNELS {
namespace {

constexpr Size strip_bytes = 64 << 10;  // of x and ȳ together
constexpr Size few_channels = 8;

template <int vectors>
constexpr int tile_rows = vector_registers == 32 ? (vectors == 2 ? 12 : 16) : (vectors == 2 ? 6 : 12);

// ---- the tile

// The positions of a strip: sizes, and how far apart they are in x and ȳ.
struct Positions {
  Size images, rows, columns;
  Size x_image, x_row, x_step, y_image, y_row, y_step;
};

// Where a tile's sums are, and whether to start them from zero. `second` is how far the second vector of filters lies
// behind the first in ȳ.
template <typename T>
struct Sums {
  T* at;
  Size row_stride, second;
  bool fresh;
};

// sum[r] += Σ x[position + r] · ȳ[position], or x[position + offsets[r]] where rows are not side by side in x.
template <typename T, int rows, int vectors, bool scattered>
void tile(const Positions& at, const T* x, const Size* offsets, const T* y, const Sums<T>& to) {
  const Size second = to.second;
  Vector<T> sum[rows][vectors];
#pragma GCC unroll 16
  for (int r = 0; r < rows; ++r)
#pragma GCC unroll 16
    for (int v = 0; v < vectors; ++v)
      sum[r][v] = to.fresh ? Vector<T>{} : load(to.at + r * to.row_stride + v * lanes<T>);
  for (Size n = 0; n < at.images; ++n)
    for (Size h = 0; h < at.rows; ++h) {
      const T* x_at = x + n * at.x_image + h * at.x_row;
      const T *y_at = y + n * at.y_image + h * at.y_row, *const end = y_at + at.columns * at.y_step;
      for (; y_at < end; x_at += at.x_step, y_at += at.y_step) {
        Vector<T> g[vectors];
#pragma GCC unroll 16
        for (int v = 0; v < vectors; ++v) g[v] = load(y_at + v * second);
#pragma GCC unroll 16
        for (int r = 0; r < rows; ++r)
#pragma GCC unroll 16
          for (int v = 0; v < vectors; ++v) sum[r][v] += x_at[scattered ? offsets[r] : r] * g[v];
      }
    }
#pragma GCC unroll 16
  for (int r = 0; r < rows; ++r)
#pragma GCC unroll 16
    for (int v = 0; v < vectors; ++v) store<T>(to.at + r * to.row_stride + v * lanes<T>, sum[r][v]);
}

// The same for one channel a group; `count` is how many of a vector's channels there are.
template <typename T>
void depthwise_tile(const Positions& at, const T* x, const T* y, const Sums<T>& to, Size count) {
  T line_x[lanes<T>] = {}, line_y[lanes<T>] = {};
  Vector<T> sum = to.fresh ? Vector<T>{} : load(to.at);
  for (Size n = 0; n < at.images; ++n)
    for (Size h = 0; h < at.rows; ++h)
      for (Size w = 0; w < at.columns; ++w) {
        const T* x_at = x + n * at.x_image + h * at.x_row + w * at.x_step;
        const T* y_at = y + n * at.y_image + h * at.y_row + w * at.y_step;
        if (count < lanes<T>) {
          for (Size c = 0; c < count; ++c) line_x[c] = x_at[c], line_y[c] = y_at[c];
          x_at = line_x, y_at = line_y;
        }
        sum += load(x_at) * load(y_at);
      }
  store<T>(to.at, sum);
}

template <typename T>
using Tile = void (*)(const Positions&, const T* x, const Size* offsets, const T* y, const Sums<T>& to);

template <typename T, int vectors, bool scattered, int rows = tile_rows<vectors>>
Tile<T> tile_of(Size count) {
  if constexpr (rows > 1)
    if (count < rows) return tile_of<T, vectors, scattered, rows - 1>(count);
  return tile<T, rows, vectors, scattered>;
}

// ---- how the weights fall into tiles

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

// ---- strips

// Either several whole images, or some rows of one.
struct Cut {
  Size images, rows;
};

template <typename T>
Cut cut(const ConvolutionSize& size) {
  const Size row = size.out_width * size.filters + size.stride[0] * size.width * size.channels;
  const Size rows = larger(1, strip_bytes / static_cast<Size>(sizeof(T)) / larger(1, row));
  if (rows < size.out_height) return {1, rows};
  return {larger(1, smaller(size.images, rows / larger(1, size.out_height))), size.out_height};
}

// The last strips of ȳ are copied where a tile would load a vector that reaches behind its end: one that its filters do
// not fill.
template <typename T>
Size tail_size(const ConvolutionSize& size) {
  if (size.filters_each() >= lanes<T>) return 0;
  const Cut most = cut<T>(size);
  return most.images * most.rows * size.out_width * size.filters + 2 * lanes<T>;
}

// One strip.
template <typename T>
struct Part {
  Size images, row, rows;
  const T* x;  // the image, or its copy with a border
  Size x_image, x_row;
  const T* y;
};

// From which to which position a tap lies inside the image, of those from `begin` to `end`.
Share inside(const ConvolutionSize& size, int axis, Size tap, Size begin, Size end) {
  const Size stride = size.stride[axis], limit = axis == 0 ? size.height : size.width;
  const Size at = tap * size.dilation[axis] - size.padding[axis];
  const Size first = at >= 0 ? 0 : (-at + stride - 1) / stride;
  const Size last = limit <= at ? 0 : (limit - at + stride - 1) / stride;
  return {larger(begin, first), smaller(end, last)};
}

// The rows of a tile where there are few channels: any of all taps and channels.
template <typename T>
void add_scattered(const Layout<T>& layout, const Positions& at, const Part<T>& strip, const Unit& unit, const T* y,
                   const Sums<T>& to) {
  const Size run = layout.size.kernel[1] * layout.depth;
  Size offsets[larger(tile_rows<1>, tile_rows<2>)];
  for (Size r = 0; r < unit.rows; ++r) {
    const Size row = unit.row + r;
    offsets[r] = row / run * layout.size.dilation[0] * strip.x_row + row % run;
  }
  const auto tile = unit.vectors == 2 ? tile_of<T, 2, true>(unit.rows) : tile_of<T, 1, true>(unit.rows);
  tile(at, strip.x, offsets, y, to);
}

template <typename T>
void add_unit(const Layout<T>& layout, const Part<T>& strip, const Unit& unit, T* sums, bool fresh) {
  const ConvolutionSize& size = layout.size;
  const Size y_row = size.out_width * size.filters;
  Share down = {strip.row, strip.row + strip.rows}, across = {0, size.out_width};
  Size x = 0;  // where the tap lies at the strip's first position
  if (!layout.scattered) {
    const Size i = unit.segment / size.kernel[1], j = unit.segment % size.kernel[1];
    down = inside(size, 0, i, down.begin, down.end);
    across = inside(size, 1, j, 0, size.out_width);
    x = (strip.row * size.stride[0] + i * size.dilation[0] - size.padding[0]) * strip.x_row +
        (j * size.dilation[1] - size.padding[1]) * size.channels;
  }
  const bool none = down.begin >= down.end || across.begin >= across.end;
  if (none && !fresh) return;
  const Size x_step = size.stride[1] * size.channels, x_row = size.stride[0] * strip.x_row;
  Positions at = {none ? 0 : strip.images,
                  down.end - down.begin,
                  across.end - across.begin,
                  strip.x_image,
                  x_row,
                  x_step,
                  size.out_height * y_row,
                  y_row,
                  size.filters};
  x += (down.begin - strip.row) * x_row + across.begin * x_step;
  const Size first = layout.first(unit.filter);
  const Size y = (down.begin - strip.row) * y_row + across.begin * size.filters + unit.group * layout.filters + first;
  const Sums<T> to = {sums + (layout.row(unit.group, unit.segment) + unit.row) * layout.width + unit.filter,
                      layout.width, layout.first(unit.filter + lanes<T>) - first, fresh};
  const Size channel = layout.depthwise ? first : unit.group * layout.depth + unit.row;
  if (layout.scattered)
    add_scattered(layout, at, strip, unit, strip.y + y, to);
  else if (layout.depthwise)
    depthwise_tile(at, strip.x + x + channel, strip.y + y, to, smaller(lanes<T>, layout.filters));
  else
    (unit.vectors == 2 ? tile_of<T, 2, false>(unit.rows) : tile_of<T, 1, false>(unit.rows))(at, strip.x + x + channel,
                                                                                            nullptr, strip.y + y, to);
}

template <typename T>
void clear_unit(const Layout<T>& layout, const Unit& unit, T* sums) {
  for (Size r = 0; r < unit.rows; ++r)
    for (Size f = 0; f < unit.vectors * lanes<T>; ++f)
      sums[(layout.row(unit.group, unit.segment) + unit.row + r) * layout.width + unit.filter + f] = 0;
}

// Units `begin` to `end` of a block, the images `first` to `last`.
template <typename T>
void add_images(const Call& call, const Layout<T>& layout, Size first, Size last, Size begin, Size end, T* sums) {
  const ConvolutionSize& size = layout.size;
  ConvolutionPass<T> pass = forward_pass<T>(size);
  pass.x = call.buffer<const T>(1);
  T* const tail = reinterpret_cast<T*>(call.scratch);
  T* const border = tail + round_up(tail_size<T>(size), lanes<T>);
  if (first >= last || size.out_height == 0)
    each_unit(layout, begin, end, [&](const Unit& unit) { clear_unit(layout, unit, sums); });
  const Cut most = cut<T>(size);
  const Size y_image = size.out_height * size.out_width * size.filters;
  const Size copy_size = layout.scattered ? strip_size(pass, most.rows) : 0;
  for (Size image = first; image < last; image += most.images)
    for (Size row = 0; row < size.out_height; row += most.rows) {
      const Size images = smaller(most.images, last - image), rows = smaller(most.rows, size.out_height - row);
      const Size y_at = image * y_image + row * size.out_width * size.filters;
      Part<T> part = {images,
                      row,
                      rows,
                      pass.x + image * size.height * size.width * size.channels,
                      size.height * size.width * size.channels,
                      size.width * size.channels,
                      call.buffer<const T>(2) + y_at};
      if (layout.scattered) {
        for (Size n = 0; n < images; ++n) {
          const Strip<T> copy = strip(pass, image + n, row, rows, border + n * copy_size);
          if (n == 0) part.x = copy.x, part.x_row = copy.row_stride;
          if (n == 1) part.x_image = copy.x - part.x;
        }
      }
      const Size count = images * rows * size.out_width * size.filters;
      if (tail_size<T>(size) > 0 && size.images * y_image - y_at - count < lanes<T>) {
        for (Size i = 0; i < count; ++i) tail[i] = part.y[i];
        for (Size i = count; i < count + lanes<T>; ++i) tail[i] = 0;
        part.y = tail;
      }
      const bool fresh = image == first && row == 0;
      each_unit(layout, begin, end, [&](const Unit& unit) { add_unit(layout, part, unit, sums, fresh); });
    }
}

Size blocks_of(const Call& call) { return call.numbers[sizeof(ConvolutionSize) / sizeof(Size)]; }

}  // namespace

template <typename T>
Size convolution_weight_gradient_scratch(const Size* numbers) {
  const ConvolutionSize& size = convolution_size(numbers);
  const Layout<T> layout(size);
  const Cut most = cut<T>(size);
  const Size border = layout.scattered ? most.images * strip_size(forward_pass<T>(size), most.rows) : 0;
  return (round_up(tail_size<T>(size), lanes<T>) + border) * static_cast<Size>(sizeof(T));
}

template <typename T>
void convolution_weight_gradient_partial(const Call& call) noexcept {
  const ConvolutionSize& size = convolution_size(call.numbers);
  const Layout<T> layout(size);
  const Size blocks = blocks_of(call), units = unit_count(layout);
  const Share mine = share(blocks * units, call);
  for (Size b = 0; b < blocks; ++b) {
    const Size begin = larger(0, mine.begin - b * units), end = smaller(units, mine.end - b * units);
    if (begin < end)
      add_images(call, layout, size.images * b / blocks, size.images * (b + 1) / blocks, begin, end,
                 call.buffer<T>(0) + b * layout.block());
  }
}

// Adds the blocks, and puts the sums where the user has them: a vector of filters of one channel and tap at a time.
template <typename T>
void convolution_weight_gradient_sum(const Call& call) noexcept {
  const ConvolutionSize& size = convolution_size(call.numbers);
  const Layout<T> layout(size);
  const Size blocks = blocks_of(call), taps = size.taps(), stride = layout.depth * taps;
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
