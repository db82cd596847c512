// Random numbers (Philox), the same bits as pellucid.random.
#pragma once

#include "kernel.hpp"

#ifdef PELLUCID_KERNELS
namespace pellucid::PELLUCID_KERNELS {
Kernels random_kernels();
}  // namespace pellucid::PELLUCID_KERNELS
#endif
