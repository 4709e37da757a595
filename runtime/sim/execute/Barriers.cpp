#include "runtime/sim/execute/Barriers.h"

#include "runtime/sim/execute/Block.h"

#include <bit>

namespace llmc::sim {

void Barriers::begin() {
  for (State &state : named)
    state = {};
  cluster = {};
}

void Barriers::arrive(Block &block, Warp &warp, const Arrival &arrival) {
  if (arrival.barrier >= kNamed)
    return block.raise(warp, kNone, FaultKind::Barrier,
                       "there are 16 barriers, this is number " +
                           std::to_string(arrival.barrier));
  if (arrival.aligned && warp.active != warp.live)
    return block.raise(
        warp, kNone, FaultKind::Barrier,
        std::to_string(std::popcount(warp.active)) + " of " +
            std::to_string(std::popcount(warp.live)) +
            " lanes of the warp have come to an aligned barrier");
  if (arrival.expected % kLanes != 0)
    return block.raise(warp, kNone, FaultKind::Barrier,
                       "the count of " + std::to_string(arrival.expected) +
                           " threads is no multiple of 32");
  State &state = named[arrival.barrier];
  if (state.inUse && (state.expected != arrival.expected ||
                      state.reduction != arrival.reduction))
    return block.raise(warp, kNone, FaultKind::Barrier,
                       "barrier " + std::to_string(arrival.barrier) +
                           " is in use with a count of " +
                           std::to_string(state.expected) + ", not " +
                           std::to_string(arrival.expected));
  state.inUse = true;
  state.expected = arrival.expected;
  state.reduction = arrival.reduction;
  uint32_t threads = uint32_t(std::popcount(warp.active));
  state.arrived += threads;
  state.counted += warp.active == warp.live ? kLanes : threads;
  if (state.expected != 0 && state.counted > state.expected)
    return block.raise(
        warp, kNone, FaultKind::Barrier,
        "more threads have come to barrier " + std::to_string(arrival.barrier) +
            " than its count of " + std::to_string(state.expected));
  uint32_t votes = arrival.predicate & warp.active;
  if (arrival.reduction == BarrierReduction::And)
    state.votes += uint32_t(std::popcount(~votes & warp.active)); // Refusals.
  else
    state.votes += uint32_t(std::popcount(votes));
  state.joined.join(block.shared.ordering().release(warp.index));
  if (arrival.waits) {
    state.waiters.push_back({warp.index, warp.active, arrival.result});
    // Lanes whose guard was false go on; lockstep ones are none.
    uint32_t staying = warp.group & ~warp.active;
    warp.group = warp.active;
    warp.park(LaneGroup::State::Barrier, warp.next);
    warp.group = staying;
    warp.signal = Signal::Wait;
  }
  completeIfReady(block, state);
}

void Barriers::completeIfReady(Block &block, State &state) {
  if (!state.inUse)
    return;
  bool ready = state.expected == 0 ? state.arrived >= block.liveThreads()
                                   : state.counted >= state.expected;
  if (!ready)
    return;
  State done = std::move(state);
  state = {};
  for (const Waiter &waiter : done.waiters) {
    Warp &warp = block.warps[waiter.warp];
    block.shared.ordering().acquire(waiter.warp, done.joined);
    for (uint32_t i = 0; i < warp.otherCount; ++i)
      if (warp.others[i].state == LaneGroup::State::Barrier &&
          (warp.others[i].mask & waiter.mask) != 0)
        warp.others[i].state = LaneGroup::State::Ready;
    if (waiter.result == kNone)
      continue;
    if (done.reduction == BarrierReduction::Popc) {
      uint32_t *result = warp.lanes<uint32_t>(waiter.result);
      for (unsigned lane = 0; lane < kLanes; ++lane)
        if (waiter.mask >> lane & 1)
          result[lane] = done.votes;
    } else {
      bool value =
          (done.reduction == BarrierReduction::And) == (done.votes == 0);
      uint32_t &bits = warp.predicate(waiter.result);
      bits = value ? bits | waiter.mask : bits & ~waiter.mask;
    }
  }
  block.progress();
}

void Barriers::lanesExited(Block &block) {
  for (State &state : named)
    if (state.inUse && state.expected == 0)
      completeIfReady(block, state);
}

void Barriers::clusterArrive(Block &block, Warp &warp) {
  cluster.arrived += uint32_t(std::popcount(warp.active));
  cluster.arrivedAt[warp.index] = cluster.phase;
  cluster.joined.join(block.shared.ordering().release(warp.index));
  if (cluster.arrived < block.liveThreads())
    return;
  cluster.arrived = 0;
  ++cluster.phase;
  cluster.completed = cluster.joined;
  for (Warp &other : block.warps)
    if (cluster.waiting >> other.index & 1) {
      other.wake(LaneGroup::State::Barrier);
      block.shared.ordering().acquire(other.index, cluster.completed);
    }
  cluster.waiting = 0;
  block.progress();
}

void Barriers::clusterWait(Block &block, Warp &warp) {
  if (cluster.arrivedAt[warp.index] != cluster.phase) {
    block.shared.ordering().acquire(warp.index, cluster.completed);
    return;
  }
  cluster.waiting |= 1u << warp.index;
  uint32_t staying = warp.group & ~warp.active;
  warp.group = warp.active;
  warp.park(LaneGroup::State::Barrier, warp.next);
  warp.group = staying;
  warp.signal = Signal::Wait;
}

std::string Barriers::describe() const {
  std::string text;
  for (unsigned i = 0; i < kNamed; ++i)
    if (named[i].inUse) {
      text += text.empty() ? "barrier " : "; barrier ";
      text += std::to_string(i) + " has " + std::to_string(named[i].arrived) +
              " of " +
              (named[i].expected ? std::to_string(named[i].expected)
                                 : std::string("all")) +
              " threads";
    }
  return text;
}

} // namespace llmc::sim
