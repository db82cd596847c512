// The most multiply-adds that a core can do.
#pragma once

#include "kernel.hpp"

#ifdef PELLUCID_KERNELS
namespace pellucid::PELLUCID_KERNELS {
Kernels ceiling_kernels();
}  // namespace pellucid::PELLUCID_KERNELS
#endif
