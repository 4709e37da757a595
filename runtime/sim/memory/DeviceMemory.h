/// The simulated device's memory: allocations with bounds, each byte with a
/// mark that says whether anything has written it.
///
/// Addresses are the device's own, the same in every run, never used again
/// after being freed and never next to each other: what runs over its
/// allocation hits nothing. Pages on demand (cuMemAddressReserve and the rest)
/// are allocations whose addresses come first.
#ifndef LLMC_RUNTIME_SIM_MEMORY_DEVICEMEMORY_H
#define LLMC_RUNTIME_SIM_MEMORY_DEVICEMEMORY_H

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace llmc::sim {

/// Bytes of the host that stand for device memory, and their marks.
class Storage {
public:
  /// Null where the host has no memory left.
  static std::shared_ptr<Storage> create(uint64_t bytes);
  ~Storage();
  Storage(const Storage &) = delete;

  std::byte *data() { return bytes; }
  /// 0xFF for every byte that has been written, else 0.
  std::byte *written() { return marks; }
  uint64_t size() const { return length; }

private:
  Storage(std::byte *bytes, std::byte *marks, uint64_t length)
      : bytes(bytes), marks(marks), length(length) {}
  std::byte *bytes;
  std::byte *marks;
  uint64_t length;
};

/// A run of addresses that can be accessed.
struct Region {
  uint64_t base = 0;
  uint64_t bytes = 0;
  std::byte *data = nullptr;    ///< [bytes]
  std::byte *written = nullptr; ///< [bytes]
  bool mapped = false;          ///< By map(), not by allocate().
  bool allowed = true;          ///< Mapped memory only after allow().
  uint64_t number = 0;          ///< Counts allocations, for messages.
  std::string label;            ///< "the variable 'table'"; may be empty.

  /// Whether \p count bytes at \p address lie inside.
  bool holds(uint64_t address, uint64_t count) const {
    return address - base < bytes && bytes - (address - base) >= count;
  }
};

class DeviceMemory {
public:
  explicit DeviceMemory(uint64_t capacity) : capacity(capacity) {}

  /// 0 where the device or the host has no memory left.
  uint64_t allocate(uint64_t bytes, uint64_t align = 256,
                    std::string label = {});
  bool free(uint64_t address);

  /// Addresses without memory; 0 where there are none.
  uint64_t reserve(uint64_t bytes, uint64_t align);
  bool unreserve(uint64_t address, uint64_t bytes);
  /// Memory without addresses; 0 where there is none.
  uint64_t create(uint64_t bytes);
  bool release(uint64_t handle);
  bool map(uint64_t address, uint64_t bytes, uint64_t offset, uint64_t handle);
  bool unmap(uint64_t address, uint64_t bytes);
  /// Whether kernels and copies may touch a mapped range; first they may not.
  bool allow(uint64_t address, uint64_t bytes, bool allowed);

  /// The region that holds \p address, or null.
  const Region *find(uint64_t address) const;
  /// For a message: which region is near an address that is in none.
  std::string describe(uint64_t address) const;
  /// Copies; false where the range is not all in one region or in regions that
  /// follow each other.
  bool copyIn(uint64_t target, const void *source, uint64_t bytes);
  bool copyOut(void *target, uint64_t source, uint64_t bytes) const;
  bool copy(uint64_t target, uint64_t source, uint64_t bytes);
  bool fill(uint64_t target, const void *pattern, uint64_t patternBytes,
            uint64_t count);

  uint64_t used() const { return inUse; }
  uint64_t total() const { return capacity; }

private:
  template <typename Visit>
  bool visit(uint64_t address, uint64_t bytes, Visit visit) const;

  struct Handle {
    std::shared_ptr<Storage> storage;
    unsigned mappings = 0;
    bool released = false;
  };
  struct Mapping {
    std::shared_ptr<Storage> storage;
    uint64_t handle = 0; ///< 0: allocated.
  };
  std::map<uint64_t, Region> regions; ///< By base.
  std::map<uint64_t, Mapping> owners; ///< By base.
  std::map<uint64_t, uint64_t> reserved;
  std::map<uint64_t, Handle> handles;
  uint64_t capacity;
  uint64_t inUse = 0;
  uint64_t nextAddress = uint64_t(1) << 40;
  uint64_t nextHandle = 1;
  uint64_t allocations = 0;
};

} // namespace llmc::sim

#endif // LLMC_RUNTIME_SIM_MEMORY_DEVICEMEMORY_H
