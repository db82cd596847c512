#include "plan.hpp"

#include <cstring>
#include <mutex>
#include <stdexcept>
#include <utility>

#include "walk.hpp"
#include "workspace.hpp"

namespace pellucid {
namespace {

Size aligned(Size bytes) { return (bytes + 63) / 64 * 64; }

}  // namespace

Plan::Plan(std::vector<Phase> phases, Size arena_bytes, Size local_bytes, const std::byte* constants,
           Size constant_bytes, std::vector<Size> input_bytes, std::vector<Size> output_bytes)
    : phases_(std::move(phases)),
      arena_bytes_(arena_bytes),
      local_bytes_(local_bytes),
      constants_(allocate(constant_bytes)),
      input_bytes_(std::move(input_bytes)),
      output_bytes_(std::move(output_bytes)) {
  hold_idle_lock_while_forking();
  std::memcpy(constants_.get(), constants, static_cast<std::size_t>(constant_bytes));
  for (const Phase& phase : phases_) {
    any_shared_ = any_shared_ || phase.shared;
    for (const Task& task : phase.tasks)
      for (const Instruction& at : task.instructions) {
        if (at.operands.size() > most_operands) throw std::length_error("a kernel call has too many operands");
        if (at.kernel->scratch == nullptr) continue;
        const Size bytes = aligned(at.kernel->scratch(at.numbers.data()));
        if (bytes > scratch_bytes_) scratch_bytes_ = bytes;
      }
  }
}

Plan::~Plan() = default;

Size Plan::instruction_count() const {
  Size count = 0;
  for (const Phase& phase : phases_)
    for (const Task& task : phase.tasks) count += static_cast<Size>(task.instructions.size());
  return count;
}

void Plan::run(const std::vector<std::byte*>& inputs, const std::vector<std::byte*>& outputs) {
  const Lease lease(*this);
  Workspace& workspace = *lease.workspace;
  workspace.hand_out(inputs, outputs);
  together(any_shared_, workspace.workers, [&](int worker, int workers, Barrier* barrier) noexcept {
    Walk(*this, workspace, worker, workers, barrier).step();
  });
  workspace.refuse();
}

std::vector<double> Plan::times() {
  const std::lock_guard lock(idle_lock);
  std::vector<double> taken(static_cast<std::size_t>(instruction_count()));
  for (const auto& workspace : idle_)
    for (auto& times : workspace->times)
      for (std::size_t i = 0; i < times.size(); ++i) {
        taken[i] += times[i];
        times[i] = 0;
      }
  return taken;
}

}  // namespace pellucid
