// Softmax of rows, its logarithm, and their gradients. All are contiguous rows of `columns` numbers, except where a
// stride is given. An index outside of its row is moved to the nearest place inside.
//
// softmax_DTYPE: of each row, m = max x, s = Σ exp(x - m), and what is asked for of
//                y = (x - m) - log s,   p = exp(x - m) / s,   chosen = y[index]
//   buffers  y, p, chosen, as far as they are asked for; x; index (int64), where chosen is asked for
//   numbers  rows, columns, stride of x from row to row, what is asked for: 1 for y + 2 for p + 4 for chosen
//
// softmax_gradient_DTYPE: x̄ = p·(g - Σ g·p), for p = softmax x and its gradient g
//   buffers  x̄, g, p
//   numbers  rows, columns
//
// log_softmax_gradient_DTYPE: x̄ = g - p·Σ g, for the gradient g by y
//   buffers  x̄, g, p
//   numbers  rows, columns
//
// chosen_gradient_DTYPE: x̄ = g·(one_hot(index) - p), for the gradient g by chosen, one number a row
//   buffers  x̄, g, p, index
//   numbers  rows, columns
//
// A group of rows, one for each lane of a vector, goes through together (rows.hpp):
//
//            ├─ vector ─┼─ vector ─┤
//   row 0    │ x        │ x     …  │ max ─┐           x - m ─► exp ─► e in scratch  ─► Σ ─┐          e / s ─► p
//   row 1    │          │          │ max ─┤ m (lanes)                                Σ ─┤ s (lanes)   x - m - log s ─►
//   y
//
// so that the logarithm and the reciprocal are taken of as many sums at once. A row with a nan is nan throughout, so
// the maximum need not care for it.

#include "softmax.hpp"

#include "rows.hpp"
#include "vector_math.hpp"

namespace pellucid::PELLUCID_KERNELS {
namespace {

using Index = long long;

constexpr Size scratch_limit = 16384;  // bytes for the exponentials of a group: half an L1 cache

template <typename T>
constexpr Size width = lanes<T>;

template <typename T>
Size padded(Size columns) {
  return (columns + width<T> - 1) / width<T> * width<T>;
}

// How many rows go together: fewer where they are long.
template <typename T>
Size group_of(Size columns) {
  const Size rows = scratch_limit / (padded<T>(columns) * static_cast<Size>(sizeof(T)));
  return rows < 1 ? 1 : rows < width<T> ? rows : width<T>;
}

Size place(Index index, Size columns) {
  const Size from_start = static_cast<Size>(index < 0 ? index + columns : index);
  return from_start < 0 ? 0 : from_start < columns ? from_start : columns - 1;
}

// A number for each row of a group.
template <typename T>
struct Each {
  T row[lanes<T>];
  explicit Each(Vector<T> all) { store(row, all); }
};

// Calls f(first row, count) for each group of this worker's rows.
template <typename T, typename F>
void for_groups(const Call& call, Size rows, Size group, F f) {
  const Share mine = share(rows, call, group);
  for (Size begin = mine.begin; begin < mine.end; begin += group)
    f(begin, begin + group < mine.end ? group : mine.end - begin, mine.end);
}

// ---- forward

template <typename T>
struct Softmax {
  T *y = nullptr, *p = nullptr, *chosen = nullptr;
  const T *x, *x_end;
  const Index* index;
  Size columns, stride;
  T* e;  // scratch

  Softmax(const Call& call) : columns(call.numbers[1]), stride(call.numbers[2]), e(reinterpret_cast<T*>(call.scratch)) {
    const Size wanted = call.numbers[3];
    int next = 0;
    if (wanted & 1) y = call.buffer<T>(next++);
    if (wanted & 2) p = call.buffer<T>(next++);
    if (wanted & 4) chosen = call.buffer<T>(next++);
    x = call.buffer<const T>(next++);
    x_end = x + (call.numbers[0] - 1) * stride + columns;
    index = wanted & 4 ? call.buffer<const Index>(next) : nullptr;
  }

  Vector<T> read(Size row, Size column) const {
    return read_row<T>(x + row * stride + column, columns - column, x_end, lowest<T>());
  }

  // Each kind of loop is over rows and the vectors in a row; of the latter there is `one`, or as many as it takes.
  template <bool one>
  void run(Size begin, Size count, Size end) const {
    const Size stored = one ? width<T> : padded<T>(columns);
    Vector<T> part[lanes<T>];
    for (Size r = 0; r < count; ++r) {
      Vector<T> most = Vector<T>{} + lowest<T>();
      for (Size c = 0; c < stored; c += width<T>) {
        const Vector<T> numbers = read(begin + r, c);
        store<T>(e + r * stored + c, numbers);
        most = AnyMax::fold(most, numbers);
      }
      part[r] = most;
    }
    const Each<T> most(fold_rows<T, AnyMax>(part, count));
    for (Size r = 0; r < count; ++r) {
      Vector<T> sum{};
      for (Size c = 0; c < stored; c += width<T>) {
        const Vector<T> power = exp_below_zero<T>(load<T>(e + r * stored + c) - most.row[r]);
        store<T>(e + r * stored + c, power);
        sum += power;
      }
      part[r] = sum;
    }
    const Vector<T> sums = fold_rows<T, Sum>(part, count);
    if (p) {
      const Each<T> inverse(T(1) / sums);
      for (Size r = 0; r < count; ++r)
        for (Size c = 0; c < stored; c += width<T>)
          write(p, begin + r, c, end, load<T>(e + r * stored + c) * inverse.row[r]);
    }
    if (!y && !chosen) return;
    const Each<T> logs(log<T>(sums));
    if (y)
      for (Size r = 0; r < count; ++r)
        for (Size c = 0; c < stored; c += width<T>)
          write(y, begin + r, c, end, (read(begin + r, c) - most.row[r]) - logs.row[r]);
    if (chosen)
      for (Size r = begin; r < begin + count; ++r)
        chosen[r] = (x[r * stride + place(index[r], columns)] - most.row[r - begin]) - logs.row[r - begin];
  }

  void write(T* to, Size row, Size column, Size end, Vector<T> vector) const {
    write_row<T>(to + row * columns + column, columns - column, to + end * columns, vector);
  }
};

template <typename T>
void softmax(const Call& call) {
  const Softmax<T> rows(call);
  if (rows.columns == 0) return;
  for_groups<T>(call, call.numbers[0], group_of<T>(rows.columns), [&](Size begin, Size count, Size end) {
    if (rows.columns <= width<T>)
      rows.template run<true>(begin, count, end);
    else
      rows.template run<false>(begin, count, end);
  });
}

template <typename T>
Size softmax_scratch(const Size* numbers) {
  const Size columns = numbers[1];
  return columns == 0 ? 0 : group_of<T>(columns) * padded<T>(columns) * static_cast<Size>(sizeof(T));
}

// ---- backward

template <typename T>
struct Gradient {
  T* to;
  const T *g, *p;
  Size rows, columns;

  explicit Gradient(const Call& call)
      : to(call.buffer<T>(0)),
        g(call.buffer<const T>(1)),
        p(call.buffer<const T>(2)),
        rows(call.numbers[0]),
        columns(call.numbers[1]) {}

  Vector<T> read(const T* from, Size row, Size column) const {
    return read_row<T>(from + row * columns + column, columns - column, from + rows * columns, T(0));
  }
  void write(Size row, Size column, Size end, Vector<T> vector) const {
    write_row<T>(to + row * columns + column, columns - column, to + end * columns, vector);
  }
};

// of_softmax: x̄ = p·(g - Σ g·p), else x̄ = g - p·Σ g.
template <typename T, bool of_softmax>
void gradient(const Call& call) {
  const Gradient<T> at(call);
  if (at.columns == 0) return;
  for_groups<T>(call, at.rows, group_of<T>(at.columns), [&](Size begin, Size count, Size end) {
    Vector<T> part[lanes<T>];
    for (Size r = 0; r < count; ++r) {
      Vector<T> sum{};
      for (Size c = 0; c < at.columns; c += width<T>) {
        const Vector<T> g = at.read(at.g, begin + r, c);
        sum += of_softmax ? g * at.read(at.p, begin + r, c) : g;
      }
      part[r] = sum;
    }
    const Each<T> sums(fold_rows<T, Sum>(part, count));
    for (Size r = 0; r < count; ++r)
      for (Size c = 0; c < at.columns; c += width<T>) {
        const Vector<T> g = at.read(at.g, begin + r, c), p = at.read(at.p, begin + r, c);
        at.write(begin + r, c, end, of_softmax ? p * (g - sums.row[r]) : g - p * sums.row[r]);
      }
  });
}

template <typename T>
void chosen_gradient(const Call& call) {
  const Gradient<T> at(call);
  const Index* index = call.buffer<const Index>(3);
  if (at.columns == 0) return;
  const Share mine = share(at.rows, call, width<T>);
  for (Size r = mine.begin; r < mine.end; ++r) {
    for (Size c = 0; c < at.columns; c += width<T>) at.write(r, c, mine.end, -(at.read(at.p, r, c) * at.g[r]));
    at.to[r * at.columns + place(index[r], at.columns)] += at.g[r];
  }
}

const Kernel kernels[] = {
    {"softmax_float32", softmax<float>, softmax_scratch<float>},
    {"softmax_float64", softmax<double>, softmax_scratch<double>},
    {"softmax_gradient_float32", gradient<float, true>, nullptr},
    {"softmax_gradient_float64", gradient<double, true>, nullptr},
    {"log_softmax_gradient_float32", gradient<float, false>, nullptr},
    {"log_softmax_gradient_float64", gradient<double, false>, nullptr},
    {"chosen_gradient_float32", chosen_gradient<float>, nullptr},
    {"chosen_gradient_float64", chosen_gradient<double>, nullptr},
};

}  // namespace

Kernels softmax_kernels() { return {kernels, sizeof kernels / sizeof kernels[0]}; }

}  // namespace pellucid::PELLUCID_KERNELS
