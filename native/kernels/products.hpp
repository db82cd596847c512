// Stacks of matrix products, shared out among workers.
#pragma once

#include "kernel.hpp"

#ifdef PELLUCID_KERNELS
namespace pellucid::PELLUCID_KERNELS {
Kernels products_kernels();
}  // namespace pellucid::PELLUCID_KERNELS
#endif
