/// A simulated GPU: memory, modules, launches. SimDriver puts the CUDA driver
/// API in front of it; tests may use it directly:
///
///   auto device = Device::create({.architecture = "sm_80"});
///   auto module = (*device)->load(ptx);
///   uint64_t buffer = (*device)->memory().allocate(1024);
///   auto done = (*device)->launch(*(*module)->find("kernel"), shape,
///   {&buffer});
#ifndef LLMC_RUNTIME_SIM_DRIVER_DEVICE_H
#define LLMC_RUNTIME_SIM_DRIVER_DEVICE_H

#include "runtime/sim/driver/DeviceModel.h"
#include "runtime/sim/execute/Grid.h"
#include "runtime/support/Error.h"

#include <span>

namespace llmc::sim {

struct DeviceOptions {
  std::string architecture = "sm_80";
  uint64_t memoryBytes = uint64_t(8) << 30;
  Checks checks;
  /// Warp instructions of one launch; more is a fault: a loop without an end
  /// ends, if late, with its kernel and line.
  uint64_t instructionLimit = uint64_t(1) << 33;
};

/// A kernel that was loaded.
struct Kernel {
  std::unique_ptr<Program> program;
  uint32_t maxDynamicShared = 0; ///< 0: what is left of the device's default.
};

/// A loaded module; its variables lie in device memory.
class LoadedModule {
public:
  /// Null where no entry has this name.
  Kernel *find(std::string_view name);
  /// The address and size of a global variable; false where there is none.
  bool findVariable(std::string_view name, uint64_t &address,
                    uint64_t &bytes) const;
  const Module &source() const { return module; }
  std::vector<Kernel> &kernels() { return entries; }

private:
  friend class Device;
  Module module;
  std::vector<uint64_t> addresses; ///< By variable of the module; 0: shared.
  std::vector<Kernel> entries;
};

struct LaunchShape {
  uint32_t grid[3] = {1, 1, 1};
  uint32_t block[3] = {1, 1, 1};
  uint32_t dynamicShared = 0;
};

/// Why a launch failed.
enum class LaunchProblem : uint8_t { None, Shape, Resources, Fault };

class Device {
public:
  /// Fails with DeviceUnavailable: unknown architecture, or a CPU without
  /// AVX2.
  static Result<std::unique_ptr<Device>> create(DeviceOptions options);

  const DeviceModel &model() const { return *figures; }
  const DeviceOptions &options() const { return settings; }
  Checks &checks() { return settings.checks; }
  DeviceMemory &memory() { return deviceMemory; }

  /// Parses and decodes all kernels. Fails with BadPtx.
  Result<std::unique_ptr<LoadedModule>> load(std::string_view ptx);
  void unload(LoadedModule &module);

  /// Runs a kernel to its end. \p arguments: a pointer to each parameter's
  /// bytes, as cuLaunchKernel takes them. Fails with KernelFault; problem()
  /// and lastFault() say more.
  Status launch(const Kernel &kernel, const LaunchShape &shape,
                std::span<const void *const> arguments);
  LaunchProblem problem() const { return lastProblem; }
  const Fault &lastFault() const { return fault; }
  /// Warp instructions of all launches.
  uint64_t executed() const { return instructions; }
  /// Blocks of a kernel that a multiprocessor holds at a time.
  uint32_t occupancy(const Kernel &kernel, uint32_t threads,
                     uint64_t dynamicShared) const;

private:
  Device(DeviceOptions options, const DeviceModel *figures)
      : settings(std::move(options)), figures(figures),
        deviceMemory(settings.memoryBytes) {}
  Status refuse(LaunchProblem problem, const Kernel &kernel, std::string why);
  bool placeVariables(LoadedModule &module);

  DeviceOptions settings;
  const DeviceModel *figures;
  DeviceMemory deviceMemory;
  Grid grid;
  LaunchProblem lastProblem = LaunchProblem::None;
  Fault fault;
  uint64_t instructions = 0;
};

} // namespace llmc::sim

#endif // LLMC_RUNTIME_SIM_DRIVER_DEVICE_H
