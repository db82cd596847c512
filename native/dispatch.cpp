#include "dispatch.hpp"

#include "isa.hpp"

namespace pellucid {
namespace {

const Kernels& compiled_for(Isa isa) {
  switch (isa) {
#if defined(__x86_64__)
    case Isa::avx2:
      return avx2::kernels;
    case Isa::avx512:
      return avx512::kernels;
#endif
    default:
      return baseline::kernels;
  }
}

}  // namespace

const Kernels& kernels() {
  static const Kernels& chosen = compiled_for(chosen_isa());
  return chosen;
}

}  // namespace pellucid
