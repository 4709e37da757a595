#include "runtime/cuda/Gpu.h"

#include "runtime/cuda/DriverError.h"

#include <utility>

namespace llmc::cuda {

namespace {

Status checkResult(const Driver &driver, DriverResult result, const char *what,
                   const std::string &where) {
  if (result == DriverResult::Success)
    return Status::ok();
  return driverError(driver, result, what, where);
}

Result<GpuFacts> factsOf(const Driver &driver, int ordinal) {
  GpuFacts facts;
  facts.ordinal = ordinal;
  std::string where = "device " + std::to_string(ordinal);
  constexpr const char *what = "a GPU does not tell what it is";
  Device device = 0;
  LLMC_CHECK(checkResult(driver, driver.deviceGet(&device, ordinal), what, where));
  char name[256] = "";
  LLMC_CHECK(checkResult(driver, driver.deviceGetName(name, sizeof name, device), what, where));
  name[sizeof name - 1] = '\0';
  facts.name = name;
  LLMC_CHECK(checkResult(driver, driver.driverGetVersion(&facts.driverVersion), what, where));
  size_t bytes = 0;
  LLMC_CHECK(checkResult(driver, driver.deviceTotalMem(&bytes, device), what, where));
  facts.memoryBytes = bytes;
  int virtualMemory = 0;
  const std::pair<DeviceAttribute, int *> wanted[] = {
      {DeviceAttribute::ComputeCapabilityMajor, &facts.major},
      {DeviceAttribute::ComputeCapabilityMinor, &facts.minor},
      {DeviceAttribute::MultiprocessorCount, &facts.multiprocessors},
      {DeviceAttribute::MaxGridDimX, &facts.mostBlocks},
      {DeviceAttribute::MaxSharedMemoryPerBlockOptin, &facts.mostSharedBytes},
      {DeviceAttribute::VirtualMemoryManagementSupported, &virtualMemory}};
  for (auto [attribute, value] : wanted)
    LLMC_CHECK(checkResult(driver, driver.deviceGetAttribute(value, attribute, device), what,
                           where));
  facts.hasVirtualMemory = virtualMemory != 0;
  return facts;
}

} // namespace

Result<std::vector<GpuFacts>> listGpus(const Driver &driver) {
  int count = 0;
  LLMC_CHECK(checkResult(driver, driver.deviceGetCount(&count), "GPUs cannot be counted", ""));
  if (count <= 0)
    return Error{Code::DeviceUnavailable, "no NVIDIA GPU can be used", "",
                 "the driver is there, but it sees no device",
                 "check nvidia-smi and CUDA_VISIBLE_DEVICES, or use --device=cpu"};
  std::vector<GpuFacts> all;
  for (int i = 0; i < count; ++i) {
    LLMC_TRY(GpuFacts facts, factsOf(driver, i));
    all.push_back(std::move(facts));
  }
  return all;
}

Result<std::unique_ptr<Gpu>> Gpu::open(const Driver &driver, GpuFacts facts) {
  std::unique_ptr<Gpu> gpu(new Gpu(driver, std::move(facts)));
  const char *what = "the GPU cannot be opened";
  LLMC_CHECK(gpu->check(driver.deviceGet(&gpu->device, gpu->facts.ordinal), what));
  LLMC_CHECK(gpu->check(driver.devicePrimaryCtxRetain(&gpu->context, gpu->device), what));
  gpu->retained = true;
  LLMC_CHECK(gpu->check(driver.ctxSetCurrent(gpu->context), what));
  LLMC_CHECK(gpu->check(driver.streamCreate(&gpu->stream, kStreamNonBlocking), what));
  return gpu;
}

Gpu::~Gpu() {
  if (stream)
    driver.streamDestroy(stream);
  if (retained)
    driver.devicePrimaryCtxRelease(device);
}

Status Gpu::enter() {
  LLMC_CHECK(std::exchange(kept, Status()));
  return check(driver.ctxSetCurrent(context), "the GPU cannot be used");
}

Status Gpu::check(DriverResult result, std::string what, std::string where) const {
  if (result == DriverResult::Success)
    return Status::ok();
  Error error = driverError(driver, result, std::move(what),
                            facts.name + (where.empty() ? "" : ", " + where));
  if (std::string more = explain ? explain() : ""; !more.empty())
    error.why += "\n" + more;
  return error;
}

void Gpu::noteFailure(DriverResult result, const char *what) {
  if (kept)
    kept = check(result, what);
}

Status Gpu::synchronize(std::string what, std::string where) const {
  return check(driver.streamSynchronize(stream), std::move(what), std::move(where));
}

} // namespace llmc::cuda
