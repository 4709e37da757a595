/// The figures of a device: what it says about itself and what it allows.
#ifndef LLMC_RUNTIME_SIM_DRIVER_DEVICEMODEL_H
#define LLMC_RUNTIME_SIM_DRIVER_DEVICEMODEL_H

#include <cstdint>
#include <string_view>

namespace llmc::sim {

struct DeviceModel {
  std::string_view architecture; ///< `sm_90a`
  std::string_view name;
  int major, minor;
  uint32_t sharedPerBlock;      ///< Without asking for more.
  uint32_t sharedPerBlockOptin; ///< The most a block may have.
  uint32_t sharedPerMultiprocessor;
  uint32_t threadsPerMultiprocessor;
  uint32_t blocksPerMultiprocessor;
  uint32_t multiprocessors; ///< Of the simulated device: few.
  uint32_t l2Bytes;
};

/// CUDA C++ programming guide, table of compute capabilities (13.0).
inline constexpr DeviceModel kDeviceModels[] = {
    {"sm_80", "simulated sm_80", 8, 0, 48 << 10, 163 << 10, 164 << 10, 2048, 32,
     4, 40 << 20},
    {"sm_89", "simulated sm_89", 8, 9, 48 << 10, 99 << 10, 100 << 10, 1536, 24,
     4, 72 << 20},
    {"sm_90a", "simulated sm_90a", 9, 0, 48 << 10, 227 << 10, 228 << 10, 2048,
     32, 4, 50 << 20},
    {"sm_100a", "simulated sm_100a", 10, 0, 48 << 10, 227 << 10, 228 << 10,
     2048, 32, 4, 126 << 20},
};

/// Null where no device of this name is modelled.
inline const DeviceModel *findDeviceModel(std::string_view architecture) {
  for (const DeviceModel &model : kDeviceModels)
    if (model.architecture == architecture)
      return &model;
  return nullptr;
}

} // namespace llmc::sim

#endif // LLMC_RUNTIME_SIM_DRIVER_DEVICEMODEL_H
