#include "runtime/sim/execute/Block.h"

#include <bit>
#include <cstdio>
#include <cstring>

namespace llmc::sim {
namespace {

/// Warp instructions that a warp runs before the next one has its turn.
constexpr uint64_t kQuantum = 4096;
/// Rounds in which every warp only polled before a block counts as stuck.
constexpr uint32_t kIdleRounds = 256;

} // namespace

void Block::begin(const Launch &of, uint64_t index) {
  launch = &of;
  const Program &program = *of.program;
  number = index;
  coordinates[0] = uint32_t(index % of.grid[0]);
  coordinates[1] = uint32_t(index / of.grid[0] % of.grid[1]);
  coordinates[2] = uint32_t(index / of.grid[0] / of.grid[1]);
  uint32_t threads = of.threads();
  size_t warpCount = (threads + kLanes - 1) / kLanes;
  size_t bytes = warpCount * size_t(program.registerBytes);
  if (bytes > registerCapacity) {
    registerMemory = std::make_unique<std::byte[]>(bytes + 64);
    registerCapacity = bytes;
  }
  auto base = reinterpret_cast<uintptr_t>(registerMemory.get());
  std::byte *registers = registerMemory.get() + (64 - base % 64) % 64;
  shared.begin(program.sharedBytes + of.dynamicShared);
  shared.checkRaces = of.checks.races;
  shared.checkWritten = of.checks.unwritten;
  size_t localBytes = size_t(program.localBytes) * threads;
  local.resize(localBytes);
  localWritten.assign(localBytes, std::byte(0));
  barriers.begin();
  async.begin(warpCount);
  memset(lastRegion, 0, sizeof lastRegion);
  warps.resize(warpCount);
  for (size_t i = 0; i < warpCount; ++i) {
    Warp &warp = warps[i];
    warp = {};
    warp.block = this;
    warp.index = uint32_t(i);
    warp.registers = registers + i * program.registerBytes;
    uint32_t lanes = std::min<uint32_t>(kLanes, threads - uint32_t(i) * kLanes);
    warp.exists = warp.live = warp.group =
        lanes == kLanes ? kAllLanes : (1u << lanes) - 1;
    if (!program.constants.empty())
      memcpy(warp.registers + program.constantsAt, program.constants.data(),
             program.constants.size());
    fillSpecials(warp);
  }
  failure = {};
  faulted = false;
  idleRounds = 0;
}

void Block::fillSpecials(Warp &warp) {
  using enum SpecialRegister;
  const uint32_t *size = launch->block;
  for (const Program::Special &special : launch->program->specials) {
    uint32_t *lanes = warp.lanes<uint32_t>(special.slot);
    for (uint32_t lane = 0; lane < kLanes; ++lane) {
      uint32_t thread = warp.index * kLanes + lane;
      uint32_t bit = 1u << lane;
      uint32_t value = 0;
      switch (special.which) {
      case TidX:
        value = thread % size[0];
        break;
      case TidY:
        value = thread / size[0] % size[1];
        break;
      case TidZ:
        value = thread / size[0] / size[1];
        break;
      case NtidX:
        value = size[0];
        break;
      case NtidY:
        value = size[1];
        break;
      case NtidZ:
        value = size[2];
        break;
      case CtaidX:
        value = coordinates[0];
        break;
      case CtaidY:
        value = coordinates[1];
        break;
      case CtaidZ:
        value = coordinates[2];
        break;
      case NctaidX:
        value = launch->grid[0];
        break;
      case NctaidY:
        value = launch->grid[1];
        break;
      case NctaidZ:
        value = launch->grid[2];
        break;
      case LaneId:
        value = lane;
        break;
      case WarpId:
        value = warp.index;
        break;
      case NwarpId:
        value = uint32_t(warps.size());
        break;
      case SmId:
        value = uint32_t(number % launch->multiprocessors);
        break;
      case NsmId:
        value = launch->multiprocessors;
        break;
      case LanemaskEq:
        value = bit;
        break;
      case LanemaskLt:
        value = bit - 1;
        break;
      case LanemaskLe:
        value = bit | (bit - 1);
        break;
      case LanemaskGe:
        value = ~(bit - 1);
        break;
      case LanemaskGt:
        value = ~(bit | (bit - 1));
        break;
      case DynamicSmemSize:
        value = launch->dynamicShared;
        break;
      case TotalSmemSize:
        value = shared.size();
        break;
      case Zero:
        value = 0;
        break;
      case One:
        value = 1;
        break;
      case WarpSize:
        value = kLanes;
        break;
      }
      lanes[lane] = value;
    }
  }
}

uint32_t Block::liveThreads() const {
  uint32_t threads = 0;
  for (const Warp &warp : warps)
    threads += uint32_t(std::popcount(warp.live));
  return threads;
}

void Block::lanesExited(Warp &) {
  progress();
  barriers.lanesExited(*this);
}

void Block::runWarp(Warp &warp, uint64_t quantum) {
  const Inst *code = launch->program->code.data();
  uint64_t left = quantum;
  warp.polled = false;
  while (left != 0) {
    const Inst &inst = code[warp.pc];
    uint32_t active = warp.group;
    if (inst.guard != kNone) {
      uint32_t bits = warp.predicate(inst.guard);
      active &= inst.guardNegated ? ~bits : bits;
    }
    warp.next = warp.pc + 1;
    --left;
    if (active != 0) {
      if (warp.inFlight && !async.allows(*this, warp, inst)) [[unlikely]]
        break;
      warp.active = active;
      inst.execute(warp, inst);
      if (warp.signal != Signal::None) [[unlikely]] {
        Signal signal = warp.signal;
        warp.signal = Signal::None;
        if (signal == Signal::Fault)
          break;
        warp.pc = warp.next;
        if (signal == Signal::Yield) {
          warp.polled = true;
          // Another group of this warp may be what is waited for.
          warp.pick(true);
          break;
        }
        if (!warp.pick())
          break;
        continue;
      }
    }
    warp.pc = warp.next;
    if (warp.pc >= warp.stop) [[unlikely]]
      if (!warp.pick())
        break;
  }
  if (left == 0)
    warp.pick(true);
  retired += quantum - left;
}

Block::Outcome Block::run(uint64_t budget) {
  uint64_t end = retired + budget;
  while (retired < end) {
    bool alive = false, ran = false, polledOnly = true;
    progressed = false;
    for (Warp &warp : warps) {
      if (warp.live == 0)
        continue;
      alive = true;
      if (warp.group == 0 && !warp.pick())
        continue;
      ran = true;
      runWarp(warp, kQuantum);
      if (faulted)
        return Outcome::Faulted;
      polledOnly &= warp.polled;
    }
    if (!alive)
      return Outcome::Finished;
    if (!ran && !progressed) {
      // Lanes that wait for each other inside a warp may have become ready.
      bool ready = false;
      for (Warp &warp : warps)
        ready |= warp.live != 0 && (warp.group != 0 || warp.pick());
      if (!ready) {
        reportDeadlock();
        return Outcome::Faulted;
      }
    }
    idleRounds = polledOnly && !progressed ? idleRounds + 1 : 0;
    if (idleRounds >= kIdleRounds) {
      idleRounds = 0;
      return Outcome::Stuck;
    }
  }
  return Outcome::Budget;
}

void Block::raise(Warp &warp, uint32_t lane, FaultKind kind, std::string why) {
  warp.signal = Signal::Fault;
  if (faulted)
    return;
  faulted = true;
  const Program &program = *launch->program;
  if (lane == kNone)
    lane = warp.active ? uint32_t(std::countr_zero(warp.active)) : 0;
  uint32_t thread = warp.index * kLanes + lane;
  const uint32_t *size = launch->block;
  uint32_t line = program.code[warp.pc].line;
  failure = {kind,
             program.name,
             line,
             std::string(program.module->lineText(line)),
             {coordinates[0], coordinates[1], coordinates[2]},
             {thread % size[0], thread / size[0] % size[1],
              thread / size[0] / size[1]},
             std::move(why)};
}

std::string Block::describeShared(uint32_t offset) const {
  char text[80];
  snprintf(text, sizeof text, "shared memory 0x%x (byte %u of %u)",
           offset + kSharedBase, offset, shared.size());
  return text;
}

std::string Block::describeThread(const Mark &mark) const {
  uint32_t line = launch->program->code[mark.pc].line;
  std::string at = " at line " + std::to_string(line) + " `" +
                   std::string(launch->program->module->lineText(line)) + "`";
  if (mark.warp == kAsyncWarp)
    return "an asynchronous copy issued" + at;
  if (mark.lane == kManyLanes)
    return "several lanes of warp " + std::to_string(mark.warp) + at;
  uint32_t thread = mark.warp * kLanes + mark.lane;
  const uint32_t *size = launch->block;
  return "thread (" + std::to_string(thread % size[0]) + "," +
         std::to_string(thread / size[0] % size[1]) + "," +
         std::to_string(thread / size[0] / size[1]) + ")" + at;
}

void Block::raise(Warp &warp, uint32_t lane, const Conflict &conflict) {
  using Kind = Conflict::Kind;
  std::string place = describeShared(conflict.offset);
  switch (conflict.kind) {
  case Kind::None:
    return;
  case Kind::Unwritten:
    return raise(warp, lane, FaultKind::Unwritten,
                 "nothing in this block wrote " + place);
  case Kind::Pending:
    return raise(warp, lane, FaultKind::AsyncUse,
                 place +
                     " is the target of a copy that was not waited for, by " +
                     describeThread(conflict.other));
  case Kind::PendingRead:
    return raise(warp, lane, FaultKind::AsyncUse,
                 place + " is still read by what was not waited for, by " +
                     describeThread(conflict.other));
  case Kind::ReadAfterWrite:
  case Kind::WriteAfterWrite:
  case Kind::WriteAfterRead: {
    bool read = conflict.kind == Kind::WriteAfterRead;
    return raise(warp, lane, FaultKind::Race,
                 "nothing orders this " +
                     std::string(conflict.kind == Kind::ReadAfterWrite
                                     ? "read"
                                     : "write") +
                     " of " + place +
                     (read ? " after the read by " : " after the write by ") +
                     describeThread(conflict.other));
  }
  }
}

void Block::reportDeadlock() {
  std::string why;
  unsigned shown = 0;
  for (Warp &warp : warps) {
    if (warp.live == 0)
      continue;
    if (warp.group != 0)
      warp.park(LaneGroup::State::Ready, warp.pc);
    for (uint32_t i = 0; i < warp.otherCount && shown < 8; ++i, ++shown) {
      const LaneGroup &group = warp.others[i];
      uint32_t pc = std::min<uint32_t>(
          group.pc - (group.state == LaneGroup::State::Barrier ? 1 : 0),
          uint32_t(launch->program->code.size()) - 1);
      uint32_t line = launch->program->code[pc].line;
      char lanes[16];
      snprintf(lanes, sizeof lanes, "%08x", group.mask);
      why += (why.empty() ? "warp " : "; warp ") + std::to_string(warp.index) +
             " lanes " + lanes + " stand at line " + std::to_string(line) +
             " `" + std::string(launch->program->module->lineText(line)) + "`";
      warp.pc = pc;
    }
  }
  std::string waits = barriers.describe();
  Warp *first = &warps[0];
  for (Warp &warp : warps)
    if (warp.live != 0) {
      first = &warp;
      break;
    }
  first->active = first->live;
  raise(*first, kNone, FaultKind::Deadlock,
        "no warp can go on: " + why + (waits.empty() ? "" : "; " + waits));
}

} // namespace llmc::sim
