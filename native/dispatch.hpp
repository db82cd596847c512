// From the instruction set chosen at run time to the kernels compiled for it.
#pragma once

#include "kernels/table.hpp"

namespace pellucid {

// Looks once and remembers. Throws as chosen_isa does.
const Kernels& kernels();

}  // namespace pellucid
