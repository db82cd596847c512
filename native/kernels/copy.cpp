// copy_SIZE: y = x for elements of SIZE bytes (1, 4 or 8), through strides.
//
//   buffers  y, x
//   numbers  rank (up to 8), then for each axis: size, stride of y, stride of x (in elements; 0 repeats, negative runs
//            backwards)
//
// fill_SIZE: every element of y becomes the same.
//
//   buffers  y
//   numbers  the element's bits as one integer, rank, then for each axis: size, stride of y
//
// No order of the axes is better than another to the caller: here they are sorted by y's strides and merged where two
// are one. What is left ends in one of two loops:
//
//   lines   the innermost axis of y is x's too, or x repeats along it
//   planes  y and x each have an innermost axis of their own: a transpose, in tiles, so that a line of the cache that
//           was fetched for one of its elements is still there for the others
//
//               x: j is innermost          y: i is innermost
//               ┌────┬────┬────┐           ┌────┬────┐
//             i │ ab │    │    │         j │ ac │    │
//               │ cd │    │    │           │ bd │    │    a tile of 8 × 8 (8 bytes: 4 × 4; without
//               ├────┼────┼────┤           ├────┼────┤    AVX2 half of that) is transposed in registers
//               │    │    │    │           │    │    │

#include "copy.hpp"

#include "transpose.hpp"

namespace pellucid::PELLUCID_KERNELS {
namespace {

struct Axis {
  Size size, y, x;  // strides
};

constexpr int max_rank = 8;

inline Size smaller(Size a, Size b) { return a < b ? a : b; }
inline Size magnitude(Size a) { return a < 0 ? -a : a; }
inline Size pieces(Size size, Size piece) { return (size + piece - 1) / piece; }

// What to copy: outer axes, counted through, around an inner one or a plane of two.
struct Layout {
  Axis axes[max_rank];
  int rank;  // at least 1, or 0 when there is nothing to copy
  bool plane;

  Layout(const Axis* given, Size count) : rank(0), plane(false) {
    for (Size a = 0; a < count; ++a) {
      if (given[a].size == 0) {
        rank = 0;
        return;
      }
      if (given[a].size > 1) insert(given[a]);
    }
    if (rank == 0) axes[rank++] = {1, 1, 1};
    merge();
    choose();
  }

 private:
  static bool before(const Axis& a, const Axis& b) {
    return magnitude(a.y) != magnitude(b.y) ? magnitude(a.y) > magnitude(b.y) : magnitude(a.x) > magnitude(b.x);
  }

  void insert(Axis axis) {
    int at = rank++;
    for (; at > 0 && before(axis, axes[at - 1]); --at) axes[at] = axes[at - 1];
    axes[at] = axis;
  }

  void merge() {
    int last = 0;
    for (int a = 1; a < rank; ++a) {
      Axis& outer = axes[last];
      const Axis& inner = axes[a];
      if (outer.y == inner.size * inner.y && outer.x == inner.size * inner.x)
        outer = {outer.size * inner.size, inner.y, inner.x};
      else
        axes[++last] = inner;
    }
    rank = last + 1;
  }

  // A plane, where another axis is nearer in x than y's innermost one; it becomes the last but one.
  void choose() {
    const Axis& inner = axes[rank - 1];
    int nearest = -1;
    for (int a = 0; a < rank - 1; ++a)
      if (axes[a].x != 0 && (nearest < 0 || magnitude(axes[a].x) < magnitude(axes[nearest].x))) nearest = a;
    if (nearest < 0 || inner.x == 0 || magnitude(axes[nearest].x) >= magnitude(inner.x)) return;
    plane = true;
    const Axis chosen = axes[nearest];
    for (int a = nearest; a < rank - 2; ++a) axes[a] = axes[a + 1];
    axes[rank - 2] = chosen;
  }
};

// Counts through the outer axes, the last one fastest.
struct Odometer {
  const Axis* axes;
  int rank;
  Size at[max_rank];
  Size y = 0, x = 0;

  Odometer(const Axis* axes, int rank, Size start) : axes(axes), rank(rank) {
    for (int a = rank - 1; a >= 0; --a) {
      at[a] = start % axes[a].size;
      start /= axes[a].size;
      y += at[a] * axes[a].y;
      x += at[a] * axes[a].x;
    }
  }

  void next() {
    for (int a = rank - 1; a >= 0; --a) {
      y += axes[a].y, x += axes[a].x;
      if (++at[a] < axes[a].size) return;
      y -= at[a] * axes[a].y, x -= at[a] * axes[a].x;
      at[a] = 0;
    }
  }
};

Size count(const Axis* axes, int rank) {
  Size all = 1;
  for (int a = 0; a < rank; ++a) all *= axes[a].size;
  return all;
}

// ---- lines

constexpr Size short_line = 32;  // elements; a call of memcpy costs more

template <typename T>
inline void line(T* y, const T* x, Axis axis) {
  if (axis.y == 1 && axis.x == 1) {
    if (axis.size >= short_line)
      __builtin_memcpy(y, x, static_cast<std::size_t>(axis.size) * sizeof(T));
    else
      for (Size i = 0; i < axis.size; ++i) y[i] = x[i];
  } else if (axis.y == 1 && axis.x == 0) {
    const T value = *x;
    for (Size i = 0; i < axis.size; ++i) y[i] = value;
  } else {
    for (Size i = 0; i < axis.size; ++i) y[i * axis.y] = x[i * axis.x];
  }
}

constexpr Size line_piece = 4096;  // elements; long lines are shared out too

template <typename T>
void copy_lines(const Layout& layout, T* y, const T* x, const Call& call) {
  const int outer = layout.rank - 1;
  const Axis inner = layout.axes[outer];
  const Size lines = count(layout.axes, outer), in_line = pieces(inner.size, line_piece);
  const Share mine = share(lines * in_line, call);
  Odometer at(layout.axes, outer, mine.begin / in_line);
  Size piece = mine.begin % in_line;
  for (Size left = mine.end - mine.begin; left > 0;) {
    const Size whole = smaller(in_line - piece, left), start = piece * line_piece;
    const Axis part = {smaller(whole * line_piece, inner.size - start), inner.y, inner.x};
    line(y + at.y + start * inner.y, x + at.x + start * inner.x, part);
    left -= whole;
    piece = 0;
    at.next();
  }
}

// ---- planes

template <typename T>
void patch(T* y, const T* x, Axis j, Axis i) {
  if (i.size < j.size)
    for (Size a = 0; a < i.size; ++a) line(y + a * i.y, x + a * i.x, j);
  else
    for (Size b = 0; b < j.size; ++b) line(y + b * j.y, x + b * j.x, i);
}

template <typename T>
void block(T* y, const T* x, Axis j, Axis i) {
  if constexpr (sizeof(T) >= 4)
    if (i.y == 1 && j.x == 1) {
      constexpr int side = Tile<T>::side;
      if (j.size >= side && i.size >= side) {
        for (Size b = 0; b < j.size; b += side)
          for (Size a = 0; a < i.size; a += side) {
            const Size to_j = smaller(b, j.size - side), to_i = smaller(a, i.size - side);  // the last ones overlap
            Tile<T>::transpose(y + to_j * j.y + to_i, j.y, x + to_i * i.x + to_j, i.x);
          }
        return;
      }
    }
  patch(y, x, j, i);
}

constexpr Size block_side = 64;

template <typename T>
void copy_planes(const Layout& layout, T* y, const T* x, const Call& call) {
  const int outer = layout.rank - 2;
  const Axis j = layout.axes[outer], i = layout.axes[outer + 1];
  const Size across = pieces(i.size, block_side), in_plane = pieces(j.size, block_side) * across;
  const Share mine = share(count(layout.axes, outer) * in_plane, call);
  Odometer at(layout.axes, outer, mine.begin / in_plane);
  Size piece = mine.begin % in_plane;
  for (Size left = mine.end - mine.begin; left > 0; --left) {
    const Size b = piece / across * block_side, a = piece % across * block_side;
    block(y + at.y + b * j.y + a * i.y, x + at.x + b * j.x + a * i.x, {smaller(block_side, j.size - b), j.y, j.x},
          {smaller(block_side, i.size - a), i.y, i.x});
    if (++piece == in_plane) {
      piece = 0;
      at.next();
    }
  }
}

template <typename T>
void copy(const Call& call) noexcept {
  const Layout layout(reinterpret_cast<const Axis*>(call.numbers + 1), call.numbers[0]);
  if (layout.rank == 0) return;
  if (layout.plane)
    copy_planes(layout, call.buffer<T>(0), call.buffer<const T>(1), call);
  else
    copy_lines(layout, call.buffer<T>(0), call.buffer<const T>(1), call);
}

template <typename T>
void fill(const Call& call) noexcept {
  const T value = static_cast<T>(call.numbers[0]);
  const Size rank = call.numbers[1];
  Axis axes[max_rank];
  for (Size a = 0; a < rank; ++a) axes[a] = {call.numbers[2 + 2 * a], call.numbers[3 + 2 * a], 0};
  const Layout layout(axes, rank);
  if (layout.rank > 0) copy_lines(layout, call.buffer<T>(0), &value, call);
}

const Kernel kernels[] = {
    {"copy_1", copy<unsigned char>, nullptr},      {"copy_4", copy<unsigned int>, nullptr},
    {"copy_8", copy<unsigned long long>, nullptr}, {"fill_1", fill<unsigned char>, nullptr},
    {"fill_4", fill<unsigned int>, nullptr},       {"fill_8", fill<unsigned long long>, nullptr},
};

}  // namespace

Kernels copy_kernels() { return {kernels, sizeof kernels / sizeof kernels[0]}; }

}  // namespace pellucid::PELLUCID_KERNELS
