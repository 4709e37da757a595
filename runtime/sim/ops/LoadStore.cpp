// ld, ldu and st in every space (ISA section 9.7.9), and prefetch.
#include "runtime/sim/ops/Families.h"

#include "runtime/sim/execute/Access.h"
#include "runtime/sim/ops/Lanes.h"
#include "runtime/sim/ops/MemoryOperands.h"

#include <cstring>

namespace llmc::sim {
namespace {

/// What `count` of a load or store holds.
struct Shape {
  unsigned bytes;  ///< Of an element in memory.
  unsigned vector; ///< Elements.
  unsigned width;  ///< Bytes of a register.
  bool isSigned;
  bool strong;
  Space space;

  uint32_t pack() const {
    return bytes | vector << 8 | width << 12 | uint32_t(isSigned) << 20 |
           uint32_t(strong) << 21 | uint32_t(space) << 24;
  }
  static Shape unpack(uint32_t bits) {
    return {bits & 255,           bits >> 8 & 15,       bits >> 12 & 255,
            bool(bits >> 20 & 1), bool(bits >> 21 & 1), Space(bits >> 24)};
  }
};

/// One element of every active lane, widened to its register.
template <typename M, typename R>
void fetch(Warp &warp, const Access &access, unsigned offset, Slot slot) {
  R *to = warp.lanes<R>(slot);
  for (uint32_t rest = warp.active; rest != 0; rest &= rest - 1) {
    unsigned lane = unsigned(__builtin_ctz(rest));
    M value;
    memcpy(&value, access.place[lane].data + offset, sizeof value);
    to[lane] = R(value);
  }
}

template <typename M>
void fetchAs(Warp &warp, const Access &access, unsigned offset, Slot slot,
             unsigned width) {
  if (width == 2)
    fetch<M, uint16_t>(warp, access, offset, slot);
  else if (width == 4)
    fetch<M, uint32_t>(warp, access, offset, slot);
  else
    fetch<M, uint64_t>(warp, access, offset, slot);
}

void fetch128(Warp &warp, const Access &access, unsigned offset, Slot slot) {
  for (uint32_t rest = warp.active; rest != 0; rest &= rest - 1) {
    unsigned lane = unsigned(__builtin_ctz(rest));
    memcpy(warp.registers + slot + lane * 16, access.place[lane].data + offset,
           16);
  }
}

/// Operands: destinations, then the address.
void load(Warp &warp, const Inst &inst) {
  Shape shape = Shape::unpack(inst.count);
  unsigned total = shape.bytes * shape.vector;
  Access access;
  computeAddresses(warp, inst, inst.operand[shape.vector], access.address);
  if (!locateAll(warp, shape.space, total, access))
    return;
  warp.block->tick(warp);
  AccessKind kind = shape.strong ? AccessKind::Strong : AccessKind::Plain;
  for (uint32_t rest = warp.active; rest != 0; rest &= rest - 1) {
    unsigned lane = unsigned(__builtin_ctz(rest));
    if (!noteRead(warp, lane, access.place[lane], access.address[lane], total,
                  kind))
      return;
  }
  for (unsigned i = 0; i < shape.vector; ++i) {
    Slot slot = inst.operand[i];
    unsigned offset = i * shape.bytes;
    switch (shape.bytes) {
    case 1:
      shape.isSigned
          ? fetchAs<int8_t>(warp, access, offset, slot, shape.width)
          : fetchAs<uint8_t>(warp, access, offset, slot, shape.width);
      break;
    case 2:
      shape.isSigned
          ? fetchAs<int16_t>(warp, access, offset, slot, shape.width)
          : fetchAs<uint16_t>(warp, access, offset, slot, shape.width);
      break;
    case 4:
      shape.isSigned
          ? fetchAs<int32_t>(warp, access, offset, slot, shape.width)
          : fetchAs<uint32_t>(warp, access, offset, slot, shape.width);
      break;
    case 8:
      fetch<uint64_t, uint64_t>(warp, access, offset, slot);
      break;
    default:
      fetch128(warp, access, offset, slot);
    }
  }
}

/// Operands: sources, then the address. Little endian: the low bytes of a
/// wider register are the first.
void store(Warp &warp, const Inst &inst) {
  Shape shape = Shape::unpack(inst.count);
  unsigned total = shape.bytes * shape.vector;
  Access access;
  computeAddresses(warp, inst, inst.operand[shape.vector], access.address);
  if (!locateAll(warp, shape.space, total, access))
    return;
  warp.block->tick(warp);
  AccessKind kind = shape.strong ? AccessKind::Strong : AccessKind::Plain;
  for (uint32_t rest = warp.active; rest != 0; rest &= rest - 1) {
    unsigned lane = unsigned(__builtin_ctz(rest));
    std::byte value[64];
    for (unsigned i = 0; i < shape.vector; ++i)
      memcpy(value + i * shape.bytes,
             warp.registers + inst.operand[i] + lane * shape.width,
             shape.bytes);
    if (!noteWrite(warp, lane, access.place[lane], total, value, kind))
      return;
    memcpy(access.place[lane].data, value, total);
  }
}

void prefetch(Warp &, const Inst &) {}

void policy(Warp &warp, const Inst &inst) {
  uint64_t *to = warp.lanes<uint64_t>(inst.operand[0]);
  for (unsigned lane = 0; lane < kLanes; ++lane)
    to[lane] = warp.active >> lane & 1 ? 0 : to[lane];
}

bool decodeAccess(Decoder &d, bool isLoad) {
  Shape shape{};
  shape.strong = takeSemantics(d);
  takeCacheHints(d);
  shape.space = takeSpace(d);
  bool policy = d.takes("L2::cache_hint");
  shape.vector = d.takes("v8") ? 8 : d.takes("v4") ? 4 : d.takes("v2") ? 2 : 1;
  Type type = d.takeType();
  shape.bytes = typeBytes(type);
  shape.isSigned = isSigned(type);
  if (shape.bytes == 0 || shape.bytes * shape.vector > 32)
    return d.fail("loads and stores are of up to 32 bytes");
  if (!d.wants(policy ? 3 : 2))
    return false;
  const Operand &data = d.operand(isLoad ? 0 : 1);
  size_t addressAt = isLoad ? 1 : 0;
  std::vector<const Operand *> elements;
  if (data.kind == Operand::Kind::Vector)
    for (const Operand &element : data.elements)
      elements.push_back(&element);
  else
    elements.push_back(&data);
  if (elements.size() != shape.vector)
    return d.fail("the vector has " + std::to_string(elements.size()) +
                  " elements");
  for (const Operand *element : elements)
    if (d.isRegister(*element))
      shape.width = d.registerBytes(*element);
  if (shape.width == 0)
    shape.width = std::max(shape.bytes, 2u);
  for (const Operand *element : elements) {
    if (d.isRegister(*element) && d.registerBytes(*element) != shape.width)
      return d.fail("the elements have registers of different widths");
    bool good = isLoad
                    ? d.write(*element, shape.bytes, true)
                    : d.read(*element,
                             d.isRegister(*element) ? shape.bytes : shape.width,
                             type, true);
    if (!good)
      return false;
  }
  if (!d.address(addressAt, shape.space))
    return false;
  d.inst.count = shape.pack();
  d.inst.execute = isLoad ? load : store;
  return true;
}

} // namespace

bool takeSemantics(Decoder &d) {
  bool strong = d.takesOneOf({"volatile", "relaxed", "acquire", "release",
                              "acq_rel", "mmio"}) >= 0;
  d.ignores({"weak", "cta", "cluster", "gpu", "sys"});
  return strong;
}

void takeCacheHints(Decoder &d) {
  d.ignores({"nc", "ca", "cg", "cs", "lu", "cv", "wb", "wt", "L1::evict_normal",
             "L1::evict_unchanged", "L1::evict_first", "L1::evict_last",
             "L1::no_allocate", "L2::evict_normal", "L2::evict_first",
             "L2::evict_last", "L2::64B", "L2::128B", "L2::256B"});
}

Space takeSpace(Decoder &d) {
  if (d.takes("global"))
    return Space::Global;
  if (d.takes("shared") || d.takes("shared::cta") || d.takes("shared::cluster"))
    return Space::Shared;
  if (d.takes("local"))
    return Space::Local;
  if (d.takes("const"))
    return Space::Const;
  if (d.takes("param") || d.takes("param::entry") || d.takes("param::func"))
    return Space::Param;
  return Space::Generic;
}

bool decodeLoad(Decoder &d) { return decodeAccess(d, true); }
bool decodeStore(Decoder &d) { return decodeAccess(d, false); }

/// A cache policy is a number that nothing here looks into.
bool decodeCreatePolicy(Decoder &d) {
  d.inst.execute = policy;
  d.ignores({"fractional", "range", "global", "cvt", "L2", "L2::evict_last",
             "L2::evict_normal", "L2::evict_first", "L2::evict_unchanged"});
  // The second priority of a range or a fraction is spelled like the first.
  d.ignores({"L2::evict_first", "L2::evict_unchanged"});
  return d.takeType() == Type::B64 && d.wants(1, 4) && d.write(0, 8);
}

/// Changes nothing that can be seen.
bool decodePrefetch(Decoder &d) {
  d.inst.execute = prefetch;
  d.ignores({"L1", "L2", "tensormap", "L2::evict_last", "L2::evict_normal"});
  Space space = takeSpace(d);
  return d.wants(1) && d.address(0, space);
}

} // namespace llmc::sim
