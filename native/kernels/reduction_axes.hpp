// The axes of a reduction: which are kept and which become one number, from the farthest to the nearest. Axes that lie
// behind one another become one.
#pragma once

#include "kernel.hpp"

namespace pellucid::PELLUCID_KERNELS {
namespace {

constexpr int most_axes = 32;  // NumPy allows 64, of which neighbours have become one

struct Kept {
  Size size, y, x;
};
struct Reduced {
  Size size, x;
};

struct Axes {
  Kept kept[most_axes];
  Reduced reduced[most_axes];
  Size kept_count, reduced_count;

  Size outputs() const {
    Size count = 1;
    for (Size a = 0; a < kept_count; ++a) count *= kept[a].size;
    return count;
  }
  // All lines but the innermost axis.
  Size lines() const {
    Size count = 1;
    for (Size a = 0; a + 1 < reduced_count; ++a) count *= reduced[a].size;
    return count;
  }
  Reduced line() const { return reduced[reduced_count - 1]; }
  Size line_offset(Size line) const {
    Size offset = 0, a = reduced_count - 2;
    for (; a > 0; line /= reduced[a--].size) offset += line % reduced[a].size * reduced[a].x;
    return a == 0 ? offset + line * reduced[a].x : offset;
  }
};

inline Size distance(Size stride) { return stride < 0 ? -stride : stride; }

// Farthest axes first; but an axis of kept ones that is contiguous in x is always the last.
template <typename Axis>
void sort(Axis* axes, Size count) {
  const auto key = [](Axis axis) { return axis.x == 1 ? -1 : distance(axis.x); };
  for (Size i = 1; i < count; ++i)
    for (Size j = i; j > 0 && key(axes[j - 1]) < key(axes[j]); --j) {
      const Axis other = axes[j];
      axes[j] = axes[j - 1];
      axes[j - 1] = other;
    }
}

inline bool joins(Kept outer, Kept inner) { return outer.x == inner.x * inner.size && outer.y == inner.y * inner.size; }
inline bool joins(Reduced outer, Reduced inner) { return outer.x == inner.x * inner.size; }

template <typename Axis>
Size collapse(Axis* axes, Size count) {
  Size last = -1;
  for (Size a = 0; a < count; ++a) {
    const Axis axis = axes[a];
    if (last >= 0 && joins(axes[last], axis)) {
      const Size size = axes[last].size * axis.size;
      axes[last] = axis;
      axes[last].size = size;
    } else {
      axes[++last] = axis;
    }
  }
  return last + 1;
}

// The axes of size 1 left out, since each would break up two that are one. At least one axis is reduced.
inline Axes read(const Size* numbers, bool in_order) {
  Axes axes;
  axes.kept_count = axes.reduced_count = 0;
  Size count = *numbers++;
  for (; count > 0; --count, numbers += 3)
    if (numbers[0] != 1) axes.kept[axes.kept_count++] = {numbers[0], numbers[1], numbers[2]};
  count = *numbers++;
  for (; count > 0; --count, numbers += 2)
    if (numbers[0] != 1) axes.reduced[axes.reduced_count++] = {numbers[0], numbers[1]};
  sort(axes.kept, axes.kept_count);
  if (!in_order) sort(axes.reduced, axes.reduced_count);
  axes.kept_count = collapse(axes.kept, axes.kept_count);
  axes.reduced_count = collapse(axes.reduced, axes.reduced_count);
  if (axes.reduced_count == 0) axes.reduced[axes.reduced_count++] = {1, 1};
  return axes;
}

// Where a kept element stands in y and in x.
struct Place {
  Size y, x;
};
inline Place place(const Kept* kept, Size count, Size at) {
  Place found = {0, 0};
  for (Size a = count - 1; a >= 0; --a) {
    const Size there = a > 0 ? at % kept[a].size : at;
    if (a > 0) at /= kept[a].size;
    found.y += there * kept[a].y;
    found.x += there * kept[a].x;
  }
  return found;
}

// One behind the last number of x.
template <typename T>
const T* end_of(const Axes& axes, const T* x) {
  for (Size a = 0; a < axes.kept_count; ++a)
    if (axes.kept[a].x > 0) x += (axes.kept[a].size - 1) * axes.kept[a].x;
  for (Size a = 0; a < axes.reduced_count; ++a)
    if (axes.reduced[a].x > 0) x += (axes.reduced[a].size - 1) * axes.reduced[a].x;
  return x + 1;
}

}  // namespace
}  // namespace pellucid::PELLUCID_KERNELS
