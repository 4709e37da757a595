/// What the functions of the simulated driver work on. Handles are addresses
/// of these objects and are looked up before they are used.
#ifndef LLMC_RUNTIME_SIM_DRIVER_DRIVERSTATE_H
#define LLMC_RUNTIME_SIM_DRIVER_DRIVERSTATE_H

#include "runtime/cuda/Driver.h"
#include "runtime/sim/driver/Device.h"

#include <chrono>
#include <functional>
#include <map>
#include <optional>

namespace llmc::sim {

/// Calls recorded while a stream was captured.
struct RecordedGraph {
  std::vector<std::function<cuda::DriverResult()>> calls;
};

struct StreamState {
  std::shared_ptr<RecordedGraph> capture; ///< Null: executes.
};

struct EventState {
  std::optional<std::chrono::steady_clock::time_point> recorded;
  std::shared_ptr<RecordedGraph> capture; ///< Recorded in a captured stream.
};

struct DriverState {
  std::unique_ptr<Device> device;
  std::map<const void *, std::unique_ptr<LoadedModule>> modules;
  std::map<const void *, Kernel *> functions;
  std::map<const void *, std::unique_ptr<StreamState>> streams;
  std::map<const void *, std::unique_ptr<EventState>> events;
  std::map<const void *, std::shared_ptr<RecordedGraph>> graphs;
  std::map<const void *, std::shared_ptr<RecordedGraph>> executables;
  std::map<void *, std::unique_ptr<std::byte[]>> hostMemory;
  StreamState defaultStream;
  bool initialized = false;
  /// A fault breaks the context for good.
  cuda::DriverResult broken = cuda::DriverResult::Success;
  std::optional<Error> failure;

  StreamState *find(cuda::Stream stream);
  Kernel *find(cuda::Function function);
  /// Runs \p call now, or records it where the stream is captured.
  cuda::DriverResult submit(cuda::Stream stream,
                            std::function<cuda::DriverResult()> call);
  cuda::DriverResult launch(Kernel &kernel, const LaunchShape &shape,
                            const std::vector<std::vector<std::byte>> &values);
};

/// The only one; null where no SimDriver lives.
extern DriverState *driverState;

// Each fills its part of the table.
void fillDeviceCalls(cuda::Driver &table); // DeviceCalls.cpp
void fillMemoryCalls(cuda::Driver &table); // MemoryCalls.cpp
void fillModuleCalls(cuda::Driver &table); // ModuleCalls.cpp
void fillStreamCalls(cuda::Driver &table); // StreamCalls.cpp
void fillTensorCalls(cuda::Driver &table); // TensorCalls.cpp

} // namespace llmc::sim

#endif // LLMC_RUNTIME_SIM_DRIVER_DRIVERSTATE_H
