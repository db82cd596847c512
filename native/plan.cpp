// How a plan runs: every worker walks the same phases. Of a phase that is shared each does its part, the first worker
// alone does one that is not. A barrier stands behind a phase that was shared and before one that will be; between two
// that the first worker does alone there is nothing to wait for.

#include "plan.hpp"

#include <chrono>
#include <cstring>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>

#include "gather.hpp"
#include "pace.hpp"
#include "threads.hpp"

#ifdef __unix__
#include <pthread.h>
#endif

namespace pellucid {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto between_looks = std::chrono::milliseconds(50);  // at whether somebody wants to interrupt

// Of what is idle of every plan. One for all, held for some nanoseconds, so that a fork can wait for it: the child must
// find it free, and what it guards whole.
std::mutex idle_lock;

void hold_idle_lock_while_forking() {
#ifdef __unix__
  const auto hold = [] { idle_lock.lock(); };
  const auto let_go = [] { idle_lock.unlock(); };
  static const int done = pthread_atfork(hold, let_go, let_go);
  static_cast<void>(done);
#endif
}

Memory allocate(Size bytes) {
  const auto count = static_cast<std::size_t>(bytes ? bytes : 1);
  return Memory(static_cast<std::byte*>(operator new(count, std::align_val_t{64})));
}

Size aligned(Size bytes) { return (bytes + 63) / 64 * 64; }

// From which to which block of one task a worker goes.
struct Stretch {
  std::size_t task;
  Size begin, end;
};

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

// What one run needs for itself: memory, and who does what.
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
};

// A workspace taken from the idle ones, or a new one; goes back at the end.
struct Plan::Lease {
  explicit Lease(Plan& plan) : plan(plan) {
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
  ~Lease() {
    const std::lock_guard lock(idle_lock);
    try {
      plan.idle_.push_back(std::move(workspace));
    } catch (const std::bad_alloc&) {  // it is made anew next time
    }
  }

  std::unique_ptr<Workspace> fresh(int workers) const {
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
  void poison() const {
    std::memset(workspace->arena.get(), 0xff, static_cast<std::size_t>(plan.arena_bytes_));
    for (const Memory& local : workspace->locals)
      std::memset(local.get(), 0xff, static_cast<std::size_t>(plan.local_bytes_));
    for (const Memory& scratch : workspace->scratches)
      std::memset(scratch.get(), 0xff, static_cast<std::size_t>(plan.scratch_bytes_));
  }

  Plan& plan;
  std::unique_ptr<Workspace> workspace;
};

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

namespace {

// Throws what the first worker that has a fault found first: shares are in order, so it is the first one of its call.
void refuse(const std::vector<Fault>& faults) {
  for (const Fault& fault : faults)
    if (fault.operation)
      throw std::out_of_range(std::string(fault.operation) + ": " + std::to_string(fault.index) +
                              " is outside of an axis of size " + std::to_string(fault.size));
}

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
  refuse(workspace.faults);
}

bool Plan::scan(const Scan& scan) {
  const Lease lease(*this);
  Workspace& workspace = *lease.workspace;
  const auto bytes_of = [&](const Fed& pair) {
    return static_cast<std::size_t>(output_bytes_[static_cast<std::size_t>(pair.output)]);
  };
  std::vector<std::byte*> first = scan.inputs;
  std::vector<Memory> memory, spares;
  std::vector<std::byte*> batches;
  for (const auto& part : scan.gathered) {
    memory.push_back(allocate(part.row_bytes * scan.batch));
    batches.push_back(memory.back().get());
    first[static_cast<std::size_t>(part.input)] = batches.back();
  }
  // State that cannot be changed in place goes to and fro between its output and a spare place.
  for (const auto& pair : scan.fed) {
    const auto output = static_cast<std::size_t>(pair.output), input = static_cast<std::size_t>(pair.input);
    spares.push_back(allocate(pair.in_place ? 0 : output_bytes_[output]));
    if (pair.in_place) {
      std::memcpy(scan.outputs[output], first[input], bytes_of(pair));
      first[input] = scan.outputs[output];
    }
  }
  const bool waits = !begins_alone(scan);
  std::atomic<Size> end{scan.steps};
  bool stopped = false;  // said by the caller's own thread, which then makes one step more, so that all come to know
  workspace.hand_out(first, scan.outputs);

  auto looked = Clock::now();
  const auto walk = [&](int worker, int workers, Barrier* barrier, Size from, Size to) noexcept {
    Walk walk(*this, workspace, worker, workers, barrier);
    Gatherer gatherer(scan.gathered, batches, scan.batch, worker, workers);
    walk.ahead = &gatherer;
    for (Size step = from; step < to && step < end.load(); ++step) {
      if (worker == 0 && Clock::now() - looked > between_looks) {
        stopped = scan.interrupted();
        if (stopped) end.store(step + 1);
        looked = Clock::now();
      }
      gatherer.gather(scan.rows + step * scan.batch);
      gatherer.look_ahead(step + 1 < scan.steps ? scan.rows + (step + 1) * scan.batch : nullptr);
      // The last step's state belongs into the outputs: counted from there, every other one goes to the spare places.
      const bool to_spare = (scan.steps - 1 - step) % 2 == 1;
      for (std::size_t i = 0; i < scan.fed.size(); ++i)
        if (const auto& pair = scan.fed[i]; !pair.in_place) {
          const auto output = static_cast<std::size_t>(pair.output), input = static_cast<std::size_t>(pair.input);
          std::byte *const target = scan.outputs[output], *const spare = spares[i].get();
          if (step > 0) walk.inputs[input] = to_spare ? target : spare;
          walk.outputs[output] = to_spare ? spare : target;
        }
      if (waits) walk.wait();
      walk.step(true);
      if (worker == 0)
        for (const auto& part : scan.kept)
          std::memcpy(part.target + step * part.bytes, walk.outputs[static_cast<std::size_t>(part.output)],
                      static_cast<std::size_t>(part.bytes));
    }
  };
  for (Size done = 0; done < end.load();) {
    const bool choice = any_shared_ && workspace.workers > 1;
    const Pace::Stint stint = choice ? workspace.pace.next(scan.steps - done) : Pace::Stint{scan.steps - done, true};
    const auto begin = Clock::now();
    together(!stint.alone, workspace.workers, [&](int worker, int workers, Barrier* barrier) noexcept {
      walk(worker, workers, barrier, done, done + stint.steps);
    });
    workspace.pace.took(stint, Clock::now() - begin);
    done += stint.steps;
  }
  refuse(workspace.faults);
  return !stopped;
}

// Whether all that the first worker does alone, before the first phase that is shared, is done with what it has
// gathered alone.
bool Plan::begins_alone(const Scan& scan) const {
  for (const Phase& phase : phases_) {
    if (phase.shared) break;
    for (const Task& task : phase.tasks)
      for (const Instruction& at : task.instructions)
        for (const Operand& operand : at.operands)
          for (const Gathered& part : scan.gathered)
            if (operand.space == Space::input && operand.index == part.input && !Gatherer::is_small(part)) return false;
  }
  return true;
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
