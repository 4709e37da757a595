#include "runtime/format/CheckModel.h"

#include <algorithm>
#include <initializer_list>
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
constexpr size_t mostTensors = 8;
/// Of cuTensorMapEncodeTiled.
constexpr size_t mostDimensions = 5;
constexpr uint32_t tensorAlignment = 16, mostBox = 256;
constexpr uint64_t mostTensorSize = uint64_t(1) << 32;
constexpr uint64_t mostTensorStride = uint64_t(1) << 40;

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

/// What the driver asks of a tensor map, but for the address and sizes that a
/// launch brings.
Status checkTensor(const TensorTile &tile, const Kernel &kernel,
                   const std::string &where) {
  auto oneOf = [](uint32_t value, std::initializer_list<uint32_t> values) {
    return std::find(values.begin(), values.end(), value) != values.end();
  };
  if (tile.buffer >= kernel.bufferCount || tile.offset % tensorAlignment != 0 ||
      !oneOf(tile.elementBytes, {1, 2, 4}) ||
      !oneOf(tile.swizzleBytes, {0, 32, 64, 128}) || tile.dimensions.empty() ||
      tile.dimensions.size() > mostDimensions)
    return broken(where, "a tensor of it is impossible");
  for (size_t i = 0; i < tile.dimensions.size(); ++i) {
    const TensorTile::Dimension &d = tile.dimensions[i];
    bool isInner = i == 0;
    if (d.scalar > kernel.scalarCount || (d.scalar == 0) == (d.size == 0) ||
        d.size > mostTensorSize || d.box == 0 || d.box > mostBox ||
        (isInner ? d.stride != tile.elementBytes
                 : d.stride == 0 || d.stride % tensorAlignment != 0 ||
                       d.stride >= mostTensorStride))
      return broken(where, "dimension " + std::to_string(i) + " of a tensor is impossible");
  }
  uint32_t line = tile.dimensions[0].box * tile.elementBytes;
  if (line % tensorAlignment != 0 || (tile.swizzleBytes && line > tile.swizzleBytes))
    return broken(where, "the lines of a tensor's tiles are impossible");
  return Status::ok();
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
  if (item.tensors.size() > mostTensors)
    return broken(label, "it has too many tensors");
  for (const TensorTile &tile : item.tensors)
    LLMC_CHECK(checkTensor(tile, item.kernel, label));
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
