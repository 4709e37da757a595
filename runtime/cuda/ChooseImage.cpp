#include "runtime/cuda/ChooseImage.h"

#include <tuple>

namespace llmc::cuda {

Target Target::parse(std::string_view text) {
  Target target;
  int number = 0;
  for (char c : text) {
    if (c >= '0' && c <= '9')
      number = number * 10 + (c - '0');
    target.isExact = c == 'a';
    target.isFamily = c == 'f';
  }
  target.major = number / 10;
  target.minor = number % 10;
  return target;
}

bool Target::takesPtx(int deviceMajor, int deviceMinor) const {
  if (isExact)
    return deviceMajor == major && deviceMinor == minor;
  if (isFamily)
    return deviceMajor == major && deviceMinor >= minor;
  return std::tuple(deviceMajor, deviceMinor) >= std::tuple(major, minor);
}

bool Target::takesCubin(int deviceMajor, int deviceMinor) const {
  if (isExact)
    return deviceMajor == major && deviceMinor == minor;
  return deviceMajor == major && deviceMinor >= minor;
}

int Target::leastDriver() const {
  if (major >= 12)
    return 12080;
  if (major == 10)
    return 12070;
  return major == 9 && isExact ? 12000 : 11000;
}

std::optional<size_t> chooseImage(const std::vector<DeviceImage> &devices,
                                  const llmc::Module &module, int major, int minor,
                                  int driverVersion) {
  std::optional<size_t> best;
  auto rank = [&](size_t i) {
    Target target = Target::parse(devices[i].target);
    return std::tuple(target.major, target.minor, target.isExact, target.isFamily);
  };
  for (size_t i = 0; i < devices.size(); ++i) {
    Target target = Target::parse(devices[i].target);
    if (scheduleFor(module, i) && target.takesPtx(major, minor) &&
        target.leastDriver() <= driverVersion && (!best || rank(i) > rank(*best)))
      best = i;
  }
  return best;
}

const DeviceSchedule *scheduleFor(const llmc::Module &module, size_t device) {
  for (const DeviceSchedule &schedule : module.schedules)
    if (schedule.device == device)
      return &schedule;
  return nullptr;
}

} // namespace llmc::cuda
