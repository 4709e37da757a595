#include "test/codegen/GpuKernel.h"

#include "runtime/sim/execute/TensorCopy.h"
#include "test/codegen/KernelHarness.h"

#include "gtest/gtest.h"

#include <array>
#include <cstring>
#include <map>

using namespace llmc;
using namespace llmc::test;

/// One device for all kernels of a level.
static sim::Device *deviceOf(const std::string &level) {
  static std::map<std::string, std::unique_ptr<sim::Device>> devices;
  std::unique_ptr<sim::Device> &device = devices[level];
  if (!device) {
    auto created = sim::Device::create({.architecture = level});
    if (!created) {
      ADD_FAILURE() << created.error().render();
      return nullptr;
    }
    device = std::move(*created);
  }
  return device.get();
}

std::unique_ptr<GpuKernel> GpuKernel::load(const std::string &ptx,
                                           const std::string &name,
                                           const std::string &level) {
  auto result = std::make_unique<GpuKernel>();
  auto figures = codegen::KernelFigures::of(ptx);
  if (!figures) {
    ADD_FAILURE() << "PTX without figures:\n" << ptx;
    return nullptr;
  }
  result->figures = *figures;
  result->device = deviceOf(level);
  if (!result->device)
    return nullptr;
  auto module = result->device->load(ptx);
  if (!module) {
    ADD_FAILURE() << module.error().render() << ptx;
    return nullptr;
  }
  result->module = std::move(*module);
  result->kernel = result->module->find(name);
  if (result->kernel)
    result->kernel->maxDynamicShared = uint32_t(figures->sharedBytes);
  else
    ADD_FAILURE() << "no entry " << name << " in:\n" << ptx;
  return result->kernel ? std::move(result) : nullptr;
}

/// As runtime/cuda/TensorMaps makes it of a launch.
static sim::TensorDescriptor describe(const TensorTile &tile,
                                      const std::vector<uint64_t> &buffers,
                                      const std::vector<int64_t> &scalars) {
  sim::TensorDescriptor map;
  map.magic = sim::TensorDescriptor::kMagic;
  map.rank = uint8_t(tile.dimensions.size());
  map.elementBytes = uint8_t(tile.elementBytes);
  map.swizzle = tile.swizzleBytes ? sim::Swizzle(tile.swizzleBytes / 64 + 1)
                                  : sim::Swizzle::None;
  map.address = buffers[tile.buffer] + tile.offset;
  for (size_t i = 0; i < tile.dimensions.size(); ++i) {
    const TensorTile::Dimension &d = tile.dimensions[i];
    int64_t size = d.scalar ? scalars[d.scalar - 1] : int64_t(d.size);
    map.last[i] = uint32_t(std::max<int64_t>(size, 1) - 1);
    map.strides[i] = d.stride;
    map.box[i] = uint16_t(d.box);
  }
  EXPECT_EQ(sim::checkTensor(map), "");
  return map;
}

GpuKernel::~GpuKernel() {
  if (module)
    device->unload(*module);
}

void GpuKernel::run(const std::vector<void *> &buffers,
                    const std::vector<int64_t> &scalars, int64_t begin,
                    int64_t end, int64_t step) const {
  sim::DeviceMemory &memory = device->memory();
  std::map<void *, uint64_t> places; // The same memory may be given twice.
  std::vector<uint64_t> parameters;
  for (void *buffer : buffers) {
    uint64_t &place = places[buffer];
    size_t bytes = GuardedBytes::sizeAt(buffer);
    if (!place) {
      place = memory.allocate(std::max<size_t>(bytes, 16));
      if (bytes)
        memory.copyIn(place, buffer, bytes);
    }
    parameters.push_back(place);
  }
  for (int64_t scalar : scalars)
    parameters.push_back(uint64_t(scalar));
  parameters.push_back(uint64_t(begin));
  parameters.push_back(uint64_t(end));
  std::vector<const void *> arguments;
  for (const uint64_t &parameter : parameters)
    arguments.push_back(&parameter);
  std::vector<std::array<std::byte, 128>> maps(figures.tensors.size());
  for (size_t i = 0; i < maps.size(); ++i) {
    sim::TensorDescriptor map = describe(figures.tensors[i], parameters, scalars);
    std::memcpy(maps[i].data(), &map, sizeof map);
    arguments.push_back(&maps[i]);
  }
  sim::LaunchShape shape;
  int64_t tiles = std::max<int64_t>(end - begin, 1);
  shape.grid[0] = uint32_t(step ? (tiles + step - 1) / step : tiles);
  shape.grid[1] = figures.rowsPerBlock ? 2 : 1;
  shape.block[0] = uint32_t(figures.blockThreads);
  shape.dynamicShared = uint32_t(figures.sharedBytes);
  Status done = device->launch(*kernel, shape, arguments);
  if (!done)
    ADD_FAILURE() << done.error().render();
  for (auto [buffer, place] : places) {
    if (size_t bytes = GuardedBytes::sizeAt(buffer))
      memory.copyOut(buffer, place, bytes);
    memory.free(place);
  }
}
