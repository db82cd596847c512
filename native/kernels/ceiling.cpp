// Multiply-adds in registers, and nothing else: what no kernel can do faster.
//
// ceiling_DTYPE (float32, float64): y = a sum that is of no use to anyone
//   buffers  y (a vector of 64 bytes for each worker)
//   numbers  how many multiply-adds on numbers each worker does
//
// A multiply-add takes four cycles and two can begin in each: eight chains that do not wait for each other fill the
// machine, and twelve still fit into the sixteen registers of AVX2.

#include "ceiling.hpp"

#include "vector.hpp"

namespace pellucid::PELLUCID_KERNELS {
namespace {

constexpr int chains = 12;

template <typename T>
void ceiling(const Call& call) noexcept {
  Vector<T> sums[chains], factor = {}, term = {};
  for (int lane = 0; lane < lanes<T>; ++lane) {
    factor[lane] = static_cast<T>(0.999);
    term[lane] = static_cast<T>(0.001);
  }
  for (int i = 0; i < chains; ++i) sums[i] = factor * static_cast<T>(i);
  for (Size round = call.numbers[0] / (chains * lanes<T>); round > 0; --round)
    for (int i = 0; i < chains; ++i) sums[i] = sums[i] * factor + term;
  for (int i = 1; i < chains; ++i) sums[0] += sums[i];
  store(call.buffer<T>(0) + call.worker * (64 / sizeof(T)), sums[0]);
}

const Kernel kernels[] = {
    {"ceiling_float32", ceiling<float>, nullptr},
    {"ceiling_float64", ceiling<double>, nullptr},
};

}  // namespace

Kernels ceiling_kernels() { return {kernels, sizeof kernels / sizeof kernels[0]}; }

}  // namespace pellucid::PELLUCID_KERNELS
