// What every kernel looks like from outside.
//
// A kernel gets pointers, numbers and a share of the work. What the buffers and the numbers mean stands at the top of
// the kernel's own file. It knows nothing of graphs, of Python, or of how memory was come by.
#pragma once

#include <cstddef>

namespace pellucid {

using Size = std::ptrdiff_t;

struct Call {
  std::byte* const* buffers;
  const Size* numbers;
  std::byte* scratch;   // of this worker alone, aligned to 64 bytes
  int worker, workers;  // do share number `worker` of `workers`; the shares together are the whole

  template <typename T>
  [[gnu::always_inline]] T* buffer(int index) const {
    return reinterpret_cast<T*>(buffers[index]);
  }
};

// The shares must write to different places, and every sum must have the same order whatever the number of workers is:
// the results have the same bits.
struct Kernel {
  const char* name;  // as the plan calls it: matmul_float32
  void (*run)(const Call&);
  Size (*scratch)(const Size* numbers);  // bytes for each worker; null where none are needed
};

struct Kernels {
  const Kernel* first;
  Size count;
};

// From which to which element a worker's share of `size` goes, in units of `unit` (a cache line, a tile).
struct Share {
  Size begin, end;
};

[[gnu::always_inline]] inline Share share(Size size, const Call& call, Size unit = 1) {
  const Size units = (size + unit - 1) / unit;
  const Size begin = units * call.worker / call.workers * unit, end = units * (call.worker + 1) / call.workers * unit;
  return {begin < size ? begin : size, end < size ? end : size};
}

}  // namespace pellucid
