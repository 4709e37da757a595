// wgmma (ISA section 9.7.15): four warps multiply a 64-row tile. Each of them
// owns 16 rows of D and needs nothing of the others, so it executes alone.
//
// Where an element of a matrix in shared memory lies follows from its
// descriptor: start, leading and stride byte offset, swizzle. Along K ("K
// major") a row's 16-byte chunks follow each other within the swizzle's width,
// rows are one width apart, groups of eight rows one stride offset. Without a
// swizzle chunks are one leading offset apart and eight rows 128 bytes. The
// other order (transposed, 16-bit types only) swaps the parts: eight or fewer
// chunks along M or N, then K.
#include "runtime/sim/ops/Families.h"

#include "runtime/sim/execute/TensorCopy.h"
#include "runtime/sim/ops/Aligned.h"
#include "runtime/sim/ops/MatrixElements.h"

#include <algorithm>
#include <cstring>

namespace llmc::sim {
namespace {

enum : uint8_t {
  kADescriptor = 1,
  kTransposeA = 2,
  kTransposeB = 4,
  kNegateA = 8,
  kNegateB = 16,
  kHalfD = 32,
  kSaturates = 64,
};

/// What `count` of a wgmma holds.
struct Shape {
  unsigned n;
  Type a, b;
  unsigned k() const { return 32 / elementBytes(); }
  unsigned elementBytes() const { return typeBytes(a); }
  bool isInteger() const { return !isFloat(a); }
  uint32_t pack() const { return n | uint32_t(a) << 9 | uint32_t(b) << 15; }
  static Shape unpack(uint32_t bits) {
    return {bits & 511, Type(bits >> 9 & 63), Type(bits >> 15 & 63)};
  }
};

/// A matrix descriptor, in bytes.
struct MatrixDescriptor {
  uint32_t start, leading, stride;
  unsigned baseOffset;
  Swizzle swizzle;

  explicit MatrixDescriptor(uint64_t bits)
      : start(uint32_t(bits & 0x3FFF) << 4),
        leading(uint32_t(bits >> 16 & 0x3FFF) << 4),
        stride(uint32_t(bits >> 32 & 0x3FFF) << 4),
        baseOffset(unsigned(bits >> 49 & 7)) {
    constexpr Swizzle modes[] = {Swizzle::None, Swizzle::Bytes128,
                                 Swizzle::Bytes64, Swizzle::Bytes32};
    swizzle = modes[bits >> 62];
  }

  /// Chunks of 16 bytes in the swizzle's width.
  unsigned chunks() const { return 1u << unsigned(swizzle); }
  /// Address of the 16-byte chunk number \p chunk of row \p row (M or N).
  uint32_t rowChunk(unsigned row, unsigned chunk) const {
    uint32_t at = start + row / 8 * stride;
    at += swizzle == Swizzle::None ? row % 8 * 16 + chunk * leading
                                   : row % 8 * 16 * chunks() + chunk * 16;
    return uint32_t(swizzled(at, swizzle));
  }
  /// Transposed: of chunk number \p chunk along M or N at \p k.
  uint32_t columnChunk(unsigned k, unsigned chunk) const {
    uint32_t at = start;
    if (swizzle == Swizzle::None)
      at += chunk * stride + k % 8 * 16 + k / 8 * leading;
    else
      at += chunk % chunks() * 16 + chunk / chunks() * leading +
            k % 8 * 16 * chunks() + k / 8 * stride;
    return uint32_t(swizzled(at, swizzle));
  }
};

/// Reads the chunk and notes that this warp's products read it in flight.
bool readChunk(Warp &warp, uint32_t address, std::byte (&chunk)[16]) {
  Block &block = *warp.block;
  uint32_t offset = address - kSharedBase;
  if (address < kSharedBase || offset > block.shared.size() ||
      block.shared.size() - offset < 16) {
    block.raise(warp, kNone, FaultKind::Descriptor,
                "a matrix descriptor points to shared address " +
                    std::to_string(address) + ", the block has " +
                    std::to_string(block.shared.size()) + " bytes from 1024");
    return false;
  }
  Mark mark = block.mark(warp, kManyLanes);
  mark.pending = true;
  Conflict conflict;
  if (!block.shared.read(mark, offset, 16, conflict)) {
    block.raise(warp, kNone, conflict);
    return false;
  }
  if (!AsyncState::keep(warp, 0, block.async.operands[warp.index], offset, 16))
    return false;
  memcpy(chunk, block.shared.data() + offset, 16);
  return true;
}

/// Elements [rows][k] as \p T from shared memory, \p first the first row.
template <typename T>
bool gather(Warp &warp, uint64_t descriptorBits, Type type, bool transposed,
            unsigned first, unsigned rows, unsigned k, T *out) {
  MatrixDescriptor descriptor(descriptorBits);
  if (descriptor.baseOffset != 0) {
    warp.block->raise(warp, kNone, FaultKind::Descriptor,
                      "a matrix whose swizzle pattern does not begin at its "
                      "own size is not modelled (base offset)");
    return false;
  }
  unsigned perChunk = 16 / typeBytes(type);
  std::byte chunk[16];
  T elements[16];
  if (!transposed) {
    for (unsigned row = 0; row < rows; ++row)
      for (unsigned c = 0; c < 2; ++c) {
        if (!readChunk(warp, descriptor.rowChunk(first + row, c), chunk))
          return false;
        elementsOf(chunk, type, elements);
        for (unsigned i = 0; i < perChunk; ++i)
          out[row * k + c * perChunk + i] = elements[i];
      }
    return true;
  }
  for (unsigned at = 0; at < k; ++at)
    for (unsigned c = 0; c < rows / perChunk; ++c) {
      if (!readChunk(warp, descriptor.columnChunk(at, first / perChunk + c),
                     chunk))
        return false;
      elementsOf(chunk, type, elements);
      for (unsigned i = 0; i < perChunk; ++i)
        out[(c * perChunk + i) * k + at] = elements[i];
    }
  return true;
}

/// A in registers: the fragment of mma.sync.
template <typename T>
void gatherRegisters(Warp &warp, const Slot *op, Type type, unsigned k,
                     T *out) {
  unsigned run = 16 / typeBytes(type); // Elements of four lanes.
  T lanes[kLanes * 4];
  for (unsigned r = 0; r < 4; ++r) {
    const auto *bytes =
        reinterpret_cast<const std::byte *>(warp.lanes<uint32_t>(op[r]));
    for (unsigned g = 0; g < 8; ++g) {
      std::byte chunk[16];
      memcpy(chunk, bytes + g * 16, 16);
      elementsOf(chunk, type, lanes + g * run);
    }
    for (unsigned g = 0; g < 8; ++g)
      memcpy(&out[(g + 8 * (r % 2)) * k + r / 2 * run], lanes + g * run,
             run * sizeof(T));
  }
}

template <typename T> struct Tile {
  T a[16 * 32];
  T b[256 * 32];     ///< [n][k]
  T across[32][256]; ///< [k][n]
  T d[16][256];
};

template <typename T>
bool gatherFactors(Warp &warp, const Inst &inst, const Shape &shape,
                   const Slot *op, Tile<T> &tile) {
  auto uniform = [&](Slot slot) { return warp.lanes<uint64_t>(slot)[0]; };
  unsigned k = shape.k();
  if (inst.flags & kADescriptor) {
    if (!gather(warp, uniform(op[0]), shape.a, inst.flags & kTransposeA,
                warp.index % 4 * 16, 16, k, tile.a))
      return false;
    ++op;
  } else {
    gatherRegisters(warp, op, shape.a, k, tile.a);
    op += 4;
  }
  if (!gather(warp, uniform(op[0]), shape.b, inst.flags & kTransposeB, 0,
              shape.n, k, tile.b))
    return false;
  T sign = (inst.flags & kNegateA ? 1 : 0) ^ (inst.flags & kNegateB ? 1 : 0)
               ? T(-1)
               : T(1);
  for (unsigned n = 0; n < shape.n; ++n)
    for (unsigned i = 0; i < k; ++i)
      tile.across[i][n] = tile.b[n * k + i] * sign;
  return true;
}

/// Row and column of register \p i in D of 32-bit elements.
void placeOf(unsigned lane, unsigned i, unsigned &row, unsigned &column) {
  row = lane / 4 + 8 * (i / 2 % 2);
  column = 8 * (i / 4) + lane % 4 * 2 + i % 2;
}

/// Operands: D (n / 2 or n / 4 registers), scale-d, A, B.
template <typename T> void multiply(Warp &warp, const Inst &inst) {
  if (!allLanes(warp))
    return;
  Shape shape = Shape::unpack(inst.count);
  Block &block = *warp.block;
  block.tick(warp);
  bool half = inst.flags & kHalfD;
  unsigned registers = shape.n / (half ? 4 : 2);
  const Slot *d = inst.operand;
  // 130 KiB: more than a thread's stack should hold at once.
  static thread_local Tile<T> tile;
  if (!gatherFactors(warp, inst, shape, d + registers + 1, tile))
    return;
  bool keep = warp.predicate(d[registers]) & 1;
  unsigned row, column;
  for (unsigned i = 0; i < shape.n / 2; ++i)
    for (unsigned lane = 0; lane < kLanes; ++lane) {
      placeOf(lane, i, row, column);
      T &own = tile.d[row][column];
      if (!keep)
        own = 0;
      else if (half)
        own = T(floatOfHalf(warp.lanes<uint16_t>(d[i / 2])[2 * lane + i % 2]));
      else
        own = warp.lanes<T>(d[i])[lane];
    }
  if constexpr (sizeof(T) == 4 && T(0.5) != T(0))
    multiplyTile(tile.a, &tile.across[0][0], &tile.d[0][0], shape.k(), shape.n);
  else
    multiplyIntegers(tile.a, &tile.across[0][0], &tile.d[0][0], shape.k(),
                     shape.n, inst.flags & kSaturates);
  for (unsigned i = 0; i < shape.n / 2; ++i)
    for (unsigned lane = 0; lane < kLanes; ++lane) {
      placeOf(lane, i, row, column);
      if (half)
        warp.lanes<uint16_t>(d[i / 2])[2 * lane + i % 2] =
            halfOfFloat(float(tile.d[row][column]));
      else
        warp.lanes<T>(d[i])[lane] = tile.d[row][column];
    }
  Product product;
  product.registers.assign(d, d + registers);
  std::sort(product.registers.begin(), product.registers.end());
  product.first = product.registers.front();
  product.last = product.registers.back();
  product.group = block.async.operands[warp.index].committed[0];
  block.async.products[warp.index].push_back(std::move(product));
  warp.inFlight = true;
}

void fence(Warp &warp, const Inst &) { allLanes(warp); }

void commit(Warp &warp, const Inst &) {
  if (allLanes(warp))
    warp.block->async.operands[warp.index].commit(1);
}

void waitGroup(Warp &warp, const Inst &inst) {
  if (allLanes(warp))
    warp.block->async.waitProducts(*warp.block, warp, uint32_t(inst.value));
}

/// -1 or 1, or 0 and 1 for transposes, as a flag.
bool takeImmediate(Decoder &d, size_t i, int64_t set, int64_t clear,
                   uint8_t flag) {
  int64_t value;
  if (!d.number(d.operand(i), value))
    return false;
  if (value != set && value != clear)
    return d.fail("an immediate of wgmma has a value that is not allowed");
  if (value == set)
    d.inst.flags |= flag;
  return true;
}

bool isAllowed(const Shape &shape, Type d) {
  switch (shape.a) {
  case Type::F16:
    return shape.b == Type::F16 && (d == Type::F32 || d == Type::F16);
  case Type::BF16:
    return shape.b == Type::BF16 && d == Type::F32;
  case Type::TF32:
    return shape.b == Type::TF32 && d == Type::F32;
  case Type::E4M3:
  case Type::E5M2:
    return (shape.b == Type::E4M3 || shape.b == Type::E5M2) &&
           (d == Type::F32 || d == Type::F16);
  case Type::S8:
  case Type::U8:
    return (shape.b == Type::S8 || shape.b == Type::U8) && d == Type::S32;
  default:
    return false;
  }
}

/// The part behind D: A, B, scale-d and the immediates.
bool decodeFactors(Decoder &d, const Shape &shape) {
  bool registers = d.operand(1).kind == Operand::Kind::Vector;
  bool sixteen = shape.elementBytes() == 2;
  size_t immediates = shape.isInteger() ? 0 : 2;
  size_t transposes = !sixteen ? 0 : registers ? 1 : 2;
  if (!d.wants(4 + immediates + transposes))
    return false;
  bool negated;
  if (!d.readPredicate(d.operand(3), negated) || negated)
    return d.fail("scale-d is a predicate");
  if (registers) {
    if (d.operand(1).elements.size() != 4)
      return d.fail("A has four registers");
    for (const Operand &element : d.operand(1).elements)
      if (!d.read(element, 4))
        return false;
  } else {
    d.inst.flags |= kADescriptor;
    if (!d.read(1, 8))
      return false;
  }
  if (!d.read(2, 8))
    return false;
  size_t at = 4;
  if (immediates && (!takeImmediate(d, at, -1, 1, kNegateA) ||
                     !takeImmediate(d, at + 1, -1, 1, kNegateB)))
    return false;
  at += immediates;
  if (transposes == 2 && !takeImmediate(d, at++, 1, 0, kTransposeA))
    return false;
  return transposes == 0 || takeImmediate(d, at, 1, 0, kTransposeB);
}

bool decodeProduct(Decoder &d) {
  Shape shape{};
  auto name = d.takePrefixed("m64n");
  if (!name)
    return d.fail("wgmma is m64n…");
  size_t at = 0;
  for (; at < name->size() && (*name)[at] >= '0' && (*name)[at] <= '9' &&
         shape.n < 1000;
       ++at)
    shape.n = shape.n * 10 + unsigned((*name)[at] - '0');
  d.inst.flags = d.takes("satfinite") ? kSaturates : 0;
  Type to = d.takeType();
  shape.a = d.takeType();
  shape.b = d.takeType();
  if (!isAllowed(shape, to) || shape.n == 0 || shape.n > 256 ||
      shape.n % 8 != 0 || name->substr(at) != "k" + std::to_string(shape.k()))
    return d.fail("wgmma does not have this shape for these types");
  if (to == Type::F16)
    d.inst.flags |= kHalfD;
  d.inst.count = shape.pack();
  d.inst.execute = shape.isInteger() ? multiply<int32_t> : multiply<float>;
  if (d.count() < 4 || d.operand(0).kind != Operand::Kind::Vector ||
      d.operand(0).elements.size() != shape.n / (to == Type::F16 ? 4 : 2))
    return d.fail("D has another number of registers");
  for (const Operand &element : d.operand(0).elements)
    if (!d.write(element, 4))
      return false;
  return decodeFactors(d, shape);
}

} // namespace

bool isWgmma(const Inst &inst) {
  return inst.execute == multiply<float> || inst.execute == multiply<int32_t> ||
         inst.execute == fence || inst.execute == commit ||
         inst.execute == waitGroup;
}

bool decodeWgmma(Decoder &d) {
  bool product = d.takes("mma_async"), wait = d.takes("wait_group");
  bool commits = d.takes("commit_group"), fences = d.takes("fence");
  if (!d.takes("sync") || !d.takes("aligned"))
    return d.fail("wgmma is .sync.aligned");
  if (product)
    return decodeProduct(d);
  if (wait) {
    d.inst.execute = waitGroup;
    return d.wants(1) && d.number(d.operand(0), d.inst.value) &&
           ((d.inst.value >= 0 && d.inst.value < 8) ||
            d.fail("the number of groups is not allowed"));
  }
  d.inst.execute = commits ? commit : fences ? fence : nullptr;
  return d.inst.execute && d.wants(0);
}

} // namespace llmc::sim
