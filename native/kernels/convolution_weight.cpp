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
// channel a group (depthwise) the vector is channels: x is loaded instead of broadcast. Many channels and 3 × 3 taps
// have convolution_weight_winograd.cpp.

#include "convolution_weight.hpp"

#include "convolution.hpp"
#include "convolution_strip.hpp"
#include "convolution_winograd.hpp"
#include "table.hpp"

namespace pellucid::PELLUCID_KERNELS {
namespace {

constexpr Size strip_bytes = 64 << 10;  // of x and ȳ together
constexpr Size few_channels = 8;

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
  weight_tile<T>(unit.rows, unit.vectors, true)(at, strip.x, offsets, y, to);
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
    depthwise_weight_tile(at, strip.x + x + channel, strip.y + y, to, smaller(lanes<T>, layout.filters));
  else
    weight_tile<T>(unit.rows, unit.vectors)(at, strip.x + x + channel, nullptr, strip.y + y, to);
}

template <typename T>
void clear_unit(const Layout<T>& layout, const Unit& unit, T* sums) {
  for (Size r = 0; r < unit.rows; ++r)
    for (Size f = 0; f < unit.vectors * lanes<T>; ++f)
      sums[(layout.row(unit.group, unit.segment) + unit.row + r) * layout.width + unit.filter + f] = 0;
}

// Some units of a block.
template <typename T>
void add_images(const Call& call, const Layout<T>& layout, Share block, Share units, T* sums) {
  const ConvolutionSize& size = layout.size;
  ConvolutionPass<T> pass = forward_pass<T>(size);
  pass.x = call.buffer<const T>(1);
  T* const tail = reinterpret_cast<T*>(call.scratch);
  T* const border = tail + round_up(tail_size<T>(size), lanes<T>);
  if (block.begin >= block.end || size.out_height == 0)
    each_unit(layout, units.begin, units.end, [&](const Unit& unit) { clear_unit(layout, unit, sums); });
  const Cut most = cut<T>(size);
  const Size y_image = size.out_height * size.out_width * size.filters;
  const Size copy_size = layout.scattered ? strip_size(pass, most.rows) : 0;
  for (Size image = block.begin; image < block.end; image += most.images)
    for (Size row = 0; row < size.out_height; row += most.rows) {
      const Size images = smaller(most.images, block.end - image), rows = smaller(most.rows, size.out_height - row);
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
      const bool fresh = image == block.begin && row == 0;
      each_unit(layout, units.begin, units.end, [&](const Unit& unit) { add_unit(layout, part, unit, sums, fresh); });
    }
}

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
  const Layout<T> layout(size);
  const Cut most = cut<T>(size);
  const Size border = layout.scattered ? most.images * strip_size(forward_pass<T>(size), most.rows) : 0;
  return (round_up(tail_size<T>(size), lanes<T>) + border) * static_cast<Size>(sizeof(T));
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
