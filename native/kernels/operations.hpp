// What an instruction of an elementwise program can do: one loop over a tile for each operation and dtype.
#pragma once

#include "kernel.hpp"

namespace pellucid {

struct Operation {
  const char* name;  // as Python asks for it: add_float32, where_int64, cast_uint8_float32
  // y[i] = f(a[i], b[i], c[i]) for i < size. y may be a, b or c itself where the elements have the same size, and must
  // not overlap them otherwise. Nothing is read or written beyond size.
  void (*run)(Size size, std::byte* y, const std::byte* a, const std::byte* b, const std::byte* c);
  int sources;  // how many of a, b and c it reads
  int bytes;    // of one element of y
};

struct Operations {
  const Operation* first;
  Size count;
};

#ifdef PELLUCID_KERNELS
namespace PELLUCID_KERNELS {
Operations operations();
}  // namespace PELLUCID_KERNELS
#endif

}  // namespace pellucid
