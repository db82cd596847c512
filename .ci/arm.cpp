// A few kernels against plain loops, where Python is not at hand: .ci/arm runs it in an emulator.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "dispatch.hpp"
#include "kernels/table.hpp"

using namespace pellucid;

namespace {

std::mt19937 generator{0};
int wrong = 0;

template <typename T>
std::vector<T> numbers(Size count) {
  std::normal_distribution<T> normal;
  std::vector<T> made(static_cast<std::size_t>(count));
  for (T& x : made) x = normal(generator);
  return made;
}

template <typename T>
std::byte* bytes(const std::vector<T>& of) {
  return reinterpret_cast<std::byte*>(const_cast<T*>(of.data()));
}

// What a sum should be, and how large what was added: that is what rounding goes by.
struct Exact {
  long double total = 0, magnitude = 0;
  void add(long double term) { total += term, magnitude += std::abs(term); }
};

// As far apart as `tolerance` roundings.
template <typename T>
void compare(const std::string& what, const std::vector<T>& found, const std::vector<Exact>& expected,
             double tolerance) {
  const double epsilon = sizeof(T) == 4 ? 1.2e-7 : 2.3e-16;
  double worst = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (std::isnan(found[i]) && std::isnan(expected[i].total)) continue;
    const double error = static_cast<double>(std::abs(found[i] - expected[i].total) / (expected[i].magnitude + 1e-30L));
    worst = error <= worst ? worst : error;  // nan, too
  }
  const bool right = worst <= tolerance * epsilon;
  wrong += !right;
  std::printf("%-5s %-24s %zu numbers, %.1f epsilons\n", right ? "ok" : "WRONG", what.c_str(), found.size(),
              worst / epsilon);
}

void run(const std::string& name, const std::vector<std::byte*>& buffers, const std::vector<Size>& given, int workers) {
  const Kernel& chosen = kernel(name);
  void* scratch = std::aligned_alloc(
      64, static_cast<std::size_t>(chosen.scratch ? chosen.scratch(given.data()) + 63 : 64) / 64 * 64);
  for (int worker = 0; worker < workers; ++worker)
    chosen.run({buffers.data(), given.data(), static_cast<std::byte*>(scratch), worker, workers, nullptr});
  std::free(scratch);
}

template <typename T>
std::string typed(const char* name) {
  return std::string(name) + (sizeof(T) == 4 ? "_float32" : "_float64");
}

template <typename T>
void matmul(const Matmul<T>& kernel, Size rows, Size depth, Size columns, bool zeros = false) {
  auto x = numbers<T>(rows * depth);
  const auto w = numbers<T>(depth * columns);
  if (zeros)  // two columns of three
    for (Size i = 0; i < rows * depth; ++i)
      if (i % depth % 3 != 0) x[i] = 0;
  std::vector<T> y(static_cast<std::size_t>(rows * columns));
  std::vector<Exact> expected(y.size());
  for (Size i = 0; i < rows; ++i)
    for (Size j = 0; j < columns; ++j) {
      for (Size k = 0; k < depth; ++k)
        expected[i * columns + j].add(static_cast<long double>(x[i * depth + k]) * w[k * columns + j]);
    }
  std::vector<T> scratch(static_cast<std::size_t>(kernel.scratch({rows, columns, depth})));
  kernel.run({rows, columns, depth}, {x.data(), depth, 1}, {w.data(), columns, 1}, {y.data(), columns, 1},
             scratch.data());
  compare(typed<T>("matmul"), y, expected, 8);
}

template <typename T>
void matmul_update(Size rows, Size depth, Size columns) {
  auto x = numbers<T>(rows * depth), w = numbers<T>(depth * columns), y = numbers<T>(rows * columns);
  std::vector<T> scale = {T(0.5)};
  std::vector<Exact> expected(y.size());
  for (Size i = 0; i < rows; ++i)
    for (Size j = 0; j < columns; ++j) {
      expected[i * columns + j].add(y[i * columns + j]);
      for (Size k = 0; k < depth; ++k)
        expected[i * columns + j].add(static_cast<long double>(x[i * depth + k]) * w[k * columns + j] / -2);
    }
  run(typed<T>("matmul_update"), {bytes(y), bytes(x), bytes(w), bytes(y), bytes(scale)},
      {1, rows, columns, depth, 0, columns, 1, 0, depth, 1, 0, columns, 1, -1, 1}, 2);
  compare(typed<T>("matmul_update"), y, expected, 8);
}

template <typename T>
void elementwise(const char* name, T (*f)(T), double tolerance) {
  const Operations all = table().operations;
  for (Size i = 0; i < all.count; ++i) {
    if (all.first[i].name != typed<T>(name)) continue;
    const auto x = numbers<T>(1003);
    std::vector<T> y(x.size());
    std::vector<Exact> expected(x.size());
    for (std::size_t j = 0; j < x.size(); ++j) expected[j].add(f(x[j]));
    all.first[i].run(static_cast<Size>(x.size()), bytes(y), bytes(x), nullptr, nullptr);
    return compare(typed<T>(name), y, expected, tolerance);
  }
  std::printf("WRONG there is no %s\n", name), ++wrong;
}

template <typename T>
void sum(Size rows, Size columns, bool of_rows) {
  const auto x = numbers<T>(rows * columns);
  const Size kept = of_rows ? rows : columns, gone = of_rows ? columns : rows;
  const Size along = of_rows ? columns : 1, across = of_rows ? 1 : columns;
  std::vector<T> y(static_cast<std::size_t>(kept));
  std::vector<Exact> expected(y.size());
  for (Size i = 0; i < kept; ++i)
    for (Size j = 0; j < gone; ++j) expected[i].add(x[i * along + j * across]);
  run(typed<T>("reduce_sum"), {bytes(y), bytes(x)}, {1, kept, 1, along, 1, gone, across}, 3);
  compare(typed<T>("reduce_sum"), y, expected, 8);
}

template <typename T>
void convolution(Size n, Size height, Size width, Size channels, Size filters, Size taps, Size padding) {
  const Size down = height + 2 * padding - taps + 1, across = width + 2 * padding - taps + 1;
  const auto x = numbers<T>(n * height * width * channels), w = numbers<T>(filters * channels * taps * taps);
  std::vector<T> y(static_cast<std::size_t>(n * down * across * filters));
  std::vector<Exact> expected;
  for (Size image = 0; image < n; ++image)
    for (Size i = 0; i < down; ++i)
      for (Size j = 0; j < across; ++j)
        for (Size m = 0; m < filters; ++m) {
          Exact& sum = expected.emplace_back();
          for (Size c = 0; c < channels; ++c)
            for (Size a = 0; a < taps; ++a)
              for (Size b = 0; b < taps; ++b) {
                const Size row = i + a - padding, column = j + b - padding;
                if (row < 0 || row >= height || column < 0 || column >= width) continue;
                sum.add(static_cast<long double>(x[((image * height + row) * width + column) * channels + c]) *
                        w[((m * channels + c) * taps + a) * taps + b]);
              }
        }
  const std::vector<Size> given{n, height, width,   channels, down, across, filters, taps, taps,
                                1, 1,      padding, padding,  1,    1,      1,       1};
  std::vector<T> packed(static_cast<std::size_t>((taps * taps + 16) * channels * (filters + 16)));
  run(typed<T>("conv2d_pack_weights"), {bytes(packed), bytes(w)}, given, 2);
  run(typed<T>("conv2d"), {bytes(y), bytes(x), bytes(packed)}, given, 2);
  compare(typed<T>("conv2d"), y, expected, 8);
}

template <typename T>
void all(const Matmul<T>& kernel) {
  matmul(kernel, 1, 784, 50);
  matmul(kernel, 61, 130, 65);
  matmul(kernel, 100, 600, 33);
  matmul(kernel, 100, 600, 33, true);
  matmul_update<T>(61, 130, 50);
  elementwise<T>("exp", [](T x) { return std::exp(x); }, 4);
  elementwise<T>("tanh", [](T x) { return std::tanh(x); }, 4);
  elementwise<T>("sin", [](T x) { return std::sin(x); }, 4);
  elementwise<T>("sqrt", [](T x) { return std::sqrt(x); }, 1);
  sum<T>(37, 5003, true);
  sum<T>(5003, 37, false);
  convolution<T>(2, 9, 11, 3, 7, 3, 1);
  convolution<T>(2, 12, 12, 16, 32, 3, 1);
  convolution<T>(1, 14, 14, 1, 30, 5, 0);
}

}  // namespace

int main() {
  all(table().matmul_float32);
  all(table().matmul_float64);
  return wrong != 0;
}
