// Reductions of short contiguous rows, as many at once as a vector has lanes: see rows.hpp.
#pragma once

#include "reduction_axes.hpp"
#include "rows.hpp"

namespace pellucid::PELLUCID_KERNELS {
namespace {

// In a longer row, what it costs to fold one vector of each row no longer counts. Of single bytes there are too many in
// a vector to go side by side.
constexpr Size short_row = 8;  // vectors
template <typename T>
constexpr bool goes_side_by_side = sizeof(T) >= 4;

// Rows at one distance from each other, and where their results go. `end` is the end of all that may be read.
template <typename T, typename Y>
struct ShortRows {
  const T *x, *end;
  Size columns, x_stride;
  Y* y;
  Size y_stride;

  Wide<T> read(Size row, Size column, T beyond) const {
    return read_row<T>(x + row * x_stride + column, columns - column, end, beyond);
  }

  template <typename Op>
  Wide<T> fold(Size begin, Size count) const {
    Wide<T> part[lanes<T>];
    for (Size r = 0; r < count; ++r) {
      part[r] = read(begin + r, 0, Op::template identity<T>);
      for (Size c = lanes<T>; c < columns; c += lanes<T>)
        part[r] = Op::fold(part[r], read(begin + r, c, Op::template identity<T>));
    }
    return fold_rows<T, Op>(part, count);
  }

  // The first place in each row that holds the row's maximum, or nan if that is nan.
  LaneIndex<T> find(Size begin, Size count, Wide<T> most) const {
    using I = typename IndexOf<T>::type;
    T wanted[lanes<T>];
    __builtin_memcpy(wanted, &most, sizeof wanted);
    const LaneIndex<T> nowhere = LaneIndex<T>{} + static_cast<I>(columns);
    LaneIndex<T> part[lanes<T>];
    for (Size r = 0; r < count; ++r) {
      part[r] = nowhere;
      for (Size c = 0; c < columns; c += lanes<T>) {
        const Wide<T> numbers = read(begin + r, c, Max::identity<T>), m = Wide<T>{} + wanted[r];
        const LaneIndex<T> here = lane_index<T>() + static_cast<I>(c);
        part[r] = Min::fold(part[r], (numbers == m) | ((m != m) & (numbers != numbers)) ? here : nowhere);
      }
    }
    return fold_rows<I, Min>(part, count);
  }

  template <typename V>
  void write(Size begin, Size count, V results) const {
    decltype(results[0] + results[0]) each[lanes<T>];
    for (int lane = 0; lane < lanes<T>; ++lane) each[lane] = results[lane];
    for (Size r = 0; r < count; ++r) y[(begin + r) * y_stride] = static_cast<Y>(each[r]);
  }
};

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

}  // namespace
}  // namespace pellucid::PELLUCID_KERNELS
