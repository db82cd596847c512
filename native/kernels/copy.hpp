// y = x, for any strides: transposes, slices, broadcasts and padding become memory here.
#pragma once

#include "kernel.hpp"

#ifdef PELLUCID_KERNELS
namespace pellucid::PELLUCID_KERNELS {
Kernels copy_kernels();
}  // namespace pellucid::PELLUCID_KERNELS
#endif
