// cp.async.bulk and cp.async.bulk.tensor (ISA section 9.7.9.25.4 to .5).
//
// The bytes move when the copy is issued. Into shared memory, they count as
// written by the asynchronous proxy and become available to those who wait for
// the mbarrier's phase; out of it, the source must stay as it is until
// cp.async.bulk.wait_group.
#include "runtime/sim/ops/CopyBulk.h"

#include "runtime/sim/execute/Access.h"
#include "runtime/sim/execute/TensorCopy.h"
#include "runtime/sim/ops/MemoryOperands.h"

#include <cstdio>
#include <cstring>

namespace llmc::sim {
namespace {

enum : uint8_t { kWide0 = 0x40, kWide1 = 0x20, kWide2 = 0x10, kToShared = 1 };

/// A run of bytes between global memory (0: zeros) and shared memory.
struct Run {
  uint64_t global;
  uint32_t offset; ///< In shared memory.
  uint32_t bytes;
};

/// Copies into shared memory and registers them with \p barrier.
bool copyIn(Warp &warp, unsigned lane, const Mark &as, const Run &run,
            Mbarrier &barrier) {
  Block &block = *warp.block;
  Place from;
  if (run.global != 0 &&
      (!locate(warp, lane, Space::Global, run.global, 1, from) ||
       !locate(warp, lane, Space::Global, run.global + run.bytes - 1, 1, from)))
    return false;
  if (run.global != 0) {
    locate(warp, lane, Space::Global, run.global, 1, from);
    const Region *region = block.launch->memory->find(run.global);
    if (!region->holds(run.global, run.bytes)) {
      block.raise(warp, lane, FaultKind::OutOfBounds,
                  "the copy runs over the end of " +
                      block.launch->memory->describe(run.global));
      return false;
    }
    if (!noteRead(warp, lane, from, run.global, run.bytes))
      return false;
  }
  Conflict conflict;
  if (!block.shared.writeAsync(block.mark(warp, lane), as, run.offset,
                               run.bytes, conflict)) {
    block.raise(warp, lane, conflict);
    return false;
  }
  std::byte *to = block.shared.data() + run.offset;
  if (run.global != 0)
    memcpy(to, from.data, run.bytes);
  else
    memset(to, 0, run.bytes);
  Mark landed = as;
  landed.pending = false;
  barrier.landing.push_back({run.offset, run.bytes, landed});
  return true;
}

bool copyOut(Warp &warp, unsigned lane, const Run &run) {
  Block &block = *warp.block;
  Mark mark = block.mark(warp, lane);
  mark.pending = true;
  Conflict conflict;
  if (!block.shared.read(mark, run.offset, run.bytes, conflict)) {
    block.raise(warp, lane, conflict);
    return false;
  }
  if (!AsyncState::keep(warp, lane, block.async.stores[warp.index], run.offset,
                        run.bytes))
    return false;
  if (run.global == 0) // Outside the tensor.
    return true;
  const Region *region = block.launch->memory->find(run.global);
  if (!region || !region->holds(run.global, run.bytes)) {
    block.raise(warp, lane, FaultKind::OutOfBounds,
                "the copy leaves " +
                    block.launch->memory->describe(run.global));
    return false;
  }
  memcpy(region->data + (run.global - region->base),
         block.shared.data() + run.offset, run.bytes);
  memset(region->written + (run.global - region->base), 0xFF, run.bytes);
  return true;
}

/// The offset of a shared address of either kind; false: a fault was raised.
bool sharedOffset(Warp &warp, unsigned lane, uint64_t address, uint32_t bytes,
                  uint32_t align, uint32_t &offset) {
  Block &block = *warp.block;
  if (address - kSharedWindow < kWindowBytes)
    address -= kSharedWindow;
  uint64_t at = address - kSharedBase;
  if (address < kSharedBase || at > block.shared.size() ||
      block.shared.size() - at < bytes) {
    block.raise(warp, lane, FaultKind::OutOfBounds,
                std::to_string(bytes) +
                    " bytes are not in the block's shared memory at " +
                    std::to_string(address));
    return false;
  }
  if (address % align != 0) {
    block.raise(warp, lane, FaultKind::Misaligned,
                block.describeShared(uint32_t(at)) + " is no multiple of " +
                    std::to_string(align));
    return false;
  }
  offset = uint32_t(at);
  return true;
}

Mbarrier *findBarrier(Warp &warp, unsigned lane, uint64_t address) {
  uint32_t offset;
  if (!sharedOffset(warp, lane, address, 8, 8, offset))
    return nullptr;
  auto &all = warp.block->async.mbarriers;
  auto found = all.find(offset);
  if (found != all.end())
    return &found->second;
  warp.block->raise(warp, lane, FaultKind::Descriptor,
                    "there is no initialised mbarrier at " +
                        warp.block->describeShared(offset));
  return nullptr;
}

Mark asyncMark(Warp &warp) {
  Ordering &ordering = warp.block->shared.ordering();
  return {ordering.tick(kAsyncWarp), warp.pc, uint8_t(kAsyncWarp), 0,
          AccessKind::Async,         true};
}

void arrived(Warp &warp, Mbarrier &barrier, const Mark &as, uint64_t bytes) {
  barrier.arriving.at[kAsyncWarp] =
      std::max(barrier.arriving.at[kAsyncWarp], as.clock);
  barrier.transactions -= int64_t(bytes);
  if (barrier.completeIfReady())
    warp.block->progress();
}

/// Operands: shared and global address (two each), bytes, mbarrier (two).
void copyLinear(Warp &warp, const Inst &inst) {
  const Slot *op = inst.operand;
  Block &block = *warp.block;
  uint64_t shared[kLanes], global[kLanes], barriers[kLanes] = {};
  readAddress(warp, op, inst.flags & kWide0, shared);
  readAddress(warp, op + 2, inst.flags & kWide1, global);
  const uint32_t *sizes = warp.lanes<uint32_t>(op[4]);
  bool in = inst.flags & kToShared;
  if (in)
    readAddress(warp, op + 5, inst.flags & kWide2, barriers);
  block.tick(warp);
  for (uint32_t rest = warp.active; rest != 0; rest &= rest - 1) {
    unsigned lane = unsigned(__builtin_ctz(rest));
    Run run{global[lane], 0, sizes[lane]};
    if (run.bytes % 16 != 0 || run.global % 16 != 0)
      return block.raise(warp, lane, FaultKind::Misaligned,
                         "a bulk copy is of multiples of 16 bytes, at "
                         "multiples of 16");
    if (run.bytes == 0)
      continue;
    if (!sharedOffset(warp, lane, shared[lane], run.bytes, 16, run.offset))
      return;
    if (!in) {
      if (!copyOut(warp, lane, run))
        return;
      continue;
    }
    Mbarrier *barrier = findBarrier(warp, lane, barriers[lane]);
    Mark as = asyncMark(warp);
    if (!barrier || !copyIn(warp, lane, as, run, *barrier))
      return;
    arrived(warp, *barrier, as, run.bytes);
  }
}

/// The map that a lane names; false where a fault was raised.
bool readMap(Warp &warp, unsigned lane, uint64_t address, unsigned rank,
             TensorDescriptor &map) {
  // Its halves may lie in two pages of memory that are mapped side by side.
  constexpr uint32_t half = 64;
  static_assert(sizeof map > half && sizeof map <= 2 * half);
  Place first, second;
  if (!locate(warp, lane, Space::Generic, address, half, first) ||
      !locate(warp, lane, Space::Generic, address + half, half, second))
    return false;
  auto *bytes = reinterpret_cast<std::byte *>(&map);
  memcpy(bytes, first.data, half);
  memcpy(bytes + half, second.data, sizeof map - half);
  std::string why;
  if (map.magic != TensorDescriptor::kMagic)
    why = "there is no tensor map";
  else if (map.rank != rank)
    why = "the tensor map has " + std::to_string(map.rank) + " dimensions";
  else
    why = checkTensor(map);
  if (why.empty())
    return true;
  char at[24];
  snprintf(at, sizeof at, "0x%llx", static_cast<unsigned long long>(address));
  warp.block->raise(warp, lane, FaultKind::Descriptor,
                    why + " (the 128 bytes at " + at + ")");
  return false;
}

/// Calls act(run) for each row of the box, in pieces of 16 bytes where they
/// are permuted; elements outside the tensor have address 0.
template <typename Act>
bool walkBox(const TensorDescriptor &map, const int32_t (&corner)[kMaxRank],
             uint32_t offset, Act act) {
  uint32_t rowBytes = uint32_t(map.box[0]) * map.elementBytes;
  uint32_t rows = uint32_t(map.boxBytes() / rowBytes);
  // Elements of a row that lie inside, as bytes from its beginning.
  int64_t first = std::max<int64_t>(0, -int64_t(corner[0]));
  int64_t end =
      std::min<int64_t>(map.box[0], int64_t(map.last[0]) + 1 - corner[0]);
  uint32_t from =
      uint32_t(std::min<int64_t>(first, map.box[0])) * map.elementBytes;
  uint32_t to = uint32_t(std::max<int64_t>(end, 0)) * map.elementBytes;
  for (uint32_t row = 0; row < rows; ++row) {
    uint32_t rest = row;
    bool inside = from < to;
    uint64_t address =
        map.address + uint64_t(int64_t(corner[0])) * map.elementBytes;
    for (unsigned i = 1; i < map.rank; ++i) {
      int64_t at = int64_t(corner[i]) + rest % map.box[i];
      rest /= map.box[i];
      inside &= at >= 0 && at <= int64_t(map.last[i]);
      address += uint64_t(at) * map.strides[i];
    }
    for (uint32_t at = 0; at < rowBytes;) {
      uint64_t target = kSharedBase + offset + row * rowBytes + at;
      uint32_t piece = 16 - at % 16;
      // A piece that is partly outside is cut where the tensor ends.
      bool in = inside && at >= from && at < to;
      if (in)
        piece = std::min(piece, to - at);
      else if (inside && at < from)
        piece = std::min(piece, from - at);
      if (!act(Run{in ? address + at : 0,
                   uint32_t(swizzled(target, map.swizzle) - kSharedBase),
                   piece}))
        return false;
      at += piece;
    }
  }
  return true;
}

/// Operands: shared address, map (two each), mbarrier (two), coordinates.
void copyTensor(Warp &warp, const Inst &inst) {
  const Slot *op = inst.operand;
  Block &block = *warp.block;
  uint64_t shared[kLanes], maps[kLanes], barriers[kLanes] = {};
  readAddress(warp, op, inst.flags & kWide0, shared);
  readAddress(warp, op + 2, inst.flags & kWide1, maps);
  bool in = inst.flags & kToShared;
  if (in)
    readAddress(warp, op + 4, inst.flags & kWide2, barriers);
  op += in ? 6 : 4;
  block.tick(warp);
  for (uint32_t rest = warp.active; rest != 0; rest &= rest - 1) {
    unsigned lane = unsigned(__builtin_ctz(rest));
    TensorDescriptor map;
    uint32_t offset;
    if (!readMap(warp, lane, maps[lane], inst.count, map) ||
        !sharedOffset(warp, lane, shared[lane], uint32_t(map.sharedBytes()),
                      128, offset))
      return;
    int32_t corner[kMaxRank] = {};
    for (unsigned i = 0; i < inst.count; ++i)
      corner[i] = warp.lanes<int32_t>(op[i])[lane];
    if (!in) {
      if (!walkBox(map, corner, offset,
                   [&](const Run &run) { return copyOut(warp, lane, run); }))
        return;
      continue;
    }
    Mbarrier *barrier = findBarrier(warp, lane, barriers[lane]);
    Mark as = asyncMark(warp);
    if (!barrier || !walkBox(map, corner, offset, [&](const Run &run) {
          return copyIn(warp, lane, as, run, *barrier);
        }))
      return;
    arrived(warp, *barrier, as, map.boxBytes());
  }
}

void commit(Warp &warp, const Inst &) {
  warp.block->async.stores[warp.index].commit(warp.active);
}

void waitGroup(Warp &warp, const Inst &inst) {
  warp.block->async.waitStores(*warp.block, warp, uint32_t(inst.value));
}

void nothing(Warp &, const Inst &) {}

bool addresses(Decoder &d, const Operand &shared, const Operand &other) {
  Space toShared = Space::Shared, generic = Space::Generic;
  return d.addressPair(shared, toShared, kWide0) &&
         d.addressPair(other, generic, kWide1);
}

/// Consumes what says where to and where from; false: not known.
bool takeDirection(Decoder &d) {
  bool toShared = d.takes("shared::cluster");
  bool cta = d.takes("shared::cta");
  bool global = d.takes("global");
  d.inst.flags = d.takes("mbarrier::complete_tx::bytes") ? kToShared : 0;
  bool group = d.takes("bulk_group");
  bool in = d.inst.flags & kToShared;
  if (!global ||
      (in ? !(toShared || cta) || group : !cta || toShared || !group))
    return d.fail("this direction of a bulk copy is not modelled");
  return true;
}

bool decodeTensor(Decoder &d) {
  unsigned rank = 0;
  for (std::string_view name : {"1d", "2d", "3d", "4d", "5d"}) {
    ++rank;
    if (d.takes(name))
      break;
    if (name == "5d")
      return d.fail("a tensor copy has 1d to 5d");
  }
  d.ignores({"tile"});
  if (d.takes("multicast::cluster"))
    return d.fail("clusters of several blocks are not modelled");
  bool policy = d.takes("L2::cache_hint");
  if (!takeDirection(d))
    return false;
  bool in = d.inst.flags & kToShared;
  if (!d.wants((in ? 3 : 2) + (policy ? 1 : 0)))
    return false;
  const Operand &shared = d.operand(in ? 0 : 1);
  const Operand &tensor = d.operand(in ? 1 : 0);
  if (tensor.kind != Operand::Kind::Address || tensor.elements.size() != 2 ||
      tensor.elements[1].kind != Operand::Kind::Vector ||
      tensor.elements[1].elements.size() != rank)
    return d.fail("a tensor is [map, {coordinates}]");
  if (!addresses(d, shared, tensor))
    return false;
  Space space = Space::Shared;
  if (in && !d.addressPair(d.operand(2), space, kWide2))
    return false;
  for (const Operand &coordinate : tensor.elements[1].elements)
    if (!d.read(coordinate, 4, Type::S32))
      return false;
  d.inst.count = rank;
  d.inst.execute = copyTensor;
  return true;
}

} // namespace

bool decodeCopyBulk(Decoder &d) {
  if (d.takes("commit_group")) {
    d.inst.execute = commit;
    return d.wants(0);
  }
  if (d.takes("wait_group")) {
    d.ignores({"read"});
    d.inst.execute = waitGroup;
    return d.wants(1) && d.number(d.operand(0), d.inst.value) &&
           ((d.inst.value >= 0 && d.inst.value < 1024) ||
            d.fail("the number of groups is not allowed"));
  }
  if (d.takes("prefetch")) {
    d.ignores({"tensor", "1d", "2d", "3d", "4d", "5d", "tile", "L2", "global",
               "L2::cache_hint"});
    d.inst.execute = nothing;
    return d.wants(1, 3);
  }
  if (d.takes("tensor"))
    return decodeTensor(d);
  if (d.takes("multicast::cluster"))
    return d.fail("clusters of several blocks are not modelled");
  bool policy = d.takes("L2::cache_hint");
  if (!takeDirection(d))
    return false;
  bool in = d.inst.flags & kToShared;
  if (!d.wants((in ? 4 : 3) + (policy ? 1 : 0)) ||
      !addresses(d, d.operand(in ? 0 : 1), d.operand(in ? 1 : 0)) ||
      !d.read(2, 4, Type::U32))
    return false;
  Space space = Space::Shared;
  if (in && !d.addressPair(d.operand(3), space, kWide2))
    return false;
  d.inst.execute = copyLinear;
  return true;
}

} // namespace llmc::sim
