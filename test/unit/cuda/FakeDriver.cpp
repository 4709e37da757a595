#include "test/unit/cuda/FakeDriver.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>

namespace llmc::test {

namespace {

using namespace llmc::cuda;
using enum llmc::cuda::DriverResult;

FakeDriver *fake = nullptr;

template <typename T> uint64_t number(T *pointer) { return reinterpret_cast<uint64_t>(pointer); }
template <typename T> void *memory(T address) { return reinterpret_cast<void *>(address); }

template <typename T> T make() {
  uint64_t object = fake->nextObject++;
  fake->objects.insert(object);
  return reinterpret_cast<T>(object);
}
template <typename T> DriverResult destroy(T object) {
  return fake->objects.erase(reinterpret_cast<uint64_t>(object)) ? Success : InvalidValue;
}

/// Notes the call; one that is to fail does nothing.
#define ENTER(NAME)                                                            \
  if (DriverResult entered = fake->enter(NAME); entered != Success)            \
  return entered

DriverResult deviceGetAttribute(int *value, DeviceAttribute attribute, Device) {
  ENTER("deviceGetAttribute");
  const std::map<DeviceAttribute, int> values = {
      {DeviceAttribute::ComputeCapabilityMajor, fake->major},
      {DeviceAttribute::ComputeCapabilityMinor, fake->minor},
      {DeviceAttribute::MultiprocessorCount, 4},
      {DeviceAttribute::MaxGridDimX, INT32_MAX},
      {DeviceAttribute::MaxSharedMemoryPerBlockOptin, 163 << 10},
      {DeviceAttribute::VirtualMemoryManagementSupported, fake->hasVirtualMemory}};
  *value = values.at(attribute);
  return Success;
}

DriverResult moduleLoadDataEx(cuda::Module *module, const void *image, unsigned count,
                              JitOption *options, void **values) {
  ENTER("moduleLoadDataEx");
  fake->loaded = static_cast<const char *>(image);
  bool isPtx = fake->loaded.starts_with(".version");
  DriverResult result = isPtx ? fake->ptxResult : fake->cubinResult;
  for (unsigned i = 0; i < count; ++i)
    if (options[i] == JitOption::ErrorLogBuffer && result != Success)
      std::strcpy(static_cast<char *>(values[i]), fake->ptxLog.c_str());
  if (result == Success)
    *module = make<cuda::Module>();
  return result;
}

DriverResult moduleGetFunction(Function *function, cuda::Module, const char *name) {
  ENTER("moduleGetFunction");
  auto found = fake->kernels.find(name);
  if (found == fake->kernels.end())
    return NotFound;
  *function = reinterpret_cast<Function>(&*found);
  return Success;
}

DriverResult memAlloc(DevicePtr *address, size_t bytes) {
  ENTER("memAlloc");
  if (bytes == 0)
    return InvalidValue;
  *address = number(std::aligned_alloc(64, (bytes + 63) / 64 * 64));
  std::memset(memory(*address), 0xa5, bytes);
  fake->allocated[*address] = bytes;
  return Success;
}

DriverResult memFree(DevicePtr address) {
  DriverResult result = fake->enter("memFree");
  if (!fake->allocated.erase(address))
    return InvalidValue;
  std::free(memory(address));
  return result;
}

DriverResult memHostAlloc(void **address, size_t bytes, unsigned) {
  ENTER("memHostAlloc");
  *address = std::aligned_alloc(64, (bytes + 63) / 64 * 64);
  fake->pinned[number(*address)] = bytes;
  return Success;
}

DriverResult memFreeHost(void *address) {
  DriverResult result = fake->enter("memFreeHost");
  if (!fake->pinned.erase(number(address)))
    return InvalidValue;
  std::free(address);
  return result;
}

/// Copies inside a capture would have to be part of the graph.
DriverResult copy(const char *name, void *to, const void *from, size_t bytes) {
  ENTER(name);
  if (fake->isCapturing)
    return StreamCaptureUnsupported;
  std::memcpy(to, from, bytes);
  return Success;
}

DriverResult memMap(DevicePtr address, size_t bytes, size_t, MemHandle handle,
                    unsigned long long) {
  ENTER("memMap");
  if (!fake->objects.count(handle) || bytes % fake->granule != 0)
    return InvalidValue;
  fake->mapped[address] = bytes;
  return Success;
}

DriverResult memSetAccess(DevicePtr address, size_t bytes, const MemAccessDesc *, size_t) {
  ENTER("memSetAccess");
  ::mprotect(memory(address), bytes, PROT_READ | PROT_WRITE);
  std::memset(memory(address), 0xa5, bytes);
  return Success;
}

DriverResult memUnmap(DevicePtr address, size_t bytes) {
  DriverResult result = fake->enter("memUnmap");
  ::mprotect(memory(address), bytes, PROT_NONE);
  return fake->mapped.erase(address) ? result : InvalidValue;
}

DriverResult memAddressReserve(DevicePtr *address, size_t bytes, size_t, DevicePtr,
                               unsigned long long) {
  ENTER("memAddressReserve");
  if (bytes == 0 || bytes % fake->granule != 0)
    return InvalidValue;
  *address = number(::mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  fake->reserved[*address] = bytes;
  return Success;
}

DriverResult memAddressFree(DevicePtr address, size_t bytes) {
  DriverResult result = fake->enter("memAddressFree");
  ::munmap(memory(address), bytes);
  return fake->reserved.erase(address) ? result : InvalidValue;
}

/// Two dimensions: address, type, swizzle, sizes, stride, boxes.
DriverResult encodeMap(TensorMap *map, TensorMapType type, unsigned rank, void *address,
                       const uint64_t *sizes, const uint64_t *strides, const unsigned *box,
                       const unsigned *, TensorMapInterleave, TensorMapSwizzle swizzle,
                       TensorMapL2, TensorMapFill) {
  ENTER("tensorMapEncodeTiled");
  if (rank != 2)
    return InvalidValue;
  *map = {{number(address), uint64_t(type), uint64_t(swizzle), sizes[0], sizes[1], strides[0],
           box[0], box[1]}};
  return Success;
}

DriverResult launchKernel(Function function, unsigned x, unsigned y, unsigned z,
                          unsigned threads, unsigned, unsigned, unsigned shared, Stream,
                          void **arguments, void **) {
  ENTER("launchKernel");
  if (x == 0 || y == 0 || z != 1)
    return InvalidValue;
  auto &entry = *reinterpret_cast<std::pair<const std::string, FakeDriver::Kernel> *>(function);
  FakeDriver::Call call = {&entry.second, {}, entry.first};
  for (uint32_t i = 0; i < entry.second.buffers + entry.second.scalars + 2; ++i)
    call.arguments.push_back(*static_cast<uint64_t *>(arguments[i]));
  fake->launches.push_back({entry.first, x, y, threads, shared,
                            static_cast<int64_t>(call.arguments.back()), fake->isCapturing});
  for (uint32_t i = 0; i < entry.second.maps; ++i)
    fake->launches.back().maps.push_back(
        *static_cast<TensorMap *>(arguments[call.arguments.size() + i]));
  if (fake->isCapturing)
    fake->capture.push_back(std::move(call));
  else
    fake->perform(call);
  return Success;
}

DriverResult streamEndCapture(Stream, Graph *graph) {
  DriverResult result = fake->enter("streamEndCapture");
  if (!fake->isCapturing)
    return InvalidValue;
  fake->isCapturing = false;
  if (result != Success) {
    fake->capture.clear();
    return result;
  }
  *graph = make<Graph>();
  fake->graphs[number(*graph)] = std::move(fake->capture);
  fake->capture.clear();
  return Success;
}

DriverResult graphInstantiate(GraphExec *executable, Graph graph, unsigned long long) {
  ENTER("graphInstantiate");
  *executable = make<GraphExec>();
  fake->graphs[number(*executable)] = fake->graphs.at(number(graph));
  return Success;
}

DriverResult graphLaunch(GraphExec executable, Stream) {
  ENTER("graphLaunch");
  if (!fake->objects.count(number(executable)))
    return InvalidValue;
  for (const FakeDriver::Call &call : fake->graphs.at(number(executable)))
    fake->perform(call);
  return Success;
}

/// Calls that only succeed, or only make or destroy an object.
void fillSimple(Driver &t) {
#define SIMPLE(MEMBER, PARAMETERS, ...)                                        \
  t.MEMBER = [] PARAMETERS -> DriverResult {                                   \
    ENTER(#MEMBER);                                                            \
    __VA_ARGS__;                                                               \
    return Success;                                                            \
  }
#define DESTROY(MEMBER, TYPE)                                                  \
  t.MEMBER = [](TYPE object) -> DriverResult {                                 \
    DriverResult entered = fake->enter(#MEMBER);                               \
    DriverResult destroyed = destroy(object);                                  \
    return entered == Success ? destroyed : entered;                           \
  }
  SIMPLE(init, (unsigned), return fake->count > 0 ? Success : NoDevice);
  SIMPLE(driverGetVersion, (int *version), *version = fake->version);
  t.getErrorName = [](DriverResult error, const char **name) {
    *name = error == LaunchFailed  ? "CUDA_ERROR_LAUNCH_FAILED"
            : error == OutOfMemory ? "CUDA_ERROR_OUT_OF_MEMORY"
                                   : nullptr;
    return *name ? Success : InvalidValue;
  };
  t.getErrorString = [](DriverResult, const char **text) {
    *text = "as told";
    return Success;
  };
  SIMPLE(deviceGetCount, (int *count), *count = fake->count);
  SIMPLE(deviceGet, (Device *device, int ordinal), *device = ordinal);
  SIMPLE(deviceGetName, (char *name, int, Device), std::strcpy(name, "Fake GPU"));
  t.deviceGetAttribute = deviceGetAttribute;
  SIMPLE(deviceTotalMem, (size_t *bytes, Device), *bytes = fake->memoryBytes);
  SIMPLE(devicePrimaryCtxRetain, (Context *context, Device), ++fake->contexts;
         *context = reinterpret_cast<Context>(uint64_t(1)));
  t.devicePrimaryCtxRelease = [](Device) {
    --fake->contexts;
    return fake->enter("devicePrimaryCtxRelease");
  };
  SIMPLE(ctxSetCurrent, (Context), );
  SIMPLE(ctxSynchronize, (), );
  DESTROY(moduleUnload, cuda::Module);
  SIMPLE(funcSetAttribute, (Function, FunctionAttribute, int), );
  SIMPLE(memGetInfo, (size_t *free, size_t *total),
         *free = *total = fake->memoryBytes);
  SIMPLE(memGetAllocationGranularity, (size_t *bytes, const MemAllocationProp *, Granularity),
         *bytes = fake->granule);
  SIMPLE(memCreate, (MemHandle *handle, size_t, const MemAllocationProp *, unsigned long long),
         *handle = number(make<char *>()));
  DESTROY(memRelease, MemHandle);
  t.memcpyHtoDAsync = [](DevicePtr to, const void *from, size_t bytes, Stream) {
    return copy("memcpyHtoDAsync", memory(to), from, bytes);
  };
  t.memcpyDtoHAsync = [](void *to, DevicePtr from, size_t bytes, Stream) {
    fake->bytesToHost += bytes;
    return copy("memcpyDtoHAsync", to, memory(from), bytes);
  };
  t.memcpyDtoDAsync = [](DevicePtr to, DevicePtr from, size_t bytes, Stream) {
    return copy("memcpyDtoDAsync", memory(to), memory(from), bytes);
  };
  SIMPLE(memsetD32Async, (DevicePtr to, unsigned value, size_t count, Stream),
         std::fill_n(static_cast<unsigned *>(memory(to)), count, value));
  SIMPLE(streamCreate, (Stream *stream, unsigned), *stream = make<Stream>());
  DESTROY(streamDestroy, Stream);
  SIMPLE(streamSynchronize, (Stream), );
  SIMPLE(eventCreate, (Event *event, unsigned), *event = make<Event>());
  DESTROY(eventDestroy, Event);
  SIMPLE(eventRecord, (Event, Stream), );
  SIMPLE(eventSynchronize, (Event), );
  SIMPLE(eventElapsedTime, (float *milliseconds, Event, Event), *milliseconds = 0.5f);
  SIMPLE(streamBeginCapture, (Stream, CaptureMode), fake->isCapturing = true);
  DESTROY(graphExecDestroy, GraphExec);
  DESTROY(graphDestroy, Graph);
#undef SIMPLE
#undef DESTROY
}

} // namespace

FakeDriver::FakeDriver() {
  fake = this;
  fillSimple(table);
  table.moduleLoadDataEx = moduleLoadDataEx;
  table.moduleGetFunction = moduleGetFunction;
  table.memAlloc = memAlloc;
  table.memFree = memFree;
  table.memHostAlloc = memHostAlloc;
  table.memFreeHost = memFreeHost;
  table.memMap = memMap;
  table.memSetAccess = memSetAccess;
  table.memUnmap = memUnmap;
  table.memAddressReserve = memAddressReserve;
  table.memAddressFree = memAddressFree;
  table.launchKernel = launchKernel;
  table.tensorMapEncodeTiled = encodeMap;
  table.streamEndCapture = streamEndCapture;
  table.graphInstantiate = graphInstantiate;
  table.graphLaunch = graphLaunch;
}

FakeDriver::~FakeDriver() { fake = nullptr; }

DriverResult FakeDriver::enter(const char *name) {
  calls.push_back(name);
  return calls.size() == failingCall || failingName == name ? failure : Success;
}

/// All tiles, as the blocks of a grid do them.
void FakeDriver::perform(const Call &call) {
  const uint64_t *arguments = call.arguments.data();
  auto *buffers = reinterpret_cast<void *const *>(arguments);
  auto *scalars = reinterpret_cast<const int64_t *>(arguments + call.kernel->buffers);
  auto *range = scalars + call.kernel->scalars;
  call.kernel->run(buffers, scalars, range[0], range[1]);
}

size_t FakeDriver::countOf(const std::string &name) const {
  return static_cast<size_t>(std::count(calls.begin(), calls.end(), name));
}

size_t FakeDriver::mappedBytes() const {
  size_t bytes = 0;
  for (auto [address, size] : mapped)
    bytes += size;
  return bytes;
}

std::string FakeDriver::leaks() const {
  std::string text;
  auto add = [&](const char *what, size_t count) {
    if (count > 0)
      text += std::to_string(count) + " " + what + " ";
  };
  add("allocations", allocated.size());
  add("pinned buffers", pinned.size());
  add("reservations", reserved.size());
  add("mappings", mapped.size());
  add("objects", objects.size());
  add("contexts", static_cast<size_t>(contexts));
  return text + (isCapturing ? "a capture" : "");
}

} // namespace llmc::test
