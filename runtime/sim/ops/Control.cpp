// Branches, calls and ends (ISA section 9.7.12), and what needs no action.
#include "runtime/sim/ops/Families.h"

#include "runtime/sim/execute/Access.h"
#include "runtime/sim/ops/ProgramBuilder.h"

#include <cstring>

namespace llmc::sim {
namespace {

void branch(Warp &warp, const Inst &inst) { warp.branch(uint32_t(inst.value)); }

/// Sends each active lane to `target(lane)`, those with the same one together.
template <typename Target> void scatter(Warp &warp, Target target) {
  uint32_t staying = warp.group & ~warp.active, next = warp.next;
  auto leave = [&](uint32_t lanes, uint32_t at) {
    warp.others[warp.otherCount++] = {lanes, at, LaneGroup::State::Ready, 0};
    warp.stop = 0; // Look at the groups again before the next instruction.
  };
  warp.group = 0;
  for (uint32_t rest = warp.active; rest != 0;) {
    uint32_t to = target(unsigned(__builtin_ctz(rest)));
    uint32_t same = 0;
    for (uint32_t lanes = rest; lanes != 0; lanes &= lanes - 1) {
      unsigned lane = unsigned(__builtin_ctz(lanes));
      same |= uint32_t(target(lane) == to) << lane;
    }
    rest &= ~same;
    if (warp.group == 0) {
      warp.group = same;
      warp.next = to;
    } else {
      leave(same, to);
    }
  }
  if (staying != 0)
    leave(staying, next);
}

void branchIndexed(Warp &warp, const Inst &inst) {
  const auto &targets = warp.block->launch->program->tables[inst.count];
  const uint32_t *index = warp.lanes<uint32_t>(inst.operand[0]);
  for (uint32_t rest = warp.active; rest != 0; rest &= rest - 1) {
    unsigned lane = unsigned(__builtin_ctz(rest));
    if (index[lane] >= targets.size())
      return warp.block->raise(warp, lane, FaultKind::Trap,
                               "brx.idx has " + std::to_string(targets.size()) +
                                   " targets, the index is " +
                                   std::to_string(index[lane]));
  }
  scatter(warp, [&](unsigned lane) { return targets[index[lane]]; });
}

/// Copies parameters between frames in local memory: from, to, bytes, …
void copyParameters(Warp &warp, const std::vector<uint32_t> &moves) {
  Block &block = *warp.block;
  size_t frame = block.launch->program->localBytes;
  for (uint32_t rest = warp.active; rest != 0; rest &= rest - 1) {
    size_t base = (warp.index * kLanes + unsigned(__builtin_ctz(rest))) * frame;
    for (size_t i = 0; i + 2 < moves.size(); i += 3) {
      size_t from = base + moves[i], to = base + moves[i + 1];
      memcpy(&block.local[to], &block.local[from], moves[i + 2]);
      memcpy(&block.localWritten[to], &block.localWritten[from], moves[i + 2]);
    }
  }
}

void call(Warp &warp, const Inst &inst) {
  if (inst.count != kNone)
    copyParameters(warp, warp.block->launch->program->tables[inst.count]);
  uint32_t *returnTo = warp.lanes<uint32_t>(inst.operand[0]);
  for (unsigned lane = 0; lane < kLanes; ++lane)
    if (warp.active >> lane & 1)
      returnTo[lane] = warp.next;
  warp.branch(uint32_t(inst.value));
}

void copyResults(Warp &warp, const Inst &inst) {
  copyParameters(warp, warp.block->launch->program->tables[inst.count]);
}

void ret(Warp &warp, const Inst &inst) {
  const uint32_t *returnTo = warp.lanes<uint32_t>(inst.operand[0]);
  scatter(warp, [&](unsigned lane) { return returnTo[lane]; });
}

void exitLanes(Warp &warp, const Inst &) {
  warp.exit();
  warp.block->lanesExited(warp);
}

void trap(Warp &warp, const Inst &) {
  warp.block->raise(warp, kNone, FaultKind::Trap, "the kernel stopped itself");
}

void nothing(Warp &, const Inst &) {}

void yield(Warp &warp, const Inst &) { warp.signal = Signal::Yield; }

/// Moves between the variables that a call names and the callee's own.
bool addMove(Decoder &d, const Operand &own, uint64_t other, uint64_t bytes,
             bool into, std::vector<uint32_t> &moves) {
  Space space;
  if (own.kind != Operand::Kind::Variable)
    return d.fail("a call passes .param variables");
  uint64_t address = d.builder.variableAddress(own, space);
  const Variable &variable = localVariable(d.builder.function(), own.index);
  if (own.global || space != Space::FunctionParam || variable.bytes < bytes)
    return d.fail("a call's argument does not fit the function's parameter");
  uint32_t mine = uint32_t(address - kLocalBase);
  uint32_t theirs = uint32_t(other - kLocalBase);
  moves.push_back(into ? mine : theirs);
  moves.push_back(into ? theirs : mine);
  moves.push_back(uint32_t(bytes));
  return true;
}

} // namespace

bool decodeBranch(Decoder &d) {
  d.ignores({"uni"});
  d.inst.branch = true;
  if (d.name() == "bra") {
    if (!d.wants(1) || d.operand(0).kind != Operand::Kind::Label)
      return d.fail("bra takes a label");
    d.inst.execute = branch;
    d.inst.value = d.operand(0).index;
    return true;
  }
  if (!d.takes("idx") || !d.wants(2) ||
      d.operand(1).kind != Operand::Kind::Vector)
    return d.fail("brx takes .idx and a list of labels");
  d.inst.execute = branchIndexed;
  d.inst.flags = 1;
  auto &targets = d.builder.newTable(d.inst.count);
  for (const Operand &label : d.operand(1).elements)
    targets.push_back(label.index);
  return d.read(0, 4);
}

bool decodeCall(Decoder &d) {
  d.ignores({"uni"});
  size_t at = 0;
  const Operand *results = nullptr, *arguments = nullptr;
  if (d.count() > 0 && d.operand(0).kind == Operand::Kind::Vector)
    results = &d.operand(at++);
  if (d.count() <= at || d.operand(at).kind != Operand::Kind::Function)
    return d.fail("only calls of a function by its name are supported");
  uint32_t index = d.operand(at++).index;
  if (d.count() > at)
    arguments = &d.operand(at++);
  const Function &callee = d.builder.module.functions[index];
  if (d.count() > at || callee.entry ||
      (arguments ? arguments->elements.size() : 0) !=
          callee.parameters.size() ||
      (results ? results->elements.size() : 0) != callee.results.size())
    return d.fail("the call does not fit the function '" +
                  std::string(callee.name) + "'");
  d.inst.execute = call;
  d.inst.count = kNone;
  d.push(d.builder.returnSlot(index));
  d.builder.callTo(index);
  if (arguments && !callee.parameters.empty()) {
    auto &moves = d.builder.newTable(d.inst.count);
    for (size_t i = 0; i < callee.parameters.size(); ++i)
      if (!addMove(d, arguments->elements[i],
                   d.builder.parameterAddress(index, i),
                   callee.parameters[i].bytes, true, moves))
        return false;
  }
  if (results && !callee.results.empty()) {
    // A guarded call comes back to lanes that made it and lanes that did not;
    // only the former have a result, so the copy has the same guard.
    Inst copy;
    copy.execute = copyResults;
    copy.line = d.source.line;
    if (d.source.guard != kNone) {
      copy.guard = d.builder.registerSlot(d.source.guard);
      copy.guardNegated = d.source.guardNegated;
    }
    auto &moves = d.builder.newTable(copy.count);
    for (size_t i = 0; i < callee.results.size(); ++i)
      if (!addMove(
              d, results->elements[i],
              d.builder.parameterAddress(index, callee.parameters.size() + i),
              callee.results[i].bytes, false, moves))
        return false;
    d.builder.another() = copy;
  }
  return true;
}

bool decodeReturn(Decoder &d) {
  d.ignores({"uni"});
  if (d.builder.function().entry) {
    d.inst.execute = exitLanes;
    return d.wants(0);
  }
  d.inst.execute = ret;
  d.push(d.builder.returnSlot());
  return d.wants(0);
}

bool decodeExit(Decoder &d) {
  d.inst.execute = exitLanes;
  return d.wants(0);
}

bool decodeTrap(Decoder &d) {
  d.inst.execute = trap;
  return d.wants(0);
}

bool decodeNanosleep(Decoder &d) {
  d.inst.execute = yield;
  return d.takeType() == Type::U32 && d.wants(1) && d.read(0, 4);
}

/// Fences (memory is sequentially consistent here), hints to caches and
/// schedulers, and griddepcontrol: launches run one after the other.
bool decodeNothing(Decoder &d) {
  d.inst.execute = nothing;
  std::string_view name = d.name();
  if (name == "fence") {
    d.ignores({"sc",
               "acq_rel",
               "acquire",
               "release",
               "mbarrier_init",
               "proxy",
               "alias",
               "async",
               "async::global",
               "async::shared::cta",
               "async::shared::cluster",
               "tensormap::generic",
               "global",
               "shared::cta",
               "shared::cluster",
               "cta",
               "cluster",
               "gpu",
               "sys",
               "sync_restrict::shared::cta",
               "sync_restrict::shared::cluster"});
    return d.wants(0, 2);
  }
  if (name == "membar") {
    d.ignores({"cta", "gl", "sys", "gpu", "proxy", "alias"});
    return d.wants(0);
  }
  if (name == "griddepcontrol")
    return (d.takes("launch_dependents") || d.takes("wait")) && d.wants(0);
  if (name == "setmaxnreg")
    return (d.takes("inc") || d.takes("dec")) && d.takes("sync") &&
           d.takes("aligned") && d.takeType() == Type::U32 && d.wants(1);
  if (name == "pmevent") {
    d.ignores({"mask"});
    return d.wants(1);
  }
  return d.fail("the instruction is not known");
}

} // namespace llmc::sim
