// Reductions of lines, each one number: 4 accumulators in turn, or 4 vectors of them where the line is contiguous.
#pragma once

#include "reduction_axes.hpp"
#include "rows.hpp"

namespace pellucid::PELLUCID_KERNELS {
namespace {

constexpr Size block = 1024;  // numbers of a line, or rows of a column, a multiple of 4 vectors
constexpr int accumulators = 4;

// Where to cut a count in two: at a whole number of blocks.
inline Size middle(Size count, Size unit) { return (count / unit + 1) / 2 * unit; }

template <typename T, typename Op>
T fold_strided(const T* x, Size size, Size stride) {
  T acc[accumulators];
  for (T& a : acc) a = Op::template identity<T>;
  Size i = 0;
  for (; i + accumulators <= size; i += accumulators)
    for (int a = 0; a < accumulators; ++a) acc[a] = Op::fold(acc[a], x[(i + a) * stride]);
  for (; i < size; ++i) acc[0] = Op::fold(acc[0], x[i * stride]);
  return Op::fold(Op::fold(acc[0], acc[1]), Op::fold(acc[2], acc[3]));
}

template <typename T, typename Op>
T fold_lanes(Wide<T> vector) {
  constexpr int count = vector_bytes / sizeof(T);
  T part[count];
  __builtin_memcpy(part, &vector, sizeof vector);
#pragma GCC unroll 8
  for (int half = count / 2; half > 0; half /= 2)
    for (int i = 0; i < half; ++i) part[i] = Op::fold(part[i], part[i + half]);
  return part[0];
}

template <typename T, typename Op>
T fold_vectors(const T* x, Size size) {
  using V = Wide<T>;
  constexpr Size width = vector_bytes / sizeof(T);
  const V identity = V{} + Op::template identity<T>;
  V acc[accumulators] = {identity, identity, identity, identity};
  Size i = 0;
  for (; i + accumulators * width <= size; i += accumulators * width)
#pragma GCC unroll 4
    for (int a = 0; a < accumulators; ++a) acc[a] = Op::fold(acc[a], load_wide(x + i + a * width));
  for (; i + width <= size; i += width) acc[0] = Op::fold(acc[0], load_wide(x + i));
  T all = fold_lanes<T, Op>(Op::fold(Op::fold(acc[0], acc[1]), Op::fold(acc[2], acc[3])));
  for (; i < size; ++i) all = Op::fold(all, x[i]);
  return all;
}

template <typename T, typename Op>
T fold_line(const T* x, Size size, Size stride) {
  if (size > block) {
    const Size first = middle(size, block);
    return Op::fold(fold_line<T, Op>(x, first, stride), fold_line<T, Op>(x + first * stride, size - first, stride));
  }
  if (stride == 1 && size > static_cast<Size>(vector_bytes / sizeof(T))) return fold_vectors<T, Op>(x, size);
  return fold_strided<T, Op>(x, size, stride);
}

template <typename T, typename Op>
T fold_lines(const Axes& axes, const T* x, Size begin, Size end) {
  if (end - begin > 8) {
    const Size cut = begin + middle(end - begin, 8);
    return Op::fold(fold_lines<T, Op>(axes, x, begin, cut), fold_lines<T, Op>(axes, x, cut, end));
  }
  T all = Op::template identity<T>;
  for (Size line = begin; line < end; ++line)
    all = Op::fold(all, fold_line<T, Op>(x + axes.line_offset(line), axes.line().size, axes.line().x));
  return all;
}

}  // namespace
}  // namespace pellucid::PELLUCID_KERNELS
