#include "runtime/sim/memory/DeviceMemory.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <sys/mman.h>

namespace llmc::sim {
namespace {

/// Between any two allocations; what steps over it hits nothing.
constexpr uint64_t kGap = 4096;
constexpr uint64_t kLastAddress = uint64_t(1) << 55;
constexpr std::byte kWritten{0xFF};

std::byte *mapPages(uint64_t bytes) {
  void *pages = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return pages == MAP_FAILED ? nullptr : static_cast<std::byte *>(pages);
}

} // namespace

std::shared_ptr<Storage> Storage::create(uint64_t bytes) {
  uint64_t length = std::max<uint64_t>(bytes, 1);
  std::byte *data = mapPages(length);
  std::byte *marks = data ? mapPages(length) : nullptr;
  if (!marks) {
    if (data)
      munmap(data, length);
    return nullptr;
  }
  return std::shared_ptr<Storage>(new Storage(data, marks, length));
}

Storage::~Storage() {
  munmap(bytes, length);
  munmap(marks, length);
}

uint64_t DeviceMemory::allocate(uint64_t bytes, uint64_t align,
                                std::string label) {
  if (bytes == 0 || bytes > capacity - inUse)
    return 0;
  auto storage = Storage::create(bytes);
  uint64_t base = reserve(bytes, align);
  if (!storage || base == 0)
    return 0;
  reserved.erase(base);
  regions[base] = {base,  bytes, storage->data(), storage->written(),
                   false, true,  ++allocations,   std::move(label)};
  owners[base] = {std::move(storage), 0};
  inUse += bytes;
  return base;
}

bool DeviceMemory::free(uint64_t address) {
  auto region = regions.find(address);
  if (region == regions.end() || region->second.mapped)
    return false;
  inUse -= region->second.bytes;
  owners.erase(address);
  regions.erase(region);
  return true;
}

uint64_t DeviceMemory::reserve(uint64_t bytes, uint64_t align) {
  if (bytes == 0 || align == 0 || (align & (align - 1)) != 0 ||
      align > (uint64_t(1) << 40))
    return 0;
  uint64_t base = (nextAddress + align - 1) & ~(align - 1);
  if (base > kLastAddress || bytes > kLastAddress - base)
    return 0;
  nextAddress = base + bytes + kGap;
  reserved[base] = bytes;
  return base;
}

bool DeviceMemory::unreserve(uint64_t address, uint64_t bytes) {
  auto range = reserved.find(address);
  if (range == reserved.end() || range->second != bytes)
    return false;
  auto first = regions.lower_bound(address);
  if (first != regions.end() && first->first < address + bytes)
    return false; // Still mapped.
  reserved.erase(range);
  return true;
}

uint64_t DeviceMemory::create(uint64_t bytes) {
  if (bytes == 0 || bytes > capacity - inUse)
    return 0;
  auto storage = Storage::create(bytes);
  if (!storage)
    return 0;
  inUse += bytes;
  handles[nextHandle] = {std::move(storage), 0, false};
  return nextHandle++;
}

bool DeviceMemory::release(uint64_t handle) {
  auto found = handles.find(handle);
  if (found == handles.end() || found->second.released)
    return false;
  found->second.released = true;
  if (found->second.mappings == 0) {
    inUse -= found->second.storage->size();
    handles.erase(found);
  }
  return true;
}

bool DeviceMemory::map(uint64_t address, uint64_t bytes, uint64_t offset,
                       uint64_t handle) {
  auto found = handles.find(handle);
  auto range = reserved.upper_bound(address);
  if (found == handles.end() || range == reserved.begin() || bytes == 0)
    return false;
  --range;
  Storage &storage = *found->second.storage;
  if (address - range->first > range->second ||
      bytes > range->second - (address - range->first) ||
      offset > storage.size() || bytes > storage.size() - offset)
    return false;
  auto after = regions.lower_bound(address);
  if (after != regions.end() && after->first < address + bytes)
    return false;
  if (after != regions.begin() && std::prev(after)->second.holds(address, 1))
    return false;
  regions[address] = {
      address, bytes, storage.data() + offset, storage.written() + offset,
      true,    false, ++allocations,           {}};
  owners[address] = {found->second.storage, handle};
  ++found->second.mappings;
  return true;
}

bool DeviceMemory::unmap(uint64_t address, uint64_t bytes) {
  uint64_t end = address + bytes;
  // First look, then act: a range that cuts a mapping is refused whole.
  for (auto region = regions.lower_bound(address);
       region != regions.end() && region->first < end; ++region)
    if (!region->second.mapped || region->first + region->second.bytes > end)
      return false;
  auto region = regions.lower_bound(address);
  if (region == regions.end() || region->first >= end)
    return false;
  while (region != regions.end() && region->first < end) {
    uint64_t handle = owners[region->first].handle;
    owners.erase(region->first);
    region = regions.erase(region);
    auto owner = handles.find(handle);
    if (--owner->second.mappings == 0 && owner->second.released) {
      inUse -= owner->second.storage->size();
      handles.erase(owner);
    }
  }
  return true;
}

bool DeviceMemory::allow(uint64_t address, uint64_t bytes, bool allowed) {
  uint64_t at = address, end = address + bytes;
  for (auto region = regions.find(at);
       at < end && region != regions.end() && region->first == at &&
       region->second.mapped;
       ++region) {
    region->second.allowed = allowed;
    at += region->second.bytes;
  }
  return at == end;
}

const Region *DeviceMemory::find(uint64_t address) const {
  auto after = regions.upper_bound(address);
  if (after == regions.begin())
    return nullptr;
  const Region &region = std::prev(after)->second;
  return region.holds(address, 1) && region.allowed ? &region : nullptr;
}

std::string DeviceMemory::describe(uint64_t address) const {
  char text[160];
  auto after = regions.upper_bound(address);
  if (after != regions.begin()) {
    const Region &region = std::prev(after)->second;
    uint64_t offset = address - region.base;
    std::string name = region.label.empty()
                           ? "allocation " + std::to_string(region.number)
                           : region.label;
    bool inside = offset < region.bytes;
    snprintf(text, sizeof text, " (%llu bytes at 0x%llx)",
             static_cast<unsigned long long>(region.bytes),
             static_cast<unsigned long long>(region.base));
    if (inside)
      return "byte " + std::to_string(offset) + " of " + name + text;
    if (offset - region.bytes < (uint64_t(1) << 30))
      return std::to_string(offset - region.bytes) + " bytes behind " + name +
             text;
  }
  if (after != regions.end() && after->first - address < (uint64_t(1) << 20)) {
    snprintf(text, sizeof text, "%llu bytes in front of allocation %llu",
             static_cast<unsigned long long>(after->first - address),
             static_cast<unsigned long long>(after->second.number));
    return text;
  }
  return "no memory of the device";
}

/// Calls visit(region, offset, bytes, done) for each region of the range.
template <typename Visit>
bool DeviceMemory::visit(uint64_t address, uint64_t bytes, Visit visit) const {
  for (uint64_t done = 0; done < bytes;) {
    const Region *region = find(address + done);
    if (!region)
      return false;
    uint64_t offset = address + done - region->base;
    uint64_t part = std::min(bytes - done, region->bytes - offset);
    visit(*region, offset, part, done);
    done += part;
  }
  return true;
}

bool DeviceMemory::copyIn(uint64_t target, const void *source, uint64_t bytes) {
  auto *from = static_cast<const std::byte *>(source);
  return visit(
      target, bytes,
      [&](const Region &region, uint64_t offset, uint64_t part, uint64_t done) {
        memcpy(region.data + offset, from + done, part);
        memset(region.written + offset, int(kWritten), part);
      });
}

bool DeviceMemory::copyOut(void *target, uint64_t source,
                           uint64_t bytes) const {
  auto *to = static_cast<std::byte *>(target);
  return visit(
      source, bytes,
      [&](const Region &region, uint64_t offset, uint64_t part, uint64_t done) {
        memcpy(to + done, region.data + offset, part);
      });
}

bool DeviceMemory::copy(uint64_t target, uint64_t source, uint64_t bytes) {
  return visit(source, bytes,
               [](const Region &, uint64_t, uint64_t, uint64_t) {}) &&
         visit(target, bytes,
               [&](const Region &to, uint64_t toOffset, uint64_t part,
                   uint64_t done) {
                 visit(source + done, part,
                       [&](const Region &from, uint64_t offset, uint64_t some,
                           uint64_t inner) {
                         memmove(to.data + toOffset + inner, from.data + offset,
                                 some);
                         memmove(to.written + toOffset + inner,
                                 from.written + offset, some);
                       });
               });
}

bool DeviceMemory::fill(uint64_t target, const void *pattern,
                        uint64_t patternBytes, uint64_t count) {
  auto *from = static_cast<const std::byte *>(pattern);
  return visit(
      target, patternBytes * count,
      [&](const Region &region, uint64_t offset, uint64_t part, uint64_t done) {
        for (uint64_t i = 0; i < part; ++i)
          region.data[offset + i] = from[(done + i) % patternBytes];
        memset(region.written + offset, int(kWritten), part);
      });
}

} // namespace llmc::sim
