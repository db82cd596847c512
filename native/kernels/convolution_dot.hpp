// The tile of a convolution with a few filters and many channels: the gradient by an image of three colours, say.
//
// Its filters would leave most of a vector empty. So the vector is channels, and each sum is one of vectors, whose
// lanes are added at the end:
//
//                  channels →
//               ┌───────────────┬ ─ ─ ┐                                    The last vector of channels ends where they
//    position   │ x at this tap │     │  · w of each filter at this tap    end, and counts only those that the one
//               └───────────────┴ ─ ─ ┘                                    before has not.
#pragma once

#include "convolution_panels.hpp"
#include "vector.hpp"

namespace pellucid::PELLUCID_KERNELS {
namespace {

template <int filters>
constexpr int dot_positions = smaller(12, (vector_registers == 32 ? 16 : 10) / filters);

template <typename T>
T sum_of_lanes(Vector<T> vector) {
  T line[lanes<T>];
  store(line, vector);
#pragma GCC unroll 4
  for (int half = lanes<T> / 2; half > 0; half /= 2)
#pragma GCC unroll 8
    for (int i = 0; i < half; ++i) line[i] += line[half + i];
  return line[0];
}

template <typename T, int positions, int filters>
void dot_tile(const Runs& runs, const T* x, Size x_step, const T* panel, T* y, Size y_step, Size) {
  const Size width = round_up(runs.length, lanes<T>), last = runs.length - lanes<T>, spare = width - runs.length;
  Vector<T> sum[positions][filters] = {}, lane;
  for (int i = 0; i < lanes<T>; ++i) lane[i] = static_cast<T>(i);
  const auto counts =
      lane >= static_cast<T>(spare);  // in the last vector; times zero, an infinity would not be nothing
  for (Size i = 0; i < runs.rows; ++i)
    for (Size j = 0; j < runs.columns; ++j) {
      const T* const run = x + i * runs.x_row + j * runs.x_column;
      const T* const weights = panel + i * runs.panel_row + j * runs.panel_column;
      for (Size k = 0; k < width; k += lanes<T>) {
        Vector<T> w[filters];
#pragma GCC unroll 4
        for (int f = 0; f < filters; ++f) w[f] = load(weights + f * width + k);
#pragma GCC unroll 16
        for (int p = 0; p < positions; ++p) {
          Vector<T> value = load(run + p * x_step + smaller(k, last));
          if (k > last) value = counts ? value : Vector<T>{};
#pragma GCC unroll 4
          for (int f = 0; f < filters; ++f) sum[p][f] += value * w[f];
        }
      }
    }
#pragma GCC unroll 16
  for (int p = 0; p < positions; ++p)
#pragma GCC unroll 4
    for (int f = 0; f < filters; ++f) y[p * y_step + f] = sum_of_lanes<T>(sum[p][f]);
}

// The weights for it: (taps, filters, channels rounded up to vectors).
template <typename T>
void pack_dot_weights(const ConvolutionPass<T>& pass, const ConvolutionWeights<T>& weights, T* packed, Share channels) {
  const Size width = round_up(pass.depth, lanes<T>);
  for (Size i = 0; i < pass.taps[0]; ++i)
    for (Size j = 0; j < pass.taps[1]; ++j)
      for (Size f = 0; f < pass.filters; ++f, packed += width) {
        if (channels.end == pass.depth)
          for (Size c = width - lanes<T>; c < width - lanes<T> + width - pass.depth; ++c) packed[c] = 0;
        for (Size c = channels.begin; c < channels.end; ++c) {
          const Size vector = c / lanes<T> * lanes<T>, first = smaller(vector, pass.depth - lanes<T>);
          packed[vector + c - first] =
              weights.first[f * weights.filter + c * weights.depth + i * weights.tap[0] + j * weights.tap[1]];
        }
      }
}

}  // namespace
}  // namespace pellucid::PELLUCID_KERNELS
