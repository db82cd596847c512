// Max pooling and its gradient.
//
// A maximum of numbers takes a comparison, and one that a nan may be among takes three. So a row of windows is first
// done as if there were none; a sum that a nan or an infinity spoils tells whether it has to be done again.
//
// The gradient goes from pixel to pixel of x̄. Where windows lie side by side (2×2 with stride 2) it goes window by
// window instead, which reads ȳ once: three times as fast.

#include "pooling.hpp"
#include "pooling_walk.hpp"
#include "table.hpp"
#include "vector.hpp"

namespace pellucid::PELLUCID_KERNELS {
namespace {

template <typename T>
struct Maximum {
  Vector<T> value;
  Whole<T> number;
};

// The maximum of one window and the number of its place; `number` says how the places count.
template <typename T, typename Number>
Maximum<T> maximum(const Geometry& g, const T* x, Taps down, Taps across, Size count, Number number) {
  Maximum<T> best = {Vector<T>{} - static_cast<T>(__builtin_inf()), Whole<T>{}};
  bool first = true;
  for (const Tap& row : down)
    for (const Tap& column : across) {
      const Vector<T> value = read_numbers(x + (row.at * g.width + column.at) * g.channels, count);
      const Whole<T> take = first ? Whole<T>{} - 1 : ~(value <= best.value) & (best.value == best.value);
      best.value = take ? value : best.value;
      best.number = take ? Whole<T>{} + static_cast<Lane<T>>(number(row, column)) : best.number;
      first = false;
    }
  return best;
}

// The maxima of such windows, if there is no nan. What is given back is not zero if there is one, or an infinity.
template <typename T, int taps>
Vector<T> quick_maxima(const Windows& windows, const T* x, T* y, unsigned char* position) {
  const Size count = taps > 0 ? taps : windows.count, channels = windows.channels, step = windows.step;
  const Size* const places = windows.places;
  Vector<T> spoilt = {};
  for (Size w = windows.begin; w < windows.end; ++w, x += step, y += channels, position += channels)
    each_vector<T>(channels, true, [&](Size c, Size) {
      Vector<T> best = load(x + places[0] + c), sum = best;
      Whole<T> number = {};
#pragma GCC unroll 4
      for (Size k = 1; k < count; ++k) {
        const Vector<T> value = load(x + places[k] + c);
        const auto take = value > best;
        best = take ? value : best;
        number = take ? Whole<T>{} + static_cast<Lane<T>>(k) : number;
        sum += value;
      }
      spoilt += sum * T{0};
      store(y + c, best);
      write_bytes<T>(position + c, number, lanes<T>);
    });
  return spoilt;
}

template <typename T>
bool any(Vector<T> vector) {
  bool found = false;
  for (int i = 0; i < lanes<T>; ++i) found |= vector[i] != 0;
  return found;
}

template <typename T, int taps>
void max_pool_rows(const Call& call, const Walk<T, seen>& walk, const Windows& whole) {
  const Geometry g = walk.g;
  T* const y = call.buffer<T>(0);
  unsigned char* const position = call.buffer<unsigned char>(1);
  const T* const x = call.buffer<const T>(2);
  const auto exactly = [&](const Pixel& p) {
    each_vector<T>(g.channels, p.room, [&](Size c, Size count) {
      const T* from = x + p.image * g.height * g.width * g.channels + c;
      const Maximum<T> best = maximum<T>(g, from, p.down, p.across, count, [&](const Tap& row, const Tap& column) {
        return row.place * g.kernel[1] + column.place;
      });
      write_numbers(y + p.at + c, best.value, count);
      write_bytes<T>(position + p.at + c, best.number, count);
    });
  };
  each_row(walk, whole, exactly,
           [&](Size from, Size at) { return !any<T>(quick_maxima<T, taps>(whole, x + from, y + at, position + at)); });
}

}  // namespace

template <typename T>
void max_pool(const Call& call) noexcept {
  const Walk<T, seen> walk = windows<T>(call);
  const Windows whole = whole_windows(walk);
  (whole.count == 4 ? max_pool_rows<T, 4> : max_pool_rows<T, 0>)(call, walk, whole);
}

template <typename T>
void max_pool_argmax(const Call& call) noexcept {
  const Walk<T, seen> walk = windows<T>(call);
  const Geometry g = walk.g;
  walk.each([&](const Pixel& p) {
    const T* x = call.buffer<const T>(1) + p.image * g.height * g.width * g.channels;
    each_vector<T>(g.channels, false, [&](Size c, Size count) {
      const Maximum<T> best = maximum<T>(g, x + c, p.down, p.across, count, [&](const Tap& row, const Tap& column) {
        return row.at * g.width + column.at;
      });
      for (Size i = 0; i < count; ++i) call.buffer<Size>(0)[p.at + c + i] = best.number[i];
    });
  });
}

namespace {
// Whether the windows lie side by side, without gaps or padding; some pixels may be left over at the bottom and right.
bool side_by_side(const Geometry& g) {
  bool yes = true;
  for (int a = 0; a < 2; ++a) yes &= g.stride[a] == g.kernel[a] && g.padding[a] == 0 && g.dilation[a] == 1;
  return yes;
}

template <typename T>
void clear(T* from, Size count) {
  for (Size i = 0; i < count; ++i) from[i] = 0;
}

// The gradients of `count` windows of such a row.
template <typename T, int taps>
void spread(const Size* places, Size place_count, Size count, Size channels, Size step, bool room, const T* y,
            const unsigned char* position, T* x) {
  if constexpr (taps > 0) place_count = taps;
  for (Size w = 0; w < count; ++w, y += channels, position += channels, x += step)
    each_vector<T>(channels, room, [&](Size c, Size numbers) {
      const Whole<T> there = read_bytes<T>(position + c, numbers);
      const Vector<T> value = read_numbers(y + c, numbers);
#pragma GCC unroll 4
      for (Size k = 0; k < place_count; ++k)
        write_numbers(x + places[k] + c, there == static_cast<Lane<T>>(k) ? value : Vector<T>{}, numbers);
    });
}

// Row by row of ȳ, which is read once. A vector of more channels than there are spoils the start of the next window,
// which is done later, except that of the next row of pixels: the last windows are done number by number.
template <typename T, int taps>
void max_pool_gradient_side_by_side(const Call& call, const Size* places) {
  const Geometry g = geometry(call.numbers);
  const Share rows = share(g.images * g.out_height, call);
  const Size row_size = g.width * g.channels, step = g.kernel[1] * g.channels;
  const Size right = row_size - g.out_width * step, below = (g.height - g.out_height * g.kernel[0]) * row_size;
  const Size last = g.channels < lanes<T> ? smaller(g.out_width, lanes<T> / step + 1) : 0;
  for (Size row = rows.begin; row < rows.end; ++row) {
    const Size image = row / g.out_height, out_row = row % g.out_height;
    const T* y = call.buffer<const T>(1) + row * g.out_width * g.channels;
    const unsigned char* position = call.buffer<const unsigned char>(2) + row * g.out_width * g.channels;
    T* const x = call.buffer<T>(0) + (image * g.height + out_row * g.kernel[0]) * row_size;
    const bool room = (g.images * g.out_height - row - 1) * g.out_width * g.channels >= lanes<T>;
    const Size count = room ? g.out_width - last : 0, done = count * g.channels;
    spread<T, taps>(places, g.kernel[0] * g.kernel[1], count, g.channels, step, true, y, position, x);
    spread<T, taps>(places, g.kernel[0] * g.kernel[1], g.out_width - count, g.channels, step, false, y + done,
                    position + done, x + count * step);
    if (right > 0)
      for (Size k = 0; k < g.kernel[0]; ++k) clear(x + (k + 1) * row_size - right, right);
    if (out_row == g.out_height - 1) clear(x + g.kernel[0] * row_size, below);
  }
}

}  // namespace

template <typename T>
void max_pool_gradient(const Call& call) noexcept {
  const Walk<T, seeing> walk = pixels<T>(call);
  const Geometry& g = walk.g;
  if (side_by_side(g) && g.out_height > 0) {
    write_places(g, walk.counts + walk.width);
    const bool four = g.kernel[0] * g.kernel[1] == 4;
    return (four ? max_pool_gradient_side_by_side<T, 4>
                 : max_pool_gradient_side_by_side<T, 0>)(call, walk.counts + walk.width);
  }
  walk.each([&](const Pixel& p) {
    const Size start = p.image * g.out_height * g.out_width * g.channels;
    each_vector<T>(g.channels, p.room, [&](Size c, Size count) {
      Vector<T> sum = {};
      for (const Tap& row : p.down)
        for (const Tap& column : p.across) {
          const Size from = start + (row.at * g.out_width + column.at) * g.channels + c;
          const auto here = read_bytes<T>(call.buffer<const unsigned char>(2) + from, count) ==
                            static_cast<Lane<T>>(row.place * g.kernel[1] + column.place);
          sum += here ? read_numbers(call.buffer<const T>(1) + from, count) : Vector<T>{};
        }
      write_numbers(call.buffer<T>(0) + p.at + c, sum, count);
    });
  });
}

template void max_pool<float>(const Call&) noexcept;
template void max_pool<double>(const Call&) noexcept;
template void max_pool_argmax<float>(const Call&) noexcept;
template void max_pool_argmax<double>(const Call&) noexcept;
template void max_pool_gradient<float>(const Call&) noexcept;
template void max_pool_gradient<double>(const Call&) noexcept;

}  // namespace pellucid::PELLUCID_KERNELS
