// From the instruction set chosen at run time to the kernels compiled for it.
#pragma once

#include <string_view>

#include "kernels/table.hpp"

namespace pellucid {

// Looks once and remembers. Throws as chosen_isa does.
const Table& table();

// The kernel of that name. Throws std::invalid_argument where there is none.
const Kernel& kernel(std::string_view name);

}  // namespace pellucid
