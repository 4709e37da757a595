#include "runtime/sim/execute/Access.h"

#include <cstdio>
#include <cstring>

namespace llmc::sim {
namespace {

std::string hex(uint64_t value) {
  char text[24];
  snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

bool outOfBounds(Warp &warp, unsigned lane, const char *space, uint64_t address,
                 uint32_t bytes, const std::string &place) {
  warp.block->raise(warp, lane, FaultKind::OutOfBounds,
                    std::to_string(bytes) + " bytes at " + space + " address " +
                        hex(address) + ": " + place);
  return false;
}

bool locateDevice(Warp &warp, unsigned lane, uint64_t address, uint32_t bytes,
                  Place &place) {
  Block &block = *warp.block;
  const Region *&last = block.lastRegion[warp.pc % 64];
  if (!last || !last->holds(address, bytes)) {
    const DeviceMemory &memory = *block.launch->memory;
    const Region *found = memory.find(address);
    if (!found || !found->holds(address, bytes))
      return outOfBounds(
          warp, lane, "global", address, bytes,
          memory.describe(found ? found->base + found->bytes : address));
    last = found;
  }
  place.space = Space::Global;
  place.data = last->data + (address - last->base);
  place.written = last->written + (address - last->base);
  return true;
}

bool locateShared(Warp &warp, unsigned lane, uint64_t address, uint32_t bytes,
                  Place &place) {
  SharedMemory &shared = warp.block->shared;
  uint64_t offset = address - kSharedBase;
  if (address < kSharedBase || offset > shared.size() ||
      shared.size() - offset < bytes)
    return outOfBounds(warp, lane, "shared", address, bytes,
                       "the block has " + std::to_string(shared.size()) +
                           " bytes from " + hex(kSharedBase));
  place = {Space::Shared, shared.data() + offset, nullptr, uint32_t(offset)};
  return true;
}

bool locateLocal(Warp &warp, unsigned lane, uint64_t address, uint32_t bytes,
                 Place &place) {
  Block &block = *warp.block;
  uint64_t frame = block.launch->program->localBytes;
  uint64_t offset = address - kLocalBase;
  if (address < kLocalBase || offset > frame || frame - offset < bytes)
    return outOfBounds(warp, lane, "local", address, bytes,
                       "the thread has " + std::to_string(frame) +
                           " bytes from " + hex(kLocalBase));
  size_t at = (warp.index * kLanes + lane) * frame + offset;
  place = {Space::Local, &block.local[at], &block.localWritten[at], 0};
  return true;
}

bool locateParam(Warp &warp, unsigned lane, uint64_t address, uint32_t bytes,
                 Place &place) {
  const auto &parameters = warp.block->launch->parameters;
  if (address > parameters.size() || parameters.size() - address < bytes)
    return outOfBounds(warp, lane, "parameter", address, bytes,
                       "the kernel has " + std::to_string(parameters.size()) +
                           " bytes of parameters");
  place = {Space::Param, const_cast<std::byte *>(&parameters[address]), nullptr,
           0};
  return true;
}

} // namespace

void computeAddresses(Warp &warp, const Inst &inst, Slot base,
                      uint64_t (&address)[kLanes]) {
  uint64_t displacement = uint64_t(inst.value);
  if (base == kNone) {
    for (uint64_t &own : address)
      own = displacement;
  } else if (inst.flags & 0x80) {
    const uint64_t *lanes = warp.lanes<uint64_t>(base);
    for (unsigned lane = 0; lane < kLanes; ++lane)
      address[lane] = lanes[lane] + displacement;
  } else {
    const uint32_t *lanes = warp.lanes<uint32_t>(base);
    for (unsigned lane = 0; lane < kLanes; ++lane)
      address[lane] = uint32_t(lanes[lane] + uint32_t(displacement));
  }
}

void readAddress(Warp &warp, const Slot *pair, bool wide,
                 uint64_t (&address)[kLanes]) {
  Inst inst;
  inst.value = warp.lanes<int64_t>(pair[1])[0];
  inst.flags = wide ? 0x80 : 0;
  computeAddresses(warp, inst, pair[0], address);
}

bool locate(Warp &warp, unsigned lane, Space space, uint64_t address,
            uint32_t bytes, Place &place) {
  if (address % bytes != 0) {
    warp.block->raise(warp, lane, FaultKind::Misaligned,
                      "address " + hex(address) + " is no multiple of " +
                          std::to_string(bytes));
    return false;
  }
  if (space == Space::Generic) {
    if (address - kSharedWindow < kWindowBytes) {
      space = Space::Shared;
      address -= kSharedWindow;
    } else if (address - kLocalWindow < kWindowBytes) {
      space = Space::Local;
      address -= kLocalWindow;
    } else if (address - kParamWindow < kWindowBytes) {
      space = Space::Param;
      address -= kParamWindow;
    }
  }
  switch (space) {
  case Space::Shared:
    return locateShared(warp, lane, address, bytes, place);
  case Space::Local:
  case Space::FunctionParam:
    return locateLocal(warp, lane, address, bytes, place);
  case Space::Param:
    return locateParam(warp, lane, address, bytes, place);
  default:
    return locateDevice(warp, lane, address, bytes, place);
  }
}

bool locateAll(Warp &warp, Space space, uint32_t bytes, Access &access) {
  Block &block = *warp.block;
  bool device = space == Space::Global || space == Space::Const;
  for (uint32_t rest = warp.active; rest != 0; rest &= rest - 1) {
    unsigned lane = unsigned(__builtin_ctz(rest));
    uint64_t address = access.address[lane];
    Place &place = access.place[lane];
    // Most lanes lie in the region of the one before.
    const Region *region = block.lastRegion[warp.pc % 64];
    if (device && region && region->holds(address, bytes) &&
        address % bytes == 0) {
      place.space = Space::Global;
      place.data = region->data + (address - region->base);
      place.written = region->written + (address - region->base);
    } else if (!locate(warp, lane, space, address, bytes, place)) {
      return false;
    }
  }
  return true;
}

/// Whether all marks are set.
static bool allWritten(const std::byte *written, uint32_t bytes) {
  while (bytes >= 4) {
    uint32_t marks;
    memcpy(&marks, written, 4);
    if (marks != 0xFFFFFFFF)
      return false;
    written += 4;
    bytes -= 4;
  }
  for (uint32_t i = 0; i < bytes; ++i)
    if (written[i] == std::byte(0))
      return false;
  return true;
}

bool noteRead(Warp &warp, unsigned lane, const Place &place, uint64_t address,
              uint32_t bytes, AccessKind kind) {
  Block &block = *warp.block;
  if (place.space == Space::Shared) {
    Conflict conflict;
    if (block.shared.read(block.mark(warp, lane, kind), place.offset, bytes,
                          conflict))
      return true;
    block.raise(warp, lane, conflict);
    return false;
  }
  if (!place.written || !block.launch->checks.unwritten ||
      allWritten(place.written, bytes))
    return true;
  for (uint32_t i = 0; i < bytes; ++i)
    if (place.written[i] == std::byte(0)) {
      std::string where = place.space == Space::Local
                              ? "local memory of the thread"
                              : block.launch->memory->describe(address + i);
      block.raise(warp, lane, FaultKind::Unwritten,
                  "nothing wrote the byte at " + hex(address + i) + ": " +
                      where);
      return false;
    }
  return true;
}

bool noteWrite(Warp &warp, unsigned lane, const Place &place, uint32_t bytes,
               const void *value, AccessKind kind) {
  Block &block = *warp.block;
  if (place.space == Space::Shared) {
    Conflict conflict;
    bool same = value && memcmp(place.data, value, bytes) == 0;
    if (block.shared.write(block.mark(warp, lane, kind), place.offset, bytes,
                           same, conflict))
      return true;
    block.raise(warp, lane, conflict);
    return false;
  }
  if (place.space == Space::Param) {
    block.raise(warp, lane, FaultKind::OutOfBounds,
                "parameters of a kernel cannot be written");
    return false;
  }
  memset(place.written, 0xFF, bytes);
  return true;
}

} // namespace llmc::sim
