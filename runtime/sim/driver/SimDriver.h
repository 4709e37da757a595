/// The CUDA driver API in front of a simulated device: the run time's GPU code
/// runs on it unchanged.
///
/// The functions of the table are plain C functions, as the real driver's are,
/// so a process has one SimDriver at a time. Streams execute at once and in the
/// order of the calls; a captured graph is a list of calls that graphLaunch
/// repeats. A kernel's fault comes back from the launch itself, and every later
/// call that touches the device gives the same code, as in a real context.
#ifndef LLMC_RUNTIME_SIM_DRIVER_SIMDRIVER_H
#define LLMC_RUNTIME_SIM_DRIVER_SIMDRIVER_H

#include "runtime/cuda/Driver.h"
#include "runtime/sim/driver/Device.h"

namespace llmc::sim {

struct DriverState;

class SimDriver {
public:
  /// Fails with DeviceUnavailable; also where another SimDriver lives.
  static Result<std::unique_ptr<SimDriver>> create(DeviceOptions options);
  ~SimDriver();
  SimDriver(const SimDriver &) = delete;

  /// The filled table; it is valid as long as this object.
  const cuda::Driver &table() const { return functions; }
  /// The report of the last failure: a kernel's fault with kernel, PTX line,
  /// block, thread and address, or why a module or a launch was refused. Ok
  /// where nothing has failed.
  Status lastFailure() const;
  Device &device();

private:
  SimDriver() = default;
  cuda::Driver functions;
  std::unique_ptr<DriverState> state;
};

} // namespace llmc::sim

#endif // LLMC_RUNTIME_SIM_DRIVER_SIMDRIVER_H
