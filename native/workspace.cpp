#include "workspace.hpp"

#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

#include "threads.hpp"

#ifdef __unix__
#include <pthread.h>
#endif

namespace pellucid {

namespace {

// The blocks of a phase's tasks, put end to end, cut into pieces of equal cost: what falls to one worker.
std::vector<Stretch> part(const Phase& phase, int worker, int workers) {
  double total = 0;
  for (const Task& task : phase.tasks) total += task.cost * static_cast<double>(task.blocks);
  const double from = total * worker / workers, to = total * (worker + 1) / workers;
  std::vector<Stretch> mine;
  double at = 0;
  for (std::size_t i = 0; i < phase.tasks.size(); ++i) {
    const Task& task = phase.tasks[i];
    Stretch stretch{i, 0, 0};
    for (Size block = 0; block < task.blocks; ++block) {
      const double middle = at + task.cost * (static_cast<double>(block) + 0.5);
      if (middle < from && worker > 0) stretch.begin = block + 1;
      if (middle < to || worker == workers - 1) stretch.end = block + 1;
    }
    if (stretch.begin < stretch.end) mine.push_back(stretch);
    at += task.cost * static_cast<double>(task.blocks);
  }
  return mine;
}

}  // namespace

std::mutex idle_lock;

void hold_idle_lock_while_forking() {
#ifdef __unix__
  const auto hold = [] { idle_lock.lock(); };
  const auto let_go = [] { idle_lock.unlock(); };
  static const int done = pthread_atfork(hold, let_go, let_go);
  static_cast<void>(done);
#endif
}

void Plan::Workspace::refuse() const {
  for (const Fault& fault : faults)
    if (fault.operation)
      throw std::out_of_range(std::string(fault.operation) + ": " + std::to_string(fault.index) +
                              " is outside of an axis of size " + std::to_string(fault.size));
}

Plan::Lease::Lease(Plan& plan) : plan(plan) {
  const int workers = plan.any_shared_ ? Pool::instance().workers() : 1;
  {
    const std::lock_guard lock(idle_lock);
    if (!plan.idle_.empty()) {
      workspace = std::move(plan.idle_.back());
      plan.idle_.pop_back();
    }
  }
  if (!workspace || workspace->workers != workers) workspace = fresh(workers);
  for (Fault& fault : workspace->faults) fault = {};
#ifndef NDEBUG
  poison();
#endif
}

Plan::Lease::~Lease() {
  const std::lock_guard lock(idle_lock);
  try {
    plan.idle_.push_back(std::move(workspace));
  } catch (const std::bad_alloc&) {  // it is made anew next time
  }
}

std::unique_ptr<Plan::Workspace> Plan::Lease::fresh(int workers) const {
  auto made = std::make_unique<Workspace>();
  made->arena = allocate(plan.arena_bytes_);
  made->workers = workers;
  made->faults.resize(static_cast<std::size_t>(workers));
  made->inputs.resize(static_cast<std::size_t>(workers));
  made->outputs.resize(static_cast<std::size_t>(workers));
  for (int worker = 0; worker < workers; ++worker) {
    made->locals.push_back(allocate(plan.local_bytes_));
    made->scratches.push_back(allocate(plan.scratch_bytes_));
    made->times.emplace_back(static_cast<std::size_t>(plan.instruction_count()));
    auto& parts = made->parts.emplace_back();
    for (const Phase& phase : plan.phases_) parts.push_back(part(phase, worker, workers));
  }
  return made;
}

// What was never written is nan, to be noticed.
void Plan::Lease::poison() const {
  std::memset(workspace->arena.get(), 0xff, static_cast<std::size_t>(plan.arena_bytes_));
  for (const Memory& local : workspace->locals)
    std::memset(local.get(), 0xff, static_cast<std::size_t>(plan.local_bytes_));
  for (const Memory& scratch : workspace->scratches)
    std::memset(scratch.get(), 0xff, static_cast<std::size_t>(plan.scratch_bytes_));
}

}  // namespace pellucid
