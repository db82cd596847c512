// The gradient of a convolution by its weights, as it is defined: the sums over positions of products.
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
// Positions at which a tap lies outside of the image are left out. Where there are few channels, the rows of a tile are
// any taps with their channels, and x is copied with a border of zeros.
//
// Images are taken in strips that the cache holds, and every tile goes over a strip before the next one comes. With one
// channel a group (depthwise) the vector is channels: x is loaded instead of broadcast.

#include "convolution.hpp"
#include "convolution_strip.hpp"
#include "convolution_weight_units.hpp"
#include "table.hpp"

namespace pellucid::PELLUCID_KERNELS {
namespace {

constexpr Size strip_bytes = 64 << 10;  // of x and ȳ together

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
struct Piece {
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
void add_scattered(const Layout<T>& layout, const Positions& at, const Piece<T>& strip, const Unit& unit, const T* y,
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
void add_unit(const Layout<T>& layout, const Piece<T>& strip, const Unit& unit, T* sums, bool fresh) {
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

}  // namespace

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
      Piece<T> piece = {images,
                        row,
                        rows,
                        pass.x + image * size.height * size.width * size.channels,
                        size.height * size.width * size.channels,
                        size.width * size.channels,
                        call.buffer<const T>(2) + y_at};
      if (layout.scattered) {
        for (Size n = 0; n < images; ++n) {
          const Strip<T> copy = strip(pass, image + n, row, rows, border + n * copy_size);
          if (n == 0) piece.x = copy.x, piece.x_row = copy.row_stride;
          if (n == 1) piece.x_image = copy.x - piece.x;
        }
      }
      const Size count = images * rows * size.out_width * size.filters;
      if (tail_size<T>(size) > 0 && size.images * y_image - y_at - count < lanes<T>) {
        for (Size i = 0; i < count; ++i) tail[i] = piece.y[i];
        for (Size i = count; i < count + lanes<T>; ++i) tail[i] = 0;
        piece.y = tail;
      }
      const bool fresh = image == block.begin && row == 0;
      each_unit(layout, units.begin, units.end, [&](const Unit& unit) { add_unit(layout, piece, unit, sums, fresh); });
    }
}

template <typename T>
Size direct_scratch(const Layout<T>& layout) {
  const ConvolutionSize& size = layout.size;
  const Cut most = cut<T>(size);
  const Size border = layout.scattered ? most.images * strip_size(forward_pass<T>(size), most.rows) : 0;
  return (round_up(tail_size<T>(size), lanes<T>) + border) * static_cast<Size>(sizeof(T));
}

template void add_images(const Call&, const Layout<float>&, Share, Share, float*);
template void add_images(const Call&, const Layout<double>&, Share, Share, double*);
template Size direct_scratch(const Layout<float>&);
template Size direct_scratch(const Layout<double>&);

}  // namespace pellucid::PELLUCID_KERNELS
