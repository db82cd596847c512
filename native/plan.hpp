// A plan: kernel calls on buffers whose places are all known before it runs, in phases that workers share.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <vector>

#include "kernels/kernel.hpp"

namespace pellucid {

enum class Space : int { arena, input, output, constant, local };

// Where a buffer begins: bytes from the start of the arena, of the constants, of one input or output, or of what each
// worker has for itself; and how much further on it is from one block to the next.
struct Operand {
  Space space;
  int index;
  Size offset, step;
};

struct Free {
  void operator()(std::byte* memory) const noexcept { operator delete(memory, std::align_val_t{64}); }
};
using Memory = std::unique_ptr<std::byte, Free>;  // aligned to a cache line, which is a vector of AVX-512

inline Memory allocate(Size bytes) {
  const auto count = static_cast<std::size_t>(bytes ? bytes : 1);
  return Memory(static_cast<std::byte*>(operator new(count, std::align_val_t{64})));
}

constexpr std::size_t most_operands = 256;

struct Instruction {
  const Kernel* kernel;
  std::vector<Operand> operands;
  std::vector<Size> numbers;
};

// Instructions that run one after the other for each block of some rows, a block by whichever worker has it; or, of 0
// blocks, a single instruction of which all workers do their share together.
struct Task {
  Size blocks;
  double cost;  // of one block, or of the whole: nanoseconds, roughly
  std::vector<Instruction> instructions;
};

// Tasks that do not wait for each other.
struct Phase {
  bool shared;  // among all workers; else the first does everything
  std::vector<Task> tasks;
};

// A step's input that is gathered: rows of `row_bytes` bytes at `source`, chosen anew for each step.
struct Gathered {
  int input;
  const std::byte* source;
  Size row_bytes;
};

// An output that is the same state as an input: what one step writes, the next one reads. In place: at once, since
// nobody reads the old value after the new one is written.
struct Fed {
  int output, input;
  bool in_place;
};

// An output of which each step's value is kept: step i's at target + i * bytes.
struct Kept {
  int output;
  std::byte* target;
  Size bytes;
};

struct Scan {
  Size steps, batch;
  const std::int64_t* rows;
  std::vector<std::byte*> inputs, outputs;
  std::vector<Gathered> gathered;
  std::vector<Fed> fed;
  std::vector<Kept> kept;
  std::function<bool()> interrupted;  // asked now and then by the caller's own thread; throws nothing
};

class Plan {
 public:
  Plan(std::vector<Phase> phases, Size arena_bytes, Size local_bytes, const std::byte* constants, Size constant_bytes,
       std::vector<Size> input_bytes, std::vector<Size> output_bytes);
  ~Plan();

  // One step. Several threads may call it at once; each has a workspace of its own. Throws std::out_of_range where a
  // kernel met an index outside of its axis; the outputs are then of no use. So does scan.
  void run(const std::vector<std::byte*>& inputs, const std::vector<std::byte*>& outputs);

  // Many steps: step i gathers its rows, runs, keeps outputs, and hands its state on. At the end the state is where
  // `outputs` says; the inputs are as they were. False when it was interrupted, and the outputs mean nothing.
  bool scan(const Scan& scan);

  // Nanoseconds of each instruction since the last call, where `timing` was on: of all workers, divided by how many ran
  // at that time, so that what is shared well counts as the time that it takes.
  std::vector<double> times();
  bool timing() const { return timing_; }
  void set_timing(bool on) { timing_ = on; }

 private:
  struct Workspace;
  struct Lease;
  class Walk;

  Size instruction_count() const;
  bool begins_alone(const Scan& scan) const;

  std::vector<Phase> phases_;
  Size arena_bytes_, local_bytes_;
  Memory constants_;
  std::vector<Size> input_bytes_, output_bytes_;
  Size scratch_bytes_ = 0;
  bool any_shared_ = false;
  std::atomic<bool> timing_{false};
  std::vector<std::unique_ptr<Workspace>> idle_;  // all plans' are under one lock, which a fork waits for
};

}  // namespace pellucid
