// The driver's functions about itself, its device and contexts.
#include "runtime/sim/driver/DriverState.h"

#include <cstdio>

namespace llmc::sim {
namespace {

using namespace cuda;
using enum DriverResult;

constexpr int kDriverVersion = 13000;

DriverResult init(unsigned flags) {
  driverState->initialized = true;
  return flags == 0 ? Success : InvalidValue;
}

DriverResult driverGetVersion(int *version) {
  *version = kDriverVersion;
  return Success;
}

struct ErrorRow {
  DriverResult code;
  const char *name;
  const char *text;
};
constexpr ErrorRow kErrors[] = {
    {Success, "CUDA_SUCCESS", "no error"},
    {InvalidValue, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {OutOfMemory, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {NotInitialized, "CUDA_ERROR_NOT_INITIALIZED", "not initialized"},
    {NoDevice, "CUDA_ERROR_NO_DEVICE", "no device"},
    {InvalidDevice, "CUDA_ERROR_INVALID_DEVICE", "invalid device"},
    {InvalidImage, "CUDA_ERROR_INVALID_IMAGE", "invalid kernel image"},
    {InvalidContext, "CUDA_ERROR_INVALID_CONTEXT", "invalid handle"},
    {NoBinaryForGpu, "CUDA_ERROR_NO_BINARY_FOR_GPU",
     "no kernel image for this device"},
    {InvalidPtx, "CUDA_ERROR_INVALID_PTX", "PTX compilation failed"},
    {NotFound, "CUDA_ERROR_NOT_FOUND", "name not found"},
    {NotReady, "CUDA_ERROR_NOT_READY", "not ready"},
    {IllegalAddress, "CUDA_ERROR_ILLEGAL_ADDRESS", "illegal memory access"},
    {LaunchOutOfResources, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES",
     "too many resources requested for launch"},
    {LaunchTimeout, "CUDA_ERROR_LAUNCH_TIMEOUT", "launch timed out"},
    {IllegalInstruction, "CUDA_ERROR_ILLEGAL_INSTRUCTION",
     "illegal instruction"},
    {MisalignedAddress, "CUDA_ERROR_MISALIGNED_ADDRESS", "misaligned address"},
    {LaunchFailed, "CUDA_ERROR_LAUNCH_FAILED", "launch failed"},
    {NotSupported, "CUDA_ERROR_NOT_SUPPORTED", "not supported"},
    {StreamCaptureUnsupported, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED",
     "not permitted while a stream is captured"},
};

const ErrorRow *findError(DriverResult code) {
  for (const ErrorRow &row : kErrors)
    if (row.code == code)
      return &row;
  return nullptr;
}

DriverResult getErrorName(DriverResult code, const char **name) {
  const ErrorRow *row = findError(code);
  *name = row ? row->name : nullptr;
  return row ? Success : InvalidValue;
}

DriverResult getErrorString(DriverResult code, const char **text) {
  const ErrorRow *row = findError(code);
  *text = row ? row->text : nullptr;
  return row ? Success : InvalidValue;
}

DriverResult deviceGetCount(int *count) {
  *count = 1;
  return driverState->initialized ? Success : NotInitialized;
}

DriverResult deviceGet(cuda::Device *device, int ordinal) {
  *device = 0;
  if (!driverState->initialized)
    return NotInitialized;
  return ordinal == 0 ? Success : InvalidDevice;
}

DriverResult deviceGetName(char *name, int length, cuda::Device device) {
  std::string_view own = driverState->device->model().name;
  if (device != 0 || length <= 0)
    return InvalidValue;
  snprintf(name, size_t(length), "%.*s", int(own.size()), own.data());
  return Success;
}

DriverResult deviceGetAttribute(int *value, DeviceAttribute attribute,
                                cuda::Device device) {
  using enum DeviceAttribute;
  const DeviceModel &model = driverState->device->model();
  auto give = [&](uint64_t figure) {
    *value = int(figure);
    return device == 0 ? Success : InvalidDevice;
  };
  switch (attribute) {
  case MaxThreadsPerBlock:
  case MaxBlockDimX:
  case MaxBlockDimY:
    return give(1024);
  case MaxBlockDimZ:
    return give(64);
  case MaxGridDimX:
    return give(0x7FFFFFFF);
  case MaxGridDimY:
  case MaxGridDimZ:
    return give(65535);
  case MaxSharedMemoryPerBlock:
    return give(model.sharedPerBlock);
  case TotalConstantMemory:
    return give(64 << 10);
  case WarpSize:
    return give(kLanes);
  case MaxRegistersPerBlock:
  case MaxRegistersPerMultiprocessor:
    return give(64 << 10);
  case ClockRate:
    return give(1000000);
  case MultiprocessorCount:
    return give(model.multiprocessors);
  case Integrated:
    return give(0);
  case MemoryClockRate:
    return give(1000000);
  case GlobalMemoryBusWidth:
    return give(64);
  case L2CacheSize:
    return give(model.l2Bytes);
  case MaxThreadsPerMultiprocessor:
    return give(model.threadsPerMultiprocessor);
  case ComputeCapabilityMajor:
    return give(uint64_t(model.major));
  case ComputeCapabilityMinor:
    return give(uint64_t(model.minor));
  case MaxSharedMemoryPerMultiprocessor:
    return give(model.sharedPerMultiprocessor);
  case CooperativeLaunch:
    return give(1);
  case MaxSharedMemoryPerBlockOptin:
    return give(model.sharedPerBlockOptin);
  case VirtualMemoryManagementSupported:
    return give(1);
  case MaxBlocksPerMultiprocessor:
    return give(model.blocksPerMultiprocessor);
  case ReservedSharedMemoryPerBlock:
    return give(1024);
  case ClusterLaunch:
    return give(0);
  }
  return InvalidValue;
}

DriverResult deviceTotalMem(size_t *bytes, cuda::Device device) {
  *bytes = driverState->device->memory().total();
  return device == 0 ? Success : InvalidDevice;
}

DriverResult retain(Context *context, cuda::Device device) {
  *context = reinterpret_cast<Context>(driverState);
  return device == 0 ? Success : InvalidDevice;
}

DriverResult release(cuda::Device device) {
  return device == 0 ? Success : InvalidDevice;
}

DriverResult setCurrent(Context context) {
  return !context || context == reinterpret_cast<Context>(driverState)
             ? Success
             : InvalidContext;
}

DriverResult synchronize() { return driverState->broken; }

} // namespace

void fillDeviceCalls(cuda::Driver &table) {
  table.init = init;
  table.driverGetVersion = driverGetVersion;
  table.getErrorName = getErrorName;
  table.getErrorString = getErrorString;
  table.deviceGetCount = deviceGetCount;
  table.deviceGet = deviceGet;
  table.deviceGetName = deviceGetName;
  table.deviceGetAttribute = deviceGetAttribute;
  table.deviceTotalMem = deviceTotalMem;
  table.devicePrimaryCtxRetain = retain;
  table.devicePrimaryCtxRelease = release;
  table.ctxSetCurrent = setCurrent;
  table.ctxSynchronize = synchronize;
}

} // namespace llmc::sim
