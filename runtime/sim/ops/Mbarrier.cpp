// mbarrier and cp.async.mbarrier.arrive (ISA section 9.7.13.15).
//
// A phase ends when all arrivals have come and all expected bytes have been
// copied. Arriving releases what the warp has done; waiting with success
// acquires what the arrivals of the completed phase released, and makes the
// copies of that phase available.
#include "runtime/sim/ops/Families.h"

#include "runtime/sim/execute/Access.h"
#include "runtime/sim/ops/CopyBulk.h"
#include "runtime/sim/ops/MemoryOperands.h"

namespace llmc::sim {
namespace {

enum : uint8_t {
  kGeneric = 0x40,
  kExpect = 1, ///< arrive.expect_tx
  kDrop = 2,   ///< arrive_drop
  kNoInc = 4,  ///< cp.async.mbarrier.arrive.noinc
  kParity = 8,
};

/// The place of a lane's mbarrier; false where a fault was raised.
bool place(Warp &warp, const Inst &inst, unsigned lane, uint64_t address,
           Place &where) {
  Space space = inst.flags & kGeneric ? Space::Generic : Space::Shared;
  if (!locate(warp, lane, space, address, 8, where))
    return false;
  if (where.space == Space::Shared)
    return true;
  warp.block->raise(warp, lane, FaultKind::Descriptor,
                    "an mbarrier lies in shared memory");
  return false;
}

/// Calls act(lane, mbarrier) for each active lane with an initialised one.
template <typename Act>
void forEach(Warp &warp, const Inst &inst, Slot base, Act act) {
  Block &block = *warp.block;
  uint64_t address[kLanes];
  computeAddresses(warp, inst, base, address);
  block.tick(warp);
  for (uint32_t rest = warp.active; rest != 0; rest &= rest - 1) {
    unsigned lane = unsigned(__builtin_ctz(rest));
    Place where;
    if (!place(warp, inst, lane, address[lane], where))
      return;
    auto found = block.async.mbarriers.find(where.offset);
    if (found == block.async.mbarriers.end())
      return block.raise(warp, lane, FaultKind::Descriptor,
                         "there is no initialised mbarrier at " +
                             block.describeShared(where.offset));
    if (!noteRead(warp, lane, where, address[lane], 8, AccessKind::Strong) ||
        !act(lane, found->second))
      return;
  }
}

bool arriveOn(Warp &warp, unsigned lane, Mbarrier &barrier, uint32_t count) {
  Block &block = *warp.block;
  if (count > barrier.pending) {
    block.raise(warp, lane, FaultKind::Descriptor,
                std::to_string(count) +
                    " arrivals come to an mbarrier that "
                    "expects " +
                    std::to_string(barrier.pending) + " more in this phase");
    return false;
  }
  barrier.pending -= count;
  barrier.arriving.join(block.shared.ordering().release(warp.index));
  if (barrier.completeIfReady())
    block.progress();
  return true;
}

/// Operands: address, count.
void init(Warp &warp, const Inst &inst) {
  Block &block = *warp.block;
  uint64_t address[kLanes];
  computeAddresses(warp, inst, inst.operand[0], address);
  const uint32_t *counts = warp.lanes<uint32_t>(inst.operand[1]);
  block.tick(warp);
  for (uint32_t rest = warp.active; rest != 0; rest &= rest - 1) {
    unsigned lane = unsigned(__builtin_ctz(rest));
    Place where;
    if (!place(warp, inst, lane, address[lane], where))
      return;
    if (counts[lane] == 0 || counts[lane] >= 1u << 20)
      return block.raise(warp, lane, FaultKind::Descriptor,
                         "an mbarrier's count is between 1 and 2^20 - 1");
    if (block.async.mbarriers.contains(where.offset))
      return block.raise(warp, lane, FaultKind::Descriptor,
                         "there is an mbarrier already at " +
                             block.describeShared(where.offset));
    if (!noteWrite(warp, lane, where, 8, nullptr))
      return;
    Mbarrier &barrier = block.async.mbarriers[where.offset];
    barrier.expected = barrier.pending = counts[lane];
  }
}

void inval(Warp &warp, const Inst &inst) {
  Block &block = *warp.block;
  uint64_t address[kLanes];
  computeAddresses(warp, inst, inst.operand[0], address);
  block.tick(warp);
  for (uint32_t rest = warp.active; rest != 0; rest &= rest - 1) {
    unsigned lane = unsigned(__builtin_ctz(rest));
    Place where;
    if (!place(warp, inst, lane, address[lane], where) ||
        !noteWrite(warp, lane, where, 8, nullptr))
      return;
    if (block.async.mbarriers.erase(where.offset) == 0)
      return block.raise(warp, lane, FaultKind::Descriptor,
                         "there is no mbarrier to be invalidated");
  }
}

/// Operands: address, state (or kNone), count or bytes (or kNone).
void arrive(Warp &warp, const Inst &inst) {
  const Slot *op = inst.operand;
  uint64_t *states = op[1] == kNone ? nullptr : warp.lanes<uint64_t>(op[1]);
  const uint32_t *numbers =
      op[2] == kNone ? nullptr : warp.lanes<uint32_t>(op[2]);
  forEach(warp, inst, op[0], [&](unsigned lane, Mbarrier &barrier) {
    uint64_t phase = barrier.phase;
    uint32_t count = numbers ? numbers[lane] : 1;
    if (inst.flags & kExpect) {
      barrier.transactions += count;
      count = 1;
    }
    if (inst.flags & kDrop && barrier.expected >= count)
      barrier.expected -= count;
    if (states)
      states[lane] = phase;
    return arriveOn(warp, lane, barrier, count);
  });
}

/// Operands: address, bytes. `value`: 1 expect_tx, -1 complete_tx.
void transaction(Warp &warp, const Inst &inst) {
  const uint32_t *bytes = warp.lanes<uint32_t>(inst.operand[1]);
  Inst plain = inst;
  plain.value = inst.value >> 2;
  int64_t sign = (inst.value & 1) != 0 ? 1 : -1;
  forEach(warp, plain, inst.operand[0], [&](unsigned lane, Mbarrier &barrier) {
    barrier.transactions += sign * int64_t(bytes[lane]);
    if (barrier.completeIfReady())
      warp.block->progress();
    return true;
  });
}

/// Operands: address, p, state or parity.
void wait(Warp &warp, const Inst &inst) {
  Block &block = *warp.block;
  const Slot *op = inst.operand;
  uint32_t bits = 0;
  forEach(warp, inst, op[0], [&](unsigned lane, Mbarrier &barrier) {
    bool done;
    if (inst.flags & kParity) {
      uint32_t parity = warp.lanes<uint32_t>(op[2])[lane];
      if (parity > 1) {
        block.raise(warp, lane, FaultKind::Descriptor,
                    "a phase's parity is 0 or 1");
        return false;
      }
      done = (barrier.phase & 1) != parity;
    } else {
      done = barrier.phase != warp.lanes<uint64_t>(op[2])[lane];
    }
    if (!done)
      return true;
    bits |= 1u << lane;
    block.shared.ordering().acquire(warp.index, barrier.completed);
    for (const Mbarrier::Copy &copy : barrier.landed)
      block.shared.complete(copy.mark, copy.offset, copy.bytes);
    barrier.landed.clear();
    return true;
  });
  if (warp.signal == Signal::Fault)
    return;
  warp.setPredicate(op[1], bits);
  if (bits != warp.active)
    warp.signal = Signal::Yield;
}

/// cp.async.mbarrier.arrive: an arrival when the lane's copies have landed,
/// which here they have.
void copyArrive(Warp &warp, const Inst &inst) {
  Block &block = *warp.block;
  block.async.waitCopies(block, warp, 0, true);
  forEach(warp, inst, inst.operand[0], [&](unsigned lane, Mbarrier &barrier) {
    if (!(inst.flags & kNoInc))
      ++barrier.pending;
    return arriveOn(warp, lane, barrier, 1);
  });
}

bool takeAddress(Decoder &d, size_t i) {
  takeSemantics(d);
  Space space = takeSpace(d);
  if (space == Space::Generic)
    d.inst.flags |= kGeneric;
  else if (space != Space::Shared)
    return d.fail("an mbarrier lies in shared memory");
  d.takeType();
  return d.address(i, space);
}

bool decodeArrive(Decoder &d, bool drop) {
  bool expect = d.takes("expect_tx");
  d.ignores({"noComplete"});
  d.inst.flags = uint8_t((expect ? kExpect : 0) | (drop ? kDrop : 0));
  d.inst.execute = arrive;
  // The state may be left out where the mbarrier may be another block's.
  bool hasState = d.count() > 0 && d.operand(0).kind != Operand::Kind::Address;
  size_t at = hasState ? 1 : 0;
  if (!d.wants(at + 1, at + 2) || !takeAddress(d, at))
    return false;
  if (hasState && d.operand(0).kind != Operand::Kind::Sink) {
    if (!d.write(0, 8))
      return false;
  } else {
    d.push(kNone);
  }
  if (d.count() > at + 1)
    return d.read(at + 1, 4, Type::U32);
  d.push(kNone);
  return !expect || d.fail("expect_tx needs a number of bytes");
}

} // namespace

bool decodeCopyArrive(Decoder &d) {
  if (!d.takes("arrive"))
    return d.fail("cp.async.mbarrier is .arrive");
  d.inst.flags = d.takes("noinc") ? uint8_t(kNoInc) : uint8_t(0);
  d.inst.execute = copyArrive;
  return d.wants(1) && takeAddress(d, 0);
}

bool decodeMbarrier(Decoder &d) {
  if (d.takes("init")) {
    d.inst.execute = init;
    return d.wants(2) && takeAddress(d, 0) && d.read(1, 4, Type::U32);
  }
  if (d.takes("inval")) {
    d.inst.execute = inval;
    return d.wants(1) && takeAddress(d, 0);
  }
  if (d.takes("arrive"))
    return decodeArrive(d, false);
  if (d.takes("arrive_drop"))
    return decodeArrive(d, true);
  bool expects = d.takes("expect_tx");
  if (expects || d.takes("complete_tx")) {
    d.inst.execute = transaction;
    if (!d.wants(2) || !takeAddress(d, 0) || !d.read(1, 4, Type::U32))
      return false;
    // The displacement leaves room for the sign.
    d.inst.value = d.inst.value << 2 | (expects ? 1 : 0);
    return true;
  }
  if (d.takes("test_wait") || d.takes("try_wait")) {
    bool parity = d.takes("parity");
    d.inst.flags = parity ? kParity : 0;
    d.inst.execute = wait;
    return d.wants(3, 4) && takeAddress(d, 1) && d.write(0, 0) &&
           d.read(2, parity ? 4 : 8);
  }
  return d.fail("this form of mbarrier is not known");
}

} // namespace llmc::sim
