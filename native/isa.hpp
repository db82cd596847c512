// What this machine can run, found out at run time.
#pragma once

#include <string>
#include <vector>

namespace pellucid {

// From the narrowest to the widest. The baseline is what every compiler emits unasked: SSE2 on x86-64, NEON on Arm.
enum class Isa { baseline, avx2, avx512 };

std::string name(Isa isa);

// Those that this processor and operating system support; the baseline always comes first.
std::vector<Isa> isas();

// The widest of isas(), or the one that the environment variable PELLUCID_ISA names.
// Throws std::invalid_argument where that name is unknown or not in isas().
Isa chosen_isa();

// Cores that this process may use: an affinity mask set from outside (taskset, a batch system) counts.
int cores();

}  // namespace pellucid
