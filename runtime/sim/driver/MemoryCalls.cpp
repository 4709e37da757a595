// The driver's functions about memory, with addresses first and pages later.
#include "runtime/sim/driver/DriverState.h"

#include <cstring>

namespace llmc::sim {
namespace {

using namespace cuda;
using enum DriverResult;

constexpr size_t kGranularity = size_t(2) << 20;

DeviceMemory &memory() { return driverState->device->memory(); }

DriverResult memGetInfo(size_t *free, size_t *total) {
  *total = memory().total();
  *free = memory().total() - memory().used();
  return driverState->broken;
}

DriverResult memAlloc(DevicePtr *address, size_t bytes) {
  if (bytes == 0)
    return InvalidValue;
  *address = memory().allocate(bytes);
  return *address ? driverState->broken : OutOfMemory;
}

DriverResult memFree(DevicePtr address) {
  return address == 0 || memory().free(address) ? Success : InvalidValue;
}

DriverResult memHostAlloc(void **address, size_t bytes, unsigned) {
  if (bytes == 0)
    return InvalidValue;
  auto owned =
      std::unique_ptr<std::byte[]>(new (std::nothrow) std::byte[bytes]);
  if (!owned)
    return OutOfMemory;
  *address = owned.get();
  driverState->hostMemory[*address] = std::move(owned);
  return Success;
}

DriverResult memFreeHost(void *address) {
  return driverState->hostMemory.erase(address) ? Success : InvalidValue;
}

DriverResult toDevice(DevicePtr target, const void *source, size_t bytes) {
  return memory().copyIn(target, source, bytes) ? Success : InvalidValue;
}

DriverResult toHost(void *target, DevicePtr source, size_t bytes) {
  return memory().copyOut(target, source, bytes) ? Success : InvalidValue;
}

DriverResult memcpyHtoD(DevicePtr target, const void *source, size_t bytes) {
  DriverResult broken = driverState->broken;
  return broken == Success ? toDevice(target, source, bytes) : broken;
}

DriverResult memcpyDtoH(void *target, DevicePtr source, size_t bytes) {
  DriverResult broken = driverState->broken;
  return broken == Success ? toHost(target, source, bytes) : broken;
}

DriverResult memcpyHtoDAsync(DevicePtr target, const void *source, size_t bytes,
                             Stream stream) {
  return driverState->submit(stream,
                             [=] { return toDevice(target, source, bytes); });
}

DriverResult memcpyDtoHAsync(void *target, DevicePtr source, size_t bytes,
                             Stream stream) {
  return driverState->submit(stream,
                             [=] { return toHost(target, source, bytes); });
}

DriverResult memcpyDtoDAsync(DevicePtr target, DevicePtr source, size_t bytes,
                             Stream stream) {
  return driverState->submit(stream, [=] {
    return memory().copy(target, source, bytes) ? Success : InvalidValue;
  });
}

DriverResult memsetD8Async(DevicePtr target, unsigned char value, size_t count,
                           Stream stream) {
  return driverState->submit(stream, [=] {
    return memory().fill(target, &value, 1, count) ? Success : InvalidValue;
  });
}

DriverResult memsetD32Async(DevicePtr target, unsigned value, size_t count,
                            Stream stream) {
  if (target % 4 != 0 || count > SIZE_MAX / 4)
    return InvalidValue;
  return driverState->submit(stream, [=] {
    return memory().fill(target, &value, 4, count) ? Success : InvalidValue;
  });
}

DriverResult granularity(size_t *bytes, const MemAllocationProp *properties,
                         Granularity) {
  *bytes = kGranularity;
  return properties->location.id == 0 ? Success : InvalidDevice;
}

DriverResult reserve(DevicePtr *address, size_t bytes, size_t alignment,
                     DevicePtr, unsigned long long flags) {
  if (bytes == 0 || bytes % kGranularity != 0 || flags != 0)
    return InvalidValue;
  *address = memory().reserve(bytes, std::max(alignment, kGranularity));
  return *address ? Success : OutOfMemory;
}

DriverResult addressFree(DevicePtr address, size_t bytes) {
  return memory().unreserve(address, bytes) ? Success : InvalidValue;
}

DriverResult create(MemHandle *handle, size_t bytes, const MemAllocationProp *,
                    unsigned long long flags) {
  if (bytes == 0 || bytes % kGranularity != 0 || flags != 0)
    return InvalidValue;
  *handle = memory().create(bytes);
  return *handle ? Success : OutOfMemory;
}

DriverResult releaseHandle(MemHandle handle) {
  return memory().release(handle) ? Success : InvalidValue;
}

DriverResult map(DevicePtr address, size_t bytes, size_t offset,
                 MemHandle handle, unsigned long long flags) {
  bool aligned = (address | bytes | offset) % kGranularity == 0;
  return aligned && flags == 0 && memory().map(address, bytes, offset, handle)
             ? Success
             : InvalidValue;
}

DriverResult unmap(DevicePtr address, size_t bytes) {
  return memory().unmap(address, bytes) ? Success : InvalidValue;
}

DriverResult setAccess(DevicePtr address, size_t bytes,
                       const MemAccessDesc *access, size_t count) {
  if (count != 1 || access[0].location.id != 0)
    return InvalidValue;
  return memory().allow(address, bytes, access[0].flags == 3) ? Success
                                                              : InvalidValue;
}

} // namespace

void fillMemoryCalls(cuda::Driver &table) {
  table.memGetInfo = memGetInfo;
  table.memAlloc = memAlloc;
  table.memFree = memFree;
  table.memHostAlloc = memHostAlloc;
  table.memFreeHost = memFreeHost;
  table.memcpyHtoD = memcpyHtoD;
  table.memcpyDtoH = memcpyDtoH;
  table.memcpyHtoDAsync = memcpyHtoDAsync;
  table.memcpyDtoHAsync = memcpyDtoHAsync;
  table.memcpyDtoDAsync = memcpyDtoDAsync;
  table.memsetD8Async = memsetD8Async;
  table.memsetD32Async = memsetD32Async;
  table.memGetAllocationGranularity = granularity;
  table.memAddressReserve = reserve;
  table.memAddressFree = addressFree;
  table.memCreate = create;
  table.memRelease = releaseHandle;
  table.memMap = map;
  table.memUnmap = unmap;
  table.memSetAccess = setAccess;
}

} // namespace llmc::sim
