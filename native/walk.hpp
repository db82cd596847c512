// How a plan runs: every worker walks the same phases. Of a phase that is shared each does its part, the first worker
// alone does one that is not. A barrier stands behind a phase that was shared and before one that will be; between two
// that the first worker does alone there is nothing to wait for.
#pragma once

#include <chrono>

#include "gather.hpp"
#include "threads.hpp"
#include "workspace.hpp"

namespace pellucid {

using Clock = std::chrono::steady_clock;

// One worker's way through the phases.
class Plan::Walk {
 public:
  Walk(const Plan& plan, Workspace& workspace, int worker, int workers, Barrier* barrier) noexcept
      : inputs(workspace.inputs[static_cast<std::size_t>(worker)]),
        outputs(workspace.outputs[static_cast<std::size_t>(worker)]),
        plan_(plan),
        parts_(workspace.parts[static_cast<std::size_t>(worker)]),
        times_(workspace.times[static_cast<std::size_t>(worker)]),
        arena_(workspace.arena.get()),
        local_(workspace.locals[static_cast<std::size_t>(worker)].get()),
        scratch_(workspace.scratches[static_cast<std::size_t>(worker)].get()),
        fault_(&workspace.faults[static_cast<std::size_t>(worker)]),
        worker_(worker),
        workers_(workers),
        barrier_(barrier),
        timing_(plan.timing_) {}

  // apart: whether others may be behind or ahead
  void step(bool apart = false) noexcept {
    instruction_ = 0;
    for (std::size_t i = 0; i < plan_.phases_.size(); ++i) {
      const Phase& phase = plan_.phases_[i];
      const bool shared = phase.shared && workers_ > 1;
      if (shared && apart) wait();
      if (shared)
        share(phase, parts_[i]);
      else if (worker_ == 0)
        all(phase);
      else
        pass(phase);
      if (shared) wait();
      apart = !shared;
    }
    if (apart) wait();
  }

  void wait() const noexcept {
    if (barrier_) barrier_->wait();
  }

  std::vector<std::byte*>&inputs, &outputs;  // of this worker alone, so that it may change them
  Gatherer* ahead = nullptr;                 // asks for the next step's rows while this one is computed

 private:
  void share(const Phase& phase, const std::vector<Stretch>& parts) {
    auto mine = parts.begin();
    for (std::size_t i = 0; i < phase.tasks.size(); ++i) {
      const Task& task = phase.tasks[i];
      if (task.blocks == 0)
        block(task, 0, worker_, workers_);
      else if (mine != parts.end() && mine->task == i) {
        for (Size b = mine->begin; b < mine->end; ++b) block(task, b, 0, 1);
        ++mine;
      }
      instruction_ += task.instructions.size();
    }
  }

  void all(const Phase& phase) {
    for (const Task& task : phase.tasks) {
      block(task, 0, 0, 1);
      for (Size b = 1; b < task.blocks; ++b) block(task, b, 0, 1);
      instruction_ += task.instructions.size();
    }
  }

  void pass(const Phase& phase) {
    for (const Task& task : phase.tasks) instruction_ += task.instructions.size();
  }

  void block(const Task& task, Size block, int worker, int workers) {
    for (std::size_t i = 0; i < task.instructions.size(); ++i) {
      const Instruction& at = task.instructions[i];
      std::byte* buffers[most_operands];
      for (std::size_t o = 0; o < at.operands.size(); ++o) {
        const Operand& operand = at.operands[o];
        buffers[o] = base(operand) + operand.offset + block * operand.step;
      }
      const auto begin = timing_ ? Clock::now() : Clock::time_point{};
      at.kernel->run({buffers, at.numbers.data(), scratch_, worker, workers, fault_});
      if (timing_) times_[instruction_ + i] += Pace::Nanoseconds(Clock::now() - begin).count() / workers_;
      if (ahead) ahead->ask();
    }
  }

  std::byte* base(const Operand& operand) const {
    switch (operand.space) {
      case Space::input:
        return inputs[static_cast<std::size_t>(operand.index)];
      case Space::output:
        return outputs[static_cast<std::size_t>(operand.index)];
      case Space::constant:
        return plan_.constants_.get();
      case Space::local:
        return local_;
      default:
        return arena_;
    }
  }

  const Plan& plan_;
  const std::vector<std::vector<Stretch>>& parts_;
  std::vector<double>& times_;
  std::byte *const arena_, *const local_, *const scratch_;
  Fault* const fault_;
  const int worker_, workers_;
  Barrier* const barrier_;
  const bool timing_;
  std::size_t instruction_ = 0;  // the number of the task's first one
};

// Runs task(worker, workers, barrier) on the whole pool, or, where it is busy or not wanted, here alone. A task does
// not throw: the others would wait at the barrier for a worker that has left.
template <typename Task>
void together(bool shared, int workers, const Task& task) {
  static_assert(noexcept(task(0, 1, nullptr)));
  if (shared && workers > 1) {
    Barrier barrier(workers);
    if (Pool::instance().try_run(workers, [&](int worker) noexcept { task(worker, workers, &barrier); })) return;
  }
  task(0, 1, nullptr);
}

}  // namespace pellucid
