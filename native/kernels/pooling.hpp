// Pooling of images and its gradients, channels last.
#pragma once

#include "kernel.hpp"

#ifdef PELLUCID_KERNELS
namespace pellucid::PELLUCID_KERNELS {
Kernels pooling_kernels();
}  // namespace pellucid::PELLUCID_KERNELS
#endif
