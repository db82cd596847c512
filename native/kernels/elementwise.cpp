// elementwise: a small program that a vector machine runs tile by tile, while the tile sits in the L1 cache.
//
//   where(x + b <= 0, 0, x + b)            registers                    one tile
//                                                                   ┌────────────┐
//   add_float32         3 ← 0 1          0  x      input            │ ~1000 of x │ read where it stands
//   less_equal_float32  4 ← 3 2          1  b      input            │ b, b, b, … │ repeated once, before all tiles
//   where_float32       3 ← 4 2 3        2  0      input            │ 0, 0, 0, … │ likewise
//                                        3, 4      temporaries      │ in scratch │
//   output: 3                                                       └────────────┘ the last 3 goes to y directly
//
//   buffers  outputs, then inputs
//   numbers  rank, the sizes (outermost first),
//            count of outputs, of inputs, of temporaries, of instructions,
//            for each output:       register, a stride for each axis
//            for each input:        bytes of an element, a stride for each axis (0: repeated along it)
//            for each instruction:  operation, destination, sources a, b and c (0 where there are fewer)
//
// Strides are in elements and may be anything. Registers are the inputs, then the temporaries, which have no dtype: an
// instruction may take a register that it reads as its destination. Only temporaries are destinations. Operations are
// numbered as `operations()` lists them. An output's memory may be that of an input with the same strides; otherwise
// they must not overlap.
//
// A tile is a piece of the whole iteration space, as it lies in the first output's memory, so that short rows do not
// make short tiles. Axes that lie behind one another in all operands become one first.

#include "elementwise.hpp"

#include "operations.hpp"
#include "vector.hpp"

namespace pellucid::PELLUCID_KERNELS {
namespace {

// Of one register, and of all. The latter is twice an L1 cache: of the 17 registers of Adam's step most are read once
// a tile, so longer tiles save more in calls than the L2 cache costs: 40,000 numbers took 105 µs with 28 KiB, 82 with
// 48 and 75 with 80.
constexpr Size tile_bytes = 4096, cache_bytes = 65536;
constexpr Size padding = 64;  // behind each register: runs are filled by whole vectors

Size smaller(Size a, Size b) { return a < b ? a : b; }
Size larger(Size a, Size b) { return a > b ? a : b; }
Size round_up(Size size, Size unit) { return (size + unit - 1) / unit * unit; }

struct Instruction {
  Size operation, destination, sources[3];
};

struct Program {
  Size rank;
  const Size* sizes;
  Size outputs, inputs, temporaries, count;
  const Size *output, *input;  // rank + 1 numbers each
  const Instruction* instructions;

  explicit Program(const Size* numbers) : rank(numbers[0]), sizes(numbers + 1) {
    const Size* at = sizes + rank;
    outputs = at[0], inputs = at[1], temporaries = at[2], count = at[3];
    output = at + 4;
    input = output + outputs * (rank + 1);
    instructions = reinterpret_cast<const Instruction*>(input + inputs * (rank + 1));
  }

  Size bytes() const {  // of the largest element
    Size most = 1;
    for (Size i = 0; i < inputs; ++i) most = larger(most, input[i * (rank + 1)]);
    for (Size i = 0; i < count; ++i) most = larger(most, operations().first[instructions[i].operation].bytes);
    return most;
  }
  Size tile() const {  // elements: a multiple of 64
    const Size registers = inputs + larger(temporaries, outputs);
    return larger(64, smaller(tile_bytes, cache_bytes / registers) / bytes() / 64 * 64);
  }
  // A period may be repeated until it covers a tile from any of its places on.
  Size input_bytes() const { return round_up(2 * tile() * bytes() + padding, 64); }
  Size temporary_bytes() const { return round_up(tile() * bytes() + padding, 64); }
};

// ---- operands

// How an operand's elements lie in the iteration space.
enum class Form { dense, scalar, periodic, strided };

struct Operand {
  std::byte* data;
  Size bytes, period;
  Form form;
  Size* strides;
};

struct Space {
  Size rank, total;
  Size* sizes;
};

Form form_of(const Space& space, Operand& operand) {
  Size expected = 1, a = space.rank - 1;
  while (a >= 0 && operand.strides[a] == expected) expected *= space.sizes[a--];
  if (a < 0) return Form::dense;
  operand.period = expected;
  while (a >= 0 && operand.strides[a] == 0) --a;
  if (a >= 0) return Form::strided;
  return expected == 1 ? Form::scalar : Form::periodic;
}

template <typename T>
void fill(T* to, T value, Size count) {
  Vector<float> vector;
  T parts[sizeof vector / sizeof(T)];
  for (T& part : parts) part = value;
  __builtin_memcpy(&vector, parts, sizeof vector);
  for (Size i = 0; i < count; i += sizeof vector / sizeof(T)) __builtin_memcpy(to + i, &vector, sizeof vector);
}

// Elements begin .. begin + count of the iteration space, between where they stand and a register.
template <typename T, bool to_register>
void move(const Space& space, const Operand& operand, T* tile, Size begin, Size count) {
  const Size inner = space.rank - 1, length = space.sizes[inner], stride = operand.strides[inner];
  Size rows = begin / length, column = begin % length;
  while (count > 0) {
    Size rest = rows++, offset = column * stride;
    for (Size a = inner - 1; a >= 0; rest /= space.sizes[a--]) offset += rest % space.sizes[a] * operand.strides[a];
    T* data = reinterpret_cast<T*>(operand.data) + offset;
    const Size run = smaller(length - column, count);
    if constexpr (to_register) {
      if (stride == 0)
        fill(tile, *data, run);
      else
        for (Size i = 0; i < run; ++i) tile[i] = data[i * stride];
    } else {
      for (Size i = 0; i < run; ++i) data[i * stride] = tile[i];
    }
    tile += run, count -= run, column = 0;
  }
}

template <bool to_register>
void move(const Space& space, const Operand& operand, std::byte* tile, Size begin, Size count) {
  const auto with = [&]<typename T>(T* as) { move<T, to_register>(space, operand, as, begin, count); };
  if (operand.bytes == 1)
    with(reinterpret_cast<unsigned char*>(tile));
  else if (operand.bytes == 4)
    with(reinterpret_cast<unsigned*>(tile));
  else
    with(reinterpret_cast<unsigned long long*>(tile));
}

// ---- the iteration space

// Takes the axes in the order of the first operand's strides, and makes one axis of neighbours that lie behind one
// another in every operand.
void collapse(const Program& program, Operand* operands, Size count, Space& space) {
  space.rank = 0;
  space.total = 1;
  for (Size a = 0; a < program.rank; ++a) {
    if (program.sizes[a] != 1) space.sizes[space.rank++] = a;
    space.total *= program.sizes[a];
  }
  Size* order = space.sizes;
  const auto distance = [&](Size axis) {
    const Size stride = program.output[1 + axis];
    return stride < 0 ? -stride : stride;
  };
  for (Size i = 1; i < space.rank; ++i)
    for (Size j = i; j > 0 && distance(order[j - 1]) < distance(order[j]); --j) {
      const Size other = order[j];
      order[j] = order[j - 1];
      order[j - 1] = other;
    }
  const auto given = [&](Size operand, Size axis) { return program.output[operand * (program.rank + 1) + 1 + axis]; };
  Size last = -1;
  for (Size i = 0; i < space.rank; ++i) {
    const Size axis = order[i], size = program.sizes[axis];
    bool joins = last >= 0;
    for (Size o = 0; o < count && joins; ++o) joins = operands[o].strides[last] == given(o, axis) * size;
    if (joins)
      space.sizes[last] *= size;
    else
      space.sizes[++last] = size;
    for (Size o = 0; o < count; ++o) operands[o].strides[last] = given(o, axis);
  }
  space.rank = last + 1;
}

// ---- the machine

struct Step {
  void (*run)(Size, std::byte*, const std::byte*, const std::byte*, const std::byte*);
  Size y, a, b, c;  // places
};

// Takes pieces of scratch memory one after the other.
struct Memory {
  std::byte* next;
  template <typename T>
  T* take(Size count) {
    T* taken = reinterpret_cast<T*>(next);
    next += count * static_cast<Size>(sizeof(T));
    return taken;
  }
};

// Where registers stand: inputs, temporaries and a spare one, outputs.
struct Machine {
  Program program;
  Space space{};
  Size tile, operand_count, places;
  Operand* operands;  // outputs, then inputs, as in the buffers
  Step* steps;
  std::byte** place;
  Size *where, *bytes;  // for each register: its place after the last step, and the bytes of its elements there
  bool* direct;         // for each output: the last step that makes it writes to its memory
  std::byte* input_memory;

  static Size memory(const Program& p) {
    const Size operands = p.outputs + p.inputs, registers = p.inputs + p.temporaries,
               places = registers + 1 + p.outputs;
    const Size words = p.rank * (1 + operands) + places + 2 * registers + p.outputs;
    return round_up(words * static_cast<Size>(sizeof(Size)) + operands * static_cast<Size>(sizeof(Operand)) +
                        p.count * static_cast<Size>(sizeof(Step)),
                    64);
  }

  explicit Machine(const Call& call) : program(call.numbers), tile(program.tile()) {
    const Program& p = program;
    const Size registers = p.inputs + p.temporaries;
    Memory memory{call.scratch};
    operand_count = p.outputs + p.inputs;
    places = registers + 1 + p.outputs;
    space.sizes = memory.take<Size>(p.rank);
    operands = memory.take<Operand>(operand_count);
    for (Size o = 0; o < operand_count; ++o)
      operands[o] = {call.buffers[o], 0, 1, Form::dense, memory.take<Size>(p.rank)};
    steps = memory.take<Step>(p.count);
    place = memory.take<std::byte*>(places);
    where = memory.take<Size>(registers);
    bytes = memory.take<Size>(registers);
    direct = memory.take<bool>(p.outputs);
    input_memory = call.scratch + Machine::memory(p);
    std::byte* temporary_memory = input_memory + p.inputs * p.input_bytes();
    for (Size t = 0; t <= p.temporaries; ++t) place[p.inputs + t] = temporary_memory + t * p.temporary_bytes();
    collapse(p, operands, operand_count, space);
    for (Size r = 0; r < registers; ++r) where[r] = r, bytes[r] = 0;
    for (Size i = 0; i < p.inputs; ++i) bytes[i] = p.input[i * (p.rank + 1)];
    for (Size o = 0; o < operand_count; ++o) operands[o].form = form_of(space, operands[o]);
    for (Size o = 0; o < p.outputs; ++o) direct[o] = false;
    lower();
    for (Size i = 0; i < p.inputs; ++i) operands[p.outputs + i].bytes = bytes[i];
    for (Size o = 0; o < p.outputs; ++o) operands[o].bytes = bytes[output_register(o)];
  }

  Size output_register(Size output) const { return program.output[output * (program.rank + 1)]; }

  // The output whose memory instruction i may write to, or -1: its last maker, and nothing reads later what stands in
  // that memory now.
  Size target(Size i) const {
    const Instruction& at = program.instructions[i];
    for (Size later = i + 1; later < program.count; ++later)
      if (program.instructions[later].destination == at.destination) return -1;
    for (Size o = 0; o < program.outputs; ++o)
      if (output_register(o) == at.destination && operands[o].form == Form::dense && !read_later(o, i)) return o;
    return -1;
  }

  bool read_later(Size output, Size i) const {
    for (Size input = 0; input < program.inputs; ++input) {
      if (operands[program.outputs + input].data != operands[output].data) continue;
      for (Size o = 0; o < program.outputs; ++o)
        if (output_register(o) == input) return true;
      for (Size later = i + 1; later < program.count; ++later)
        for (int s = 0; s < operations().first[program.instructions[later].operation].sources; ++s)
          if (program.instructions[later].sources[s] == input) return true;
    }
    return false;
  }

  // From registers to places. A destination that is also a source of another size takes the spare place.
  void lower() {
    Size spare = program.inputs + program.temporaries;
    const Size first_output = spare + 1;
    for (Size i = 0; i < program.count; ++i) {
      const Instruction& at = program.instructions[i];
      const Operation& operation = operations().first[at.operation];
      Size& there = where[at.destination];
      bool resized = false;
      for (int s = 0; s < operation.sources; ++s)
        resized |= at.sources[s] == at.destination && bytes[at.sources[s]] != operation.bytes;
      steps[i] = {operation.run, 0, where[at.sources[0]], where[at.sources[1]], where[at.sources[2]]};
      if (const Size output = target(i); output >= 0) {
        there = first_output + output;
        direct[output] = true;
      } else if (resized) {
        const Size old = there;
        there = spare;
        spare = old;
      }
      steps[i].y = there;
      bytes[at.destination] = operation.bytes;
    }
  }

  std::byte* memory_of(Size input) const { return input_memory + input * program.input_bytes(); }

  // What is the same for all tiles.
  void begin() {
    for (Size i = 0; i < program.inputs; ++i) {
      const Operand& x = operands[program.outputs + i];
      place[i] = memory_of(i);
      if (x.form == Form::scalar) move<true>(space, x, place[i], 0, smaller(tile, space.total));
      if (repeated(x)) move<true>(space, x, place[i], 0, smaller(tile + x.period, space.total));
    }
  }

  bool repeated(const Operand& x) const { return x.form == Form::periodic && x.period <= tile; }

  std::byte* read(Size i, Size begin, Size count) const {
    const Operand& x = operands[program.outputs + i];
    if (x.form == Form::dense) return x.data + begin * x.bytes;
    if (x.form == Form::scalar) return memory_of(i);
    if (x.form == Form::periodic) {
      const Size at = begin % x.period;
      if (x.period <= tile) return memory_of(i) + at * x.bytes;
      if (at + count <= x.period) return x.data + at * x.bytes;
    }
    move<true>(space, x, memory_of(i), begin, count);
    return memory_of(i);
  }

  void run(Size begin, Size count) {
    const Size first_output = places - program.outputs;
    for (Size i = 0; i < program.inputs; ++i) place[i] = read(i, begin, count);
    for (Size o = 0; o < program.outputs; ++o) place[first_output + o] = operands[o].data + begin * operands[o].bytes;
    for (Size i = 0; i < program.count; ++i) {
      const Step& step = steps[i];
      step.run(count, place[step.y], place[step.a], place[step.b], place[step.c]);
    }
    write(begin, count, true);  // inputs first: the others may take their memory
    write(begin, count, false);
  }

  void write(Size begin, Size count, bool inputs) {
    const Size first_output = places - program.outputs;
    for (Size o = 0; o < program.outputs; ++o) {
      if (direct[o] || (output_register(o) < program.inputs) != inputs) continue;
      std::byte* made = place[where[output_register(o)]];
      if (operands[o].form == Form::dense)
        __builtin_memmove(place[first_output + o], made, static_cast<std::size_t>(count * operands[o].bytes));
      else
        move<false>(space, operands[o], made, begin, count);
    }
  }
};

void elementwise(const Call& call) {
  Machine machine(call);
  const Share mine = share(machine.space.total, call, machine.tile);
  if (mine.begin == mine.end) return;
  machine.begin();
  for (Size begin = mine.begin; begin < mine.end; begin += machine.tile)
    machine.run(begin, smaller(machine.tile, mine.end - begin));
}

Size scratch(const Size* numbers) {
  const Program program(numbers);
  return Machine::memory(program) + program.inputs * program.input_bytes() +
         (program.temporaries + 1) * program.temporary_bytes();
}

const Kernel kernels[] = {{"elementwise", elementwise, scratch}};

}  // namespace

Kernels elementwise_kernels() { return {kernels, sizeof kernels / sizeof kernels[0]}; }

}  // namespace pellucid::PELLUCID_KERNELS
