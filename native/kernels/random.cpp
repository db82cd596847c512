// random_uniform_float32, random_uniform_float64: uniform numbers in [0, 1), the bits of pellucid.random.uniform.
//
//   buffers  y, state (two uint64: seed, block)
//   numbers  n
//
// Philox4x64-10: one block of four 64-bit words is a pure function of its number (a counter of 256 bits) and the seed.
// The draw begins with the block after `block`, since NumPy's generator counts up before it draws.
//
//     counter  c0  c1  c2  c3         ten times: two products of 64 × 64 bits; their lower halves, and their upper
//              │    ╲  ╱    │         halves mixed with the other two words and the key, change places
//       c0·M0 ─┘     ╳      └─ c2·M1
//                   ╱ ╲               a float64 is the upper 53 bits of a word; a float32 the upper 24 bits of half a
//     hi1^c1^k0  lo1  hi0^c3^k1  lo0  word, the low half first
//
// Multiplications follow one another within a block, so several blocks go side by side. Workers share out the blocks.
//
// Reference: J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011

#include "random.hpp"

namespace pellucid::PELLUCID_KERNELS {
namespace {

using Word = unsigned long long;
__extension__ typedef unsigned __int128 Wide;

constexpr Word multiplier[2] = {0xD2E7470EE14C6C93, 0xCA5A826395121157};
constexpr Word key_step[2] = {0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B};
constexpr int rounds = 10;
constexpr int words = 4;         // in a block
constexpr int side_by_side = 2;  // blocks
constexpr Size batch = 32;       // blocks between two conversions to floating point: 1 KiB

// Blocks seed: first, first + 1, ... `count` of them, into `to`.
template <int count>
inline void philox(Word seed, Wide first, Word* to) {
  Word c[count][words];
#pragma GCC unroll 8
  for (int b = 0; b < count; ++b) {
    const Wide number = first + static_cast<Wide>(b);
    c[b][0] = static_cast<Word>(number), c[b][1] = static_cast<Word>(number >> 64), c[b][2] = c[b][3] = 0;
  }
  Word key[2] = {seed, 0};
  for (int round = 0; round < rounds; ++round) {
#pragma GCC unroll 8
    for (int b = 0; b < count; ++b) {
      const Wide p0 = static_cast<Wide>(multiplier[0]) * c[b][0], p1 = static_cast<Wide>(multiplier[1]) * c[b][2];
      const Word c1 = c[b][1], c3 = c[b][3];
      c[b][0] = static_cast<Word>(p1 >> 64) ^ c1 ^ key[0];
      c[b][1] = static_cast<Word>(p1);
      c[b][2] = static_cast<Word>(p0 >> 64) ^ c3 ^ key[1];
      c[b][3] = static_cast<Word>(p0);
    }
    key[0] += key_step[0], key[1] += key_step[1];
  }
  __builtin_memcpy(to, c, sizeof c);
}

// The first `count` numbers that the words hold. The low half of a word comes first in memory on every machine that
// this is built for.
using Half = unsigned __attribute__((may_alias));

void convert(const Word* from, float* to, Size count) {
  const Half* halves = reinterpret_cast<const Half*>(from);
  for (Size i = 0; i < count; ++i) to[i] = static_cast<float>(static_cast<int>(halves[i] >> 8)) * 0x1p-24f;
}

void convert(const Word* from, double* to, Size count) {
  for (Size i = 0; i < count; ++i) to[i] = static_cast<double>(static_cast<long long>(from[i] >> 11)) * 0x1p-53;
}

template <typename T>
void uniform(const Call& call) noexcept {
  constexpr Size in_block = words * sizeof(Word) / sizeof(T);
  const Size n = call.numbers[0];
  const Word* state = call.buffer<const Word>(1);
  const Share mine = share(n, call, in_block * side_by_side);
  const Wide start = static_cast<Wide>(state[1]) + 1;
  Word made[batch * words];
  for (Size i = mine.begin; i < mine.end; i += batch * in_block) {
    const Size count = mine.end - i < batch * in_block ? mine.end - i : batch * in_block;
    const Size blocks = (count + in_block - 1) / in_block;
    Size b = 0;
    for (; b + side_by_side <= blocks; b += side_by_side)
      philox<side_by_side>(state[0], start + static_cast<Wide>(i / in_block + b), made + b * words);
    for (; b < blocks; ++b) philox<1>(state[0], start + static_cast<Wide>(i / in_block + b), made + b * words);
    convert(made, call.buffer<T>(0) + i, count);
  }
}

const Kernel kernels[] = {
    {"random_uniform_float32", uniform<float>, nullptr},
    {"random_uniform_float64", uniform<double>, nullptr},
};

}  // namespace

Kernels random_kernels() { return {kernels, sizeof kernels / sizeof kernels[0]}; }

}  // namespace pellucid::PELLUCID_KERNELS
