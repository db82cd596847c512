// Gathering and scattering by indices (int64). An index outside of its axis is a fault where something is taken
// (gather, take_along_axis), and moved to the nearest place inside everywhere; a negative one counts from the end.
//
// gather_SIZE (elements of SIZE bytes: 1, 4, 8): y[i, :] = x[index_0[i], index_1[i], ..., :]
//   buffers  y, x, index_0, index_1, ...
//   numbers  n, indices, for each index: size of its axis and stride of x along it (in elements), then block: how many
//            elements side by side one i takes
//
// scatter_add_DTYPE (float32, float64, int64): x̄ = zeros, then x̄[index_0[i], index_1[i], ..., :] += g[i, :]
//   buffers  x̄, g, index_0, index_1, ...
//   numbers  as for gather, then the number of elements of x̄
//
// take_along_axis_SIZE: y[o, c, i] = x[o, index[o, c, i], i]
//   buffers  y, x, index
//   numbers  outer, size of the axis in x, size of the axis in y and index, inner; all contiguous
//
// scatter_add_along_axis_DTYPE: x̄ = zeros, then x̄[o, index[o, c, i], i] += g[o, c, i]
//   buffers  x̄, g, index
//   numbers  as for take_along_axis
//
// scatter_SIZE: y = x, then y[places[i]] = values[i], the last one staying
//   buffers  y, x, values, places
//   numbers  elements of x, number of places
//
// gather_rows: y[i] = x[rows[i]], for mini-batches; rows are not checked
//   buffers  y, x, rows
//   numbers  n, bytes in a row
//
// Sums run in the order of i (or c), whatever the number of workers: workers that add share out x̄, not g.
// scatter_add adds in its dtype, as NumPy's add.at. scatter_add_along_axis adds float32 in float64 and rounds once.

#include "indexing.hpp"

namespace pellucid::PELLUCID_KERNELS {
namespace {

using Index = long long;

inline Size smaller(Size a, Size b) { return a < b ? a : b; }
inline Size larger(Size a, Size b) { return a > b ? a : b; }

inline Size place(Index index, Size size) {
  const Size from_start = static_cast<Size>(index < 0 ? index + size : index);
  return larger(0, smaller(from_start, size - 1));
}

template <typename T>
void copy(T* to, const T* from, Size count) {
  if (count == 1)
    *to = *from;
  else
    __builtin_memcpy(to, from, static_cast<std::size_t>(count) * sizeof(T));
}

template <typename T>
void zero(T* to, Size count) {
  if (count > 0) __builtin_memset(to, 0, static_cast<std::size_t>(count) * sizeof(T));
}

// ---- by indices on the leading axes

struct IndexedAxis {
  Size size, stride;
};

struct Indexed {
  Size n, indices;
  const IndexedAxis* axes;
  Size block;
  Size total;  // scatter_add only
  const std::byte* const* index;

  explicit Indexed(const Call& call)
      : n(call.numbers[0]),
        indices(call.numbers[1]),
        axes(reinterpret_cast<const IndexedAxis*>(call.numbers + 2)),
        block(call.numbers[2 + 2 * indices]),
        total(0),
        index(call.buffers + 2) {}

  // Where block i begins in x, for gather.
  Size checked_offset(const Call& call, Size i) const {
    Size at = 0;
    for (Size a = 0; a < indices; ++a)
      at += call.checked("index", reinterpret_cast<const Index*>(index[a])[i], axes[a].size) * axes[a].stride;
    return at;
  }

  // The same for whoever puts back what was gathered.
  Size offset(Size i) const {
    Size at = 0;
    for (Size a = 0; a < indices; ++a)
      at += place(reinterpret_cast<const Index*>(index[a])[i], axes[a].size) * axes[a].stride;
    return at;
  }

  bool empty() const {
    for (Size a = 0; a < indices; ++a)
      if (axes[a].size == 0) return true;
    return n == 0 || block == 0;
  }
};

template <typename T>
void gather(const Call& call) noexcept {
  const Indexed g(call);
  T* y = call.buffer<T>(0);
  const T* x = call.buffer<const T>(1);
  const Share mine = share(g.n * g.block, call, 64 / sizeof(T));
  if (g.empty()) {
    if (g.n > 0) g.checked_offset(call, 0);
    return zero(y + mine.begin, mine.end - mine.begin);
  }
  if (g.block == 1) {
    for (Size i = mine.begin; i < mine.end; ++i) y[i] = x[g.checked_offset(call, i)];
    return;
  }
  for (Size at = mine.begin; at < mine.end;) {  // a share may begin and end within a block
    const Size i = at / g.block, skipped = at % g.block;
    const Size count = smaller(g.block - skipped, mine.end - at);
    copy(y + at, x + g.checked_offset(call, i) + skipped, count);
    at += count;
  }
}

template <typename T>
void scatter_add(const Call& call) noexcept {
  const Indexed to(call);
  const Size total = call.numbers[3 + 2 * to.indices];
  T* x = call.buffer<T>(0);
  const T* g = call.buffer<const T>(1);
  const Share mine = share(total, call, 64 / sizeof(T));
  zero(x + mine.begin, mine.end - mine.begin);
  if (to.empty()) return;
  for (Size i = 0; i < to.n; ++i) {
    const Size start = to.offset(i);
    const Size begin = larger(start, mine.begin), end = smaller(start + to.block, mine.end);
    const T* from = g + i * to.block - start;
    for (Size at = begin; at < end; ++at) x[at] += from[at];
  }
}

// ---- along one axis

struct Along {
  Size outer, size, count, inner;
};

template <typename T>
void take_along_axis(const Call& call) noexcept {
  const Along& a = *reinterpret_cast<const Along*>(call.numbers);
  T* y = call.buffer<T>(0);
  const T* x = call.buffer<const T>(1);
  const Index* index = call.buffer<const Index>(2);
  const Share mine = share(a.outer * a.count * a.inner, call, 64 / sizeof(T));
  if (a.size == 0) {
    if (mine.begin < mine.end) call.checked("take_along_axis", index[mine.begin], 0);
    return zero(y + mine.begin, mine.end - mine.begin);
  }
  if (a.count == 1 && a.inner == 1) {  // one of each row
    for (Size at = mine.begin; at < mine.end; ++at) y[at] = x[at * a.size + place(index[at], a.size)];
    return;
  }
  for (Size at = mine.begin; at < mine.end;) {  // one line of inner after the other
    const Size line = at / a.inner, skipped = at % a.inner, count = smaller(a.inner - skipped, mine.end - at);
    const T* from = x + line / a.count * a.size * a.inner + skipped;
    for (Size i = 0; i < count; ++i)
      y[at + i] = from[call.checked("take_along_axis", index[at + i], a.size) * a.inner + i];
    at += count;
  }
}

template <typename T>
struct SumOf {
  using type = T;
};
template <>
struct SumOf<float> {
  using type = double;
};

constexpr Size strip_width = 16;  // of inner: as many sums for each place of the axis are kept at once

template <typename T>
Size sums_scratch(const Size* numbers) {
  const Along& a = *reinterpret_cast<const Along*>(numbers);
  return a.size * smaller(strip_width, a.inner) * static_cast<Size>(sizeof(typename SumOf<T>::type));
}

// One strip: `width` of inner, at one place of outer.
template <typename T>
void sum_strip(const Along& a, Size width, const T* g, const Index* index, T* x, typename SumOf<T>::type* sums) {
  zero(sums, a.size * width);
  for (Size c = 0; c < a.count; ++c, g += a.inner, index += a.inner)
    for (Size i = 0; i < width; ++i) sums[place(index[i], a.size) * width + i] += g[i];
  for (Size s = 0; s < a.size; ++s)
    for (Size i = 0; i < width; ++i) x[s * a.inner + i] = static_cast<T>(sums[s * width + i]);
}

// No two values meet. Adding 0 makes -0 into 0, as a sum from 0 on does.
template <typename T>
void place_strip(const Along& a, Size width, const T* g, const Index* index, T* x) {
  if (width == a.inner)
    zero(x, a.size * width);
  else
    for (Size s = 0; s < a.size; ++s) zero(x + s * a.inner, width);
  for (Size i = 0; i < width; ++i) x[place(index[i], a.size) * a.inner + i] = g[i] + T(0);
}

template <typename T>
void scatter_add_along_axis(const Call& call) noexcept {
  const Along& a = *reinterpret_cast<const Along*>(call.numbers);
  if (a.size == 0 || a.inner == 0) return;
  const Size strips = (a.inner + strip_width - 1) / strip_width;
  const Share mine = share(a.outer * strips, call);
  for (Size unit = mine.begin; unit < mine.end; ++unit) {
    const Size outer = unit / strips, inner = unit % strips * strip_width,
               width = smaller(strip_width, a.inner - inner);
    const Size from = outer * a.count * a.inner + inner;
    const T* g = call.buffer<const T>(1) + from;
    const Index* index = call.buffer<const Index>(2) + from;
    T* x = call.buffer<T>(0) + outer * a.size * a.inner + inner;
    if (a.count == 1)
      place_strip(a, width, g, index, x);
    else
      sum_strip(a, width, g, index, x, reinterpret_cast<typename SumOf<T>::type*>(call.scratch));
  }
}

// ---- set

template <typename T>
void scatter(const Call& call) noexcept {
  const Size total = call.numbers[0], n = call.numbers[1];
  T* y = call.buffer<T>(0);
  const T* values = call.buffer<const T>(2);
  const Index* places = call.buffer<const Index>(3);
  const Share mine = share(total, call, 64 / sizeof(T));
  if (mine.begin == mine.end) return;
  copy(y + mine.begin, call.buffer<const T>(1) + mine.begin, mine.end - mine.begin);
  for (Size i = 0; i < n; ++i) {
    const Size at = place(places[i], total);
    if (at >= mine.begin && at < mine.end) y[at] = values[i];
  }
}

// ---- mini-batches

void gather_rows(const Call& call) noexcept {
  const Size n = call.numbers[0], bytes = call.numbers[1];
  unsigned char* y = call.buffer<unsigned char>(0);
  const unsigned char* x = call.buffer<const unsigned char>(1);
  const Index* rows = call.buffer<const Index>(2);
  const Share mine = share(n, call);
  for (Size i = mine.begin; i < mine.end; ++i)
    __builtin_memcpy(y + i * bytes, x + rows[i] * bytes, static_cast<std::size_t>(bytes));
}

const Kernel kernels[] = {
    {"gather_1", gather<unsigned char>, nullptr},
    {"gather_4", gather<unsigned int>, nullptr},
    {"gather_8", gather<unsigned long long>, nullptr},
    {"scatter_add_float32", scatter_add<float>, nullptr},
    {"scatter_add_float64", scatter_add<double>, nullptr},
    {"scatter_add_int64", scatter_add<Index>, nullptr},
    {"take_along_axis_1", take_along_axis<unsigned char>, nullptr},
    {"take_along_axis_4", take_along_axis<unsigned int>, nullptr},
    {"take_along_axis_8", take_along_axis<unsigned long long>, nullptr},
    {"scatter_add_along_axis_float32", scatter_add_along_axis<float>, sums_scratch<float>},
    {"scatter_add_along_axis_float64", scatter_add_along_axis<double>, sums_scratch<double>},
    {"scatter_add_along_axis_int64", scatter_add_along_axis<Index>, sums_scratch<Index>},
    {"scatter_1", scatter<unsigned char>, nullptr},
    {"scatter_4", scatter<unsigned int>, nullptr},
    {"scatter_8", scatter<unsigned long long>, nullptr},
    {"gather_rows", gather_rows, nullptr},
};

}  // namespace

Kernels indexing_kernels() { return {kernels, sizeof kernels / sizeof kernels[0]}; }

}  // namespace pellucid::PELLUCID_KERNELS
