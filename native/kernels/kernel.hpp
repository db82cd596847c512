// What every kernel looks like from outside.
//
// A kernel gets pointers, numbers and a share of the work. What the buffers and the numbers mean stands at the top of
// the kernel's own file. It knows nothing of graphs, of Python, or of how memory was come by.
#pragma once

#include <cstddef>

namespace pellucid {

using Size = std::ptrdiff_t;

// An index that is outside of its axis, and which operation was given it.
struct Fault {
  const char* operation;  // null as long as there is none
  long long index;
  Size size;  // of the axis
};

struct Call {
  std::byte* const* buffers;
  const Size* numbers;
  std::byte* scratch;   // of this worker alone, aligned to 64 bytes
  int worker, workers;  // do share number `worker` of `workers`; the shares together are the whole
  Fault* fault;         // of this worker alone: the first is to be told; or null

  // The index itself, or where it is outside of 0..size-1 the nearest place inside (a negative one counts from the
  // end), so that the kernel can go on; what it computes will not be used.
  [[gnu::always_inline]] Size checked(const char* operation, long long index, Size size) const {
    if (index >= 0 && index < size) [[likely]]
      return static_cast<Size>(index);
    if (fault && fault->operation == nullptr) *fault = {operation, index, size};
    const Size from_start = static_cast<Size>(index < 0 ? index + size : index);
    return from_start < 0 || size == 0 ? 0 : from_start < size ? from_start : size - 1;
  }

  template <typename T>
  [[gnu::always_inline]] T* buffer(int index) const {
    return reinterpret_cast<T*>(buffers[index]);
  }
};

// The shares must write to different places, and every sum must have the same order whatever the number of workers is:
// the results have the same bits. Nothing is thrown: the other workers would wait for ever for one that has left.
struct Kernel {
  const char* name;  // as the plan calls it: matmul_float32
  void (*run)(const Call&) noexcept;
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
