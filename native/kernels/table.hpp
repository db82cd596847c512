// The kernels of one instruction set, and how to get at the right ones.
//
// Every file in this folder is compiled once for each instruction set, into a namespace of its own named by
// PELLUCID_KERNELS. The tables are where those copies come together again.
//
// The trap in compiling one source several times: an inline function of the standard library (std::min, say) that the
// compiler does not inline becomes one symbol shared by all copies, and the linker may keep the AVX-512 one for a
// machine that has none. So files in this folder include nothing but each other, <cstddef>, and the compiler's
// intrinsics, which are always inlined; and what they share stands in the namespace PELLUCID_KERNELS or in an unnamed
// one.
#pragma once

#include "kernel.hpp"
#include "matmul.hpp"
#include "operations.hpp"

namespace pellucid {

struct Table {
  Matmul<float> matmul_float32;
  Matmul<double> matmul_float64;
  const Kernels* families;
  Size family_count;
  Operations operations;  // of elementwise programs
};

namespace baseline {
const Table& table();
}
namespace avx2 {
const Table& table();
}
namespace avx512 {
const Table& table();
}

}  // namespace pellucid
