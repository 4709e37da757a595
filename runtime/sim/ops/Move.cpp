// mov, cvta, isspacep and mapa (ISA section 9.7.9).
#include "runtime/sim/ops/Families.h"

#include "runtime/sim/execute/Block.h"
#include "runtime/sim/ops/Lanes.h"
#include "runtime/sim/ops/ProgramBuilder.h"

#include <cstring>

namespace llmc::sim {
namespace {

constexpr auto kSame = [](auto a) { return a; };

void movPredicate(Warp &warp, const Inst &inst) {
  warp.setPredicate(inst.operand[0], warp.predicate(inst.operand[1]));
}

void mov128(Warp &warp, const Inst &inst) {
  auto *to = warp.registers + inst.operand[0];
  auto *from = warp.registers + inst.operand[1];
  for (unsigned lane = 0; lane < kLanes; ++lane)
    if (warp.active >> lane & 1)
      memmove(to + lane * 16, from + lane * 16, 16);
}

/// Joins `count` parts of `flags` bytes into one register. Operands: the
/// whole, then the parts.
void pack(Warp &warp, const Inst &inst) {
  unsigned parts = inst.count, bytes = inst.flags, whole = parts * bytes;
  std::byte *to = warp.registers + inst.operand[0];
  for (uint32_t rest = warp.active; rest != 0; rest &= rest - 1) {
    unsigned lane = unsigned(__builtin_ctz(rest));
    std::byte value[16];
    for (unsigned i = 0; i < parts; ++i)
      memcpy(value + i * bytes,
             warp.registers + inst.operand[1 + i] + lane * bytes, bytes);
    memcpy(to + lane * whole, value, whole);
  }
}

/// The other way round. Operands: the whole, then the parts (kNone: `_`).
void unpack(Warp &warp, const Inst &inst) {
  unsigned parts = inst.count, bytes = inst.flags, whole = parts * bytes;
  const std::byte *from = warp.registers + inst.operand[0];
  for (uint32_t rest = warp.active; rest != 0; rest &= rest - 1) {
    unsigned lane = unsigned(__builtin_ctz(rest));
    std::byte value[16];
    memcpy(value, from + lane * whole, whole);
    for (unsigned i = 0; i < parts; ++i)
      memcpy(warp.registers + inst.operand[1 + i] + lane * bytes,
             value + i * bytes, bytes);
  }
}

// Two halves of a word are what kernels pack most.
constexpr auto kPack16 = [](uint16_t low, uint16_t high) {
  return uint32_t(high) << 16 | low;
};
constexpr auto kPack32 = [](uint32_t low, uint32_t high) {
  return uint64_t(high) << 32 | low;
};

/// Instructions executed stand for cycles: the same in every run.
template <typename T> void clock(Warp &warp, const Inst &inst) {
  T *lanes = warp.lanes<T>(inst.operand[0]);
  for (unsigned lane = 0; lane < kLanes; ++lane)
    if (warp.active >> lane & 1)
      lanes[lane] = T(warp.block->executed());
}

void addWindow(Warp &warp, const Inst &inst) {
  uint64_t *to = warp.lanes<uint64_t>(inst.operand[0]);
  const uint64_t *from = warp.lanes<uint64_t>(inst.operand[1]);
  for (unsigned lane = 0; lane < kLanes; ++lane)
    if (warp.active >> lane & 1)
      to[lane] = from[lane] + uint64_t(inst.value);
}

void isSpace(Warp &warp, const Inst &inst) {
  const uint64_t *from = warp.lanes<uint64_t>(inst.operand[1]);
  uint32_t bits = 0;
  for (unsigned lane = 0; lane < kLanes; ++lane) {
    uint64_t address = from[lane];
    // Device memory is what lies in no window.
    bool in = inst.value == 0 ? address < kSharedWindow
                              : address - uint64_t(inst.value) < kWindowBytes;
    bits |= uint32_t(in) << lane;
  }
  warp.setPredicate(inst.operand[0], bits);
}

/// The window of a space in generic addresses; -1: not one that has any.
int64_t takeWindow(Decoder &d) {
  if (d.takes("global") || d.takes("const"))
    return 0;
  if (d.takes("shared") || d.takes("shared::cta") || d.takes("shared::cluster"))
    return int64_t(kSharedWindow);
  if (d.takes("local"))
    return int64_t(kLocalWindow);
  if (d.takes("param") || d.takes("param::entry"))
    return int64_t(d.builder.function().entry ? kParamWindow : kLocalWindow);
  return -1;
}

bool decodeVectorMov(Decoder &d, unsigned bytes) {
  bool joins = d.operand(1).kind == Operand::Kind::Vector;
  const Operand &vector = d.operand(joins ? 1 : 0);
  const Operand &whole = d.operand(joins ? 0 : 1);
  size_t parts = vector.elements.size();
  if (parts != 2 && parts != 4)
    return d.fail("mov packs two or four parts");
  unsigned part = bytes / unsigned(parts);
  d.inst.count = uint32_t(parts);
  d.inst.flags = uint8_t(part);
  if (part * parts != bytes || part == 0 || part == 1)
    return d.fail("the parts do not fit the type");
  if (!(joins ? d.write(whole, bytes) : d.read(whole, bytes)))
    return false;
  for (const Operand &element : vector.elements)
    if (!(joins ? d.read(element, part) : d.write(element, part)))
      return false;
  d.inst.execute = joins ? pack : unpack;
  if (joins && parts == 2 && part == 2)
    d.inst.execute = &binary<kPack16, uint32_t, uint16_t>;
  if (joins && parts == 2 && part == 4)
    d.inst.execute = &binary<kPack32, uint64_t, uint32_t>;
  return true;
}

} // namespace

bool decodeMov(Decoder &d) {
  Type type = d.takeType();
  unsigned bytes = typeBytes(type);
  if (!d.wants(2))
    return false;
  const Operand &source = d.operand(1);
  if (d.operand(0).kind == Operand::Kind::Vector ||
      source.kind == Operand::Kind::Vector)
    return decodeVectorMov(d, bytes);
  if (source.kind == Operand::Kind::Special) {
    std::string_view name = source.text;
    bool wide = name == "%clock64" || name == "%globaltimer";
    if (wide || name == "%clock" || name == "%globaltimer_lo") {
      d.inst.execute = wide ? clock<uint64_t> : clock<uint32_t>;
      return d.write(0, wide ? 8 : 4);
    }
  }
  d.inst.execute = type == Type::Pred ? movPredicate
                   : bytes == 2       ? &unary<kSame, uint16_t, uint16_t>
                   : bytes == 4       ? &unary<kSame, uint32_t, uint32_t>
                   : bytes == 8       ? &unary<kSame, uint64_t, uint64_t>
                   : bytes == 16      ? mov128
                                      : nullptr;
  if (!d.inst.execute)
    return d.fail("mov names no type");
  return d.write(0, bytes) && d.read(1, bytes, type);
}

bool decodeCvta(Decoder &d) {
  bool to = d.takes("to");
  int64_t window = takeWindow(d);
  if (window < 0 || typeBytes(d.takeType()) != 8)
    return d.fail("cvta names no space, or not 64 bits");
  d.inst.execute = addWindow;
  d.inst.value = to ? -window : window;
  return d.wants(2) && d.write(0, 8) && d.read(1, 8);
}

bool decodeIsspacep(Decoder &d) {
  int64_t window = takeWindow(d);
  if (window < 0)
    return d.fail("isspacep names no space");
  d.inst.execute = isSpace;
  d.inst.value = window;
  return d.wants(2) && d.write(0, 0) && d.read(1, 8);
}

/// The address of another block's shared memory: there is only the own.
bool decodeMapa(Decoder &d) {
  d.ignores({"shared::cluster"});
  unsigned bytes = typeBytes(d.takeType());
  d.inst.execute = bytes == 4   ? &unary<kSame, uint32_t, uint32_t>
                   : bytes == 8 ? &unary<kSame, uint64_t, uint64_t>
                                : nullptr;
  return d.inst.execute && d.wants(3) && d.write(0, bytes) &&
         d.read(1, bytes) && d.read(2, 4);
}

} // namespace llmc::sim
