/// Compiles kernels in this process and runs them from their image.
#ifndef LLMC_TEST_CODEGEN_KERNELHARNESS_H
#define LLMC_TEST_CODEGEN_KERNELHARNESS_H

#include "runtime/format/KernelAbi.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace llmc::test {

/// The levels that this machine can run, or a test can emulate. x86-64-v4-vnni is
/// not among them: only linears of bytes differ there. Nor is x86-64-amx-fp16.
const std::vector<std::string> &runnableLevels();
/// Those at which kernels of f16 differ: with x86-64-amx-fp16 (where the tiles are
/// the processor's without TDPFP16PS, this prints that it is left out), without
/// x86-64-amx.
const std::vector<std::string> &levelsOfHalves();

/// The level whose kernels run on a simulated GPU.
constexpr const char *gpuLevel = "sm_80";
/// runnableLevels() and gpuLevel.
const std::vector<std::string> &testedLevels();

/// What the target makes of a module that holds one kernel, and the kernel's name.
/// Empty after a failure, which is one of the test.
std::string objectOf(const std::string &mlir, const std::string &level,
                     std::string &name);

/// A kernel @k of one op, whose operands are its arguments of these types, and the
/// tiles.
std::string kernelText(const std::string &op, const std::vector<std::string> &types,
                       const std::string &attributes = "");

class GpuKernel;

/// A kernel mapped read-execute from its image, or on a simulated GPU.
class Kernel {
public:
  /// Compiles a module that holds one kernel, for a level. A failure is a
  /// failure of the test, and the kernel then does nothing.
  Kernel(const std::string &mlir, const std::string &level);
  ~Kernel();
  Kernel(const Kernel &) = delete;

  /// Runs tiles [begin, end) with denormals flushed, `step` of them a call
  /// (0: all at once). On a GPU `step` tiles are a block's; every buffer is the
  /// start of a Guarded.
  void run(const std::vector<void *> &buffers,
           const std::vector<int64_t> &scalars, int64_t begin, int64_t end,
           int64_t step = 0) const;

  /// The kernel itself; null after a failure.
  KernelFunction code() const { return function; }

private:
  void *memory = nullptr;
  size_t size = 0;
  KernelFunction function = nullptr;
  std::unique_ptr<GpuKernel> gpu;
};

/// Bytes that end where memory ends.
class GuardedBytes {
public:
  explicit GuardedBytes(size_t bytes);
  ~GuardedBytes();
  GuardedBytes(const GuardedBytes &) = delete;

  /// How many bytes begin at `start`; 0 where none do.
  static size_t sizeAt(const void *start);

  void *start;

private:
  void *map;
  size_t mapped;
};

/// Numbers that end where memory ends: reading or writing beyond is a fault.
template <typename T> class Guarded {
public:
  explicit Guarded(size_t count) : block(count * sizeof(T)), count(count) {}
  Guarded(size_t count, T value) : Guarded(count) {
    std::fill_n(data(), count, value);
  }
  explicit Guarded(const std::vector<T> &numbers) : Guarded(numbers.size()) {
    std::copy(numbers.begin(), numbers.end(), data());
  }
  T *data() const { return static_cast<T *>(block.start); }
  T &operator[](size_t i) const { return data()[i]; }
  size_t size() const { return count; }
  operator void *() const { return data(); }
  bool sameBits(const Guarded &other) const {
    return count == other.count &&
           !std::memcmp(data(), other.data(), count * sizeof(T));
  }

private:
  GuardedBytes block;
  size_t count;
};

/// The same numbers every time.
class Numbers {
public:
  explicit Numbers(uint64_t seed) : engine(seed) {}
  float normal() { return distribution(engine); }
  int64_t below(int64_t bound) { return engine() % bound; }
  void fill(const Guarded<float> &array, float scale = 1) {
    for (size_t i = 0; i < array.size(); ++i)
      array[i] = scale * normal();
  }

private:
  std::mt19937_64 engine;
  std::normal_distribution<float> distribution;
};

/// bf16 and f16 as bits, rounded to nearest even.
uint16_t toBf16(float value);
float fromBf16(uint16_t bits);
uint16_t toF16(float value);
float fromF16(uint16_t bits);

/// Numbers as memory of f32, bf16 or f16, rounded to nearest even, and back.
std::vector<uint8_t> inMemory(const std::string &type, const std::vector<float> &numbers);
std::vector<float> ofMemory(const std::string &type, const Guarded<uint8_t> &bytes);

/// Denormals flushed while it lives, for references in f32.
class FlushDenormals {
public:
  FlushDenormals();
  ~FlushDenormals();

private:
  unsigned saved;
};

/// The sum that kernel.linear defines: blocks of 32, even and odd chains.
/// `term(k)` gives the pair of factors.
template <typename Term> float canonicalSum(int64_t length, Term term) {
  float sum = 0;
  for (int64_t first = 0; first < length; first += 32) {
    float chains[2] = {0, 0};
    for (int64_t k = first; k < std::min<int64_t>(length, first + 32); ++k) {
      auto [a, w] = term(k);
      chains[k % 2] = __builtin_fmaf(a, w, chains[k % 2]);
    }
    sum += chains[0] + chains[1];
  }
  return sum;
}

} // namespace llmc::test

#endif // LLMC_TEST_CODEGEN_KERNELHARNESS_H
