#include "runtime/sim/execute/Warp.h"

#include <algorithm>

namespace llmc::sim {

using State = LaneGroup::State;

void Warp::branch(uint32_t target) {
  uint32_t staying = group & ~active;
  if (staying != 0) {
    others[otherCount++] = {staying, next, State::Ready, 0};
    group = active;
    stop = 0; // Look at the groups again before the next instruction.
  }
  next = target;
}

void Warp::exit() {
  live &= ~active;
  group &= ~active;
  if (group == 0)
    stop = 0;
}

void Warp::park(State state, uint32_t at, uint32_t waitsFor) {
  others[otherCount++] = {group, at, state, waitsFor};
  group = 0;
}

void Warp::wake(State state) {
  for (uint32_t i = 0; i < otherCount; ++i)
    if (others[i].state == state)
      others[i].state = State::Ready;
}

bool Warp::together(uint32_t mask, bool anywhere) {
  uint32_t wanted = mask & live;
  if ((wanted & ~active) == 0)
    return true;
  if (anywhere) // The last to come lets the others go on behind theirs.
    for (uint32_t i = 0; i < otherCount; ++i)
      if (others[i].state == State::WarpSync && others[i].anywhere)
        wanted &= ~others[i].mask;
  if ((wanted & ~active) == 0) {
    for (uint32_t i = 0; i < otherCount; ++i)
      if (others[i].state == State::WarpSync && others[i].anywhere) {
        others[i].state = State::Ready;
        ++others[i].pc;
      }
    stop = 0;
    return true;
  }
  uint32_t staying = group & ~active;
  group = active;
  park(State::WarpSync, pc, mask);
  others[otherCount - 1].anywhere = anywhere;
  group = staying;
  signal = Signal::Wait;
  return false;
}

/// Waiting groups that stand at the same instruction and have all come.
void Warp::releaseTogether() {
  for (uint32_t i = 0; i < otherCount; ++i) {
    LaneGroup &group = others[i];
    if (group.state != State::WarpSync)
      continue;
    uint32_t come = 0;
    for (uint32_t j = 0; j < otherCount; ++j)
      if (others[j].pc == group.pc && others[j].state != State::Barrier)
        come |= others[j].mask;
    if ((group.waitsFor & live & ~come) != 0)
      continue;
    for (uint32_t j = 0; j < otherCount; ++j)
      if (others[j].pc == group.pc && others[j].state == State::WarpSync)
        others[j].state = State::Ready;
  }
}

/// Ready groups at the same instruction become one.
void Warp::mergeReady() {
  for (uint32_t i = 0; i < otherCount; ++i)
    for (uint32_t j = i + 1; j < otherCount;) {
      if (others[i].state == State::Ready && others[j].state == State::Ready &&
          others[i].pc == others[j].pc) {
        others[i].mask |= others[j].mask;
        others[j] = others[--otherCount];
      } else {
        ++j;
      }
    }
}

bool Warp::pick(bool fair) {
  uint32_t behind = pc;
  if (group != 0)
    others[otherCount++] = {group, pc, State::Ready, 0};
  group = 0;
  releaseTogether();
  mergeReady();
  uint32_t chosen = kNone;
  auto better = [&](const LaneGroup &a, const LaneGroup &b) {
    bool aLater = a.pc > behind, bLater = b.pc > behind;
    if (fair && aLater != bLater)
      return aLater;
    return a.pc < b.pc;
  };
  for (uint32_t i = 0; i < otherCount; ++i)
    if (others[i].state == State::Ready &&
        (chosen == kNone || better(others[i], others[chosen])))
      chosen = i;
  if (chosen == kNone)
    return false;
  group = others[chosen].mask;
  pc = others[chosen].pc;
  others[chosen] = others[--otherCount];
  stop = UINT32_MAX;
  for (uint32_t i = 0; i < otherCount; ++i)
    if (others[i].state == State::Ready && others[i].pc > pc)
      stop = std::min(stop, others[i].pc);
  return true;
}

} // namespace llmc::sim
