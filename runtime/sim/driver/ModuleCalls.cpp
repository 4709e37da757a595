// The driver's functions about modules, functions and launches.
#include "runtime/sim/driver/DriverState.h"

#include <bit>
#include <cstring>

namespace llmc::sim {
namespace {

using namespace cuda;
using enum DriverResult;

/// An image has no length; a text that does not end before this is refused.
constexpr size_t kMaxImageBytes = size_t(256) << 20;

/// Gives the failure's text to the caller's log buffer.
void writeLog(const std::string &text, unsigned count, JitOption *options,
              void **values) {
  char *buffer = nullptr;
  size_t *sizeSlot = nullptr;
  for (unsigned i = 0; i < count; ++i) {
    if (options[i] == JitOption::ErrorLogBuffer)
      buffer = static_cast<char *>(values[i]);
    else if (options[i] == JitOption::ErrorLogBufferSizeBytes)
      sizeSlot = reinterpret_cast<size_t *>(&values[i]);
  }
  if (!buffer || !sizeSlot || *sizeSlot == 0)
    return;
  size_t length = std::min(*sizeSlot - 1, text.size());
  memcpy(buffer, text.data(), length);
  buffer[length] = '\0';
  *sizeSlot = length;
}

DriverResult moduleLoad(cuda::Module *module, const void *image, unsigned count,
                        JitOption *options, void **values) {
  auto *text = static_cast<const char *>(image);
  if (strncmp(text, "\177ELF", 4) == 0)
    return NoBinaryForGpu;
  std::string_view ptx(text, strnlen(text, kMaxImageBytes));
  auto loaded = driverState->device->load(ptx);
  if (!loaded) {
    driverState->failure = loaded.takeError();
    writeLog(driverState->failure->render(), count, options, values);
    return InvalidPtx;
  }
  for (unsigned i = 0; i < count; ++i)
    if (options[i] == JitOption::WallTime)
      memset(&values[i], 0, sizeof(float));
  *module = reinterpret_cast<cuda::Module>(loaded->get());
  driverState->modules[*module] = *std::move(loaded);
  return Success;
}

DriverResult moduleUnload(cuda::Module module) {
  auto found = driverState->modules.find(module);
  if (found == driverState->modules.end())
    return InvalidContext;
  for (Kernel &kernel : found->second->kernels())
    driverState->functions.erase(&kernel);
  driverState->device->unload(*found->second);
  driverState->modules.erase(found);
  return Success;
}

DriverResult getFunction(cuda::Function *function, cuda::Module module,
                         const char *name) {
  auto found = driverState->modules.find(module);
  if (found == driverState->modules.end())
    return InvalidContext;
  Kernel *kernel = found->second->find(name);
  if (!kernel)
    return NotFound;
  *function = reinterpret_cast<cuda::Function>(kernel);
  driverState->functions[kernel] = kernel;
  return Success;
}

DriverResult getGlobal(DevicePtr *address, size_t *bytes, cuda::Module module,
                       const char *name) {
  auto found = driverState->modules.find(module);
  if (found == driverState->modules.end())
    return InvalidContext;
  uint64_t size = 0;
  if (!found->second->findVariable(name, *address, size))
    return NotFound;
  if (bytes)
    *bytes = size;
  return Success;
}

DriverResult getAttribute(int *value, FunctionAttribute attribute,
                          cuda::Function function) {
  using enum FunctionAttribute;
  Kernel *kernel = driverState->find(function);
  if (!kernel)
    return InvalidContext;
  const Program &program = *kernel->program;
  const DeviceModel &model = driverState->device->model();
  switch (attribute) {
  case MaxThreadsPerBlock:
    *value = program.maxThreads ? int(program.maxThreads) : 1024;
    return Success;
  case SharedSizeBytes:
    *value = int(program.sharedBytes);
    return Success;
  case ConstSizeBytes:
    *value = 0;
    return Success;
  case LocalSizeBytes:
    *value = int(program.localBytes);
    return Success;
  // PTX registers before allocation: an upper bound that a device has.
  case NumRegs:
    *value = int(std::min(program.registersUsed, 255u));
    return Success;
  case PtxVersion:
    *value = 90;
    return Success;
  case BinaryVersion:
    *value = model.major * 10 + model.minor;
    return Success;
  case MaxDynamicSharedSizeBytes:
    *value = int(kernel->maxDynamicShared
                     ? kernel->maxDynamicShared
                     : model.sharedPerBlock -
                           std::min(program.sharedBytes, model.sharedPerBlock));
    return Success;
  default:
    *value = 0;
    return Success;
  }
}

DriverResult setAttribute(cuda::Function function, FunctionAttribute attribute,
                          int value) {
  Kernel *kernel = driverState->find(function);
  if (!kernel)
    return InvalidContext;
  if (attribute != FunctionAttribute::MaxDynamicSharedSizeBytes)
    return Success; // Hints.
  uint64_t all = uint64_t(kernel->program->sharedBytes) + uint64_t(value);
  if (value < 0 || all > driverState->device->model().sharedPerBlockOptin)
    return InvalidValue;
  kernel->maxDynamicShared = uint32_t(value);
  return Success;
}

DriverResult paramInfo(cuda::Function function, size_t index, size_t *offset,
                       size_t *bytes) {
  Kernel *kernel = driverState->find(function);
  if (!kernel || index >= kernel->program->parameters.size())
    return InvalidValue;
  *offset = kernel->program->parameters[index].offset;
  *bytes = kernel->program->parameters[index].bytes;
  return Success;
}

DriverResult occupancy(int *blocks, cuda::Function function, int blockSize,
                       size_t dynamicShared) {
  Kernel *kernel = driverState->find(function);
  if (!kernel || blockSize <= 0)
    return InvalidValue;
  *blocks = int(driverState->device->occupancy(*kernel, uint32_t(blockSize),
                                               dynamicShared));
  return Success;
}

DriverResult start(cuda::Function function, const LaunchShape &shape,
                   Stream stream, void **arguments, void **extra) {
  Kernel *kernel = driverState->find(function);
  if (!kernel)
    return InvalidContext;
  const auto &parameters = kernel->program->parameters;
  if (extra || (!arguments && !parameters.empty()))
    return InvalidValue;
  // Values are taken now: the caller's pointers live no longer than the call.
  std::vector<std::vector<std::byte>> values;
  for (size_t i = 0; i < parameters.size(); ++i) {
    auto *bytes = static_cast<const std::byte *>(arguments[i]);
    values.emplace_back(bytes, bytes + parameters[i].bytes);
  }
  return driverState->submit(
      stream, [=] { return driverState->launch(*kernel, shape, values); });
}

DriverResult launchKernel(cuda::Function function, unsigned gridX,
                          unsigned gridY, unsigned gridZ, unsigned blockX,
                          unsigned blockY, unsigned blockZ,
                          unsigned sharedBytes, Stream stream, void **arguments,
                          void **extra) {
  return start(function,
               {{gridX, gridY, gridZ}, {blockX, blockY, blockZ}, sharedBytes},
               stream, arguments, extra);
}

DriverResult launchKernelEx(const LaunchConfig *config, cuda::Function function,
                            void **arguments, void **extra) {
  for (unsigned i = 0; i < config->attributeCount; ++i) {
    const LaunchAttribute &attribute = config->attributes[i];
    if (attribute.id == LaunchAttributeId::ClusterDimension &&
        attribute.clusterDim.x * attribute.clusterDim.y *
                attribute.clusterDim.z !=
            1)
      return NotSupported;
  }
  LaunchShape shape;
  for (unsigned i = 0; i < 3; ++i) {
    shape.grid[i] = config->gridDim[i];
    shape.block[i] = config->blockDim[i];
  }
  shape.dynamicShared = config->sharedMemBytes;
  return start(function, shape, config->stream, arguments, extra);
}

} // namespace

void fillModuleCalls(cuda::Driver &table) {
  table.moduleLoadDataEx = moduleLoad;
  table.moduleUnload = moduleUnload;
  table.moduleGetFunction = getFunction;
  table.moduleGetGlobal = getGlobal;
  table.funcGetAttribute = getAttribute;
  table.funcSetAttribute = setAttribute;
  table.funcGetParamInfo = paramInfo;
  table.occupancyMaxActiveBlocks = occupancy;
  table.launchKernel = launchKernel;
  table.launchKernelEx = launchKernelEx;
}

} // namespace llmc::sim
