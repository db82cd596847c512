// elementwise: a small program that a vector machine runs tile by tile, while the tile sits in the L1 cache.
//
//   where(x + b <= 0, 0, x + b)            places                       one tile
//                                                                   ┌────────────┐
//   add_float32         3 ← 0 1          0  x      input            │ ~1000 of x │ read where it stands
//   less_equal_float32  4 ← 3 2          1  b      input            │ b, b, b, … │ repeated once, before all tiles
//   where_float32       5 ← 4 2 3        2  0      input            │ 0, 0, 0, … │ likewise
//                                        3, 4      temporaries      │ in scratch │
//                                        5         output           └────────────┘ made where it is to stand
//
//   buffers  outputs, then inputs
//   numbers  count of axes, of elements, of elements in a tile (a multiple of 64), bytes of the largest element of any
//            temporary; count of outputs, inputs, temporaries and instructions;
//            the sizes of the axes (outermost first, none of them 1);
//            for each output, then each input: bytes of an element, form, period, time, a stride for each axis;
//            for each instruction: operation, destination, sources a, b and c (0 where there are fewer)
//
// All that can be known before a program runs is in its numbers (programs.py): a small one runs in less time than it
// would take to find out. How the elements of an operand lie, its form:
//
//   0 dense     one behind the other         2 periodic  the first `period` of them dense, again and again
//   1 scalar    one for all                  3 strided   any strides, 0 for a repeated axis
//
// Places are the inputs, then the temporaries, which have no dtype, then the outputs. Inputs are not destinations, and
// each output is once; an instruction may take a place that it reads as its destination where the sizes of the elements
// are the same. Operations are numbered as `operations()` lists them. The time of an output is the instruction that
// makes it, that of an input the last one that reads it. An output's memory may be that of an input with the same
// strides: where that is read later than the output is made, the output is made in scratch and copied. Otherwise
// operands must not overlap.
//
// A tile is a piece of the whole iteration space, whatever its axes, so that short rows do not make short tiles.

#include "elementwise.hpp"

#include "operations.hpp"
#include "vector.hpp"

namespace pellucid::PELLUCID_KERNELS {
namespace {

constexpr Size padding = 64;  // bytes behind each register: runs are filled by whole vectors

Size smaller(Size a, Size b) { return a < b ? a : b; }
Size round_up(Size size, Size unit) { return (size + unit - 1) / unit * unit; }

enum Form : Size { dense, scalar, periodic, strided };

// An operand as the numbers have it; behind it stand its strides.
struct Operand {
  Size bytes, form, period, time;
  const Size* strides() const { return reinterpret_cast<const Size*>(this + 1); }
};

struct Instruction {
  Size operation, destination, a, b, c;
};

struct Program {
  Size rank, total, tile, bytes, outputs, inputs, temporaries, count;

  const Size* sizes() const { return reinterpret_cast<const Size*>(this + 1); }
  Size operand_numbers() const { return 4 + rank; }
  const Operand& operand(Size i) const {
    return *reinterpret_cast<const Operand*>(sizes() + rank + i * operand_numbers());
  }
  const Operand& output(Size i) const { return operand(i); }
  const Operand& input(Size i) const { return operand(outputs + i); }
  const Instruction* instructions() const {
    return reinterpret_cast<const Instruction*>(sizes() + rank + (outputs + inputs) * operand_numbers());
  }

  Size places() const { return inputs + temporaries + outputs; }
  Size places_bytes() const { return round_up(2 * places() * static_cast<Size>(sizeof(std::byte*)), 64); }
  Size temporary_bytes() const { return round_up(tile * bytes + padding, 64); }
  Size output_bytes(Size i) const { return round_up(tile * output(i).bytes + padding, 64); }
  // A short period is repeated until it covers a tile from any of its places on.
  bool repeated(const Operand& x) const { return x.form == periodic && x.period <= tile; }
  Size input_bytes(const Operand& x) const {
    if (x.form == dense) return 0;
    return round_up((tile + (repeated(x) ? x.period : 0)) * x.bytes + padding, 64);
  }
};

// ---- between memory and registers

// The same number `count` times, and up to a vector more.
template <typename T>
void fill(T* to, T value, Size count) {
  Vector<float> vector;
  T parts[sizeof vector / sizeof(T)];
  for (T& part : parts) part = value;
  __builtin_memcpy(&vector, parts, sizeof vector);
  for (Size i = 0; i < count; i += sizeof vector / sizeof(T)) __builtin_memcpy(to + i, &vector, sizeof vector);
}

// Where the runs along the innermost axis begin, one after the other.
struct Runs {
  const Program& program;
  const Size* strides;
  Size row, offset = 0, left = 0;  // of the axis outside of the innermost

  Runs(const Program& program, const Size* strides, Size row) : program(program), strides(strides), row(row) { find(); }

  void find() {
    const Size outer = program.rank - 2, *sizes = program.sizes();
    if (outer < 0) return;
    offset = 0;
    Size rest = row;
    for (Size a = outer; a > 0; rest /= sizes[a--]) offset += rest % sizes[a] * strides[a];
    offset += rest * strides[0];
    left = sizes[outer] - row % sizes[outer];
  }

  void next() {
    ++row;
    if (--left > 0)
      offset += strides[program.rank - 2];
    else
      find();
  }
};

// Elements begin .. begin + count of the iteration space, between where they stand and a register.
template <typename T, bool to_register>
void move(const Program& program, const Operand& operand, T* base, T* tile, Size begin, Size count) {
  if (program.rank == 0) {
    (to_register ? *tile : *base) = to_register ? *base : *tile;
    return;
  }
  const Size inner = program.rank - 1, length = program.sizes()[inner], stride = operand.strides()[inner];
  Size column = begin % length;
  for (Runs runs(program, operand.strides(), begin / length); count > 0; runs.next()) {
    T* data = base + runs.offset + column * stride;
    const Size run = smaller(length - column, count);
    if constexpr (to_register) {
      if (stride == 0)
        fill(tile, *data, run);
      else if (stride == 1)
        __builtin_memcpy(tile, data, static_cast<std::size_t>(run) * sizeof(T));
      else
        for (Size i = 0; i < run; ++i) tile[i] = data[i * stride];
    } else {
      for (Size i = 0; i < run; ++i) data[i * stride] = tile[i];
    }
    tile += run, count -= run, column = 0;
  }
}

template <bool to_register>
void move(const Program& program, const Operand& operand, std::byte* data, std::byte* tile, Size begin, Size count) {
  const auto with = [&]<typename T>(T* as) {
    move<T, to_register>(program, operand, reinterpret_cast<T*>(data), as, begin, count);
  };
  if (operand.bytes == 1)
    with(reinterpret_cast<unsigned char*>(tile));
  else if (operand.bytes == 4)
    with(reinterpret_cast<unsigned*>(tile));
  else
    with(reinterpret_cast<unsigned long long*>(tile));
}

// The first period, then what is there again, so that a few long pieces are copied.
void repeat_period(const Operand& x, const std::byte* data, std::byte* tile, Size count) {
  const Size bytes = count * x.bytes;
  Size done = smaller(x.period * x.bytes, bytes);
  __builtin_memcpy(tile, data, static_cast<std::size_t>(done));
  while (done < bytes) {
    const Size next = smaller(done, bytes - done);
    __builtin_memcpy(tile + done, tile, static_cast<std::size_t>(next));
    done += next;
  }
}

void repeat(const Operand& x, const std::byte* data, std::byte* tile, Size count) {
  const auto with = [&]<typename T>(T* as) { fill<T>(as, *reinterpret_cast<const T*>(data), count); };
  if (x.bytes == 1)
    with(reinterpret_cast<unsigned char*>(tile));
  else if (x.bytes == 4)
    with(reinterpret_cast<unsigned*>(tile));
  else
    with(reinterpret_cast<unsigned long long*>(tile));
}

// ---- the machine

struct Machine {
  const Program& program;
  std::byte* const* buffers;
  std::byte** place;  // where each place's elements of this tile stand
  std::byte** own;    // for each place its register, or null where its elements stand in their operand's memory

  std::byte* data(Size input) const { return buffers[program.outputs + input]; }
  Size output_place(Size output) const { return program.inputs + program.temporaries + output; }

  Machine(const Call& call)
      : program(*reinterpret_cast<const Program*>(call.numbers)),
        buffers(call.buffers),
        place(reinterpret_cast<std::byte**>(call.scratch)),
        own(place + program.places()) {}

  // Gives registers their memory, and numbers where these are the same for all tiles; the first is of `count` elements.
  void begin(std::byte* memory, Size count) const {
    for (Size i = 0; i < program.inputs; ++i) {
      const Operand& x = program.input(i);
      if (x.form == dense) continue;
      place[i] = own[i] = memory;
      memory += program.input_bytes(x);
      if (x.form == scalar) repeat(x, data(i), own[i], count);
      if (program.repeated(x)) repeat_period(x, data(i), own[i], smaller(count + x.period, program.total));
    }
    for (Size t = program.inputs; t < program.inputs + program.temporaries; ++t) {
      place[t] = memory;
      memory += program.temporary_bytes();
    }
    for (Size o = 0; o < program.outputs; ++o) {
      own[output_place(o)] = is_direct(o) ? nullptr : memory;
      memory += program.output_bytes(o);
    }
  }

  // Whether the output may be made where it is to stand: nothing reads later what stands there now.
  bool is_direct(Size output) const {
    const Operand& y = program.output(output);
    if (y.form != dense) return false;
    for (Size i = 0; i < program.inputs; ++i)
      if (data(i) == buffers[output] && program.input(i).time > y.time) return false;
    return true;
  }

  void read(Size i, Size begin, Size count) const {
    const Operand& x = program.input(i);
    if (x.form == dense) {
      place[i] = data(i) + begin * x.bytes;
    } else if (program.repeated(x)) {
      place[i] = own[i] + begin % x.period * x.bytes;
    } else if (x.form == periodic && begin % x.period + count <= x.period) {
      place[i] = data(i) + begin % x.period * x.bytes;
    } else if (x.form != scalar) {
      place[i] = own[i];
      move<true>(program, x, data(i), own[i], begin, count);
    }
  }

  void write(Size o, Size begin, Size count) const {
    const Operand& y = program.output(o);
    std::byte* const made = own[output_place(o)];
    if (made == nullptr) return;
    if (y.form == dense)
      __builtin_memcpy(buffers[o] + begin * y.bytes, made, static_cast<std::size_t>(count * y.bytes));
    else
      move<false>(program, y, buffers[o], made, begin, count);
  }

  void run(Size begin, Size count, const Operation* operations) const {
    for (Size i = 0; i < program.inputs; ++i) read(i, begin, count);
    for (Size o = 0; o < program.outputs; ++o) {
      const Size at = output_place(o);
      place[at] = own[at] ? own[at] : buffers[o] + begin * program.output(o).bytes;
    }
    const Instruction* const instructions = program.instructions();
    for (Size i = 0; i < program.count; ++i) {
      const Instruction& next = instructions[i];
      operations[next.operation].run(count, place[next.destination], place[next.a], place[next.b], place[next.c]);
    }
    for (Size o = 0; o < program.outputs; ++o) write(o, begin, count);
  }
};

void elementwise(const Call& call) noexcept {
  const Machine machine(call);
  const Program& program = machine.program;
  const Share mine = call.workers == 1 ? Share{0, program.total} : share(program.total, call, program.tile);
  if (mine.begin == mine.end) return;
  const Size tile = smaller(program.tile, mine.end - mine.begin);
  machine.begin(call.scratch + program.places_bytes(), tile);
  const Operation* const first = operations().first;
  for (Size begin = mine.begin; begin < mine.end; begin += tile)
    machine.run(begin, smaller(tile, mine.end - begin), first);
}

Size scratch(const Size* numbers) {
  const Program& program = *reinterpret_cast<const Program*>(numbers);
  Size bytes = program.places_bytes() + program.temporaries * program.temporary_bytes();
  for (Size i = 0; i < program.inputs; ++i) bytes += program.input_bytes(program.input(i));
  for (Size o = 0; o < program.outputs; ++o) bytes += program.output_bytes(o);
  return bytes;
}

const Kernel kernels[] = {{"elementwise", elementwise, scratch}};

}  // namespace

Kernels elementwise_kernels() { return {kernels, sizeof kernels / sizeof kernels[0]}; }

}  // namespace pellucid::PELLUCID_KERNELS
