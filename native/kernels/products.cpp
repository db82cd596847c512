#include "products.hpp"

namespace pellucid::PELLUCID_KERNELS {

Kernels products_kernels() { return {nullptr, 0}; }

}  // namespace pellucid::PELLUCID_KERNELS
