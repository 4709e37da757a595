#include "runtime/format/CheckModel.h"

#include <algorithm>
#include <string_view>

namespace llmc {

namespace {

/// Limits that no device of the driver's has passed.
constexpr uint32_t mostThreads = 1024;
constexpr uint32_t warpThreads = 32;
constexpr uint32_t mostSharedBytes = 256 << 10;
constexpr uint32_t mostRegisters = 255;
constexpr uint32_t mostSpillBytes = 1 << 20;
constexpr uint32_t mostRowsPerBlock = 1 << 16;
/// A launch passes its arguments in an array of this size (runtime/cuda).
constexpr uint32_t mostArguments = 512;
constexpr size_t longestEntry = 1024;

Error broken(std::string where, std::string why) {
  return {Code::ArtifactDamaged, "the header contradicts itself",
          std::move(where), std::move(why), "compile the model again"};
}

bool isDigit(char c) { return c >= '0' && c <= '9'; }

/// `sm_` and two or three digits, perhaps a letter behind them.
bool isTarget(std::string_view text) {
  if (!text.starts_with("sm_"))
    return false;
  text.remove_prefix(3);
  if (!text.empty() && (text.back() == 'a' || text.back() == 'f'))
    text.remove_suffix(1);
  return text.size() >= 2 && text.size() <= 3 && text[0] != '0' &&
         std::all_of(text.begin(), text.end(), isDigit);
}

/// A name as PTX allows it.
bool isEntry(std::string_view text) {
  auto isLetter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  auto isMark = [](char c) { return c == '_' || c == '$'; };
  return !text.empty() && text.size() <= longestEntry &&
         (isLetter(text[0]) || isMark(text[0])) &&
         std::all_of(text.begin(), text.end(), [&](char c) {
           return isLetter(c) || isMark(c) || isDigit(c);
         });
}

Status checkDeviceKernel(const DeviceKernel &item, const std::string &where) {
  LLMC_CHECK(checkKernel(item.kernel));
  std::string label = where + ", kernel " + item.kernel.name;
  if (!isEntry(item.entry))
    return broken(label, "the name of its entry is impossible");
  if (item.kernel.bufferCount > mostArguments ||
      item.kernel.scalarCount > mostArguments)
    return broken(label, "it has too many arguments");
  if (item.sharedBytes > mostSharedBytes || item.registers > mostRegisters ||
      item.spillBytes > mostSpillBytes || item.rowsPerBlock > mostRowsPerBlock)
    return broken(label, "no device has what it takes");
  return Status::ok();
}

} // namespace

Status checkDevices(const Model &model,
                    std::span<const SectionEntry> sections) {
  for (size_t i = 0; i < model.devices.size(); ++i) {
    const DeviceImage &device = model.devices[i];
    std::string where = "kernels for " + device.target;
    if (!isTarget(device.target))
      return broken("device " + std::to_string(i), "it has no known target");
    for (size_t j = 0; j < i; ++j)
      if (model.devices[j].target == device.target)
        return broken(where, "they are there twice");
    if (device.blockThreads == 0 || device.blockThreads > mostThreads ||
        device.blockThreads % warpThreads != 0)
      return broken(where, "the size of a block is impossible");
    if (!sectionAt(sections, device.ptxSection, SectionType::Ptx))
      return broken(where, "there is no PTX");
    if (device.cubinSection &&
        !sectionAt(sections, device.cubinSection, SectionType::Cubin))
      return broken(where, "there is no such cubin");
    for (const DeviceKernel &item : device.kernels)
      LLMC_CHECK(checkDeviceKernel(item, where));
  }
  return Status::ok();
}

} // namespace llmc
