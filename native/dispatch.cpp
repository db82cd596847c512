#include "dispatch.hpp"

#include <stdexcept>
#include <string>
#include <unordered_map>

#include "isa.hpp"

namespace pellucid {
namespace {

const Table& compiled_for(Isa isa) {
  switch (isa) {
#ifdef PELLUCID_HAS_avx2
    case Isa::avx2:
      return avx2::table();
#endif
#ifdef PELLUCID_HAS_avx512
    case Isa::avx512:
      return avx512::table();
#endif
    default:
      return baseline::table();
  }
}

}  // namespace

const Table& table() {
  static const Table& chosen = compiled_for(chosen_isa());
  return chosen;
}

const Kernel& kernel(std::string_view name) {
  static const auto by_name = [] {
    std::unordered_map<std::string_view, const Kernel*> found;
    for (Size f = 0; f < table().family_count; ++f)
      for (Size k = 0; k < table().families[f].count; ++k)
        found.emplace(table().families[f].first[k].name, &table().families[f].first[k]);
    return found;
  }();
  const auto found = by_name.find(name);
  if (found == by_name.end()) throw std::invalid_argument("there is no kernel " + std::string(name));
  return *found->second;
}

}  // namespace pellucid
