// Softmax and its logarithm, of rows, and their gradients.
#pragma once

#include "kernel.hpp"

#ifdef PELLUCID_KERNELS
namespace pellucid::PELLUCID_KERNELS {
Kernels softmax_kernels();
}  // namespace pellucid::PELLUCID_KERNELS
#endif
