// Pooling of images and its gradients. Images are channels last: x (N, H, W, C) and y (N, OH, OW, C), contiguous.
//
//   max_pool2d_T            buffers  y, position, x    position: the number of the maximum in its window, row by row
//   max_pool2d_gradient_T   buffers  x̄, ȳ, position
//   max_pool2d_argmax_T     buffers  index, x          index: h·W + w of the maximum in the image, as int64
//   sum_pool2d_T            buffers  y, x
//   sum_unpool2d_T          buffers  x̄, ȳ              the adjoint of sum_pool2d
//
//   numbers  N, H, W, C, OH, OW, KH, KW, stride (down, across), padding (top, left), dilation (down, across)
//
// Positions are uint8: windows have up to 256 places. Of equal numbers the first is the maximum, a nan is larger than
// anything, and padding is left out: a window that lies in it entirely gives -inf, and no gradient.
//
// The channels are the vector: one output pixel is
//
//        window                      channels →
//     ┌───┬───┐        ┌───────────────┬───────────────┬ ─ ─ ┐
//     │ 0 │ 1 │  each  │    vector     │    vector     │       the last vector ends where the channels end, and so
//     ├───┼───┤   is   └───────────────┴───────────────┴ ─ ─ ┘ may do some channels twice; fewer channels than a
//     │ 2 │ 3 │                                                vector has are done one by one
//     └───┴───┘
//
// The gradients go the same way, with the windows that see a pixel instead of the pixels that a window sees: every
// number is written once, and needs no zeros before. Which these are is the same for all rows, and written down once.
// Where windows lie side by side (2×2 with stride 2), the maximum's gradient goes window by window instead, which reads
// ȳ once: twice as fast.

#include "pooling.hpp"

#include "table.hpp"
#include "vector.hpp"

namespace pellucid::PELLUCID_KERNELS {
namespace {

struct Geometry {
  Size images, height, width, channels, out_height, out_width;
  Size kernel[2], stride[2], padding[2], dilation[2];
};

const Geometry& geometry(const Size* numbers) { return *reinterpret_cast<const Geometry*>(numbers); }

constexpr Size smaller(Size a, Size b) { return a < b ? a : b; }

// One place that a pixel has to do with along one axis: where it is in the other image, and where in the window.
struct Tap {
  Size at, place;
};

struct Taps {
  const Tap* first;
  Size count;

  const Tap* begin() const { return first; }
  const Tap* end() const { return first + count; }
};

// The pixels that window `out` sees along `axis`.
Size seen(const Geometry& g, int axis, Size out, Tap* taps) {
  const Size size = axis == 0 ? g.height : g.width;
  Size count = 0;
  for (Size k = 0; k < g.kernel[axis]; ++k) {
    const Size at = out * g.stride[axis] - g.padding[axis] + k * g.dilation[axis];
    if (at >= 0 && at < size) taps[count++] = {at, k};
  }
  return count;
}

// The windows that see pixel `at` along `axis`.
Size seeing(const Geometry& g, int axis, Size at, Tap* taps) {
  const Size size = axis == 0 ? g.out_height : g.out_width;
  Size count = 0;
  for (Size k = g.kernel[axis] - 1; k >= 0; --k) {
    const Size start = at + g.padding[axis] - k * g.dilation[axis];
    if (start >= 0 && start % g.stride[axis] == 0 && start / g.stride[axis] < size)
      taps[count++] = {start / g.stride[axis], k};
  }
  return count;
}

// Calls pixel(offset of the pixel, taps down, taps across) for every pixel of a worker's share of rows, where `find`
// (seen or seeing) tells the taps.
template <typename Find, typename Pixel>
void each_pixel(const Call& call, Size height, Size width, Find find, Pixel pixel) {
  const Geometry& g = geometry(call.numbers);
  Tap* const down = reinterpret_cast<Tap*>(call.scratch);
  Tap* const across = down + g.kernel[0];
  Size* const counts = reinterpret_cast<Size*>(across + width * g.kernel[1]);
  for (Size w = 0; w < width; ++w) counts[w] = find(g, 1, w, across + w * g.kernel[1]);
  const Share rows = share(g.images * height, call);
  for (Size row = rows.begin; row < rows.end; ++row) {
    const Taps rows_seen = {down, find(g, 0, row % height, down)};
    for (Size w = 0; w < width; ++w)
      pixel(row / height, (row * width + w) * g.channels, rows_seen, Taps{across + w * g.kernel[1], counts[w]});
  }
}

Size scratch(const Size* numbers) {
  const Geometry& g = geometry(numbers);
  const Size width = g.width > g.out_width ? g.width : g.out_width;
  return (g.kernel[0] + width * g.kernel[1]) * static_cast<Size>(sizeof(Tap)) + width * static_cast<Size>(sizeof(Size));
}

// ---- one vector of channels; of fewer channels than it has lanes, the rest of the vector is zeros

template <typename T>
using Whole = decltype(Vector<T>{} < Vector<T>{});  // whole numbers, as wide as T

template <typename T>
using Lane = decltype(Whole<T>{}[0] + 0);

template <typename T>
struct BytesOf {
  typedef unsigned char type __attribute__((vector_size(lanes<T>)));
};

template <typename V, typename E>
V read(const E* from, Size count, Size all) {
  V vector = {};
  if (count == all)
    __builtin_memcpy(&vector, from, sizeof vector);
  else
    for (Size i = 0; i < count; ++i) vector[i] = from[i];
  return vector;
}

template <typename V, typename E>
void write(E* to, V vector, Size count, Size all) {
  if (count == all)
    __builtin_memcpy(to, &vector, sizeof vector);
  else
    for (Size i = 0; i < count; ++i) to[i] = static_cast<E>(vector[i]);
}

template <typename T>
Vector<T> read_numbers(const T* from, Size count) {
  return read<Vector<T>>(from, count, lanes<T>);
}

template <typename T>
void write_numbers(T* to, Vector<T> vector, Size count) {
  write(to, vector, count, lanes<T>);
}

// As a loop: GCC 12 makes single moves of a __builtin_convertvector that widens.
template <typename T>
Whole<T> read_bytes(const unsigned char* from, Size count) {
  using Number = Lane<T>;
  Number line[lanes<T>];
  if (count == lanes<T>)
    for (int i = 0; i < lanes<T>; ++i) line[i] = from[i];
  else
    for (int i = 0; i < lanes<T>; ++i) line[i] = i < count ? from[i] : 0;
  Whole<T> numbers;
  __builtin_memcpy(&numbers, line, sizeof numbers);
  return numbers;
}

template <typename T>
void write_bytes(unsigned char* to, Whole<T> numbers, Size count) {
  write(to, __builtin_convertvector(numbers, typename BytesOf<T>::type), count, lanes<T>);
}

// body(first channel, how many), of which all but the second to last pair overlap in nothing.
template <typename T, typename Body>
void each_vector(Size channels, Body body) {
  if (channels < lanes<T>)
    body(0, channels);
  else
    for (Size c = 0; c < channels; c += lanes<T>) body(smaller(c, channels - lanes<T>), lanes<T>);
}

// ---- max

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

template <typename T>
void max_pool(const Call& call) {
  const Geometry& g = geometry(call.numbers);
  each_pixel(call, g.out_height, g.out_width, seen, [&](Size image, Size at, Taps down, Taps across) {
    const T* x = call.buffer<const T>(2) + image * g.height * g.width * g.channels;
    each_vector<T>(g.channels, [&](Size c, Size count) {
      const Maximum<T> best = maximum<T>(g, x + c, down, across, count, [&](const Tap& row, const Tap& column) {
        return row.place * g.kernel[1] + column.place;
      });
      write_numbers(call.buffer<T>(0) + at + c, best.value, count);
      write_bytes<T>(call.buffer<unsigned char>(1) + at + c, best.number, count);
    });
  });
}

template <typename T>
void max_pool_argmax(const Call& call) {
  const Geometry& g = geometry(call.numbers);
  each_pixel(call, g.out_height, g.out_width, seen, [&](Size image, Size at, Taps down, Taps across) {
    const T* x = call.buffer<const T>(1) + image * g.height * g.width * g.channels;
    each_vector<T>(g.channels, [&](Size c, Size count) {
      const Maximum<T> best = maximum<T>(g, x + c, down, across, count, [&](const Tap& row, const Tap& column) {
        return row.at * g.width + column.at;
      });
      for (Size i = 0; i < count; ++i) call.buffer<Size>(0)[at + c + i] = best.number[i];
    });
  });
}

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

// The gradient of one window of such a row.
template <typename T>
void spread(const Geometry& g, const T* y, const unsigned char* position, T* x) {
  each_vector<T>(g.channels, [&](Size c, Size count) {
    const Whole<T> there = read_bytes<T>(position + c, count);
    const Vector<T> value = read_numbers(y + c, count);
    for (Size k = 0; k < g.kernel[0]; ++k)
      for (Size l = 0; l < g.kernel[1]; ++l) {
        const auto here = there == static_cast<Lane<T>>(k * g.kernel[1] + l);
        write_numbers(x + (k * g.width + l) * g.channels + c, here ? value : Vector<T>{}, count);
      }
  });
}

// Row by row of ȳ, which is read once.
template <typename T>
void max_pool_gradient_side_by_side(const Call& call) {
  const Geometry& g = geometry(call.numbers);
  const Share rows = share(g.images * g.out_height, call);
  const Size right = (g.width - g.out_width * g.kernel[1]) * g.channels;
  const Size below = (g.height - g.out_height * g.kernel[0]) * g.width * g.channels;
  for (Size row = rows.begin; row < rows.end; ++row) {
    const Size image = row / g.out_height, out_row = row % g.out_height, at = row * g.out_width * g.channels;
    T* const x = call.buffer<T>(0) + (image * g.height + out_row * g.kernel[0]) * g.width * g.channels;
    for (Size w = 0; w < g.out_width; ++w)
      spread(g, call.buffer<const T>(1) + at + w * g.channels,
             call.buffer<const unsigned char>(2) + at + w * g.channels, x + w * g.kernel[1] * g.channels);
    if (right > 0)
      for (Size k = 0; k < g.kernel[0]; ++k) clear(x + (k + 1) * g.width * g.channels - right, right);
    if (out_row == g.out_height - 1) clear(x + g.kernel[0] * g.width * g.channels, below);
  }
}

template <typename T>
void max_pool_gradient(const Call& call) {
  const Geometry& g = geometry(call.numbers);
  if (side_by_side(g) && g.out_height > 0) return max_pool_gradient_side_by_side<T>(call);
  each_pixel(call, g.height, g.width, seeing, [&](Size image, Size at, Taps down, Taps across) {
    const Size start = image * g.out_height * g.out_width * g.channels;
    each_vector<T>(g.channels, [&](Size c, Size count) {
      Vector<T> sum = {};
      for (const Tap& row : down)
        for (const Tap& column : across) {
          const Size from = start + (row.at * g.out_width + column.at) * g.channels + c;
          const auto here = read_bytes<T>(call.buffer<const unsigned char>(2) + from, count) ==
                            static_cast<Lane<T>>(row.place * g.kernel[1] + column.place);
          sum += here ? read_numbers(call.buffer<const T>(1) + from, count) : Vector<T>{};
        }
      write_numbers(call.buffer<T>(0) + at + c, sum, count);
    });
  });
}

// ---- sum

// Both directions are the same loop: what a window sees, or the windows that see a pixel.
template <typename T, auto find>
void sum_taps(const Call& call, Size height, Size width, Size from_height, Size from_width) {
  const Size channels = geometry(call.numbers).channels;
  each_pixel(call, height, width, find, [&](Size image, Size at, Taps down, Taps across) {
    const T* x = call.buffer<const T>(1) + image * from_height * from_width * channels;
    each_vector<T>(channels, [&](Size c, Size count) {
      Vector<T> sum = {};
      for (const Tap& row : down)
        for (const Tap& column : across)
          sum += read_numbers(x + (row.at * from_width + column.at) * channels + c, count);
      write_numbers(call.buffer<T>(0) + at + c, sum, count);
    });
  });
}

template <typename T>
void sum_pool(const Call& call) {
  const Geometry& g = geometry(call.numbers);
  sum_taps<T, seen>(call, g.out_height, g.out_width, g.height, g.width);
}

template <typename T>
void sum_unpool(const Call& call) {
  const Geometry& g = geometry(call.numbers);
  sum_taps<T, seeing>(call, g.height, g.width, g.out_height, g.out_width);
}

const Kernel kernels[] = {
    {"max_pool2d_float32", max_pool<float>, scratch},
    {"max_pool2d_float64", max_pool<double>, scratch},
    {"max_pool2d_gradient_float32", max_pool_gradient<float>, scratch},
    {"max_pool2d_gradient_float64", max_pool_gradient<double>, scratch},
    {"max_pool2d_argmax_float32", max_pool_argmax<float>, scratch},
    {"max_pool2d_argmax_float64", max_pool_argmax<double>, scratch},
    {"sum_pool2d_float32", sum_pool<float>, scratch},
    {"sum_pool2d_float64", sum_pool<double>, scratch},
    {"sum_unpool2d_float32", sum_unpool<float>, scratch},
    {"sum_unpool2d_float64", sum_unpool<double>, scratch},
};

}  // namespace

Kernels pooling_kernels() { return {kernels, sizeof kernels / sizeof kernels[0]}; }

}  // namespace pellucid::PELLUCID_KERNELS
