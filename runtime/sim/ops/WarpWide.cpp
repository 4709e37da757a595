// Instructions by which the lanes of a warp exchange values: shfl, vote,
// match, activemask, elect, redux (ISA sections 9.7.9 and 9.7.13).
#include "runtime/sim/ops/Families.h"

#include "runtime/sim/execute/Block.h"
#include "runtime/sim/ops/FloatLanes.h"

#include <cstring>

namespace llmc::sim {
namespace {

/// True where all lanes of the member mask are here. Each executing lane must
/// name the same mask and be in it.
bool gather(Warp &warp, Slot maskSlot) {
  const uint32_t *masks = warp.lanes<uint32_t>(maskSlot);
  uint32_t mask = masks[__builtin_ctz(warp.active)];
  for (uint32_t rest = warp.active; rest != 0; rest &= rest - 1) {
    unsigned lane = unsigned(__builtin_ctz(rest));
    if (masks[lane] == mask && mask >> lane & 1)
      continue;
    warp.block->raise(warp, lane, FaultKind::Barrier,
                      "the lane is not in the member mask that it names, or "
                      "lanes name different ones");
    return false;
  }
  return warp.together(mask);
}

enum ShuffleMode : uint8_t { Up, Down, Butterfly, Index };

/// Operands: d, p, a, b, c, membermask.
void shuffle(Warp &warp, const Inst &inst) {
  const Slot *op = inst.operand;
  if (!gather(warp, op[5]))
    return;
  uint32_t from[kLanes];
  memcpy(from, warp.lanes<uint32_t>(op[2]), sizeof from);
  const uint32_t *b = warp.lanes<uint32_t>(op[3]);
  const uint32_t *c = warp.lanes<uint32_t>(op[4]);
  uint32_t result[kLanes], inRange = 0;
  for (unsigned lane = 0; lane < kLanes; ++lane) {
    unsigned segment = c[lane] >> 8 & 31, clamp = c[lane] & 31;
    int by = int(b[lane] & 31), own = int(lane);
    int last = int((own & int(segment)) | (int(clamp) & ~int(segment)));
    int first = own & int(segment);
    int source = own;
    bool in = true;
    switch (inst.flags) {
    case Up:
      source = own - by;
      in = source >= last;
      break;
    case Down:
      source = own + by;
      in = source <= last;
      break;
    case Butterfly:
      source = own ^ by;
      in = source <= last;
      break;
    default:
      source = first | (by & ~int(segment));
      in = source <= last;
    }
    if (!in)
      source = own;
    inRange |= uint32_t(in) << lane;
    result[lane] = from[source & 31];
    if (warp.active >> lane & 1 && in && !(warp.active >> (source & 31) & 1))
      return warp.block->raise(warp, lane, FaultKind::Barrier,
                               "the lane reads from lane " +
                                   std::to_string(source & 31) +
                                   ", which does not take part");
  }
  blend(warp.lanes<uint32_t>(op[0]), result, warp.active);
  if (op[1] != kNone)
    warp.setPredicate(op[1], inRange);
}

enum VoteMode : uint8_t { All, Any, Uniform, Ballot };

/// Operands: d, a, membermask; `value`: all ones where a is negated.
void vote(Warp &warp, const Inst &inst) {
  const Slot *op = inst.operand;
  if (!gather(warp, op[2]))
    return;
  uint32_t bits = (warp.predicate(op[1]) ^ uint32_t(inst.value)) & warp.active;
  if (inst.flags == Ballot) {
    uint32_t *r = warp.lanes<uint32_t>(op[0]);
    for (unsigned lane = 0; lane < kLanes; ++lane)
      r[lane] = warp.active >> lane & 1 ? bits : r[lane];
    return;
  }
  bool all = bits == warp.active, any = bits != 0;
  bool result = inst.flags == All ? all : inst.flags == Any ? any : all || !any;
  warp.setPredicate(op[0], result ? kAllLanes : 0);
}

/// Operands: d, p, a, membermask.
template <typename T, bool AllEqual> void match(Warp &warp, const Inst &inst) {
  const Slot *op = inst.operand;
  if (!gather(warp, op[3]))
    return;
  const T *a = warp.lanes<T>(op[2]);
  uint32_t *r = warp.lanes<uint32_t>(op[0]);
  uint32_t result[kLanes] = {};
  for (unsigned lane = 0; lane < kLanes; ++lane)
    for (unsigned other = 0; other < kLanes; ++other)
      if (warp.active >> other & 1 && a[lane] == a[other])
        result[lane] |= 1u << other;
  bool same = result[__builtin_ctz(warp.active)] == warp.active;
  for (unsigned lane = 0; lane < kLanes; ++lane)
    if (warp.active >> lane & 1)
      r[lane] = AllEqual ? (same ? warp.active : 0) : result[lane];
  if (op[1] != kNone)
    warp.setPredicate(op[1], same ? kAllLanes : 0);
}

void activemask(Warp &warp, const Inst &inst) {
  uint32_t *r = warp.lanes<uint32_t>(inst.operand[0]);
  for (unsigned lane = 0; lane < kLanes; ++lane)
    if (warp.active >> lane & 1)
      r[lane] = warp.active;
}

/// Operands: d, p, membermask. The lowest lane is the leader.
void elect(Warp &warp, const Inst &inst) {
  const Slot *op = inst.operand;
  if (!gather(warp, op[2]))
    return;
  uint32_t leader = unsigned(__builtin_ctz(warp.active));
  uint32_t *r = warp.lanes<uint32_t>(op[0]);
  for (unsigned lane = 0; lane < kLanes; ++lane)
    if (warp.active >> lane & 1)
      r[lane] = leader;
  warp.setPredicate(op[1], 1u << leader);
}

/// Operands: d, a, membermask.
template <typename T, auto Op> void redux(Warp &warp, const Inst &inst) {
  const Slot *op = inst.operand;
  if (!gather(warp, op[2]))
    return;
  const T *a = warp.lanes<T>(op[1]);
  T result = a[__builtin_ctz(warp.active)];
  for (uint32_t rest = warp.active & (warp.active - 1); rest != 0;
       rest &= rest - 1)
    result = T(Op(result, a[__builtin_ctz(rest)]));
  T *r = warp.lanes<T>(op[0]);
  for (unsigned lane = 0; lane < kLanes; ++lane)
    if (warp.active >> lane & 1)
      r[lane] = result;
}

constexpr auto kAdd = [](auto a, auto b) { return a + b; };
constexpr auto kMin = [](auto a, auto b) { return b < a ? b : a; };
constexpr auto kMax = [](auto a, auto b) { return a < b ? b : a; };
constexpr auto kAnd = [](auto a, auto b) { return a & b; };
constexpr auto kOr = [](auto a, auto b) { return a | b; };
constexpr auto kXor = [](auto a, auto b) { return a ^ b; };

/// A destination and perhaps a predicate: `d` or `d|p`.
bool writeWithPredicate(Decoder &d, size_t i) {
  const Operand &target = d.operand(i);
  if (target.kind == Operand::Kind::Pair)
    return d.write(target.elements[0], 4) && d.write(target.elements[1], 0);
  if (!d.write(target, 4))
    return false;
  d.push(kNone);
  return true;
}

bool needsSync(Decoder &d) {
  return d.takes("sync") || d.fail("only the .sync form is supported");
}

} // namespace

bool decodeShuffle(Decoder &d) {
  int mode = d.takesOneOf({"up", "down", "bfly", "idx"});
  if (!needsSync(d) || mode < 0 || d.takeType() != Type::B32)
    return d.fail("shfl names no mode or is not on .b32");
  d.inst.flags = uint8_t(mode);
  d.inst.execute = shuffle;
  return d.wants(5) && writeWithPredicate(d, 0) && d.read(1, 4) &&
         d.read(2, 4) && d.read(3, 4) && d.read(4, 4);
}

bool decodeVote(Decoder &d) {
  int mode = d.takesOneOf({"all", "any", "uni", "ballot"});
  bool ballot = mode == Ballot;
  if (!needsSync(d) || mode < 0 ||
      d.takeType() != (ballot ? Type::B32 : Type::Pred) || !d.wants(3))
    return d.fail("vote names no mode or the wrong type");
  d.inst.flags = uint8_t(mode);
  d.inst.execute = vote;
  bool negated;
  if (!d.write(0, ballot ? 4 : 0) || !d.readPredicate(d.operand(1), negated))
    return false;
  d.inst.value = negated ? int64_t(kAllLanes) : 0;
  return d.read(2, 4);
}

bool decodeMatch(Decoder &d) {
  bool all = d.takes("all");
  if (!needsSync(d) || (!all && !d.takes("any")))
    return d.fail("match is .any or .all");
  unsigned bytes = typeBytes(d.takeType());
  if (bytes != 4 && bytes != 8)
    return d.fail("match is on .b32 or .b64");
  d.inst.execute = bytes == 4
                       ? (all ? match<uint32_t, true> : match<uint32_t, false>)
                       : (all ? match<uint64_t, true> : match<uint64_t, false>);
  return d.wants(3) && writeWithPredicate(d, 0) && d.read(1, bytes) &&
         d.read(2, 4);
}

bool decodeActivemask(Decoder &d) {
  d.inst.execute = activemask;
  return d.takeType() == Type::B32 && d.wants(1) && d.write(0, 4);
}

bool decodeElect(Decoder &d) {
  d.inst.execute = elect;
  if (!needsSync(d) || !d.wants(2) || d.operand(0).kind != Operand::Kind::Pair)
    return d.fail("elect gives a lane and a predicate");
  return writeWithPredicate(d, 0) && d.read(1, 4);
}

bool decodeRedux(Decoder &d) {
  if (!needsSync(d))
    return false;
  int op = d.takesOneOf({"add", "min", "max", "and", "or", "xor"});
  bool nan = d.takes("NaN"), abs = d.takes("abs");
  Type type = d.takeType();
  constexpr Execute unsignedOps[] = {
      redux<uint32_t, kAdd>, redux<uint32_t, kMin>, redux<uint32_t, kMax>,
      redux<uint32_t, kAnd>, redux<uint32_t, kOr>,  redux<uint32_t, kXor>};
  constexpr Execute signedOps[] = {redux<int32_t, kAdd>, redux<int32_t, kMin>,
                                   redux<int32_t, kMax>};
  if (op < 0 || nan || abs)
    return d.fail("this reduction is not known");
  if (type == Type::U32 || type == Type::B32)
    d.inst.execute = unsignedOps[op];
  else if (type == Type::S32 && op < 3)
    d.inst.execute = signedOps[op];
  else
    return d.fail("redux is on 32-bit integers");
  // Sums wrap around: unsigned arithmetic gives the same bits.
  if (type == Type::S32 && op == 0)
    d.inst.execute = unsignedOps[0];
  return d.wants(3) && d.write(0, 4) && d.read(1, 4) && d.read(2, 4);
}

} // namespace llmc::sim
