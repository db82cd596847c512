#include "table.hpp"

namespace pellucid::PELLUCID_KERNELS {

const Kernels kernels = {
    .matmul_float32 = matmul_float32,
    .matmul_float64 = matmul_float64,
};

}  // namespace pellucid::PELLUCID_KERNELS
