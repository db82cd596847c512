// reduce_sum_DTYPE, reduce_max_DTYPE, argmax_DTYPE: many numbers become one, along any axes of any strides.
//
//   buffers  y, x
//   numbers  count of kept axes, then for each: size, stride of y, stride of x (in elements)
//            count of reduced axes, then for each: size, stride of x
//
// argmax writes int64: the place in the reduced axes, flat in the order given; of equals the first; nan is the largest.
// Sums of nothing are 0, the maximum of nothing is the dtype's lowest number.
//
// Axes that lie behind one another become one. Then there are two ways, by the axis that is contiguous in x:
//
//   lines: a reduced one               columns: a kept one
//
//     ├─ vector ─┼─ vector ─┤            ├─ vector ─┼─ vector ─┤
//     │ acc 0 1 2 3 0 1 2 3 │ → y        │ acc 0    │          │  row 0     4 accumulators in turn
//     ├─────────────────────┤            │ acc 1    │          │  row 1     for each column
//     │ acc 0 1 2 3 …       │ → y        │ …        │          │
//                                        └────┬─────┴────┬─────┘
//                                             y          y
//
// Lines of a few vectors, one to an output, go side by side (reduction_rows.hpp).
//
// Sums are pairwise above a block: the sum of two halves, each the sum of two halves, down to `block` numbers in turn
// for 4 accumulators. So the error of float32 grows with the logarithm of the count. The order depends on sizes and
// strides alone. Workers share the kept axes; where these are few and the reduced ones long, reduce in two calls: first
// pieces of a fixed size, then the pieces.

#include "reduction.hpp"

#include "reduction_rows.hpp"

namespace pellucid::PELLUCID_KERNELS {
namespace {

constexpr Size block = 1024;  // numbers of a line, or rows of a column, a multiple of 4 vectors
constexpr int accumulators = 4;
constexpr int most_vectors = vector_registers == 32 ? 4 : 2;  // side by side: with 4 accumulators, half the registers
constexpr int most_axes = 32;                                 // NumPy allows 64, of which neighbours have become one

// ---- axes

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

Size distance(Size stride) { return stride < 0 ? -stride : stride; }

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

bool joins(Kept outer, Kept inner) { return outer.x == inner.x * inner.size && outer.y == inner.y * inner.size; }
bool joins(Reduced outer, Reduced inner) { return outer.x == inner.x * inner.size; }

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
Axes read(const Size* numbers, bool in_order) {
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
Place place(const Kept* kept, Size count, Size at) {
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

// Where to cut a count in two: at a whole number of blocks.
Size middle(Size count, Size unit) { return (count / unit + 1) / 2 * unit; }

// ---- lines

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

// ---- short rows

// Whether every output is one contiguous row of a few vectors.
template <typename T>
bool are_short_rows(const Axes& axes) {
  return goes_side_by_side<T> && axes.reduced_count == 1 && axes.line().x == 1 && axes.kept_count > 0 &&
         axes.line().size > 0 && axes.line().size <= short_row * static_cast<Size>(vector_bytes / sizeof(T));
}

// Calls f(rows, begin, count) for groups of this worker's rows, along the last kept axis.
template <typename T, typename Y, typename F>
void for_short_rows(const Axes& axes, const Call& call, F f) {
  const Size outer = axes.kept_count - 1, width = lanes<T>;
  const Kept axis = axes.kept[outer];
  const Size groups = (axis.size + width - 1) / width;
  const T* const end = end_of(axes, call.buffer<const T>(1));
  const Share mine = share(axes.outputs() / axis.size * groups, call);
  for (Size at = mine.begin; at < mine.end;) {
    const Place from = place(axes.kept, outer, at / groups);
    const ShortRows<T, Y> rows{call.buffer<const T>(1) + from.x, end,   axes.line().size, axis.x,
                               call.buffer<Y>(0) + from.y,       axis.y};
    for (Size group = at % groups; group < groups && at < mine.end; ++group, ++at) {
      const Size begin = group * width;
      f(rows, begin, begin + width < axis.size ? width : axis.size - begin);
    }
  }
}

template <typename T, typename Op>
void reduce_lines(const Axes& axes, const Call& call) {
  if constexpr (goes_side_by_side<T>)
    if (are_short_rows<T>(axes))
      return for_short_rows<T, T>(axes, call, [](const ShortRows<T, T>& rows, Size begin, Size count) {
        rows.write(begin, count, rows.template fold<Op>(begin, count));
      });
  const Share mine = share(axes.outputs(), call, 64 / static_cast<Size>(sizeof(T)));
  const Size lines = axes.lines();
  for (Size i = mine.begin; i < mine.end; ++i) {
    const Place at = place(axes.kept, axes.kept_count, i);
    call.buffer<T>(0)[at.y] = fold_lines<T, Op>(axes, call.buffer<const T>(1) + at.x, 0, lines);
  }
}

// ---- columns

// What is made of a column instead of its fold: the place of its maximum, the first of equals.
struct FirstOfMax {};

template <typename T, typename Op>
struct Result {
  using Element = T;  // in a vector
  using Y = T;        // in memory
};
template <typename T>
struct Result<T, FirstOfMax> {
  using Element = typename IndexOf<T>::type;
  using Y = long long;
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

// A place is kept where a larger number is met, or the first nan.
template <typename T, int vectors, bool narrow>
struct Columns<T, FirstOfMax, vectors, narrow> : Columns<T, Max, vectors, narrow> {
  using Index = typename IndexOf<T>::type;

  void run(const T* x, LaneIndex<T>* places) const {
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

// ---- the kernels

bool are_columns(const Axes& axes) {
  const bool empty = axes.lines() * axes.line().size == 0;
  return !empty && axes.line().x != 1 && axes.kept_count > 0 && axes.kept[axes.kept_count - 1].x == 1;
}

template <typename T, typename Op>
void reduce(const Call& call) noexcept {
  const Axes axes = read(call.numbers, false);
  if (axes.outputs() == 0) return;
  if (are_columns(axes))
    reduce_columns<T, Op>(axes, call);
  else
    reduce_lines<T, Op>(axes, call);
}

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
    {"reduce_sum_float32", reduce<float, Sum>, nullptr},
    {"reduce_sum_float64", reduce<double, Sum>, nullptr},
    {"reduce_sum_int64", reduce<unsigned long long, Sum>, nullptr},  // wraps round
    {"reduce_max_bool", reduce<unsigned char, Max>, nullptr},
    {"reduce_max_uint8", reduce<unsigned char, Max>, nullptr},
    {"reduce_max_int32", reduce<int, Max>, nullptr},
    {"reduce_max_int64", reduce<long long, Max>, nullptr},
    {"reduce_max_uint64", reduce<unsigned long long, Max>, nullptr},
    {"reduce_max_float32", reduce<float, Max>, nullptr},
    {"reduce_max_float64", reduce<double, Max>, nullptr},
    {"argmax_bool", argmax<unsigned char>, nullptr},
    {"argmax_uint8", argmax<unsigned char>, nullptr},
    {"argmax_int32", argmax<int>, nullptr},
    {"argmax_int64", argmax<long long>, nullptr},
    {"argmax_uint64", argmax<unsigned long long>, nullptr},
    {"argmax_float32", argmax<float>, nullptr},
    {"argmax_float64", argmax<double>, nullptr},
};

}  // namespace

Kernels reduction_kernels() { return {kernels, sizeof kernels / sizeof kernels[0]}; }

}  // namespace pellucid::PELLUCID_KERNELS
