// The tile of a convolution's gradient by its weights, as convolution_weight_direct.cpp draws it.

#include "convolution_weight.hpp"
#include "table.hpp"

namespace pellucid::PELLUCID_KERNELS {
namespace {

// sum[r] += Σ x[position + r] · ȳ[position], or x[position + offsets[r]] where rows are not side by side in x.
template <typename T, int rows, int vectors, bool scattered>
void tile(const Positions& at, const T* x, const Size* offsets, const T* y, const Sums<T>& to) {
  const Size second = to.second;
  Vector<T> sum[rows][vectors];
#pragma GCC unroll 16
  for (int r = 0; r < rows; ++r)
#pragma GCC unroll 16
    for (int v = 0; v < vectors; ++v)
      sum[r][v] = to.fresh ? Vector<T>{} : load(to.at + r * to.row_stride + v * lanes<T>);
  for (Size n = 0; n < at.images; ++n)
    for (Size h = 0; h < at.rows; ++h) {
      const T* x_at = x + n * at.x_image + h * at.x_row;
      const T *y_at = y + n * at.y_image + h * at.y_row, *const end = y_at + at.columns * at.y_step;
      for (; y_at < end; x_at += at.x_step, y_at += at.y_step) {
        Vector<T> g[vectors];
#pragma GCC unroll 16
        for (int v = 0; v < vectors; ++v) g[v] = load(y_at + v * second);
#pragma GCC unroll 16
        for (int r = 0; r < rows; ++r)
#pragma GCC unroll 16
          for (int v = 0; v < vectors; ++v) sum[r][v] += x_at[scattered ? offsets[r] : r] * g[v];
      }
    }
#pragma GCC unroll 16
  for (int r = 0; r < rows; ++r)
#pragma GCC unroll 16
    for (int v = 0; v < vectors; ++v) store<T>(to.at + r * to.row_stride + v * lanes<T>, sum[r][v]);
}

template <typename T, int vectors, bool scattered, int rows = tile_rows<vectors>>
WeightTile<T> tile_of(Size count) {
  if constexpr (rows > 1)
    if (count < rows) return tile_of<T, vectors, scattered, rows - 1>(count);
  return tile<T, rows, vectors, scattered>;
}

}  // namespace

template <typename T>
WeightTile<T> weight_tile(Size rows, Size vectors, bool scattered) {
  if (scattered) return vectors == 2 ? tile_of<T, 2, true>(rows) : tile_of<T, 1, true>(rows);
  return vectors == 2 ? tile_of<T, 2, false>(rows) : tile_of<T, 1, false>(rows);
}

template <typename T>
void depthwise_weight_tile(const Positions& at, const T* x, const T* y, const Sums<T>& to, Size count) {
  T line_x[lanes<T>] = {}, line_y[lanes<T>] = {};
  Vector<T> sum = to.fresh ? Vector<T>{} : load(to.at);
  for (Size n = 0; n < at.images; ++n)
    for (Size h = 0; h < at.rows; ++h)
      for (Size w = 0; w < at.columns; ++w) {
        const T* x_at = x + n * at.x_image + h * at.x_row + w * at.x_step;
        const T* y_at = y + n * at.y_image + h * at.y_row + w * at.y_step;
        if (count < lanes<T>) {
          for (Size c = 0; c < count; ++c) line_x[c] = x_at[c], line_y[c] = y_at[c];
          x_at = line_x, y_at = line_y;
        }
        sum += load(x_at) * load(y_at);
      }
  store<T>(to.at, sum);
}

template WeightTile<float> weight_tile(Size, Size, bool);
template WeightTile<double> weight_tile(Size, Size, bool);
template void depthwise_weight_tile(const Positions&, const float*, const float*, const Sums<float>&, Size);
template void depthwise_weight_tile(const Positions&, const double*, const double*, const Sums<double>&, Size);

}  // namespace pellucid::PELLUCID_KERNELS
