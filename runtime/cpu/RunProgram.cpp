#include "runtime/cpu/RunProgram.h"

#include <ctime>

namespace llmc {

namespace {

int64_t now() {
  timespec time;
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return int64_t(time.tv_sec) * 1000000000 + time.tv_nsec;
}

} // namespace

void runProgram(const BoundProgram &bound, const KernelCode &kernels,
                ThreadPool &threads, LaunchObserver *observer) {
  const Program &program = bound.program();
  void *const *buffer = bound.allBuffers();
  const int64_t *scalar = bound.allScalars();
  for (size_t i = 0; i < program.launches.size(); ++i) {
    const Launch &launch = program.launches[i];
    int64_t begin = observer ? now() : 0;
    threads.run(kernels.function(launch.kernel), buffer, scalar,
                bound.value(launch.tiles));
    if (observer)
      observer->launched(program, i, begin, now());
    buffer += launch.buffers.size();
    scalar += launch.scalars.size();
  }
}

} // namespace llmc
