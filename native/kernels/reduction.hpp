// Sums and maxima.
#pragma once

#include "kernel.hpp"

#ifdef PELLUCID_KERNELS
namespace pellucid::PELLUCID_KERNELS {
Kernels reduction_kernels();
}  // namespace pellucid::PELLUCID_KERNELS
#endif
