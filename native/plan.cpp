// How a plan runs: every worker walks the same list. What is shared, all do their part of; the rest, worker 0 does
// alone. A barrier stands only where a worker would otherwise read what another has not yet written: before and after
// what is shared.

#include "plan.hpp"

#include <chrono>
#include <cstring>
#include <new>
#include <utility>

#include "threads.hpp"

namespace pellucid {
namespace {

Memory allocate(Size bytes) {
  const auto count = static_cast<std::size_t>(bytes ? bytes : 1);
  return Memory(static_cast<std::byte*>(operator new(count, std::align_val_t{64})));
}

Size aligned(Size bytes) { return (bytes + 63) / 64 * 64; }

}  // namespace

// What one run needs for itself: memory, and the addresses of every instruction's buffers.
struct Plan::Workspace {
  Memory arena, scratch;
  int workers;
  std::vector<std::byte*> addresses;
};

// A workspace taken from the idle ones, or a new one; goes back at the end.
struct Plan::Lease {
  explicit Lease(Plan& plan) : plan(plan) {
    const int workers = plan.any_shared_ ? Pool::instance().workers() : 1;
    {
      const std::lock_guard lock(plan.idle_lock_);
      if (!plan.idle_.empty()) {
        workspace = std::move(plan.idle_.back());
        plan.idle_.pop_back();
      }
    }
    if (workspace && workspace->workers >= workers) return;
    Size addresses = 0;
    for (const auto& instruction : plan.instructions_) addresses += static_cast<Size>(instruction.operands.size());
    workspace = std::make_unique<Workspace>(Workspace{allocate(plan.arena_bytes_),
                                                      allocate(aligned(plan.scratch_bytes_) * workers), workers,
                                                      std::vector<std::byte*>(static_cast<std::size_t>(addresses))});
#ifndef NDEBUG
    std::memset(workspace->arena.get(), 0xff, static_cast<std::size_t>(plan.arena_bytes_));  // nan, to be noticed
#endif
  }
  ~Lease() {
    const std::lock_guard lock(plan.idle_lock_);
    plan.idle_.push_back(std::move(workspace));
  }

  Plan& plan;
  std::unique_ptr<Workspace> workspace;
};

Plan::Plan(std::vector<Instruction> instructions, Size arena_bytes, const std::byte* constants, Size constant_bytes,
           std::vector<Size> input_bytes, std::vector<Size> output_bytes)
    : instructions_(std::move(instructions)),
      arena_bytes_(arena_bytes),
      constants_(allocate(constant_bytes)),
      input_bytes_(std::move(input_bytes)),
      output_bytes_(std::move(output_bytes)),
      times_(instructions_.size()) {
  std::memcpy(constants_.get(), constants, static_cast<std::size_t>(constant_bytes));
  for (const auto& instruction : instructions_) {
    any_shared_ = any_shared_ || instruction.shared;
    if (instruction.kernel->scratch == nullptr) continue;
    const Size bytes = instruction.kernel->scratch(instruction.numbers.data());
    if (bytes > scratch_bytes_) scratch_bytes_ = bytes;
  }
}

Plan::~Plan() = default;

void Plan::resolve(Workspace& workspace, const std::vector<std::byte*>& inputs,
                   const std::vector<std::byte*>& outputs) {
  std::byte** address = workspace.addresses.data();
  for (const auto& instruction : instructions_)
    for (const auto& operand : instruction.operands) {
      std::byte* base = nullptr;
      switch (operand.space) {
        case Space::arena:
          base = workspace.arena.get();
          break;
        case Space::input:
          base = inputs[static_cast<std::size_t>(operand.index)];
          break;
        case Space::output:
          base = outputs[static_cast<std::size_t>(operand.index)];
          break;
        case Space::constant:
          base = constants_.get();
          break;
      }
      *address++ = base + operand.offset;
    }
}

void Plan::execute(Workspace& workspace) {
  const auto walk = [&](int worker, int workers, Barrier* barrier) {
    std::byte* const scratch = workspace.scratch.get() + aligned(scratch_bytes_) * worker;
    std::byte* const* address = workspace.addresses.data();
    bool together = true;  // whether all workers are known to be at the same place
    for (std::size_t i = 0; i < instructions_.size(); ++i) {
      const Instruction& instruction = instructions_[i];
      const bool shared = instruction.shared && workers > 1;
      if (shared && !together) barrier->wait();
      const auto begin =
          timing_ && worker == 0 ? std::chrono::steady_clock::now() : std::chrono::steady_clock::time_point{};
      if (shared)
        instruction.kernel->run({address, instruction.numbers.data(), scratch, worker, workers});
      else if (worker == 0)
        instruction.kernel->run({address, instruction.numbers.data(), scratch, 0, 1});
      if (shared) barrier->wait();
      together = shared;
      if (timing_ && worker == 0)
        times_[i] += std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin).count();
      address += instruction.operands.size();
    }
  };
  if (any_shared_ && workspace.workers > 1) {
    Barrier barrier(workspace.workers);
    const int workers = workspace.workers;
    if (Pool::instance().workers() == workers &&
        Pool::instance().try_run([&](int worker) { walk(worker, workers, &barrier); }))
      return;
  }
  walk(0, 1, nullptr);
}

void Plan::run(const std::vector<std::byte*>& inputs, const std::vector<std::byte*>& outputs) {
  const Lease lease(*this);
  resolve(*lease.workspace, inputs, outputs);
  execute(*lease.workspace);
}

void Plan::scan(Size steps, Size batch, const std::int64_t* rows, std::vector<std::byte*> inputs,
                std::vector<std::byte*> outputs, const std::vector<Gathered>& gathered, const std::vector<Fed>& fed,
                const std::vector<Kept>& kept) {
  const Lease lease(*this);
  std::vector<Memory> batches, spares;
  for (const auto& part : gathered) {
    batches.push_back(allocate(part.row_bytes * batch));
    inputs[static_cast<std::size_t>(part.input)] = batches.back().get();
  }
  // State goes to and fro between its output and a spare place, so that the last step writes the output.
  std::vector<std::byte*> next = outputs;
  for (const auto& pair : fed) {
    const auto output = static_cast<std::size_t>(pair.output);
    spares.push_back(allocate(output_bytes_[output]));
    (steps % 2 == 0 ? outputs : next)[output] = spares.back().get();
  }
  for (Size step = 0; step < steps; ++step, rows += batch) {
    for (const auto& part : gathered)
      for (Size i = 0; i < batch; ++i)
        std::memcpy(inputs[static_cast<std::size_t>(part.input)] + i * part.row_bytes,
                    part.source + rows[i] * part.row_bytes, static_cast<std::size_t>(part.row_bytes));
    resolve(*lease.workspace, inputs, outputs);
    execute(*lease.workspace);
    for (const auto& part : kept)
      std::memcpy(part.target + step * part.bytes, outputs[static_cast<std::size_t>(part.output)],
                  static_cast<std::size_t>(part.bytes));
    for (const auto& pair : fed)
      inputs[static_cast<std::size_t>(pair.input)] = outputs[static_cast<std::size_t>(pair.output)];
    std::swap(outputs, next);
  }
}

std::vector<double> Plan::times() {
  std::vector<double> taken = times_;
  times_.assign(times_.size(), 0.0);
  return taken;
}

}  // namespace pellucid
