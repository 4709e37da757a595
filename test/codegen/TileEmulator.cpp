/// Each tile instruction costs a signal, one to two microseconds: enough for
/// tests. Kernels read and write memory at the addresses that the processor
/// would, so a fault in guarded memory is a fault here too.
#include "test/codegen/TileEmulator.h"

#include <cpuid.h>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <immintrin.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

namespace {

constexpr int tileCount = 8, maxRows = 16, maxBytes = 64;

struct Tile {
  uint16_t bytes = 0; // Of a row.
  uint8_t rows = 0;
  alignas(64) uint8_t data[maxRows][maxBytes];
};

struct TileState {
  uint8_t palette = 0, startRow = 0;
  Tile tiles[tileCount];
};

thread_local TileState state;

[[noreturn]] void refuse(const char *why, const uint8_t *code) {
  char text[160];
  int length = std::snprintf(
      text, sizeof text,
      "tile emulator: %s, at %02x %02x %02x %02x %02x %02x\n", why, code[0],
      code[1], code[2], code[3], code[4], code[5]);
  if (length > 0 && write(STDERR_FILENO, text, length) < 0)
    std::abort();
  std::abort();
}

/// A VEX-encoded instruction of the map 0F38, and where it was met.
struct Instruction {
  const uint8_t *code;
  ucontext_t *context;
  unsigned prefix;   // pp: 0 none, 1 66, 2 F3, 3 F2.
  unsigned opcode;
  unsigned mode, reg, rm; // Of ModRM, extended by R and B.
  unsigned extra;    // vvvv.
  unsigned extendIndex, extendBase;
  const uint8_t *next; // After ModRM, then after all of it.

  uint64_t generalRegister(unsigned number) const {
    static constexpr int order[16] = {
        REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
        REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
    return uint64_t(context->uc_mcontext.gregs[order[number]]);
  }
};

/// An address in memory: base + displacement, and what rows are apart.
struct Address {
  uint8_t *base;
  int64_t stride;
};

int32_t readDisplacement(const uint8_t *&at, unsigned bytes) {
  int32_t value = 0;
  if (bytes == 1)
    value = int8_t(*at);
  else if (bytes == 4)
    std::memcpy(&value, at, 4);
  at += bytes;
  return value;
}

Address readAddress(Instruction &i) {
  unsigned low = i.rm & 7;
  uint64_t base = 0;
  int64_t stride = 0;
  unsigned displacement = i.mode == 1 ? 1 : i.mode == 2 ? 4 : 0;
  bool relative = false;
  if (low == 4) {
    uint8_t sib = *i.next++;
    unsigned index = (sib >> 3 & 7) | i.extendIndex << 3;
    unsigned from = (sib & 7) | i.extendBase << 3;
    if (index != 4)
      stride = int64_t(i.generalRegister(index)) << (sib >> 6);
    if ((sib & 7) == 5 && i.mode == 0)
      displacement = 4;
    else
      base = i.generalRegister(from);
  } else if (low == 5 && i.mode == 0) {
    relative = true;
    displacement = 4;
  } else {
    base = i.generalRegister(i.rm);
  }
  base += int64_t(readDisplacement(i.next, displacement));
  if (relative)
    base += reinterpret_cast<uint64_t>(i.next);
  return {reinterpret_cast<uint8_t *>(base), stride};
}

Tile &tile(unsigned number, const Instruction &i) {
  if (!state.palette)
    refuse("tiles are not configured", i.code);
  if (number >= tileCount || !state.tiles[number].rows ||
      !state.tiles[number].bytes)
    refuse("the tile is not configured", i.code);
  return state.tiles[number];
}

void clearTail(Tile &t) {
  for (int row = 0; row < maxRows; ++row) {
    int kept = row < t.rows ? t.bytes : 0;
    std::memset(t.data[row] + kept, 0, maxBytes - kept);
  }
}

void configure(const uint8_t *from, const Instruction &i) {
  if (from[0] > 1)
    refuse("unknown palette", i.code);
  std::memset(static_cast<void *>(&state), 0, sizeof state);
  state.palette = from[0];
  state.startRow = from[1];
  for (int t = 0; t < tileCount && state.palette; ++t) {
    std::memcpy(&state.tiles[t].bytes, from + 16 + 2 * t, 2);
    state.tiles[t].rows = from[48 + t];
    if (state.tiles[t].bytes > maxBytes || state.tiles[t].rows > maxRows)
      refuse("a tile is configured too large", i.code);
  }
}

void storeConfiguration(uint8_t *to) {
  std::memset(to, 0, 64);
  to[0] = state.palette;
  to[1] = state.startRow;
  for (int t = 0; t < tileCount; ++t) {
    std::memcpy(to + 16 + 2 * t, &state.tiles[t].bytes, 2);
    to[48 + t] = state.tiles[t].rows;
  }
}

void loadTile(Instruction &i) {
  Tile &t = tile(i.reg, i);
  Address from = readAddress(i);
  for (int row = 0; row < t.rows; ++row)
    std::memcpy(t.data[row], from.base + row * from.stride, t.bytes);
  clearTail(t);
}

void storeTile(Instruction &i) {
  Tile &t = tile(i.reg, i);
  Address to = readAddress(i);
  for (int row = 0; row < t.rows; ++row)
    std::memcpy(to.base + row * to.stride, t.data[row], t.bytes);
}

/// The three tiles of a product, their shapes checked as the processor does.
struct Product {
  Tile &sum, &a, &b;

  explicit Product(const Instruction &i)
      : sum(tile(i.reg, i)), a(tile(i.rm, i)), b(tile(i.extra, i)) {
    if (&sum == &a || &sum == &b || &a == &b)
      refuse("a product of tiles that are not three", i.code);
    if (sum.rows != a.rows || sum.bytes != b.bytes || a.bytes / 4 != b.rows ||
        a.bytes % 4 || sum.bytes % 4)
      refuse("shapes of tiles do not fit", i.code);
  }
};

/// 32 numbers of a row as f32. Those of f16 are all normal then, its denormals
/// too; those of bf16 are denormal where theirs are.
__attribute__((target("avx2,f16c"))) void widen(const uint8_t *from, bool f16,
                                                float *to) {
  for (int k = 0; k < 32; ++k) {
    uint16_t half;
    std::memcpy(&half, from + 2 * k, 2);
    uint32_t bits = uint32_t(half) << 16;
    if (f16)
      to[k] = _cvtsh_ss(half);
    else
      std::memcpy(to + k, &bits, 4);
  }
}

/// TDPBF16PS and TDPFP16PS: even and odd terms apart, each from zero by fused
/// multiply-add, then sum += even + odd; denormals of f32 flushed throughout.
__attribute__((target("avx2,fma,f16c"))) void multiplyPairs(const Instruction &i,
                                                            bool f16) {
  Product p(i);
  _mm_setcsr(0x1f80 | 0x8040);
  int columns = p.sum.bytes / 4;
  for (int m = 0; m < p.sum.rows; ++m) {
    alignas(64) float chains[2][16] = {};
    float row[32];
    widen(p.a.data[m], f16, row);
    for (int k = 0; k < p.a.bytes / 4; ++k) {
      float pairs[32];
      widen(p.b.data[k], f16, pairs);
      for (int n = 0; n < 16; ++n)
        for (int j = 0; j < 2; ++j)
          chains[j][n] = __builtin_fmaf(row[2 * k + j], pairs[2 * n + j], chains[j][n]);
    }
    float sums[16];
    std::memcpy(sums, p.sum.data[m], sizeof sums);
    for (int n = 0; n < columns; ++n)
      sums[n] += chains[0][n] + chains[1][n];
    std::memcpy(p.sum.data[m], sums, sizeof sums);
  }
  clearTail(p.sum);
}

/// TDPB{S,U}{S,U}D: four products of bytes a term, wrapping sums.
void multiplyBytes(const Instruction &i) {
  Product p(i);
  bool signedA = i.prefix == 3 || i.prefix == 2;
  bool signedB = i.prefix == 3 || i.prefix == 1;
  auto number = [](uint8_t byte, bool isSigned) {
    return isSigned ? int32_t(int8_t(byte)) : int32_t(byte);
  };
  for (int m = 0; m < p.sum.rows; ++m)
    for (int n = 0; n < p.sum.bytes / 4; ++n) {
      uint32_t sum;
      std::memcpy(&sum, p.sum.data[m] + 4 * n, 4);
      for (int k = 0; k < p.a.bytes / 4; ++k)
        for (int j = 0; j < 4; ++j)
          sum += uint32_t(number(p.a.data[m][4 * k + j], signedA) *
                          number(p.b.data[k][4 * n + j], signedB));
      std::memcpy(p.sum.data[m] + 4 * n, &sum, 4);
    }
  clearTail(p.sum);
}

/// Opcode 49: configuration, release, zero.
void configureOrClear(Instruction &i) {
  if (i.mode != 3 && i.prefix == 0)
    return configure(readAddress(i).base, i);
  if (i.mode != 3 && i.prefix == 1)
    return storeConfiguration(readAddress(i).base);
  if (i.prefix == 0 && i.code[4] == 0xc0) {
    std::memset(static_cast<void *>(&state), 0, sizeof state);
    return;
  }
  if (i.mode == 3 && i.prefix == 3) {
    Tile &t = tile(i.reg, i);
    std::memset(t.data, 0, sizeof t.data);
    return;
  }
  refuse("unknown instruction", i.code);
}

void execute(Instruction &i) {
  if (i.opcode == 0x49)
    return configureOrClear(i);
  if (i.opcode == 0x4b && (i.prefix == 1 || i.prefix == 3))
    return loadTile(i);
  if (i.opcode == 0x4b && i.prefix == 2)
    return storeTile(i);
  if (i.opcode == 0x5c && (i.prefix == 2 || i.prefix == 3))
    return multiplyPairs(i, /*f16=*/i.prefix == 3);
  if (i.opcode == 0x5e)
    return multiplyBytes(i);
  refuse("unknown instruction", i.code);
}

void onIllegalInstruction(int, siginfo_t *, void *context) {
  auto *where = static_cast<ucontext_t *>(context);
  auto *code = reinterpret_cast<const uint8_t *>(
      where->uc_mcontext.gregs[REG_RIP]);
  // C4 RXBmmmmm WvvvvLpp opcode ModRM
  if (code[0] != 0xc4 || (code[1] & 0x1f) != 2 || (code[2] & 0x84))
    refuse("illegal instruction", code);
  Instruction i;
  i.code = code;
  i.context = where;
  i.prefix = code[2] & 3;
  i.extra = ~(code[2] >> 3) & 15;
  i.opcode = code[3];
  i.mode = code[4] >> 6;
  i.extendIndex = !(code[1] & 0x40);
  i.extendBase = !(code[1] & 0x20);
  i.reg = (code[4] >> 3 & 7) | !(code[1] & 0x80) << 3;
  i.rm = (code[4] & 7) | (i.mode == 3 ? i.extendBase << 3 : 0);
  if (i.mode != 3 && (code[4] & 7) != 4)
    i.rm |= i.extendBase << 3;
  i.next = code + 5;
  execute(i);
  where->uc_mcontext.gregs[REG_RIP] = reinterpret_cast<greg_t>(i.next);
}

bool processorHasTiles() {
  unsigned a, b, c, d;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d >> 22 & 1) &&
         (d >> 24 & 1);
}

bool processorHasHalfTiles() {
  unsigned a, b, c, d;
  return __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 21 & 1);
}

/// arch_prctl(ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA)
bool askForTiles() { return syscall(SYS_arch_prctl, 0x1023, 18) == 0; }

bool handleSignal() {
  struct sigaction action = {};
  action.sa_sigaction = onIllegalInstruction;
  action.sa_flags = SA_SIGINFO;
  return sigaction(SIGILL, &action, nullptr) == 0;
}

} // namespace

bool llmc::test::provideTiles() {
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
    return false;
  static const bool real = processorHasTiles();
  static const bool given = real && askForTiles();
  return real ? given : handleSignal();
}

bool llmc::test::provideHalfTiles() {
  if (!provideTiles() || !__builtin_cpu_supports("f16c"))
    return false;
  // Tiles that the processor has and those in the emulator's memory are not the
  // same, so an instruction of one cannot be emulated beside the others.
  return !processorHasTiles() || processorHasHalfTiles();
}
