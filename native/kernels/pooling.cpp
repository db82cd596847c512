#include "pooling.hpp"

namespace pellucid::PELLUCID_KERNELS {

Kernels pooling_kernels() { return {nullptr, 0}; }

}  // namespace pellucid::PELLUCID_KERNELS
