#include "runtime/sim/driver/SimDriver.h"

#include "runtime/sim/driver/DriverState.h"

namespace llmc::sim {

using cuda::DriverResult;

DriverState *driverState = nullptr;

StreamState *DriverState::find(cuda::Stream stream) {
  if (!stream)
    return &defaultStream;
  auto found = streams.find(stream);
  return found == streams.end() ? nullptr : found->second.get();
}

Kernel *DriverState::find(cuda::Function function) {
  auto found = functions.find(function);
  return found == functions.end() ? nullptr : found->second;
}

DriverResult DriverState::submit(cuda::Stream stream,
                                 std::function<DriverResult()> call) {
  StreamState *known = find(stream);
  if (!known)
    return DriverResult::InvalidContext;
  if (known->capture) {
    known->capture->calls.push_back(std::move(call));
    return DriverResult::Success;
  }
  return broken != DriverResult::Success ? broken : call();
}

static DriverResult codeOf(const Device &device) {
  switch (device.problem()) {
  case LaunchProblem::None:
    return DriverResult::Success;
  case LaunchProblem::Shape:
    return DriverResult::InvalidValue;
  case LaunchProblem::Resources:
    return DriverResult::LaunchOutOfResources;
  case LaunchProblem::Fault:
    break;
  }
  switch (device.lastFault().kind) {
  case FaultKind::OutOfBounds:
    return DriverResult::IllegalAddress;
  case FaultKind::Misaligned:
    return DriverResult::MisalignedAddress;
  case FaultKind::Trap:
  case FaultKind::Descriptor:
    return DriverResult::IllegalInstruction;
  case FaultKind::Deadlock:
  case FaultKind::Limit:
    return DriverResult::LaunchTimeout;
  default:
    return DriverResult::LaunchFailed;
  }
}

DriverResult
DriverState::launch(Kernel &kernel, const LaunchShape &shape,
                    const std::vector<std::vector<std::byte>> &values) {
  std::vector<const void *> pointers;
  for (const auto &value : values)
    pointers.push_back(value.data());
  Status done = device->launch(kernel, shape, pointers);
  if (done)
    return DriverResult::Success;
  DriverResult code = codeOf(*device);
  failure = done.takeError();
  if (device->problem() == LaunchProblem::Fault)
    broken = code;
  return code;
}

Result<std::unique_ptr<SimDriver>> SimDriver::create(DeviceOptions options) {
  if (driverState)
    return Error{Code::DeviceUnavailable, "cannot simulate a second GPU", "",
                 "a process has one simulated driver at a time",
                 "end the first before the second begins"};
  LLMC_TRY(auto device, Device::create(std::move(options)));
  std::unique_ptr<SimDriver> driver(new SimDriver());
  driver->state = std::make_unique<DriverState>();
  driver->state->device = std::move(device);
  driverState = driver->state.get();
  fillDeviceCalls(driver->functions);
  fillMemoryCalls(driver->functions);
  fillModuleCalls(driver->functions);
  fillStreamCalls(driver->functions);
  fillTensorCalls(driver->functions);
  return driver;
}

SimDriver::~SimDriver() { driverState = nullptr; }

Status SimDriver::lastFailure() const {
  return state->failure ? Status(*state->failure) : Status::ok();
}

Device &SimDriver::device() { return *state->device; }

} // namespace llmc::sim
