// What one run of a plan needs for itself, so that several threads may run it at once.
#pragma once

#include <mutex>

#include "pace.hpp"
#include "plan.hpp"

namespace pellucid {

// Of what is idle of every plan. One for all, held for some nanoseconds, so that a fork can wait for it: the child must
// find it free, and what it guards whole.
extern std::mutex idle_lock;
void hold_idle_lock_while_forking();

// From which to which block of one task a worker goes.
struct Stretch {
  std::size_t task;
  Size begin, end;
};

// Memory, and who does what.
struct Plan::Workspace {
  Memory arena;
  std::vector<Memory> locals, scratches;                 // of each worker
  std::vector<std::vector<std::vector<Stretch>>> parts;  // of each worker, in each phase
  std::vector<std::vector<std::byte*>> inputs, outputs;  // of each worker: a copy of the caller's
  std::vector<std::vector<double>> times;                // of each worker, of each instruction
  std::vector<Fault> faults;                             // of each worker
  Pace pace;
  int workers;

  // Before the workers start, who must not throw and so must not allocate.
  void hand_out(const std::vector<std::byte*>& all_inputs, const std::vector<std::byte*>& all_outputs) {
    for (auto& mine : inputs) mine = all_inputs;
    for (auto& mine : outputs) mine = all_outputs;
  }

  // Throws what the first worker that has a fault found first: shares are in order, so it is the first one of its call.
  void refuse() const;
};

// A workspace taken from the idle ones, or a new one; goes back at the end.
struct Plan::Lease {
  explicit Lease(Plan& plan);
  ~Lease();

  Plan& plan;
  std::unique_ptr<Workspace> workspace;

 private:
  std::unique_ptr<Workspace> fresh(int workers) const;
  void poison() const;
};

}  // namespace pellucid
