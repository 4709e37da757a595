/// Memory of a GPU, and of the host where a GPU reads it, given back by itself.
#ifndef LLMC_RUNTIME_CUDA_GPUMEMORY_H
#define LLMC_RUNTIME_CUDA_GPUMEMORY_H

#include "runtime/cuda/Gpu.h"

#include <cstddef>
#include <span>
#include <string>
#include <utility>

namespace llmc::cuda {

/// An allocation on the device. Its bytes are addresses of the device: they are
/// handed to kernels and copies, and never touched by the host. Move-only.
class GpuMemory {
public:
  GpuMemory() = default;
  /// \p what is for the message. Errors: OutOfMemory, DeviceFailed.
  static Result<GpuMemory> create(const Gpu &gpu, size_t bytes, const char *what) {
    GpuMemory memory;
    if (bytes == 0)
      return memory;
    LLMC_CHECK(gpu.check(gpu.driver.memAlloc(&memory.address, bytes),
                         "the GPU has no memory for " + std::string(what),
                         std::to_string(bytes) + " bytes"));
    memory.gpu = &gpu;
    memory.size = bytes;
    return memory;
  }
  GpuMemory(GpuMemory &&other) noexcept { *this = std::move(other); }
  GpuMemory &operator=(GpuMemory &&other) noexcept {
    std::swap(gpu, other.gpu);
    std::swap(address, other.address);
    std::swap(size, other.size);
    return *this;
  }
  ~GpuMemory() {
    if (gpu)
      gpu->driver.memFree(address);
  }

  DevicePtr at() const { return address; }
  std::span<std::byte> bytes() const {
    return {reinterpret_cast<std::byte *>(address), size};
  }

private:
  const Gpu *gpu = nullptr;
  DevicePtr address = 0;
  size_t size = 0;
};

/// Host memory that copies to and from the device go through at full speed.
/// Move-only.
class PinnedMemory {
public:
  PinnedMemory() = default;
  /// Errors: OutOfMemory, DeviceFailed.
  static Result<PinnedMemory> create(const Gpu &gpu, size_t bytes, const char *what) {
    PinnedMemory memory;
    if (bytes == 0)
      return memory;
    LLMC_CHECK(gpu.check(gpu.driver.memHostAlloc(&memory.data, bytes, 0),
                         "the driver has no pinned memory for " + std::string(what),
                         std::to_string(bytes) + " bytes"));
    memory.gpu = &gpu;
    memory.size = bytes;
    return memory;
  }
  PinnedMemory(PinnedMemory &&other) noexcept { *this = std::move(other); }
  PinnedMemory &operator=(PinnedMemory &&other) noexcept {
    std::swap(gpu, other.gpu);
    std::swap(data, other.data);
    std::swap(size, other.size);
    return *this;
  }
  ~PinnedMemory() {
    if (gpu)
      gpu->driver.memFreeHost(data);
  }

  std::span<std::byte> bytes() const { return {static_cast<std::byte *>(data), size}; }

private:
  const Gpu *gpu = nullptr;
  void *data = nullptr;
  size_t size = 0;
};

/// A mark in the stream. Move-only.
class GpuEvent {
public:
  GpuEvent() = default;
  static Result<GpuEvent> create(const Gpu &gpu, unsigned flags) {
    GpuEvent event;
    LLMC_CHECK(gpu.check(gpu.driver.eventCreate(&event.handle, flags),
                         "the driver makes no event"));
    event.gpu = &gpu;
    return event;
  }
  GpuEvent(GpuEvent &&other) noexcept { *this = std::move(other); }
  GpuEvent &operator=(GpuEvent &&other) noexcept {
    std::swap(gpu, other.gpu);
    std::swap(handle, other.handle);
    return *this;
  }
  ~GpuEvent() {
    if (gpu)
      gpu->driver.eventDestroy(handle);
  }
  Event get() const { return handle; }

private:
  const Gpu *gpu = nullptr;
  Event handle = nullptr;
};

} // namespace llmc::cuda

#endif // LLMC_RUNTIME_CUDA_GPUMEMORY_H
