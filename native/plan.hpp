// A plan: a flat list of kernel calls on buffers whose places are all known before it runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <vector>

#include "kernels/kernel.hpp"

namespace pellucid {

enum class Space : int { arena, input, output, constant };

// Where a buffer begins: bytes from the start of the arena, of the constants, or of one input or output.
struct Operand {
  Space space;
  int index;
  Size offset;
};

struct Free {
  void operator()(std::byte* memory) const noexcept { operator delete(memory, std::align_val_t{64}); }
};
using Memory = std::unique_ptr<std::byte, Free>;  // aligned to a cache line, which is a vector of AVX-512

struct Instruction {
  const Kernel* kernel;
  std::vector<Operand> operands;
  std::vector<Size> numbers;
  bool shared;  // among all workers; else worker 0 does it alone
};

// A step's input that is gathered: rows of `row_bytes` bytes at `source`, chosen anew for each step.
struct Gathered {
  int input;
  const std::byte* source;
  Size row_bytes;
};

// An output that is the same state as an input: what one step writes, the next one reads.
struct Fed {
  int output, input;
};

// An output of which each step's value is kept: step i's at target + i * bytes.
struct Kept {
  int output;
  std::byte* target;
  Size bytes;
};

class Plan {
 public:
  Plan(std::vector<Instruction> instructions, Size arena_bytes, const std::byte* constants, Size constant_bytes,
       std::vector<Size> input_bytes, std::vector<Size> output_bytes);
  ~Plan();

  // One step. Several threads may call it at once; each has a workspace of its own.
  void run(const std::vector<std::byte*>& inputs, const std::vector<std::byte*>& outputs);

  // Many steps: step i gathers its rows, runs, keeps outputs, and hands its state on. At the end the state is where
  // `outputs` says.
  void scan(Size steps, Size batch, const std::int64_t* rows, std::vector<std::byte*> inputs,
            std::vector<std::byte*> outputs, const std::vector<Gathered>& gathered, const std::vector<Fed>& fed,
            const std::vector<Kept>& kept);

  // Nanoseconds that each instruction has taken in all runs since the last call, where `timing` was on.
  std::vector<double> times();
  bool timing() const { return timing_; }
  void set_timing(bool on) { timing_ = on; }

  Size arena_bytes() const { return arena_bytes_; }

 private:
  struct Workspace;
  struct Lease;

  void execute(Workspace& workspace);
  void resolve(Workspace& workspace, const std::vector<std::byte*>& inputs, const std::vector<std::byte*>& outputs);

  std::vector<Instruction> instructions_;
  Size arena_bytes_;
  Memory constants_;
  std::vector<Size> input_bytes_, output_bytes_;
  Size scratch_bytes_ = 0;
  bool any_shared_ = false;
  bool timing_ = false;
  std::vector<double> times_;
  std::mutex idle_lock_;
  std::vector<std::unique_ptr<Workspace>> idle_;
};

}  // namespace pellucid
