// Where the maxima are.
#pragma once

#include "kernel.hpp"

#ifdef PELLUCID_KERNELS
namespace pellucid::PELLUCID_KERNELS {
Kernels argmax_kernels();
}  // namespace pellucid::PELLUCID_KERNELS
#endif
