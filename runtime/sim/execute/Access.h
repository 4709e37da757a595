/// Where the lanes of a memory instruction point to, checked: bounds,
/// alignment, whether what is read was written, races in shared memory.
#ifndef LLMC_RUNTIME_SIM_EXECUTE_ACCESS_H
#define LLMC_RUNTIME_SIM_EXECUTE_ACCESS_H

#include "runtime/sim/execute/Block.h"

namespace llmc::sim {

/// One lane's bytes on the host.
struct Place {
  Space space = Space::Global; ///< Never Generic.
  std::byte *data = nullptr;
  std::byte *written = nullptr; ///< Null for shared memory and parameters.
  uint32_t offset = 0;          ///< In shared memory.
};

/// An instruction's access as seen by each lane; only the active are filled.
struct Access {
  uint64_t address[kLanes];
  Place place[kLanes];
};

/// Adds base register and displacement for each active lane.
void computeAddresses(Warp &warp, const Inst &inst, Slot base,
                      uint64_t (&address)[kLanes]);

/// The same for an address of two operands: base (or kNone) and displacement.
void readAddress(Warp &warp, const Slot *pair, bool wide,
                 uint64_t (&address)[kLanes]);

/// Finds the bytes at \p address. False where a fault was raised.
bool locate(Warp &warp, unsigned lane, Space space, uint64_t address,
            uint32_t bytes, Place &place);
/// The same for all active lanes, with the addresses of \p access.
bool locateAll(Warp &warp, Space space, uint32_t bytes, Access &access);

/// Checks a read by one lane; false where a fault was raised. Call
/// Block::tick before the first of an instruction.
bool noteRead(Warp &warp, unsigned lane, const Place &place, uint64_t address,
              uint32_t bytes, AccessKind kind = AccessKind::Plain);
/// Checks a write and marks the bytes as written. \p value: what will be
/// stored, for lanes that store the same; may be null.
bool noteWrite(Warp &warp, unsigned lane, const Place &place, uint32_t bytes,
               const void *value, AccessKind kind = AccessKind::Plain);

} // namespace llmc::sim

#endif // LLMC_RUNTIME_SIM_EXECUTE_ACCESS_H
