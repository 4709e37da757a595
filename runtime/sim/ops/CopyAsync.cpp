// cp.async (ISA section 9.7.9.25.3): copies of 4, 8 or 16 bytes from global to
// shared memory. The bytes arrive at once; that nobody may touch them before
// the wait is the checker's business.
#include "runtime/sim/ops/Families.h"

#include "runtime/sim/execute/Access.h"
#include "runtime/sim/ops/CopyBulk.h"
#include "runtime/sim/ops/MemoryOperands.h"

#include <cstring>

namespace llmc::sim {
namespace {

enum : uint8_t { kTargetWide = 0x40, kSourceWide = 0x20, kIgnore = 1 };

/// Operands: target, source (two each), source bytes or predicate, or kNone.
void copyAsync(Warp &warp, const Inst &inst) {
  const Slot *op = inst.operand;
  Block &block = *warp.block;
  uint32_t bytes = inst.count;
  Access target;
  uint64_t source[kLanes];
  readAddress(warp, op, inst.flags & kTargetWide, target.address);
  readAddress(warp, op + 2, inst.flags & kSourceWide, source);
  if (!locateAll(warp, Space::Shared, bytes, target))
    return;
  block.tick(warp);
  FlightQueue &queue = block.async.copies[warp.index];
  for (uint32_t rest = warp.active; rest != 0; rest &= rest - 1) {
    unsigned lane = unsigned(__builtin_ctz(rest));
    uint32_t wanted = bytes;
    if (op[4] != kNone)
      wanted = inst.flags & kIgnore
                   ? (warp.predicate(op[4]) >> lane & 1 ? 0 : bytes)
                   : warp.lanes<uint32_t>(op[4])[lane];
    if (wanted > bytes)
      return block.raise(warp, lane, FaultKind::OutOfBounds,
                         "cp.async reads " + std::to_string(wanted) + " of " +
                             std::to_string(bytes) + " bytes");
    std::byte value[16] = {};
    if (wanted != 0) {
      if (source[lane] % bytes != 0)
        return block.raise(warp, lane, FaultKind::Misaligned,
                           "the source is no multiple of " +
                               std::to_string(bytes));
      Place from;
      // Less than the whole has no power of two: its bytes are looked up one
      // by one at the end only.
      for (uint32_t done = 0; done < wanted;) {
        uint32_t part = wanted - done >= bytes ? bytes : 1;
        uint64_t address = source[lane] + done;
        if (!locate(warp, lane, Space::Global, address, part, from) ||
            !noteRead(warp, lane, from, address, part))
          return;
        memcpy(value + done, from.data, part);
        done += part;
      }
    }
    Mark mark = block.mark(warp, lane);
    mark.pending = true;
    Conflict conflict;
    const Place &to = target.place[lane];
    if (!block.shared.write(mark, to.offset, bytes, false, conflict))
      return block.raise(warp, lane, conflict);
    memcpy(to.data, value, bytes);
    queue.add(to.offset, bytes, lane);
  }
}

void commitGroup(Warp &warp, const Inst &) {
  warp.block->async.copies[warp.index].commit(warp.active);
}

void waitGroup(Warp &warp, const Inst &inst) {
  warp.block->async.waitCopies(*warp.block, warp, uint32_t(inst.value),
                               inst.flags != 0);
}

} // namespace

bool decodeCopyAsync(Decoder &d) {
  if (d.takes("reduce"))
    return d.fail("cp.reduce is not modelled");
  if (!d.takes("async"))
    return d.fail("cp is .async");
  if (d.takes("bulk"))
    return decodeCopyBulk(d);
  if (d.takes("commit_group")) {
    d.inst.execute = commitGroup;
    return d.wants(0);
  }
  if (d.takes("wait_all")) {
    d.inst.execute = waitGroup;
    d.inst.flags = 1;
    return d.wants(0);
  }
  if (d.takes("wait_group")) {
    d.inst.execute = waitGroup;
    return d.wants(1) && d.number(d.operand(0), d.inst.value) &&
           ((d.inst.value >= 0 && d.inst.value < 1024) ||
            d.fail("the number of groups is not allowed"));
  }
  if (d.takes("mbarrier"))
    return decodeCopyArrive(d);
  if (!d.takes("ca") && !d.takes("cg"))
    return d.fail("cp.async is .ca or .cg");
  bool policy = d.takes("L2::cache_hint");
  takeCacheHints(d);
  Space to = Space::Shared, from = Space::Global;
  int64_t bytes;
  if (!(d.takes("shared") || d.takes("shared::cta")) || !d.takes("global"))
    return d.fail("cp.async copies from .global to .shared");
  size_t least = policy ? 4 : 3;
  if (!d.wants(least, least + 1) ||
      !d.addressPair(d.operand(0), to, kTargetWide) ||
      !d.addressPair(d.operand(1), from, kSourceWide) ||
      !d.number(d.operand(2), bytes))
    return false;
  if (bytes != 4 && bytes != 8 && bytes != 16)
    return d.fail("cp.async copies 4, 8 or 16 bytes");
  d.inst.count = uint32_t(bytes);
  d.inst.execute = copyAsync;
  if (d.count() == least) {
    d.push(kNone);
    return true;
  }
  const Operand &last = d.operand(3);
  if (d.isRegister(last) && d.registerBytes(last) == 0) {
    d.inst.flags |= kIgnore;
    bool negated;
    return d.readPredicate(last, negated) &&
           (!negated || d.fail("ignore-src cannot be negated"));
  }
  return d.read(last, 4, Type::U32);
}

} // namespace llmc::sim
