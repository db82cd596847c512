// Which steps of the depth a tile takes: not those in which all of its rows of x hold a zero, as at the dark edges of
// written digits. Twelve of those together leave out half of their pixels.
//
//                  depth →
//     ┌─────────────────────────────┐
//     │ 0 0 0 ▒ ▒ 0 0 0 ▒ ▒ ▒ 0 0 0 │
//     │ 0 0 ▒ ▒ 0 0 0 0 0 ▒ ▒ ▒ 0 0 │   rows of x
//     │ 0 0 ▒ ▒ 0 0 0 0 ▒ ▒ 0 0 0 0 │
//     └─────────────────────────────┘
//           ↑ ↑ ↑       ↑ ↑ ↑ ↑         steps
//
// A step with zeros adds 0 · w, which is nothing only where w is finite: infinities and NaNs must reach the sums.
#pragma once

#include "matmul_pack.hpp"

namespace pellucid::PELLUCID_KERNELS {
namespace {

constexpr Size steps_at_first = 32;   // with so few left out among these, there is no need to look at the others
constexpr Size columns_to_skip = 16;  // fewer would not repay the look

// Numbers that are 0 where both are: their bits are put together.
template <typename T>
Vector<T> either(Vector<T> a, Vector<T> b) {
  typedef std::uint32_t Bits __attribute__((vector_size(vector_bytes)));
  return reinterpret_cast<Vector<T>>(reinterpret_cast<Bits>(a) | reinterpret_cast<Bits>(b));
}

// The places of a vector's numbers that are not 0, counted from `first`, and how many there are. It may write up to
// `lanes` places.
template <typename T>
Size place_nonzero(Vector<T> vector, Step first, Step* to) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4) {
    const __mmask16 there = _mm512_cmp_ps_mask(vector, _mm512_setzero_ps(), _CMP_NEQ_UQ);
    const __m512i places = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m512i all = _mm512_add_epi32(places, _mm512_set1_epi32(first));
    const __m256i some = _mm512_maskz_cvtepi32_epi16(0xffff, _mm512_maskz_compress_epi32(there, all));
    __builtin_memcpy(to, &some, sizeof some);
    return __builtin_popcount(there);
  }
#endif
  T number[lanes<T>];
  __builtin_memcpy(number, &vector, sizeof vector);
  Size count = 0;
  for (int i = 0; i < lanes<T>; ++i) {
    to[count] = static_cast<Step>(first + i);
    count += number[i] != T(0);
  }
  return count;
}

// Whether it is worth to look for steps with nothing in them, to judge by some numbers of x that lie side by side.
template <typename T>
bool looks_sparse(Size count, const T* x) {
  Size zeros = 0;
  for (Size i = 0; i < count; ++i) zeros += x[i] == T(0);
  return 4 * zeros >= count;
}

inline bool nearly_all(Size some, Size count) { return 16 * some > 15 * count; }

// The steps of one tile of `rows` rows, `depth` of them at most, into `found`; where too few can be left out, all.
template <typename T>
Steps steps_of_rows(Size rows, Size depth, const T* x, Size stride, Step* found) {
  constexpr Size L = lanes<T>;
  Size count = 0;
  for (Size k = 0; k < depth; k += L) {
    Vector<T> any = {};
    if (k + L <= depth) {
      for (Size r = 0; r < rows; ++r) any = either<T>(any, load(x + r * stride + k));
    } else {
      const Part<T> part(depth - k);
      for (Size r = 0; r < rows; ++r) any = either<T>(any, part.load(x + r * stride + k));
    }
    count += place_nonzero<T>(any, static_cast<Step>(k), found + count);
    if (k + L == steps_at_first && nearly_all(count, steps_at_first)) return {nullptr, depth};
  }
  return nearly_all(count, depth) ? Steps{nullptr, depth} : Steps{found, count};
}

// The same where the numbers of a step lie side by side.
template <typename T>
Steps steps_across(Size rows, Size depth, const T* x, Size stride, Step* found) {
  constexpr Size L = lanes<T>;
  const Size whole = (rows - 1) / L * L;
  const Part<T> last(rows - whole);
  Size count = 0;
  for (Size k = 0; k < depth; ++k, x += stride) {
    bool any = any_of<T>(last.load(x + whole));
    for (Size r = 0; r < whole; r += L) any |= any_of<T>(load(x + r));
    found[count] = static_cast<Step>(k);
    count += any;
    if (k + 1 == steps_at_first && nearly_all(count, steps_at_first)) return {nullptr, depth};
  }
  return nearly_all(count, depth) ? Steps{nullptr, depth} : Steps{found, count};
}

// Whether all numbers of w are finite: 0 times another is a NaN.
template <typename T>
bool finite(Size rows, Size columns, const T* w, Size stride) {
  constexpr Size L = lanes<T>;
  if (stride == columns) {  // one long row
    columns *= rows;
    rows = 1;
  }
  Vector<T> even = {}, odd = {};  // so that a sum need not wait for the other
  for (Size k = 0; k < rows; ++k, w += stride) {
    Size c = 0;
    for (; c + 2 * L <= columns; c += 2 * L) {
      even += load(w + c) * T(0);
      odd += load(w + c + L) * T(0);
    }
    if (c + L <= columns) {
      even += load(w + c) * T(0);
      c += L;
    }
    if (c < columns) odd += Part<T>(columns - c).load(w + c) * T(0);
  }
  return !any_of<T>(even + odd);
}

}  // namespace
}  // namespace pellucid::PELLUCID_KERNELS
