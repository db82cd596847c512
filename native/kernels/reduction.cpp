#include "reduction.hpp"

namespace pellucid::PELLUCID_KERNELS {

Kernels reduction_kernels() { return {nullptr, 0}; }

}  // namespace pellucid::PELLUCID_KERNELS
