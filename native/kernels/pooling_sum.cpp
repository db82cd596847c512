// Sums of windows, and their adjoint: what a window sees, or the windows that see a pixel.

#include "pooling.hpp"
#include "pooling_walk.hpp"
#include "table.hpp"
#include "vector.hpp"

namespace pellucid::PELLUCID_KERNELS {
namespace {

// What a window sees, or the windows that see a pixel.
template <typename T, auto find>
auto sum_of(const Call& call, const Walk<T, find>& walk) {
  return [=](const Pixel& p) {
    const Size channels = walk.g.channels, width = walk.from_width;
    const T* x = call.buffer<const T>(1) + p.image * walk.from_height * width * channels;
    each_vector<T>(channels, p.room, [&](Size c, Size count) {
      Vector<T> sum = {};
      for (const Tap& row : p.down)
        for (const Tap& column : p.across) sum += read_numbers(x + (row.at * width + column.at) * channels + c, count);
      write_numbers(call.buffer<T>(0) + p.at + c, sum, count);
    });
  };
}

template <typename T, int taps>
void quick_sums(const Windows& windows, const T* x, T* y) {
  const Size count = taps > 0 ? taps : windows.count, channels = windows.channels;
  for (Size w = windows.begin; w < windows.end; ++w, x += windows.step, y += channels)
    each_vector<T>(channels, true, [&](Size c, Size) {
      Vector<T> sum = {};
#pragma GCC unroll 4
      for (Size k = 0; k < count; ++k) sum += load(x + windows.places[k] + c);
      store(y + c, sum);
    });
}

}  // namespace

template <typename T>
void sum_pool(const Call& call) noexcept {
  const Walk<T, seen> walk = windows<T>(call);
  const Windows whole = whole_windows(walk);
  const auto quick = whole.count == 4 ? quick_sums<T, 4> : quick_sums<T, 0>;
  each_row(walk, whole, sum_of(call, walk), [&](Size from, Size at) {
    quick(whole, call.buffer<const T>(1) + from, call.buffer<T>(0) + at);
    return true;
  });
}

template <typename T>
void sum_unpool(const Call& call) noexcept {
  const Walk<T, seeing> walk = pixels<T>(call);
  walk.each(sum_of(call, walk));
}

template void sum_pool<float>(const Call&) noexcept;
template void sum_pool<double>(const Call&) noexcept;
template void sum_unpool<float>(const Call&) noexcept;
template void sum_unpool<double>(const Call&) noexcept;

}  // namespace pellucid::PELLUCID_KERNELS
