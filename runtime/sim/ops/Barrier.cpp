// bar, barrier and bar.warp.sync (ISA section 9.7.13).
#include "runtime/sim/ops/Families.h"

#include "runtime/sim/execute/Block.h"

#include <bit>

namespace llmc::sim {
namespace {

enum : uint8_t { kWaits = 1, kAligned = 2, kNegated = 4 };

uint32_t uniform(Warp &warp, Slot slot) {
  return slot == kNone
             ? 0
             : warp.lanes<uint32_t>(slot)[std::countr_zero(warp.active)];
}

/// Operands: barrier, threads, result, predicate. `value`: the reduction.
void barrier(Warp &warp, const Inst &inst) {
  const Slot *op = inst.operand;
  // Lanes that the text has elsewhere, in a branch that was laid out behind, come
  // first: processors let a warp's lanes meet before an aligned barrier. Lanes
  // that the guard keeps away will not come.
  if ((inst.flags & kAligned) && warp.group == warp.active &&
      !warp.together(warp.live))
    return;
  Arrival arrival;
  arrival.barrier = uniform(warp, op[0]);
  arrival.expected = uniform(warp, op[1]);
  arrival.waits = inst.flags & kWaits;
  arrival.aligned = inst.flags & kAligned;
  arrival.reduction = BarrierReduction(inst.value);
  arrival.result = op[2];
  if (op[3] != kNone)
    arrival.predicate =
        warp.predicate(op[3]) ^ (inst.flags & kNegated ? kAllLanes : 0);
  warp.block->barriers.arrive(*warp.block, warp, arrival);
}

void warpSync(Warp &warp, const Inst &inst) {
  uint32_t mask = uniform(warp, inst.operand[0]);
  if ((warp.active & ~mask) != 0)
    return warp.block->raise(warp, kNone, FaultKind::Barrier,
                             "a lane is not in the member mask that it names");
  if (warp.together(mask, true))
    warp.block->shared.ordering().syncLanes(warp.index);
}

void clusterArrive(Warp &warp, const Inst &) {
  warp.block->barriers.clusterArrive(*warp.block, warp);
}
void clusterWait(Warp &warp, const Inst &) {
  warp.block->barriers.clusterWait(*warp.block, warp);
}

bool decodeReduction(Decoder &d) {
  int op = d.takesOneOf({"popc", "and", "or"});
  Type type = d.takeType();
  bool count = op == 0;
  if (op < 0 || type != (count ? Type::U32 : Type::Pred) || !d.wants(3, 4))
    return d.fail("bar.red names no operation");
  d.inst.value = op + 1;
  bool negated;
  if (!d.read(1, 4))
    return false;
  if (d.count() == 4) {
    if (!d.read(2, 4))
      return false;
  } else {
    d.push(kNone);
  }
  if (!d.write(0, count ? 4 : 0) ||
      !d.readPredicate(d.operand(d.count() - 1), negated))
    return false;
  d.inst.flags |= negated ? kNegated : 0;
  return true;
}

} // namespace

bool decodeBarrier(Decoder &d) {
  d.ignores({"cta"});
  if (d.takes("warp")) {
    d.inst.execute = warpSync;
    return d.takes("sync") && d.wants(1) && d.read(0, 4);
  }
  bool aligned = d.takes("aligned") || d.name() == "bar";
  if (d.takes("cluster")) {
    d.ignores({"release", "acquire", "relaxed"});
    d.inst.execute = d.takes("arrive") ? clusterArrive
                     : d.takes("wait") ? clusterWait
                                       : nullptr;
    return d.inst.execute && d.wants(0);
  }
  d.inst.execute = barrier;
  d.inst.flags = uint8_t(kWaits | (aligned ? kAligned : 0));
  if (d.takes("red"))
    return decodeReduction(d);
  if (d.takes("arrive"))
    d.inst.flags &= uint8_t(~kWaits);
  else if (!d.takes("sync"))
    return d.fail("a barrier is .sync, .arrive or .red");
  if (!d.wants(d.inst.flags & kWaits ? 1 : 2, 2) || !d.read(0, 4))
    return false;
  if (d.count() == 2) {
    if (!d.read(1, 4))
      return false;
  } else {
    d.push(kNone);
  }
  d.push(kNone);
  d.push(kNone);
  return true;
}

} // namespace llmc::sim
