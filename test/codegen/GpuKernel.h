/// Kernels of a GPU level, executed by the simulator.
#ifndef LLMC_TEST_CODEGEN_GPUKERNEL_H
#define LLMC_TEST_CODEGEN_GPUKERNEL_H

#include "codegen/nvptx/KernelFigures.h"
#include "runtime/sim/driver/Device.h"

#include <memory>
#include <string>
#include <vector>

namespace llmc::test {

/// One entry on a device of its own level. Whatever the device complains of is a
/// failure of the test.
class GpuKernel {
public:
  /// Null after a failure.
  static std::unique_ptr<GpuKernel> load(const std::string &ptx,
                                         const std::string &name,
                                         const std::string &level);
  ~GpuKernel();

  /// As Kernel::run. Rows that a launch may divide are divided among two blocks.
  void run(const std::vector<void *> &buffers,
           const std::vector<int64_t> &scalars, int64_t begin, int64_t end,
           int64_t step) const;

private:
  sim::Device *device = nullptr;
  std::unique_ptr<sim::LoadedModule> module;
  sim::Kernel *kernel = nullptr;
  codegen::KernelFigures figures;
};

} // namespace llmc::test

#endif // LLMC_TEST_CODEGEN_GPUKERNEL_H
