/// Offsets of a graph's buffers, whose sizes are known when it runs.
///
/// Buffers of constant size are placed as in a step (PlanMemory). Behind them
/// lie slots: a slot has one symbolic size and holds, one after the other,
/// buffers of that size that are not alive together. A slot's offset is the sum
/// of the sizes before it, each rounded up to 64 bytes. Two sizes are equal
/// where their expressions are. Written as affine maps over the program's
/// symbols: `rt.symbolic_offset` on rt.buffer, `rt.symbolic_arena` on
/// rt.program (absent where all sizes are constant).
#include "passes/memory/Intervals.h"

#include "mlir/IR/AffineMap.h"

using namespace mlir;

namespace llmc {

namespace {
struct Slot {
  AffineExpr bytes; // rounded up
  int64_t lastUse = -1;
  SmallVector<rt::BufferOp> buffers;
};
} // namespace

/// The size in bytes, rounded up; null if an extent is no rt.shape.
static AffineExpr bytesOf(rt::BufferOp buffer) {
  auto type = cast<MemRefType>(buffer.getResult().getType());
  int64_t width = llvm::divideCeil(type.getElementTypeBitWidth(), 8);
  AffineExpr bytes = getAffineConstantExpr(width, buffer.getContext());
  unsigned dynamic = 0;
  for (int64_t extent : type.getShape()) {
    if (!ShapedType::isDynamic(extent)) {
      bytes = bytes * extent;
      continue;
    }
    auto shape = buffer.getExtents()[dynamic++].getDefiningOp<rt::ShapeOp>();
    if (!shape)
      return {};
    bytes = bytes * shape.getMap().getResult(0);
  }
  return bytes.ceilDiv(bufferAlignment) * bufferAlignment;
}

LogicalResult planGraphMemory(rt::ProgramOp program) {
  MLIRContext *context = program.getContext();
  SmallVector<Interval> constant, symbolic;
  for (Interval &interval : liveIntervals(program)) {
    auto type = cast<MemRefType>(interval.buffer.getResult().getType());
    if (!type.hasStaticShape()) {
      symbolic.push_back(interval);
      continue;
    }
    auto bytes = sizeAt(interval.buffer, 1);
    if (!bytes)
      return interval.buffer.emitError("is larger than 2^63 bytes");
    interval.bytes = *bytes;
    constant.push_back(interval);
  }
  if (!sumFits(constant))
    return program.emitError("needs more than 2^63 bytes");
  int64_t arena = placeAll(constant);
  for (Interval &interval : constant)
    interval.buffer.setOffset(interval.offset);
  program.setArenaBytes(arena);
  program->setAttr("live_bytes", IntegerAttr::get(IntegerType::get(context, 64),
                                                  lowerBound(constant)));
  if (symbolic.empty())
    return success();

  llvm::stable_sort(symbolic, [](const Interval &a, const Interval &b) {
    return a.first < b.first;
  });
  SmallVector<Slot> slots;
  for (Interval &interval : symbolic) {
    AffineExpr bytes = bytesOf(interval.buffer);
    if (!bytes)
      return interval.buffer.emitError("has an extent that is no expression");
    auto *free = llvm::find_if(slots, [&](const Slot &slot) {
      return slot.bytes == bytes && slot.lastUse < interval.first;
    });
    if (free == slots.end()) {
      slots.push_back({bytes, -1, {}});
      free = std::prev(slots.end());
    }
    free->lastUse = interval.last;
    free->buffers.push_back(interval.buffer);
  }
  unsigned symbols = llvm::range_size(program.getOps<rt::SymbolOp>());
  AffineExpr offset = getAffineConstantExpr(arena, context);
  auto map = [&] {
    return AffineMapAttr::get(AffineMap::get(0, symbols, offset));
  };
  for (Slot &slot : slots) {
    for (rt::BufferOp buffer : slot.buffers)
      buffer->setAttr("rt.symbolic_offset", map());
    offset = offset + slot.bytes;
  }
  program->setAttr("rt.symbolic_arena", map());
  return success();
}

} // namespace llmc
