/// A block's shared memory, and who read and wrote each byte of it last.
///
/// Marks are kept for words of four bytes. A word that is ever accessed in part
/// gets marks for its bytes instead, so that neighbours in a word do not count
/// as racing. Of the readers since the last write the latest is known and the
/// latest of another warp.
#ifndef LLMC_RUNTIME_SIM_MEMORY_SHAREDMEMORY_H
#define LLMC_RUNTIME_SIM_MEMORY_SHAREDMEMORY_H

#include "runtime/sim/memory/Ordering.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace llmc::sim {

/// How an access takes part in races.
enum class AccessKind : uint8_t {
  Plain,
  Strong, ///< Atomic, volatile, relaxed, acquire, release: no race among them.
  Async,  ///< By a copy in flight.
};

inline constexpr uint8_t kManyLanes = 255;

/// An access to some bytes.
struct Mark {
  uint32_t clock = 0; ///< Of its warp; up to Ordering::origin(): none.
  uint32_t pc = 0;    ///< Its instruction.
  uint8_t warp = 0;   ///< Or kAsyncWarp.
  uint8_t lane = 0;   ///< Or kManyLanes.
  AccessKind kind = AccessKind::Plain;
  bool pending = false; ///< By a copy or product that is not waited for.
};

/// What an access broke.
struct Conflict {
  enum class Kind : uint8_t {
    None,
    Unwritten,   ///< Reads what nothing in this block wrote.
    Pending,     ///< Touches the target of a copy that is not waited for.
    PendingRead, ///< Writes what a copy or product in flight still reads.
    ReadAfterWrite,
    WriteAfterWrite,
    WriteAfterRead,
  };
  Kind kind = Kind::None;
  uint32_t offset = 0; ///< The first byte that breaks the rule.
  Mark other;          ///< The access that it collides with.
};

class SharedMemory {
public:
  /// A new block begins with \p bytes; nothing in them is written.
  void begin(uint32_t bytes);
  /// Addresses are [kSharedBase, kSharedBase + size()).
  uint32_t size() const { return length; }
  std::byte *data() { return bytes.data(); }
  Ordering &ordering() { return order; }

  bool checkRaces = true;
  bool checkWritten = true;

  /// Notes a read of [offset, offset + count), which must lie inside. \p by
  /// has the clock of the instruction. Fills \p conflict where it breaks a
  /// rule.
  bool read(const Mark &by, uint32_t offset, uint32_t count,
            Conflict &conflict);
  /// \p same: the bytes that are written equal those that are there, so lanes
  /// of one instruction may write them together.
  bool write(const Mark &by, uint32_t offset, uint32_t count, bool same,
             Conflict &conflict);
  /// A write by a copy in flight, which \p by issued and whose mark is \p as.
  bool writeAsync(const Mark &by, const Mark &as, uint32_t offset,
                  uint32_t count, Conflict &conflict);
  /// The copy that wrote there has been waited for: its mark becomes \p by.
  void complete(const Mark &by, uint32_t offset, uint32_t count);
  /// What the warp of \p by read there in flight has been waited for.
  void completeRead(const Mark &by, uint32_t offset, uint32_t count);
  /// Whether all of these bytes have been written in this block.
  bool isWritten(uint32_t offset, uint32_t count) const;

private:
  struct Record {
    Mark write;
    Mark read[2];
  };

  bool ordered(const Mark &earlier, const Mark &by) const;
  bool readRecord(Record &record, const Mark &by, Conflict &conflict) const;
  bool writeRecord(Record &record, const Mark &by, const Mark &as, bool same,
                   Conflict &conflict) const;
  /// Calls visit(record, offset) for the records of the range until it is
  /// false; splits words that are touched in part.
  template <typename Visit>
  bool visit(uint32_t offset, uint32_t count, Visit visit);

  uint32_t length = 0;
  std::vector<std::byte> bytes;
  std::vector<Record> words;       ///< [length / 4]
  std::vector<uint32_t> splitAt;   ///< [length / 4], as a clock of origin.
  std::vector<Record> byteRecords; ///< [length], once a word is split.
  Ordering order;
};

} // namespace llmc::sim

#endif // LLMC_RUNTIME_SIM_MEMORY_SHAREDMEMORY_H
