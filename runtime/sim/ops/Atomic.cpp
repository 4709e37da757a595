// atom and red (ISA section 9.7.13). Lanes come one after the other, from 0.
#include "runtime/sim/ops/Families.h"

#include "runtime/sim/execute/Access.h"
#include "runtime/sim/ops/HalfLanes.h"
#include "runtime/sim/ops/MemoryOperands.h"

#include <bit>
#include <cstring>

namespace llmc::sim {
namespace {

enum AtomicOp : uint8_t { Add, Inc, Dec, Min, Max, And, Or, Xor, Exch, Cas };

/// The new value for an old one, on bits of the type.
using Combine = uint64_t (*)(uint64_t old, uint64_t b, uint64_t c);

template <typename T, AtomicOp Op>
uint64_t combine(uint64_t oldBits, uint64_t bBits, uint64_t cBits) {
  if constexpr (std::is_floating_point_v<T>) {
    using U = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
    T sum = std::bit_cast<T>(U(oldBits)) + std::bit_cast<T>(U(bBits));
    return std::bit_cast<U>(sum);
  } else {
    T old = T(oldBits), b = T(bBits);
    switch (Op) {
    case Add:
      return uint64_t(oldBits + bBits);
    case Inc:
      return old >= b ? 0 : uint64_t(old + 1);
    case Dec:
      return old == 0 || old > b ? uint64_t(b) : uint64_t(old - 1);
    case Min:
      return uint64_t(b < old ? b : old);
    case Max:
      return uint64_t(old < b ? b : old);
    case And:
      return oldBits & bBits;
    case Or:
      return oldBits | bBits;
    case Xor:
      return oldBits ^ bBits;
    case Exch:
      return bBits;
    default:
      return old == b ? cBits : oldBits;
    }
  }
}

template <bool Brain, unsigned Parts>
uint64_t addHalves(uint64_t old, uint64_t b, uint64_t) {
  uint64_t r = 0;
  for (unsigned i = 0; i < Parts; ++i) {
    auto x = uint16_t(old >> 16 * i), y = uint16_t(b >> 16 * i);
    uint16_t sum = Brain ? brainOfFloat(floatOfBrain(x) + floatOfBrain(y))
                         : halfOfFloat(floatOfHalf(x) + floatOfHalf(y));
    r |= uint64_t(sum) << 16 * i;
  }
  return r;
}

template <typename T> Combine integerOp(int op) {
  constexpr Combine table[] = {
      combine<T, Add>,  combine<T, Inc>, combine<T, Dec>, combine<T, Min>,
      combine<T, Max>,  combine<T, And>, combine<T, Or>,  combine<T, Xor>,
      combine<T, Exch>, combine<T, Cas>};
  return table[op];
}

Combine combineFor(Type type, int op) {
  switch (type) {
  case Type::B16:
    return op >= Exch ? integerOp<uint16_t>(op) : nullptr;
  case Type::B32:
  case Type::U32:
    return integerOp<uint32_t>(op);
  case Type::S32:
    return integerOp<int32_t>(op);
  case Type::B64:
  case Type::U64:
    return integerOp<uint64_t>(op);
  case Type::S64:
    return integerOp<int64_t>(op);
  case Type::F32:
    return op == Add ? combine<float, Add> : nullptr;
  case Type::F64:
    return op == Add ? combine<double, Add> : nullptr;
  case Type::F16:
    return op == Add ? addHalves<false, 1> : nullptr;
  case Type::F16x2:
    return op == Add ? addHalves<false, 2> : nullptr;
  case Type::BF16:
    return op == Add ? addHalves<true, 1> : nullptr;
  case Type::BF16x2:
    return op == Add ? addHalves<true, 2> : nullptr;
  default:
    return nullptr;
  }
}

/// A table of functions is indexed by what `count` holds: op and type.
struct Shape {
  unsigned bytes, vector;
  int op;
  Type type;
  Space space;
  bool gives, plusC;
  uint32_t pack() const {
    return bytes | vector << 4 | uint32_t(op) << 8 | uint32_t(type) << 12 |
           uint32_t(space) << 20 | uint32_t(gives) << 24 |
           uint32_t(plusC) << 25;
  }
  static Shape unpack(uint32_t bits) {
    return {bits & 15,
            bits >> 4 & 15,
            int(bits >> 8 & 15),
            Type(bits >> 12 & 255),
            Space(bits >> 20 & 15),
            bool(bits >> 24 & 1),
            bool(bits >> 25 & 1)};
  }
};

/// Operands: destinations (atom), the address, b, c (cas).
void atomic(Warp &warp, const Inst &inst) {
  Shape shape = Shape::unpack(inst.count);
  const Slot *op = inst.operand;
  const Slot *to = shape.gives ? op : nullptr;
  op += shape.gives ? shape.vector : 0;
  Combine combine = combineFor(shape.type, shape.op);
  unsigned total = shape.bytes * shape.vector;
  Access access;
  computeAddresses(warp, inst, op[0], access.address);
  if (!locateAll(warp, shape.space, total, access))
    return;
  Block &block = *warp.block;
  block.tick(warp);
  for (uint32_t rest = warp.active; rest != 0; rest &= rest - 1) {
    unsigned lane = unsigned(__builtin_ctz(rest));
    Place &place = access.place[lane];
    if (!noteRead(warp, lane, place, access.address[lane], total,
                  AccessKind::Strong) ||
        !noteWrite(warp, lane, place, total, nullptr, AccessKind::Strong))
      return;
    for (unsigned i = 0; i < shape.vector; ++i) {
      uint64_t old = 0, b = 0, c = 0;
      std::byte *data = place.data + i * shape.bytes;
      memcpy(&old, data, shape.bytes);
      memcpy(&b, warp.registers + op[1 + i] + lane * shape.bytes, shape.bytes);
      if (shape.plusC)
        memcpy(&c, warp.registers + op[2] + lane * shape.bytes, shape.bytes);
      uint64_t value = combine(old, b, c);
      memcpy(data, &value, shape.bytes);
      if (to)
        memcpy(warp.registers + to[i] + lane * shape.bytes, &old, shape.bytes);
    }
  }
  // Polling warps may be waiting for this.
  block.progress();
}

bool elementsOf(Decoder &d, const Operand &operand, unsigned vector,
                unsigned bytes, Type type, bool writes) {
  auto one = [&](const Operand &element) {
    return writes ? d.write(element, bytes) : d.read(element, bytes, type);
  };
  if (operand.kind != Operand::Kind::Vector)
    return vector == 1 && one(operand);
  if (operand.elements.size() != vector)
    return d.fail("the vector has another number of elements");
  for (const Operand &element : operand.elements)
    if (!one(element))
      return false;
  return true;
}

} // namespace

bool decodeAtom(Decoder &d) {
  Shape shape{};
  shape.gives = d.name() == "atom";
  takeSemantics(d);
  bool policy = d.takes("L2::cache_hint");
  d.ignores({"noftz", "async"});
  shape.space = takeSpace(d);
  shape.op = d.takesOneOf(
      {"add", "inc", "dec", "min", "max", "and", "or", "xor", "exch", "cas"});
  shape.vector = d.takes("v8") ? 8 : d.takes("v4") ? 4 : d.takes("v2") ? 2 : 1;
  shape.type = d.takeType();
  shape.bytes = typeBytes(shape.type);
  if (shape.op < 0 || !combineFor(shape.type, shape.op) ||
      shape.bytes * shape.vector > 16)
    return d.fail("this atomic operation is not known");
  shape.plusC = shape.op == Cas;
  size_t operands = 2 + (shape.gives ? 1 : 0) + (shape.plusC ? 1 : 0);
  if (!d.wants(operands + (policy ? 1 : 0)))
    return false;
  size_t at = 0;
  if (shape.gives && !elementsOf(d, d.operand(at++), shape.vector, shape.bytes,
                                 shape.type, true))
    return false;
  if (!d.address(at++, shape.space) ||
      !elementsOf(d, d.operand(at++), shape.vector, shape.bytes, shape.type,
                  false))
    return false;
  if (shape.plusC && !d.read(at, shape.bytes, shape.type))
    return false;
  d.inst.count = shape.pack();
  d.inst.execute = atomic;
  return true;
}

} // namespace llmc::sim
