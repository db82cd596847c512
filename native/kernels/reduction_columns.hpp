// Reductions of columns, as many side by side as some vectors have lanes, which go down the rows together.
#pragma once

#include "reduction_lines.hpp"

namespace pellucid::PELLUCID_KERNELS {
namespace {

constexpr int most_vectors = vector_registers == 32 ? 4 : 2;  // side by side: with 4 accumulators, half the registers

// What is made of a column: its fold, or what Op stands for otherwise.
template <typename T, typename Op>
struct Result {
  using Element = T;  // in a vector
  using Y = T;        // in memory
};

// `vectors` side by side. Where there are fewer columns than a vector has lanes (narrow), whole vectors are read all
// the same, except where that would go beyond the end of x; what is too much is thrown away.
template <typename T, typename Op, int vectors, bool narrow>
struct Columns {
  using V = Wide<T>;
  static constexpr Size width = vector_bytes / sizeof(T);

  const Axes& axes;
  const T* end;      // of all of x
  Size columns;      // in the whole axis
  Size at[vectors];  // the first column of each vector: the last one may overlap the one before

  [[gnu::always_inline]] V row(const T* x) const {
    if (!narrow || end - x >= width) return load_wide(x);
    T part[width] = {};
    copy_few(part, x, columns);
    return load_wide(part);
  }

  void fold(V* a, const V* b) const {
    for (int v = 0; v < vectors; ++v) a[v] = Op::fold(a[v], b[v]);
  }

  void rows(const T* x, Size size, Size stride, V* all) const {
    if (size > block) {
      const Size first = middle(size, block);
      V rest[vectors];
      rows(x, first, stride, all);
      rows(x + first * stride, size - first, stride, rest);
      return fold(all, rest);
    }
    // One row of accumulators for every fourth row of x, each a variable of its own: registers, not memory.
    V acc[accumulators][vectors];
    const T* from[vectors];
    const V identity = V{} + Op::template identity<T>;
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) {
      from[v] = x + at[v];
#pragma GCC unroll 4
      for (int a = 0; a < accumulators; ++a) acc[a][v] = identity;
    }
    Size r = 0;
    for (; r + accumulators <= size; r += accumulators)
#pragma GCC unroll 4
      for (int a = 0; a < accumulators; ++a)
#pragma GCC unroll 4
        for (int v = 0; v < vectors; ++v) {
          acc[a][v] = Op::fold(acc[a][v], row(from[v]));
          from[v] += stride;
        }
    for (; r < size; ++r)
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) {
        acc[0][v] = Op::fold(acc[0][v], row(from[v]));
        from[v] += stride;
      }
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) all[v] = Op::fold(Op::fold(acc[0][v], acc[1][v]), Op::fold(acc[2][v], acc[3][v]));
  }

  void lines(const T* x, Size begin, Size end_line, V* all) const {
    V rest[vectors];
    if (end_line - begin > 8) {
      const Size cut = begin + middle(end_line - begin, 8);
      lines(x, begin, cut, all);
      lines(x, cut, end_line, rest);
      return fold(all, rest);
    }
    for (int v = 0; v < vectors; ++v) all[v] = V{} + Op::template identity<T>;
    for (Size line = begin; line < end_line; ++line) {
      rows(x + axes.line_offset(line), axes.line().size, axes.line().x, rest);
      fold(all, rest);
    }
  }

  void run(const T* x, V* all) const { lines(x, 0, axes.lines(), all); }
};

// Columns begin .. end of one kept line, at most most_vectors vectors of them.
template <typename T, typename Op, int vectors = most_vectors, bool narrow = false>
void reduce_columns(const Axes& axes, const T* x, const T* x_end, typename Result<T, Op>::Y* y, Size begin, Size end) {
  using Element = typename Result<T, Op>::Element;
  constexpr Size width = vector_bytes / sizeof(T);
  if constexpr (vectors > 1)
    if (end - begin <= (vectors - 1) * width) return reduce_columns<T, Op, vectors - 1>(axes, x, x_end, y, begin, end);
  const Kept axis = axes.kept[axes.kept_count - 1];
  if constexpr (vectors == 1 && !narrow)
    if (axis.size < width) return reduce_columns<T, Op, 1, true>(axes, x, x_end, y, begin, end);
  Columns<T, Op, vectors, narrow> tile{axes, x_end, axis.size, {}};
  const Size last = axis.size < width ? 0 : axis.size - width;
  for (int v = 0; v < vectors; ++v) tile.at[v] = begin + v * width < last ? begin + v * width : last;
  Wide<Element> all[vectors];
  tile.run(x, all);
  for (int v = 0; v < vectors; ++v) {
    Element part[width];
    __builtin_memcpy(part, &all[v], sizeof part);
    for (Size column = begin + v * width; column < begin + (v + 1) * width && column < end; ++column)
      y[column * axis.y] = part[column - tile.at[v]];
  }
}

template <typename T, typename Op>
void reduce_columns(const Axes& axes, const Call& call) {
  constexpr Size width = vector_bytes / sizeof(T), tile = most_vectors * width;
  const Size outer = axes.kept_count - 1, columns = axes.kept[outer].size, lines = axes.outputs() / columns;
  const T* const end = end_of(axes, call.buffer<const T>(1));
  const Share all = {0, lines}, whole = {0, columns};
  const Share mine = lines > 1 ? share(lines, call) : all, part = lines > 1 ? whole : share(columns, call, width);
  for (Size i = mine.begin; i < mine.end; ++i) {
    const Place at = place(axes.kept, outer, i);
    for (Size column = part.begin; column < part.end; column += tile)
      reduce_columns<T, Op>(axes, call.buffer<const T>(1) + at.x, end, call.buffer<typename Result<T, Op>::Y>(0) + at.y,
                            column, column + tile < part.end ? column + tile : part.end);
  }
}

inline bool are_columns(const Axes& axes) {
  const bool empty = axes.lines() * axes.line().size == 0;
  return !empty && axes.line().x != 1 && axes.kept_count > 0 && axes.kept[axes.kept_count - 1].x == 1;
}

}  // namespace
}  // namespace pellucid::PELLUCID_KERNELS
