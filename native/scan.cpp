// How a plan runs many steps in one go: each worker gathers its share of a step's rows, walks through the plan, and
// changes over to where the next step's state is.

#include <chrono>
#include <cstring>

#include "gather.hpp"
#include "pace.hpp"
#include "plan.hpp"
#include "walk.hpp"
#include "workspace.hpp"

namespace pellucid {
namespace {

constexpr auto between_looks = std::chrono::milliseconds(50);  // at whether somebody wants to interrupt

}  // namespace

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
  workspace.refuse();
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

}  // namespace pellucid
