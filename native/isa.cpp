#include "isa.hpp"

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#ifdef __linux__
#include <sched.h>
#endif

namespace pellucid {
namespace {

constexpr Isa kAll[] = {Isa::baseline, Isa::avx2, Isa::avx512};

// PELLUCID_HAS_...: there are kernels for it. The built-ins also ask whether the operating system saves the wide
// registers.
bool supported(Isa isa) {
  switch (isa) {
#ifdef PELLUCID_HAS_avx2
    case Isa::avx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
#ifdef PELLUCID_HAS_avx512
    case Isa::avx512:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("avx512f") &&
             __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
             __builtin_cpu_supports("avx512vl");
#endif
    default:
      return isa == Isa::baseline;
  }
}

std::string names(const std::vector<Isa>& isas) {
  std::string text;
  for (Isa isa : isas) text += (text.empty() ? "" : ", ") + name(isa);
  return text;
}

}  // namespace

std::string name(Isa isa) {
  switch (isa) {
    case Isa::avx2:
      return "avx2";
    case Isa::avx512:
      return "avx512";
    default:
      return "baseline";
  }
}

std::vector<Isa> isas() {
  std::vector<Isa> found;
  std::copy_if(std::begin(kAll), std::end(kAll), std::back_inserter(found), supported);
  return found;
}

Isa chosen_isa() {
  const std::vector<Isa> found = isas();
  const char* wanted = std::getenv("PELLUCID_ISA");
  if (wanted == nullptr || *wanted == '\0') return found.back();
  for (Isa isa : found)
    if (name(isa) == wanted) return isa;
  throw std::invalid_argument("PELLUCID_ISA: this machine has no instruction set '" + std::string(wanted) +
                              "'; it has " + names(found));
}

int cores() {
#ifdef __linux__
  cpu_set_t mask;
  if (sched_getaffinity(0, sizeof mask, &mask) == 0) return CPU_COUNT(&mask);
#endif
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace pellucid
