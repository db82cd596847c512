// Gathering and scattering by indices.
#pragma once

#include "kernel.hpp"

#ifdef PELLUCID_KERNELS
namespace pellucid::PELLUCID_KERNELS {
Kernels indexing_kernels();
}  // namespace pellucid::PELLUCID_KERNELS
#endif
