#include "runtime/cuda/Launches.h"

#include <algorithm>
#include <ctime>

namespace llmc::cuda {

namespace {

/// Blocks walk their tiles, so a grid needs no more of them than keep every
/// multiprocessor busy several times over.
constexpr int64_t blocksPerMultiprocessor = 64;
/// A grid's y has this limit on every device.
constexpr int64_t mostBlocksInY = 65535;

} // namespace

int64_t clockNow() {
  timespec time;
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return int64_t(time.tv_sec) * 1000000000 + time.tv_nsec;
}

Launches::Grid Launches::gridOf(const BoundProgram &bound, size_t index,
                                int64_t tiles) const {
  const Launch &launch = bound.program().launches[index];
  int64_t most = std::max<int64_t>(
      1, std::min<int64_t>(gpu.facts.mostBlocks,
                           gpu.facts.multiprocessors * blocksPerMultiprocessor));
  Grid grid = {static_cast<unsigned>(std::min(tiles, most)), 1};
  int64_t each = code.image().kernels[launch.kernel].rowsPerBlock;
  if (each > 0 && !launch.buffers.empty()) {
    const Buffer &first = bound.program().buffers[launch.buffers[0]];
    int64_t rows = first.shape.empty() ? 1 : bound.value(first.shape[0]);
    grid.y = static_cast<unsigned>(
        std::clamp<int64_t>((rows + each - 1) / each, 1, mostBlocksInY));
  }
  return grid;
}

std::string Launches::placeOf(const BoundProgram &bound, size_t index) const {
  const Program &program = bound.program();
  const Launch &launch = program.launches[index];
  const DeviceKernel &kernel = code.image().kernels[launch.kernel];
  std::string text = "program " + program.name + ", launch " + std::to_string(index);
  if (!launch.name.empty())
    text += " (" + launch.name + ")";
  return text + ", kernel " + kernel.kernel.name;
}

Status Launches::markEvent(size_t index) {
  while (events.size() <= index) {
    LLMC_TRY(GpuEvent event, GpuEvent::create(gpu, 0));
    events.push_back(std::move(event));
  }
  return gpu.check(gpu.driver.eventRecord(events[index].get(), gpu.stream),
                   "the time of a launch cannot be taken");
}

Status Launches::put(const BoundProgram &bound, const LaunchManner &manner) {
  const Program &program = bound.program();
  void *const *buffers = bound.allBuffers();
  const int64_t *scalars = bound.allScalars();
  std::vector<size_t> timed;
  int64_t started = clockNow();
  maps.trim();
  for (size_t i = 0; i < program.launches.size(); ++i) {
    const Launch &launch = program.launches[i];
    int64_t begin = 0, end = bound.value(launch.tiles);
    if (end > 0) {
      parameters.clear();
      for (size_t k = 0; k < launch.buffers.size(); ++k)
        parameters.push_back(const_cast<void **>(&buffers[k]));
      for (size_t k = 0; k < launch.scalars.size(); ++k)
        parameters.push_back(const_cast<int64_t *>(&scalars[k]));
      parameters.push_back(&begin);
      parameters.push_back(&end);
      Grid grid = gridOf(bound, i, end);
      const DeviceKernel &kernel = code.image().kernels[launch.kernel];
      for (const TensorTile &tile : kernel.tensors) {
        LLMC_TRY(TensorMap * map, maps.of(tile, buffers, scalars, placeOf(bound, i)));
        parameters.push_back(map);
      }
      if (manner.observer)
        LLMC_CHECK(markEvent(timed.size()));
      LLMC_CHECK(gpu.check(
          gpu.driver.launchKernel(code.function(launch.kernel), grid.x, grid.y, 1,
                                  code.image().blockThreads, 1, 1, kernel.sharedBytes,
                                  gpu.stream, parameters.data(), nullptr),
          "the GPU refuses a launch", placeOf(bound, i)));
      if (manner.waitsForEach)
        LLMC_CHECK(gpu.synchronize("a kernel failed on the GPU", placeOf(bound, i)));
      timed.push_back(i);
    }
    buffers += launch.buffers.size();
    scalars += launch.scalars.size();
  }
  if (!manner.observer)
    return Status::ok();
  LLMC_CHECK(markEvent(timed.size()));
  LLMC_CHECK(finish(bound));
  return tellObserver(bound, *manner.observer, timed, started);
}

Status Launches::tellObserver(const BoundProgram &bound, LaunchObserver &observer,
                              std::span<const size_t> launches, int64_t begin) {
  for (size_t i = 0; i < launches.size(); ++i) {
    float milliseconds = 0;
    LLMC_CHECK(gpu.check(gpu.driver.eventElapsedTime(&milliseconds, events[i].get(),
                                                     events[i + 1].get()),
                         "the time of a launch cannot be read", placeOf(bound, launches[i])));
    int64_t end = begin + static_cast<int64_t>(double(milliseconds) * 1e6);
    observer.launched(bound.program(), launches[i], begin, end);
    begin = end;
  }
  return Status::ok();
}

Status Launches::finish(const BoundProgram &bound) {
  Status done = gpu.synchronize("a kernel failed on the GPU",
                                "program " + bound.program().name + ", one of " +
                                    std::to_string(bound.program().launches.size()) +
                                    " launches");
  if (done)
    return done;
  Error error = done.takeError();
  error.fix = "set LLMC_CUDA_SYNC=1 to see which kernel it is, or use --device=cpu";
  return error;
}

} // namespace llmc::cuda
