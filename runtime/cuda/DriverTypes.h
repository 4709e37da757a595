/// The types of the CUDA driver API that we use, declared by ourselves with the
/// same sizes, layouts and numbers, so that nothing of the CUDA toolkit is
/// needed to build. Checked against cuda.h 13.0 on 2026-11-21; NVIDIA keeps
/// these fixed (what changes gets a new symbol with a version suffix).
#ifndef LLMC_RUNTIME_CUDA_DRIVERTYPES_H
#define LLMC_RUNTIME_CUDA_DRIVERTYPES_H

#include <cstddef>
#include <cstdint>

namespace llmc::cuda {

using Device = int;         ///< An ordinal's device, from `deviceGet`.
using DevicePtr = uint64_t; ///< An address in device memory.
using MemHandle = uint64_t; ///< Physical memory, not yet mapped.
using Context = struct ContextRecord *;
using Module = struct ModuleRecord *;
using Function = struct FunctionRecord *;
using Stream = struct StreamRecord *; ///< Null is the default stream.
using Event = struct EventRecord *;
using Graph = struct GraphRecord *;
using GraphExec = struct GraphExecRecord *;

/// CUresult. Only the codes that we tell apart; others pass through as numbers.
enum class DriverResult : int {
  Success = 0,
  InvalidValue = 1,
  OutOfMemory = 2,
  NotInitialized = 3,
  NoDevice = 100,
  InvalidDevice = 101,
  InvalidImage = 200,
  InvalidContext = 201,
  NoBinaryForGpu = 209,
  InvalidPtx = 218,
  UnsupportedPtxVersion = 222,
  NotFound = 500,
  NotReady = 600,
  IllegalAddress = 700,
  LaunchOutOfResources = 701,
  LaunchTimeout = 702,
  AssertFailed = 710,
  HardwareStackError = 714,
  IllegalInstruction = 715,
  MisalignedAddress = 716,
  InvalidAddressSpace = 717,
  InvalidPc = 718,
  LaunchFailed = 719,
  NotPermitted = 800,
  NotSupported = 801,
  StreamCaptureUnsupported = 900,
  StreamCaptureInvalidated = 901,
  Unknown = 999,
};

/// CUdevice_attribute.
enum class DeviceAttribute : int {
  MaxThreadsPerBlock = 1,
  MaxBlockDimX = 2,
  MaxBlockDimY = 3,
  MaxBlockDimZ = 4,
  MaxGridDimX = 5,
  MaxGridDimY = 6,
  MaxGridDimZ = 7,
  MaxSharedMemoryPerBlock = 8,
  TotalConstantMemory = 9,
  WarpSize = 10,
  MaxRegistersPerBlock = 12,
  ClockRate = 13, ///< kHz
  MultiprocessorCount = 16,
  Integrated = 18,
  MemoryClockRate = 36,      ///< kHz
  GlobalMemoryBusWidth = 37, ///< bits
  L2CacheSize = 38,          ///< bytes
  MaxThreadsPerMultiprocessor = 39,
  ComputeCapabilityMajor = 75,
  ComputeCapabilityMinor = 76,
  MaxSharedMemoryPerMultiprocessor = 81,
  MaxRegistersPerMultiprocessor = 82,
  CooperativeLaunch = 95,
  MaxSharedMemoryPerBlockOptin = 97,
  VirtualMemoryManagementSupported = 102,
  MaxBlocksPerMultiprocessor = 106,
  ReservedSharedMemoryPerBlock = 111,
  ClusterLaunch = 120,
};

/// CUfunction_attribute.
enum class FunctionAttribute : int {
  MaxThreadsPerBlock = 0,
  SharedSizeBytes = 1, ///< Static shared memory.
  ConstSizeBytes = 2,
  LocalSizeBytes = 3, ///< Per thread: stack and spills.
  NumRegs = 4,
  PtxVersion = 5,
  BinaryVersion = 6,
  MaxDynamicSharedSizeBytes = 8, ///< May be set, up to the device's opt-in.
  PreferredSharedMemoryCarveout = 9,
  NonPortableClusterSizeAllowed = 14,
};

/// CUjit_option; a value travels in the `void *` of the same index.
enum class JitOption : int {
  MaxRegisters = 0,
  ThreadsPerBlock = 1,
  WallTime = 2, ///< Out: milliseconds as a float in the pointer's bits.
  InfoLogBuffer = 3,
  InfoLogBufferSizeBytes = 4, ///< In: size; out: bytes written.
  ErrorLogBuffer = 5,
  ErrorLogBufferSizeBytes = 6,
  OptimizationLevel = 7,
  GenerateDebugInfo = 11,
  LogVerbose = 12,
  GenerateLineInfo = 13,
};

/// CUmemLocation.
struct MemLocation {
  int type = 1; ///< 1: device.
  int id = 0;   ///< Its ordinal.
};

/// CUmemAllocationProp.
struct MemAllocationProp {
  int type = 1;        ///< 1: pinned, the only kind.
  int handleTypes = 0; ///< 0: not exported.
  MemLocation location;
  void *win32HandleMetaData = nullptr;
  unsigned char compressionType = 0;
  unsigned char gpuDirectRdmaCapable = 0;
  unsigned short usage = 0;
  unsigned char reserved[4] = {};
};
static_assert(sizeof(MemAllocationProp) == 32);

/// CUmemAccessDesc.
struct MemAccessDesc {
  MemLocation location;
  int flags = 3; ///< 1: read, 3: read and write.
};
static_assert(sizeof(MemAccessDesc) == 12);

/// CUmemAllocationGranularity_flags.
enum class Granularity : int { Minimum = 0, Recommended = 1 };

/// CUstreamCaptureMode.
enum class CaptureMode : int { Global = 0, ThreadLocal = 1, Relaxed = 2 };

inline constexpr unsigned kStreamNonBlocking = 1;
inline constexpr unsigned kEventDisableTiming = 2;

/// CUlaunchAttribute: the identifiers that we set.
enum class LaunchAttributeId : int {
  Ignore = 0,
  Cooperative = 2,
  ClusterDimension = 4,
  ProgrammaticStreamSerialization = 6,
  Priority = 8,
};

/// CUlaunchAttribute: 8 bytes of identifier, 64 of value.
struct LaunchAttribute {
  LaunchAttributeId id = LaunchAttributeId::Ignore;
  char pad[4] = {};
  union {
    char bytes[64] = {};
    int flag; ///< Cooperative, ProgrammaticStreamSerialization.
    int priority;
    struct {
      unsigned x, y, z;
    } clusterDim;
  };
};
static_assert(sizeof(LaunchAttribute) == 72);

/// CUlaunchConfig.
struct LaunchConfig {
  unsigned gridDim[3] = {1, 1, 1};  ///< Blocks.
  unsigned blockDim[3] = {1, 1, 1}; ///< Threads.
  unsigned sharedMemBytes = 0;      ///< Dynamic shared memory of a block.
  Stream stream = nullptr;
  LaunchAttribute *attributes = nullptr; ///< [attributeCount]
  unsigned attributeCount = 0;
};
static_assert(sizeof(LaunchConfig) == 56);

/// CUtensorMap: opaque, passed to a kernel as a `.grid_constant` parameter.
struct alignas(128) TensorMap {
  uint64_t words[16];
};

/// CUtensorMapDataType.
enum class TensorMapType : int {
  UInt8 = 0,
  UInt16,
  UInt32,
  Int32,
  UInt64,
  Int64,
  Float16,
  Float32,
  Float64,
  BFloat16,
  Float32Ftz,
  TFloat32,
  TFloat32Ftz,
};
/// CUtensorMapInterleave.
enum class TensorMapInterleave : int { None = 0, Bytes16, Bytes32 };
/// CUtensorMapSwizzle.
enum class TensorMapSwizzle : int { None = 0, Bytes32, Bytes64, Bytes128 };
/// CUtensorMapL2promotion.
enum class TensorMapL2 : int { None = 0, Bytes64, Bytes128, Bytes256 };
/// CUtensorMapFloatOOBfill.
enum class TensorMapFill : int { Zero = 0, NanRequestZeroFma };

} // namespace llmc::cuda

#endif // LLMC_RUNTIME_CUDA_DRIVERTYPES_H
