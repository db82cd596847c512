// A way through the pixels of images, and of the pixels that each has to do with.
//
// The channels are the vector: one output pixel is
//
//        window                      channels →
//     ┌───┬───┐        ┌───────────────┬───────────────┬ ─ ─ ┐
//     │ 0 │ 1 │  each  │    vector     │    vector     │       the last vector ends where the channels end, and so
//     ├───┼───┤   is   └───────────────┴───────────────┴ ─ ─ ┘ may do some channels twice; fewer channels than a
//     │ 2 │ 3 │                                                vector has overrun into the next pixel, whose turn is
//     └───┴───┘                                                later; the last pixels are done number by number
//
// The gradients go the same way, with the windows that see a pixel instead of the pixels that a window sees: every
// number is written once, and needs no zeros before. Which these are is the same for all rows, and written down once.
#pragma once

#include "pooling.hpp"
#include "vector.hpp"

namespace pellucid::PELLUCID_KERNELS {
namespace {

struct Geometry {
  Size images, height, width, channels, out_height, out_width;
  Size kernel[2], stride[2], padding[2], dilation[2];
};

inline const Geometry& geometry(const Size* numbers) { return *reinterpret_cast<const Geometry*>(numbers); }

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
inline Size seen(const Geometry& g, int axis, Size out, Tap* taps) {
  const Size size = axis == 0 ? g.height : g.width;
  Size count = 0;
  for (Size k = 0; k < g.kernel[axis]; ++k) {
    const Size at = out * g.stride[axis] - g.padding[axis] + k * g.dilation[axis];
    if (at >= 0 && at < size) taps[count++] = {at, k};
  }
  return count;
}

// The windows that see pixel `at` along `axis`.
inline Size seeing(const Geometry& g, int axis, Size at, Tap* taps) {
  const Size size = axis == 0 ? g.out_height : g.out_width;
  Size count = 0;
  for (Size k = g.kernel[axis] - 1; k >= 0; --k) {
    const Size start = at + g.padding[axis] - k * g.dilation[axis];
    if (start >= 0 && start % g.stride[axis] == 0 && start / g.stride[axis] < size)
      taps[count++] = {start / g.stride[axis], k};
  }
  return count;
}

// One pixel to be made, and what it has to do with.
struct Pixel {
  Size image, at;  // at: of its first channel, from the start of all images
  Taps down, across;
  bool room;
};

// A row of them.
struct Row {
  Size number, image;
  Taps down;
  bool room;  // for a whole vector behind it, in what is read and in the worker's share
};

// A way through the pixels of a worker's share of rows, where `find` (seen or seeing) tells the taps, which lie in
// images of the other size.
template <typename T, auto find>
struct Walk {
  const Geometry g;
  Size height, width, from_height, from_width;
  Tap *down, *across;
  Size* counts;
  Share rows;

  Walk(const Call& call, Size height, Size width, Size from_height, Size from_width)
      : g(geometry(call.numbers)),
        height(height),
        width(width),
        from_height(from_height),
        from_width(from_width),
        down(reinterpret_cast<Tap*>(call.scratch)),
        across(down + g.kernel[0]),
        counts(reinterpret_cast<Size*>(across + width * g.kernel[1])),
        rows(share(g.images * height, call)) {
    for (Size w = 0; w < width; ++w) counts[w] = find(g, 1, w, across + w * g.kernel[1]);
  }

  Row row(Size number) const {
    const Size image = number / height, count = find(g, 0, number % height, down);
    const Size last = image * from_height + (count ? down[count - 1].at : 0);
    const bool room = (rows.end - number - 1) * width * g.channels >= lanes<T> &&
                      (g.images * from_height - last - 1) * from_width * g.channels >= lanes<T>;
    return {number, image, {down, count}, room};
  }

  // Calls body(Pixel) for some of a row, one after the other.
  template <typename Body>
  void each(const Row& row, Size begin, Size end, Body body) const {
    for (Size w = begin; w < end; ++w)
      body(Pixel{
          row.image, (row.number * width + w) * g.channels, row.down, {across + w * g.kernel[1], counts[w]}, row.room});
  }

  template <typename Body>
  void each(Body body) const {
    for (Size r = rows.begin; r < rows.end; ++r) each(row(r), 0, width, body);
  }
};

template <typename T>
Walk<T, seen> windows(const Call& call) {
  const Geometry& g = geometry(call.numbers);
  return {call, g.out_height, g.out_width, g.height, g.width};
}

template <typename T>
Walk<T, seeing> pixels(const Call& call) {
  const Geometry& g = geometry(call.numbers);
  return {call, g.height, g.width, g.out_height, g.out_width};
}

// Where the places of a window lie, from its first one on.
inline void write_places(const Geometry& g, Size* places) {
  for (Size k = 0; k < g.kernel[0]; ++k)
    for (Size l = 0; l < g.kernel[1]; ++l) *places++ = (k * g.dilation[0] * g.width + l * g.dilation[1]) * g.channels;
}

inline Size pooling_scratch(const Size* numbers) {
  const Geometry& g = geometry(numbers);
  const Size width = g.width > g.out_width ? g.width : g.out_width;
  return (g.kernel[0] + width * g.kernel[1]) * static_cast<Size>(sizeof(Tap)) +
         (width + g.kernel[0] * g.kernel[1]) * static_cast<Size>(sizeof(Size));
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

// body(first channel, how many); the last two may have channels in common. Where there is room, never fewer than a
// vector has.
template <typename T, typename Body>
[[gnu::always_inline]] inline void each_vector(Size channels, bool room, Body body) {
  if (channels < lanes<T> && !room) return body(Size{0}, channels);
  const Size last = channels < lanes<T> ? 0 : channels - lanes<T>;
  for (Size c = 0; c < channels; c += lanes<T>) body(smaller(c, last), Size{lanes<T>});
}

// ---- whole windows

// Windows side by side in a row, all of which the image holds as a whole: where their places lie, from the first one
// on.
struct Windows {
  Size begin, end;
  const Size* places;
  Size count, channels, step;  // step: from one window to the next
};

template <typename T>
Windows whole_windows(const Walk<T, seen>& walk) {
  const Geometry& g = walk.g;
  Windows all = {0, 0, walk.counts + walk.width, g.kernel[0] * g.kernel[1], g.channels, g.stride[1] * g.channels};
  while (all.begin < walk.width && walk.counts[all.begin] < g.kernel[1]) ++all.begin;
  for (all.end = all.begin; all.end < walk.width && walk.counts[all.end] == g.kernel[1];) ++all.end;
  write_places(g, walk.counts + walk.width);
  return all;
}

// Calls quickly(where the first of a row's whole windows starts, where it goes) for each row that has some, and
// exactly(Pixel) for all other windows; for these too if quickly says that it failed.
template <typename T, typename Exactly, typename Quickly>
void each_row(const Walk<T, seen>& walk, const Windows& whole, Exactly exactly, Quickly quickly) {
  const Geometry& g = walk.g;
  for (Size r = walk.rows.begin; r < walk.rows.end; ++r) {
    const Row row = walk.row(r);
    const bool inside = row.down.count == g.kernel[0] && whole.begin < whole.end;
    if (!inside || (g.channels < lanes<T> && !row.room)) {
      walk.each(row, 0, walk.width, exactly);
      continue;
    }
    const Size from = (row.image * g.height + row.down.first->at) * g.width + walk.across[whole.begin * g.kernel[1]].at;
    walk.each(row, 0, whole.begin, exactly);
    const bool done = quickly(from * g.channels, (r * walk.width + whole.begin) * g.channels);
    walk.each(row, done ? whole.end : whole.begin, walk.width, exactly);
  }
}

}  // namespace
}  // namespace pellucid::PELLUCID_KERNELS
