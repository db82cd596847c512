#include "table.hpp"

#include "argmax.hpp"
#include "ceiling.hpp"
#include "convolution.hpp"
#include "copy.hpp"
#include "elementwise.hpp"
#include "indexing.hpp"
#include "pooling.hpp"
#include "products.hpp"
#include "random.hpp"
#include "reduction.hpp"
#include "softmax.hpp"

namespace pellucid::PELLUCID_KERNELS {

// One for each file of kernels. A function, since the order in which globals of several files are made is not defined.
const Table& table() {
  static const Kernels families[] = {
      argmax_kernels(),      ceiling_kernels(),   convolution_kernels(), copy_kernels(),
      elementwise_kernels(), indexing_kernels(),  pooling_kernels(),     products_kernels(),
      random_kernels(),      reduction_kernels(), softmax_kernels(),
  };
  static const Table all = {
      .matmul_float32 = matmul_float32,
      .matmul_float64 = matmul_float64,
      .families = families,
      .family_count = sizeof families / sizeof families[0],
      .operations = operations(),
  };
  return all;
}

}  // namespace pellucid::PELLUCID_KERNELS
