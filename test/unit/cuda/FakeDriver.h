/// A CUDA driver that is none: its memory is the host's, its kernels are those of
/// FakeKernels.c, every call is recorded, and any call can be made to fail.
#ifndef LLMC_TEST_UNIT_CUDA_FAKEDRIVER_H
#define LLMC_TEST_UNIT_CUDA_FAKEDRIVER_H

#include "runtime/cpu/KernelCode.h"
#include "runtime/cuda/Driver.h"
#include "runtime/format/Program.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace llmc::test {

/// One lives at a time: the table's functions are plain C functions.
class FakeDriver {
public:
  FakeDriver();
  ~FakeDriver();
  FakeDriver(const FakeDriver &) = delete;

  cuda::Driver table;

  // What the device is.
  int count = 1, major = 8, minor = 0, version = 12040;
  bool hasVirtualMemory = true;
  size_t memoryBytes = size_t(1) << 30;
  size_t granule = 32 << 10;
  /// What moduleLoadDataEx says of PTX, and its log.
  std::string ptxLog;
  cuda::DriverResult ptxResult = cuda::DriverResult::Success;
  cuda::DriverResult cubinResult = cuda::DriverResult::Success;

  /// Kernels by entry: what they run, and how many arguments they take.
  struct Kernel {
    KernelFunction run = nullptr;
    uint32_t buffers = 0, scalars = 0, maps = 0;
  };
  std::map<std::string, Kernel> kernels;

  /// The call with this number, from 1 on, fails with `failure`; 0: none.
  size_t failingCall = 0;
  cuda::DriverResult failure = cuda::DriverResult::LaunchFailed;
  /// Every call of this name fails with `failure`; empty: none.
  std::string failingName;

  /// Names of the calls so far.
  std::vector<std::string> calls;
  size_t countOf(const std::string &name) const;

  struct Launched {
    std::string entry;
    unsigned x, y, threads, shared;
    int64_t end;
    bool captured;
    std::vector<cuda::TensorMap> maps = {}; ///< As encodeMap lays them out.
  };
  std::vector<Launched> launches;
  size_t bytesToHost = 0; ///< Of copies on a stream.
  std::string loaded; ///< Text of the PTX, or `cubin`.

  /// All that was made and not destroyed, in words; empty: nothing.
  std::string leaks() const;
  size_t mappedBytes() const;

  // For the functions of the table.
  struct Call {
    const Kernel *kernel;
    std::vector<uint64_t> arguments;
    std::string entry;
  };
  std::map<uint64_t, size_t> allocated, pinned, reserved, mapped;
  std::set<uint64_t> objects; // streams, events, modules, graphs, handles
  std::map<uint64_t, std::vector<Call>> graphs;
  std::vector<Call> capture;
  bool isCapturing = false;
  int contexts = 0;
  uint64_t nextObject = 0x1000;
  cuda::DriverResult enter(const char *name);
  void perform(const Call &call);
};

} // namespace llmc::test

#endif // LLMC_TEST_UNIT_CUDA_FAKEDRIVER_H
