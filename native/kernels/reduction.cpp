// reduce_sum_DTYPE, reduce_max_DTYPE: many numbers become one, along any axes of any strides.
//
//   buffers  y, x
//   numbers  count of kept axes, then for each: size, stride of y, stride of x (in elements)
//            count of reduced axes, then for each: size, stride of x
//
// Sums of nothing are 0, the maximum of nothing is the dtype's lowest number; nan is the largest. Where the maxima are
// says argmax.cpp.
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

#include "reduction_columns.hpp"
#include "reduction_lines.hpp"
#include "reduction_rows.hpp"

namespace pellucid::PELLUCID_KERNELS {
namespace {

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

template <typename T, typename Op>
void reduce(const Call& call) noexcept {
  const Axes axes = read(call.numbers, false);
  if (axes.outputs() == 0) return;
  if (are_columns(axes))
    reduce_columns<T, Op>(axes, call);
  else
    reduce_lines<T, Op>(axes, call);
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
};

}  // namespace

Kernels reduction_kernels() { return {kernels, sizeof kernels / sizeof kernels[0]}; }

}  // namespace pellucid::PELLUCID_KERNELS
