// Rows side by side: as many as a vector has lanes are folded at once, and each row's result stands in its own lane.
//
//   row 0   a0 a1 a2 a3 ─┐ interleave      a0·a2  c0·c2  a1·a3  c1·c3 ─┐ interleave
//   row 1   b0 b1 b2 b3  │ and fold                                    ├ and fold       a  b  c  d
//   row 2   c0 c1 c2 c3 ─┘                 b0·b2  d0·d2  b1·b3  d1·d3 ─┘
//   row 3   d0 d1 d2 d3
//
// So a short row costs about three instructions and not one chain of shuffles each. Every row is folded in the same
// order, whichever lane it takes and whoever stands beside it.
#pragma once

#include "kernel.hpp"
#include "vector.hpp"

namespace pellucid::PELLUCID_KERNELS {

// A vector of any dtype. Those of float and double are Vector<T>.
template <typename T>
struct WideOf {
  typedef T type __attribute__((vector_size(vector_bytes)));
};
template <typename T>
using Wide = typename WideOf<T>::type;

template <typename T>
inline Wide<T> load_wide(const T* from) {
  Wide<T> vector;
  __builtin_memcpy(&vector, from, sizeof vector);
  return vector;
}

template <typename T>
constexpr T lowest() {
  if constexpr (T(0.5) != T(0))
    return -__builtin_inf();
  else if constexpr (T(-1) < T(0))
    return static_cast<T>(1ull << (8 * sizeof(T) - 1));
  else
    return 0;
}

// ---- what is folded: V is a number or a vector of them

struct Sum {
  template <typename T>
  static constexpr T identity = T(0);
  template <typename V>
  static V fold(V a, V b) {
    return a + b;
  }
};

struct Max {
  template <typename T>
  static constexpr T identity = lowest<T>();
  template <typename V>
  static V fold(V a, V b) {
    return ((b > a) | (b != b)) ? b : a;  // nan goes through
  }
};

struct AnyMax {  // of rows without nan, or where it does not matter
  template <typename V>
  static V fold(V a, V b) {
    return b > a ? b : a;
  }
};

struct Min {
  template <typename V>
  static V fold(V a, V b) {
    return b < a ? b : a;
  }
};

// ---- rows are folded

template <typename T>
struct Interleave {
  using V = Wide<T>;
  static V low(V a, V b) {
    if constexpr (lanes<T> == 16)
      return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    else if constexpr (lanes<T> == 8)
      return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
    else if constexpr (lanes<T> == 4)
      return __builtin_shufflevector(a, b, 0, 4, 1, 5);
    else
      return __builtin_shufflevector(a, b, 0, 2);
  }
  static V high(V a, V b) {
    if constexpr (lanes<T> == 16)
      return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    else if constexpr (lanes<T> == 8)
      return __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
    else if constexpr (lanes<T> == 4)
      return __builtin_shufflevector(a, b, 2, 6, 3, 7);
    else
      return __builtin_shufflevector(a, b, 1, 3);
  }
};

// One number a row from one vector a row, of which there are `count`; what the other lanes hold means nothing.
template <typename T, typename Op>
inline Wide<T> fold_rows(Wide<T>* row, Size count) {
  for (Size r = count; r < lanes<T>; ++r) row[r] = row[0];
#pragma GCC unroll 4
  for (int half = lanes<T> / 2; half > 0; half /= 2)
#pragma GCC unroll 8
    for (int r = 0; r < half; ++r)
      row[r] = Op::fold(Interleave<T>::low(row[r], row[r + half]), Interleave<T>::high(row[r], row[r + half]));
  return row[0];
}

// ---- rows are read and written

template <typename T>
struct IndexOf {
  using type = int;
};
template <>
struct IndexOf<double> {
  using type = long long;
};
template <>
struct IndexOf<long long> {
  using type = long long;
};
template <>
struct IndexOf<unsigned long long> {
  using type = long long;
};
template <typename T>
using LaneIndex = Wide<typename IndexOf<T>::type>;  // as many lanes as a vector of T

// 0, 1, 2, …
template <typename T>
inline LaneIndex<T> lane_index() {
  typename IndexOf<T>::type index[lanes<T>];
  for (int i = 0; i < lanes<T>; ++i) index[i] = i;
  return load_wide(index);
}

// Fewer numbers than a vector has lanes.
template <typename T>
inline void copy_few(T* to, const T* from, Size count) {
#pragma GCC unroll 4
  for (Size half = lanes<T> / 2; half > 0; half /= 2)
    if (count & half) {
      __builtin_memcpy(to, from, static_cast<std::size_t>(half) * sizeof(T));
      to += half, from += half;
    }
}

// The next vector of a row that has `rest` numbers left, with `beyond` in the lanes behind its end. These are read all
// the same, except from behind `end`, the end of all rows.
template <typename T>
inline Wide<T> read_row(const T* x, Size rest, const T* end, T beyond) {
  if (rest >= lanes<T>) return load_wide(x);
  Wide<T> vector;
  if (end - x >= lanes<T>) {
    vector = load_wide(x);
  } else {
    T part[lanes<T>] = {};
    copy_few(part, x, rest);
    vector = load_wide(part);
  }
  return lane_index<T>() < static_cast<typename IndexOf<T>::type>(rest) ? vector : Wide<T>{} + beyond;
}

// Lanes behind the end of a row are written too, so the rows must be written in order; nothing is written behind `end`.
template <typename T>
inline void write_row(T* y, Size rest, const T* end, Wide<T> vector) {
  if (rest >= lanes<T> || end - y >= lanes<T>) {
    __builtin_memcpy(y, &vector, sizeof vector);
    return;
  }
  T part[lanes<T>];
  __builtin_memcpy(part, &vector, sizeof vector);
  copy_few(y, part, rest);
}

}  // namespace pellucid::PELLUCID_KERNELS
