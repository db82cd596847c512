// Programs of elementwise operations, run tile by tile.
#pragma once

#include "kernel.hpp"

#ifdef PELLUCID_KERNELS
namespace pellucid::PELLUCID_KERNELS {
Kernels elementwise_kernels();
}  // namespace pellucid::PELLUCID_KERNELS
#endif
