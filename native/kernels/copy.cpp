// copy_SIZE: y = x for elements of SIZE bytes (1, 4 or 8), through strides.
//
//   buffers  y, x
//   numbers  rank, then for each axis: size, stride of y, stride of x (in elements, from the outermost axis on)
//
// The innermost axis is one loop; the axes around it are counted like an odometer.

#include "copy.hpp"

namespace pellucid::PELLUCID_KERNELS {
namespace {

struct Axis {
  Size size, y_stride, x_stride;
};

template <typename T>
void line(T* y, const T* x, Axis axis) {
  if (axis.y_stride == 1 && axis.x_stride == 1)
    __builtin_memcpy(y, x, static_cast<std::size_t>(axis.size) * sizeof(T));
  else
    for (Size i = 0; i < axis.size; ++i) y[i * axis.y_stride] = x[i * axis.x_stride];
}

template <typename T>
void copy(const Call& call) {
  const Size rank = call.numbers[0];
  const Axis* axes = reinterpret_cast<const Axis*>(call.numbers + 1);
  if (rank == 0) {
    if (call.worker == 0) *call.buffer<T>(0) = *call.buffer<const T>(1);
    return;
  }
  Size lines = 1;
  for (Size a = 0; a + 1 < rank; ++a) lines *= axes[a].size;
  const Share mine = share(lines, call);
  for (Size i = mine.begin; i < mine.end; ++i) {
    Size rest = i, y = 0, x = 0;
    for (Size a = rank - 2; a >= 0; --a) {
      const Size at = rest % axes[a].size;
      rest /= axes[a].size;
      y += at * axes[a].y_stride;
      x += at * axes[a].x_stride;
    }
    line(call.buffer<T>(0) + y, call.buffer<const T>(1) + x, axes[rank - 1]);
  }
}

const Kernel kernels[] = {
    {"copy_1", copy<unsigned char>, nullptr},
    {"copy_4", copy<unsigned int>, nullptr},
    {"copy_8", copy<unsigned long long>, nullptr},
};

}  // namespace

Kernels copy_kernels() { return {kernels, sizeof kernels / sizeof kernels[0]}; }

}  // namespace pellucid::PELLUCID_KERNELS
