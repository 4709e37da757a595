#include "runtime/cuda/LoadDriver.h"

#include "runtime/cuda/DriverError.h"

#include <dlfcn.h>

namespace llmc::cuda {

namespace {

constexpr const char *libraryName = "libcuda.so.1";
/// The first driver that has all functions that are not optional: CUDA 11.4.
constexpr int leastVersion = 11040;

Error unavailable(std::string why, std::string fix) {
  return {Code::DeviceUnavailable, "no NVIDIA GPU can be used", libraryName,
          std::move(why), std::move(fix)};
}

Result<Driver> open() {
  void *library = ::dlopen(libraryName, RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return unavailable("the driver is not installed, or cannot be loaded",
                       "install NVIDIA's driver (no toolkit is needed), or use "
                       "--device=cpu");
  // Never closed: the driver keeps threads of its own.
  LLMC_TRY(Driver driver, fillDriver([](void *library, const char *name) {
             return ::dlsym(library, name);
           }, library));
  LLMC_CHECK(startDriver(driver));
  return driver;
}

} // namespace

std::string versionText(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

Result<Driver> fillDriver(FindSymbol find, void *context) {
  Driver driver;
  const char *missing = nullptr;
#define LLMC_CUDA_FUNCTION(MEMBER, SYMBOL, PARAMETERS)                         \
  driver.MEMBER = reinterpret_cast<decltype(driver.MEMBER)>(                   \
      find(context, #SYMBOL));                                                 \
  if (!driver.MEMBER && !missing)                                              \
    missing = #SYMBOL;
#define LLMC_CUDA_OPTIONAL(MEMBER, SYMBOL, PARAMETERS)                         \
  driver.MEMBER =                                                              \
      reinterpret_cast<decltype(driver.MEMBER)>(find(context, #SYMBOL));
#include "runtime/cuda/DriverFunctions.def"
  if (missing)
    return unavailable("the driver is too old: it has no " + std::string(missing),
                       "update NVIDIA's driver to one of CUDA " +
                           versionText(leastVersion) + " or later");
  return driver;
}

Status startDriver(const Driver &driver) {
  DriverResult started = driver.init(0);
  if (started == DriverResult::NoDevice)
    return unavailable("the driver is there, but it sees no device",
                       "check nvidia-smi and CUDA_VISIBLE_DEVICES, or use --device=cpu");
  if (started != DriverResult::Success)
    return unavailable("the driver does not start: " + resultText(driver, started),
                       "check nvidia-smi, or use --device=cpu");
  int version = 0;
  if (DriverResult got = driver.driverGetVersion(&version); got != DriverResult::Success)
    return unavailable("the driver tells no version: " + resultText(driver, got), "");
  if (version < leastVersion)
    return unavailable("the driver is too old: it is one of CUDA " + versionText(version),
                       "update NVIDIA's driver to one of CUDA " +
                           versionText(leastVersion) + " or later");
  return Status::ok();
}

Result<const Driver *> loadDriver() {
  static const Result<Driver> driver = open();
  if (!driver)
    return driver.error();
  return &*driver;
}

} // namespace llmc::cuda
