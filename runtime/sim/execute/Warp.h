/// 32 threads that execute together: their registers, and which of them stand
/// where. Lanes that stand at the same instruction form a group; the group
/// that is furthest behind runs until it meets the next one, so divergent
/// paths join again at the earliest place in the text.
#ifndef LLMC_RUNTIME_SIM_EXECUTE_WARP_H
#define LLMC_RUNTIME_SIM_EXECUTE_WARP_H

#include "runtime/sim/execute/Program.h"

#include <cstddef>

namespace llmc::sim {

class Block;

/// Why the running group must stop after the current instruction.
enum class Signal : uint8_t {
  None,
  Wait,  ///< It stands at a barrier; `next` is where it goes on.
  Yield, ///< It only polls: others should run first.
  Fault, ///< The block has recorded a fault.
};

struct LaneGroup {
  enum class State : uint8_t { Ready, Barrier, WarpSync };
  uint32_t mask = 0;
  uint32_t pc = 0;
  State state = State::Ready;
  uint32_t waitsFor = 0; ///< WarpSync: lanes that must come too.
  bool anywhere = false; ///< WarpSync: to this instruction or one like it.
};

struct Warp {
  std::byte *registers = nullptr; ///< Program::registerBytes
  Block *block = nullptr;
  uint32_t index = 0;         ///< In its block.
  uint32_t active = 0;        ///< Lanes that the current instruction works for.
  uint32_t group = 0;         ///< Lanes of the running group.
  uint32_t pc = 0;            ///< Its instruction.
  uint32_t next = 0;          ///< Its next instruction; branches change it.
  uint32_t stop = UINT32_MAX; ///< Where the next other group may be met.
  uint32_t live = 0;          ///< Lanes that exist and have not exited.
  uint32_t exists = 0;        ///< Lanes that exist.
  Signal signal = Signal::None;
  bool inFlight = false;    ///< A wgmma writes registers: AsyncState::products.
  bool polled = false;      ///< Yielded since the block last made progress.
  LaneGroup others[kLanes]; ///< [otherCount] all but the running group.
  uint32_t otherCount = 0;

  template <typename T> T *lanes(Slot slot) {
    return reinterpret_cast<T *>(registers + slot);
  }
  uint32_t &predicate(Slot slot) {
    return *reinterpret_cast<uint32_t *>(registers + slot);
  }
  /// Replaces the active lanes' bits.
  void setPredicate(Slot slot, uint32_t bits) {
    uint32_t &own = predicate(slot);
    own = (own & ~active) | (bits & active);
  }

  /// Sends the active lanes to \p target; the rest of the group goes on.
  void branch(uint32_t target);
  /// Ends the active lanes.
  void exit();
  /// For instructions that the lanes of \p mask execute together: true where
  /// all of them are active. Else the active lanes wait for the rest, and the
  /// instruction is executed again; \p anywhere: the others may stand at
  /// another such instruction (bar.warp.sync).
  bool together(uint32_t mask, bool anywhere = false);
  /// The running group joins the others in \p state; none runs afterwards.
  void park(LaneGroup::State state, uint32_t at, uint32_t waitsFor = 0);
  /// Makes a ready group run: the one furthest behind or, to be fair to those
  /// ahead of a loop that waits for them, the one after the current. False
  /// where none is ready.
  bool pick(bool fair = false);
  /// All lanes that stand at a barrier of the block may go on.
  void wake(LaneGroup::State state);

private:
  void mergeReady();
  void releaseTogether();
};

} // namespace llmc::sim

#endif // LLMC_RUNTIME_SIM_EXECUTE_WARP_H
