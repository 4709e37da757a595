#include "runtime/cuda/DriverError.h"

namespace llmc::cuda {

std::string resultText(const Driver &driver, DriverResult result) {
  const char *name = nullptr, *text = nullptr;
  if (driver.getErrorName(result, &name) != DriverResult::Success || !name)
    return "error " + std::to_string(static_cast<int>(result));
  if (driver.getErrorString(result, &text) != DriverResult::Success || !text)
    return name;
  return std::string(name) + ": " + text;
}

Error driverError(const Driver &driver, DriverResult result, std::string what,
                  std::string where) {
  bool isMemory = result == DriverResult::OutOfMemory;
  return {isMemory ? Code::OutOfMemory : Code::DeviceFailed, std::move(what),
          std::move(where), resultText(driver, result),
          isMemory ? "end other programs on the GPU, give a smaller --context, or use "
                     "--device=cpu"
                   : "use --device=cpu, and report this with `doctor`"};
}

} // namespace llmc::cuda
