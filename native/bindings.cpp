// The module pellucid._native, and the only file that knows Python.

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <new>
#include <string>
#include <tuple>
#include <vector>

#include "dispatch.hpp"
#include "isa.hpp"
#include "plan.hpp"
#include "threads.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace pellucid {
namespace {

// Read only, two dimensions, any strides. With .noconvert() below, no other dtype is taken and nothing is copied on the
// way in.
template <typename T>
using ConstMatrix = nb::ndarray<const T, nb::ndim<2>, nb::device::cpu>;

template <typename T>
using NewMatrix = nb::ndarray<nb::numpy, T, nb::ndim<2>, nb::c_contig>;

constexpr std::align_val_t kAlignment{64};

struct Free {
  void operator()(void* memory) const noexcept { operator delete(memory, kAlignment); }
};

template <typename T>
std::unique_ptr<T, Free> allocate(std::size_t count) {
  return std::unique_ptr<T, Free>(static_cast<T*>(operator new(count * sizeof(T), kAlignment)));
}

template <typename T>
NewMatrix<T> new_matrix(std::unique_ptr<T, Free> memory, std::size_t rows, std::size_t columns) {
  nb::capsule owner(memory.get(), [](void* data) noexcept { Free{}(data); });
  return NewMatrix<T>(memory.release(), {rows, columns}, owner);
}

template <typename T>
Matrix<const T> view(const ConstMatrix<T>& array) {
  return {array.data(), static_cast<std::ptrdiff_t>(array.stride(0)), static_cast<std::ptrdiff_t>(array.stride(1))};
}

std::string shape(std::size_t rows, std::size_t columns) {
  return "(" + std::to_string(rows) + ", " + std::to_string(columns) + ")";
}

template <typename T>
NewMatrix<T> multiply(const Matmul<T>& matmul, const ConstMatrix<T>& x, const ConstMatrix<T>& w) {
  const std::size_t rows = x.shape(0), depth = x.shape(1), columns = w.shape(1);
  if (depth != w.shape(0))
    throw nb::value_error(("matmul: x has " + std::to_string(depth) + " columns but w has " +
                           std::to_string(w.shape(0)) + " rows; x " + shape(rows, depth) + ", w " +
                           shape(w.shape(0), columns))
                              .c_str());
  const MatmulSize size{static_cast<std::ptrdiff_t>(rows), static_cast<std::ptrdiff_t>(columns),
                        static_cast<std::ptrdiff_t>(depth)};
  auto y = allocate<T>(rows * columns);
  auto scratch = allocate<T>(static_cast<std::size_t>(matmul.scratch(size)));
  {
    nb::gil_scoped_release released;
    matmul.run(size, view(x), view(w), Matrix<T>{y.get(), size.columns, 1}, scratch.get());
  }
  return new_matrix(std::move(y), rows, columns);
}

// Runs one kernel as `workers` workers would, one share after the other: for tests, and to see what a kernel does.
void call(const std::string& name, const std::vector<nb::ndarray<nb::ro, nb::device::cpu>>& arrays,
          const std::vector<Size>& numbers, int workers) {
  const Kernel& chosen = kernel(name);
  std::vector<std::byte*> buffers;
  for (const auto& array : arrays) buffers.push_back(static_cast<std::byte*>(const_cast<void*>(array.data())));
  auto scratch = allocate<std::byte>(static_cast<std::size_t>(chosen.scratch ? chosen.scratch(numbers.data()) : 0));
  nb::gil_scoped_release released;
  for (int worker = 0; worker < workers; ++worker)
    chosen.run({buffers.data(), numbers.data(), scratch.get(), worker, workers, nullptr});
}

// Any array, contiguous, to read or to write; the plan has checked dtype and shape above.
using Bytes = nb::ndarray<nb::ro, nb::device::cpu, nb::c_contig>;

std::byte* address(const Bytes& array) { return static_cast<std::byte*>(const_cast<void*>(array.data())); }

std::vector<std::byte*> addresses(const std::vector<Bytes>& arrays) {
  std::vector<std::byte*> found;
  found.reserve(arrays.size());
  for (const auto& array : arrays) found.push_back(address(array));
  return found;
}

// (kernel, [(space, index, offset, step)], numbers); (blocks, cost, lines); (shared, tasks)
using LineGiven = std::tuple<std::string, std::vector<std::tuple<int, int, Size, Size>>, std::vector<Size>>;
using TaskGiven = std::tuple<Size, double, std::vector<LineGiven>>;
using PhaseGiven = std::tuple<bool, std::vector<TaskGiven>>;

Task task_of(const TaskGiven& given) {
  const auto& [blocks, cost, lines] = given;
  Task task{blocks, cost, {}};
  for (const auto& [name, operands, numbers] : lines) {
    Instruction instruction{&kernel(name), {}, numbers};
    for (const auto& [space, index, offset, step] : operands)
      instruction.operands.push_back({static_cast<Space>(space), index, offset, step});
    task.instructions.push_back(std::move(instruction));
  }
  return task;
}

void new_plan(Plan* self, const std::vector<PhaseGiven>& given, Size arena_bytes, Size local_bytes, nb::bytes constants,
              std::vector<Size> input_bytes, std::vector<Size> output_bytes) {
  std::vector<Phase> phases;
  for (const auto& [shared, tasks] : given) {
    Phase& phase = phases.emplace_back(Phase{shared, {}});
    for (const auto& task : tasks) phase.tasks.push_back(task_of(task));
  }
  const auto* bytes = static_cast<const std::byte*>(constants.data());
  new (self) Plan(std::move(phases), arena_bytes, local_bytes, bytes, static_cast<Size>(constants.size()),
                  std::move(input_bytes), std::move(output_bytes));
}

// Arrays that many calls share: looked up once.
struct Held {
  std::vector<Bytes> arrays;
};

void run(Plan& plan, const std::vector<Bytes>& inputs, const std::vector<Bytes>& outputs, const Held* held) {
  auto from = addresses(inputs);
  const auto to = addresses(outputs);
  if (held)
    for (const auto& array : held->arrays) from.push_back(address(array));
  nb::gil_scoped_release released;
  plan.run(from, to);
}

// Whether the dictionaries (tuple of dict) and places (object, attribute, object, attribute ...) hold the very objects
// of `seen`: keys and values of each dictionary with the dictionary itself at its end, then the value of each place.
// pellucid.watch is the way in, and says the same in Python.
bool same(const nb::tuple& dicts, const nb::tuple& places, const nb::tuple& seen) {
  const std::size_t count = seen.size();
  std::size_t at = 0;
  const auto next_is = [&](PyObject* object) { return at < count && PyTuple_GET_ITEM(seen.ptr(), at++) == object; };
  for (const nb::handle dict : dicts) {
    PyObject *key = nullptr, *value = nullptr;
    for (Py_ssize_t position = 0; PyDict_Next(dict.ptr(), &position, &key, &value);)
      if (!next_is(key) || !next_is(value)) return false;
    if (!next_is(dict.ptr())) return false;
  }
  for (std::size_t i = 0; i + 1 < places.size(); i += 2) {
    const auto value = nb::steal(PyObject_GetAttr(places[i].ptr(), places[i + 1].ptr()));
    if (!value.is_valid()) nb::raise_python_error();
    if (!next_is(value.ptr())) return false;
  }
  return at == count;
}

void scan(Plan& plan, const nb::ndarray<const std::int64_t, nb::ndim<2>, nb::c_contig, nb::device::cpu>& rows,
          const std::vector<Bytes>& inputs, const std::vector<Bytes>& outputs,
          const std::vector<std::tuple<int, Bytes>>& gathered, const std::vector<std::tuple<int, int, bool>>& fed,
          const std::vector<std::tuple<int, Bytes>>& kept) {
  const auto row_bytes = [](const Bytes& array) {  // of one row of the first axis
    std::size_t bytes = array.itemsize();
    for (std::size_t axis = 1; axis < array.ndim(); ++axis) bytes *= array.shape(axis);
    return static_cast<Size>(bytes);
  };
  Scan scan{static_cast<Size>(rows.shape(0)),
            static_cast<Size>(rows.shape(1)),
            rows.data(),
            addresses(inputs),
            addresses(outputs),
            {},
            {},
            {},
            {}};
  for (const auto& [input, source] : gathered) scan.gathered.push_back({input, address(source), row_bytes(source)});
  for (const auto& [output, input, in_place] : fed) scan.fed.push_back({output, input, in_place});
  for (const auto& [output, target] : kept) scan.kept.push_back({output, address(target), row_bytes(target)});
  scan.interrupted = [] {  // whether a signal's handler, such as that of Ctrl-C, has raised something
    const nb::gil_scoped_acquire held;
    return PyErr_CheckSignals() != 0;
  };
  bool finished = false;
  {
    const nb::gil_scoped_release released;
    finished = plan.scan(scan);
  }
  if (!finished) throw nb::python_error();
}

std::vector<std::string> operation_names() {
  const Operations all = table().operations;
  std::vector<std::string> names;
  for (Size code = 0; code < all.count; ++code) names.push_back(all.first[code].name);
  return names;
}

std::string compiler() {
#if defined(__clang__)
  return "Clang " __clang_version__;
#else
  return "GCC " __VERSION__;
#endif
}

std::vector<std::string> isa_names() {
  std::vector<std::string> names;
  for (Isa isa : isas()) names.push_back(name(isa));
  return names;
}

}  // namespace
}  // namespace pellucid

NB_MODULE(_native, module) {
  using namespace pellucid;

  nb::set_leak_warnings(false);  // a plan may live as long as the interpreter, in a user's global
  module.doc() = "Pellucid's compiled kernels. pellucid.engines.native is the way in.";

  module.def("version", [] { return PELLUCID_VERSION; }, "The version that this module was built for.");
  module.def("compiler", &compiler, "The compiler that built this module.");
  module.def("isas", &isa_names, "Instruction sets that this machine has and kernels exist for, narrowest first.");
  module.def(
      "isa", [] { return name(chosen_isa()); }, "The one in use: the widest, or the one that PELLUCID_ISA names.");
  module.def("cores", &cores, "Cores that this process may use.");

  nb::class_<Held>(module, "Held", "Arrays that many calls share.")
      .def("__init__", [](Held* self, std::vector<Bytes> arrays) { new (self) Held{std::move(arrays)}; }, "arrays"_a);
  module.def("same", &same, "dicts"_a, "places"_a, "seen"_a, "Whether the very same objects are there still.");

  nb::class_<Plan>(module, "Plan", "A flat list of kernel calls; pellucid.engines.native makes it.")
      .def("__init__", &new_plan, "phases"_a, "arena_bytes"_a, "local_bytes"_a, "constants"_a, "input_bytes"_a,
           "output_bytes"_a)
      .def("run", &run, "inputs"_a, "outputs"_a, "held"_a = nb::none(),
           "One step, without the GIL; the inputs may end with those that are held.")
      .def("scan", &scan, "rows"_a, "inputs"_a, "outputs"_a, "gathered"_a, "fed"_a, "kept"_a,
           "One step for each row, without the GIL. Raises what a signal's handler raises meanwhile.")
      .def("times", &Plan::times, "Nanoseconds of each line since the last call.")
      .def_prop_rw("timing", &Plan::timing, &Plan::set_timing);
  module.def("threads", [] { return Pool::instance().workers(); }, "How many threads compute.");
  module.def(  // without the GIL: it waits for a scan, and a scan asks for the GIL now and then
      "set_threads", [](int count) { Pool::instance().resize(count); }, "count"_a,
      nb::call_guard<nb::gil_scoped_release>());

  module.def("call", &call, "name"_a, "arrays"_a, "numbers"_a, "workers"_a = 1,
             "Run one kernel on arrays, which it reads and writes as its file says.");

  module.def("operations", &operation_names,
             "What an instruction of an elementwise program can do; its code is its place in this list.");

  module.def(
      "matmul",
      [](const ConstMatrix<float>& x, const ConstMatrix<float>& w) { return multiply(table().matmul_float32, x, w); },
      "x"_a.noconvert(), "w"_a.noconvert(), "x w, for any strides of either. Runs without the GIL.");
  module.def(
      "matmul",
      [](const ConstMatrix<double>& x, const ConstMatrix<double>& w) { return multiply(table().matmul_float64, x, w); },
      "x"_a.noconvert(), "w"_a.noconvert());
}
