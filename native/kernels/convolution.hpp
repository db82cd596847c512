// Convolution of images and its two gradients, channels last.
#pragma once

#include "kernel.hpp"

#ifdef PELLUCID_KERNELS
namespace pellucid::PELLUCID_KERNELS {
Kernels convolution_kernels();
}  // namespace pellucid::PELLUCID_KERNELS
#endif
