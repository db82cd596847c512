// argmax_DTYPE: where along any axes of any strides the maxima are.
//
//   buffers, numbers  as reduction.cpp has them; y is int64
//
// It is the place in the reduced axes, flat in the order given; of equals the first; nan is the largest. A maximum is
// found first, and then its place; but columns side by side keep both as they go.

#include "argmax.hpp"

#include "reduction_columns.hpp"
#include "reduction_lines.hpp"
#include "reduction_rows.hpp"

namespace pellucid::PELLUCID_KERNELS {
namespace {

// What is made of a column instead of its fold: the place of its maximum, the first of equals.
struct FirstOfMax {};

template <typename T>
struct Result<T, FirstOfMax> {
  using Element = typename IndexOf<T>::type;
  using Y = long long;
};

// A place is kept where a larger number is met, or the first nan.
template <typename T, int vectors, bool narrow>
struct Columns<T, FirstOfMax, vectors, narrow> : Columns<T, Max, vectors, narrow> {
  using Index = typename IndexOf<T>::type;

  // Inlined, the compiler may change the order of a row's loads: the machine then foresees them less well, and an x
  // that L2 does not hold takes up to a third longer.
  [[gnu::noinline]] void run(const T* x, LaneIndex<T>* places) const {
    Wide<T> most[vectors];
    LaneIndex<T> found[vectors];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) {
      most[v] = this->row(x + this->at[v]);
      found[v] = LaneIndex<T>{};
    }
    const auto [size, stride] = this->axes.line();
    Index place = 0;
    for (Size line = 0; line < this->axes.lines(); ++line) {
      const T* from = x + this->axes.line_offset(line);
      for (Size r = 0; r < size; ++r, ++place, from += stride)
#pragma GCC unroll 4
        for (int v = 0; v < vectors; ++v) {
          const Wide<T> next = this->row(from + this->at[v]);
          const auto better = (next > most[v]) | ((next != next) & (most[v] == most[v]));
          most[v] = better ? next : most[v];
          found[v] = better ? LaneIndex<T>{} + place : found[v];
        }
    }
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) places[v] = found[v];
  }
};

template <typename T>
bool is(T x, T wanted) {
  return (x == wanted) | ((wanted != wanted) & (x != x));
}

// A long line is searched in pieces without a branch for each number.
template <typename T>
Size find(const T* x, Size size, Size stride, T wanted) {
  constexpr Size piece = 64;
  Size i = 0;
  for (; stride == 1 && i + piece <= size; i += piece) {
    unsigned char any = 0;
    for (Size j = 0; j < piece; ++j) any |= is(x[i + j], wanted);
    if (any) break;
  }
  while (i < size && !is(x[i * stride], wanted)) ++i;
  return i;
}

template <typename T>
void argmax(const Call& call) noexcept {
  const Axes axes = read(call.numbers, true);
  if (axes.outputs() == 0) return;
  if constexpr (goes_side_by_side<T>) {
    if (are_columns(axes) && axes.lines() * axes.line().size <= 0x7fffffff)  // a place is as wide as a number
      return reduce_columns<T, FirstOfMax>(axes, call);
    if (are_short_rows<T>(axes))
      return for_short_rows<T, long long>(axes, call, [](const ShortRows<T, long long>& rows, Size begin, Size count) {
        rows.write(begin, count, rows.find(begin, count, rows.template fold<Max>(begin, count)));
      });
  }
  const Reduced line = axes.line();
  const Size lines = axes.lines();
  const Share mine = share(axes.outputs(), call, 8);
  for (Size i = mine.begin; i < mine.end; ++i) {
    const Place at = place(axes.kept, axes.kept_count, i);
    const T* x = call.buffer<const T>(1) + at.x;
    const T most = fold_lines<T, Max>(axes, x, 0, lines);
    Size l = 0, found = find(x, line.size, line.x, most);
    while (found == line.size && ++l < lines) found = find(x + axes.line_offset(l), line.size, line.x, most);
    call.buffer<long long>(0)[at.y] = l * line.size + found;
  }
}

const Kernel kernels[] = {
    {"argmax_bool", argmax<unsigned char>, nullptr},
    {"argmax_uint8", argmax<unsigned char>, nullptr},
    {"argmax_int32", argmax<int>, nullptr},
    {"argmax_int64", argmax<long long>, nullptr},
    {"argmax_uint64", argmax<unsigned long long>, nullptr},
    {"argmax_float32", argmax<float>, nullptr},
    {"argmax_float64", argmax<double>, nullptr},
};

}  // namespace

Kernels argmax_kernels() { return {kernels, sizeof kernels / sizeof kernels[0]}; }

}  // namespace pellucid::PELLUCID_KERNELS
