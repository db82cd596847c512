// Softmax of rows, its logarithm, and their gradients. All are contiguous rows of `columns` numbers, except where a
// stride is given. An index outside of its row is a fault in softmax, and moved to the nearest place inside.
//
// softmax_DTYPE: of each row, m = max x, s = Σ exp(x - m), and what is asked for of
//                y = (x - m) - log s,   p = exp(x - m) / s,   chosen = y[index]
//   buffers  y, p, chosen, as far as they are asked for; x; index (int64), where chosen is asked for
//   numbers  rows, columns, stride of x from row to row, what is asked for: 1 for y + 2 for p + 4 for chosen
//
// softmax_gradient_DTYPE: x̄ = e·(g/s - Σ g·p/s), for the gradient g by p: p·(g - Σ g·p), but rounded as the reference
// rounds, since where p is next to 1 all but the rounding cancels
//   buffers  x̄, g, x
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

// ---- exponentials

// Rows of x, and in scratch e = exp(x - m) of a group of them. Each kind of loop is over rows and the vectors in a row;
// of the latter there is `one`, or as many as it takes.
template <typename T>
struct Powers {
  const T *x, *x_end;
  Size columns, stride;
  T* e;

  Powers(const T* x, Size rows, Size columns, Size stride, const Call& call)
      : x(x),
        x_end(x + (rows - 1) * stride + columns),
        columns(columns),
        stride(stride),
        e(reinterpret_cast<T*>(call.scratch)) {}

  Vector<T> read(Size row, Size column) const {
    return read_row<T>(x + row * stride + column, columns - column, x_end, lowest<T>());
  }
  template <bool one>
  Size stored() const {
    return one ? width<T> : padded<T>(columns);
  }
  template <bool one>
  Vector<T> power(Size r, Size column) const {
    return load<T>(e + r * stored<one>() + column);
  }

  // Fills e; gives m and s of each row.
  template <bool one>
  Vector<T> run(Size begin, Size count, Vector<T>& largest) const {
    const Size stored = this->stored<one>();
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
    largest = fold_rows<T, AnyMax>(part, count);
    const Each<T> most(largest);
    for (Size r = 0; r < count; ++r) {
      Vector<T> sum{};
      for (Size c = 0; c < stored; c += width<T>) {
        const Vector<T> power = exp_below_zero<T>(load<T>(e + r * stored + c) - most.row[r]);
        store<T>(e + r * stored + c, power);
        sum += power;
      }
      part[r] = sum;
    }
    return fold_rows<T, Sum>(part, count);
  }
};

template <typename T>
Size powers_scratch(const Size* numbers) {
  const Size columns = numbers[1];
  return columns == 0 ? 0 : group_of<T>(columns) * padded<T>(columns) * static_cast<Size>(sizeof(T));
}

// Calls f for each group, with whether a row is one vector.
template <typename T, typename F>
void for_powers(const Call& call, F f) {
  const Size rows = call.numbers[0], columns = call.numbers[1];
  if (columns == 0) return;
  for_groups<T>(call, rows, group_of<T>(columns), [&](Size begin, Size count, Size end) {
    if (columns <= width<T>)
      f.template operator()<true>(begin, count, end);
    else
      f.template operator()<false>(begin, count, end);
  });
}

template <typename T>
void write(T* to, Size columns, Size row, Size column, Size end, Vector<T> vector) {
  write_row<T>(to + row * columns + column, columns - column, to + end * columns, vector);
}

// ---- forward

template <typename T>
void softmax(const Call& call) noexcept {
  const Size columns = call.numbers[1], stride = call.numbers[2], wanted = call.numbers[3];
  int next = 0;
  T* const y = wanted & 1 ? call.buffer<T>(next++) : nullptr;
  T* const p = wanted & 2 ? call.buffer<T>(next++) : nullptr;
  T* const chosen = wanted & 4 ? call.buffer<T>(next++) : nullptr;
  const T* const x = call.buffer<const T>(next);
  const Index* const index = chosen ? call.buffer<const Index>(next + 1) : nullptr;
  const Powers<T> powers(x, call.numbers[0], columns, stride, call);
  for_powers<T>(call, [&]<bool one>(Size begin, Size count, Size end) {
    const Size stored = powers.template stored<one>();
    Vector<T> largest;
    const Vector<T> sums = powers.template run<one>(begin, count, largest);
    if (p) {
      const Each<T> inverse(T(1) / sums);
      for (Size r = 0; r < count; ++r)
        for (Size c = 0; c < stored; c += width<T>)
          write(p, columns, begin + r, c, end, powers.template power<one>(r, c) * inverse.row[r]);
    }
    if (!y && !chosen) return;
    const Each<T> most(largest), logs(log<T>(sums));
    if (y)
      for (Size r = 0; r < count; ++r)
        for (Size c = 0; c < stored; c += width<T>)
          write(y, columns, begin + r, c, end, (powers.read(begin + r, c) - most.row[r]) - logs.row[r]);
    if (chosen)
      for (Size r = 0; r < count; ++r) {
        const Size column = call.checked("take_along_axis", index[begin + r], columns);
        chosen[begin + r] = (x[(begin + r) * stride + column] - most.row[r]) - logs.row[r];
      }
  });
}

// ---- backward

template <typename T>
void softmax_gradient(const Call& call) noexcept {
  const Size rows = call.numbers[0], columns = call.numbers[1];
  T* const to = call.buffer<T>(0);
  const T* const g = call.buffer<const T>(1);
  const Powers<T> powers(call.buffer<const T>(2), rows, columns, columns, call);
  const auto read = [&](Size row, Size column) {
    return read_row<T>(g + row * columns + column, columns - column, g + rows * columns, T(0));
  };
  for_powers<T>(call, [&]<bool one>(Size begin, Size count, Size end) {
    const Size stored = powers.template stored<one>();
    Vector<T> largest, part[lanes<T>];
    const Each<T> sums(powers.template run<one>(begin, count, largest));
    for (Size r = 0; r < count; ++r) {
      Vector<T> sum{};
      for (Size c = 0; c < stored; c += width<T>)
        sum += -read(begin + r, c) * (powers.template power<one>(r, c) / sums.row[r]) / sums.row[r];
      part[r] = sum;
    }
    const Each<T> totals(fold_rows<T, Sum>(part, count));
    for (Size r = 0; r < count; ++r)
      for (Size c = 0; c < stored; c += width<T>)
        write(to, columns, begin + r, c, end,
              (read(begin + r, c) / sums.row[r] + totals.row[r]) * powers.template power<one>(r, c));
  });
}

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
};

template <typename T>
void log_softmax_gradient(const Call& call) noexcept {
  const Gradient<T> at(call);
  if (at.columns == 0) return;
  for_groups<T>(call, at.rows, group_of<T>(at.columns), [&](Size begin, Size count, Size end) {
    Vector<T> part[lanes<T>];
    for (Size r = 0; r < count; ++r) {
      Vector<T> sum{};
      for (Size c = 0; c < at.columns; c += width<T>) sum += at.read(at.g, begin + r, c);
      part[r] = sum;
    }
    const Each<T> sums(fold_rows<T, Sum>(part, count));
    for (Size r = 0; r < count; ++r)
      for (Size c = 0; c < at.columns; c += width<T>)
        write(at.to, at.columns, begin + r, c, end,
              at.read(at.g, begin + r, c) - at.read(at.p, begin + r, c) * sums.row[r]);
  });
}

template <typename T>
void chosen_gradient(const Call& call) noexcept {
  const Gradient<T> at(call);
  const Index* index = call.buffer<const Index>(3);
  if (at.columns == 0) return;
  const Share mine = share(at.rows, call, width<T>);
  for (Size r = mine.begin; r < mine.end; ++r) {
    for (Size c = 0; c < at.columns; c += width<T>)
      write(at.to, at.columns, r, c, mine.end, -(at.read(at.p, r, c) * at.g[r]));
    at.to[r * at.columns + place(index[r], at.columns)] += at.g[r];
  }
}

const Kernel kernels[] = {
    {"softmax_float32", softmax<float>, powers_scratch<float>},
    {"softmax_float64", softmax<double>, powers_scratch<double>},
    {"softmax_gradient_float32", softmax_gradient<float>, powers_scratch<float>},
    {"softmax_gradient_float64", softmax_gradient<double>, powers_scratch<double>},
    {"log_softmax_gradient_float32", log_softmax_gradient<float>, nullptr},
    {"log_softmax_gradient_float64", log_softmax_gradient<double>, nullptr},
    {"chosen_gradient_float32", chosen_gradient<float>, nullptr},
    {"chosen_gradient_float64", chosen_gradient<double>, nullptr},
};

}  // namespace

Kernels softmax_kernels() { return {kernels, sizeof kernels / sizeof kernels[0]}; }

}  // namespace pellucid::PELLUCID_KERNELS
