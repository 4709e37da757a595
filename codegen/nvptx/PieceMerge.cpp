#include "codegen/nvptx/PieceMerge.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

#include <numbers>

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;
using namespace llmc::codegen::nvptx;

using llvm::SmallVector;

static constexpr int64_t mostLanes = 4;
/// Pieces that are on their way from memory at once.
static constexpr int64_t piecesAhead = 4;

static Value counters(kernel::AttentionSplitOp op) { return op.getMerging()[0]; }
static Value output(kernel::AttentionSplitOp op) { return op.getMerging()[1]; }

LogicalResult PieceMerge::check(kernel::AttentionSplitOp op,
                                const KvCacheLayout &layout) {
  if (op.getMerging().empty())
    return op.emitOpError("needs counters and an output: on a GPU the last piece "
                          "to end merges");
  auto type = cast<MemRefType>(counters(op).getType());
  if (type.getDimSize(1) != layout.heads || !type.getLayout().isIdentity())
    return op.emitOpError("needs counters [B, ")
           << layout.heads << "] i32, not " << type;
  return checkHeadRows(op, output(op), op.getHeads() * op.getHeadDim());
}

PieceMerge::PieceMerge(GpuBuilder &b, kernel::AttentionSplitOp op,
                       const AttentionMemory &memory)
    : op(op), b(b), slots(extent(op.getMaxima(), 0)) {
  Value rows[] = {op.getPartials(), output(op)};
  lanes = std::min(rowLanes(rows, memory.layout.headDim), mostLanes);
  told = b.shared("last piece", sizeof(int32_t));
}

void PieceMerge::arrive(AttentionMemory &memory, const AttentionWork &work,
                        Value counter, Value first, Value count) {
  // What the block's threads stored is theirs to read behind it.
  b.barrier();
  Value alone = b.compare(arith::CmpIPredicate::eq, count, b.i32(1));
  Value last = b.choose(
      alone, [&] { return SmallVector<Value>{alone}; },
      [&] { return SmallVector<Value>{isLast(counter, count)}; })[0];
  b.when(last, [&] { merge(memory, work, first, count); });
}

/// One thread counts for the block. Its fences order what all threads stored and
/// will load, as barriers are in between (PTX ISA, memory consistency model:
/// causality order is transitive); the second one also drops what L1 holds of
/// other blocks' pieces.
Value PieceMerge::isLast(Value counter, Value count) {
  Value one = b.i32(1);
  b.when(b.compare(arith::CmpIPredicate::eq, b.thread(), b.i32(0)), [&] {
    auto fence = [&] {
      LLVM::FenceOp::create(b, LLVM::AtomicOrdering::acq_rel, "device");
    };
    fence();
    // Counts to `count` - 1 and then from 0 again.
    Value at = b.offset(b.pointer(counters(op)),
                        b.mul(counter, b.index(sizeof(int32_t))));
    Value before = LLVM::AtomicRMWOp::create(
        b, LLVM::AtomicBinOp::uinc_wrap, at, b.sub(count, one),
        LLVM::AtomicOrdering::monotonic, "device");
    fence();
    Value last = b.compare(arith::CmpIPredicate::eq, before, b.sub(count, one));
    b.storeAt(arith::ExtUIOp::create(b, b.getI32Type(), last), told);
  });
  b.barrier();
  Value last = b.loadAt(b.getI32Type(), told);
  return b.compare(arith::CmpIPredicate::ne, last, b.i32(0));
}

void PieceMerge::merge(AttentionMemory &memory, const AttentionWork &work,
                       Value first, Value count) {
  Type element = cast<MemRefType>(output(op).getType()).getElementType();
  int64_t perLine = memory.layout.headDim / lanes;
  Value items = b.mul(memory.lineCount(work), b.i32(perLine));
  b.loopBy(b.threadAnew(), items, b.i32(b.team.count), {}, [&](Value item,
                                                              ValueRange) {
    Value line = arith::DivUIOp::create(b, item, b.i32(perLine));
    Value part = arith::RemUIOp::create(b, item, b.i32(perLine));
    Value row = b.asIndex(memory.rowOf(work, line));
    Value head = b.asIndex(memory.headOf(work, line));
    Value column = b.add(b.mul(head, b.index(memory.layout.headDim)),
                         b.asIndex(b.mul(part, b.i32(lanes))));
    auto total = addPieces(row, head, column, first, count);
    Value result = b.div(total[2], b.broadcast(total[1], lanes));
    b.storeRow(b.narrow(result, element), output(op), {row, column});
    return SmallVector<Value>();
  });
}

/// Maximum (log2 of its scale), sum and some elements of the output, over all
/// pieces in ascending order. What no row sees of a piece changes nothing.
SmallVector<Value> PieceMerge::addPieces(Value row, Value head, Value column,
                                         Value first, Value count) {
  Type f32 = b.getF32Type();
  Value none = b.infinity(f32, true);
  SmallVector<Value> nothing = {none, b.number(f32, 0),
                                b.number(b.f32Lanes(lanes), 0)};
  auto addSome = [&](Value from, ValueRange carried) {
    Value maxima[piecesAhead], sums[piecesAhead], outputs[piecesAhead];
    for (int64_t i = 0; i < piecesAhead; ++i) {
      Value piece = b.add(from, b.i32(i));
      Value inside = b.less(piece, count);
      piece = b.minimum(piece, b.sub(count, b.i32(1)));
      Value slot = b.asIndex(
          arith::RemUIOp::create(b, b.add(first, piece), b.i32(slots)));
      Value maximum = b.mul(b.loadScalar(op.getMaxima(), {slot, row, head}),
                            b.number(f32, std::numbers::log2e));
      maxima[i] = b.select(inside, maximum, none);
      sums[i] = b.loadScalar(op.getSums(), {slot, row, head});
      outputs[i] = b.loadRow(op.getPartials(), {slot, row, column}, lanes);
    }
    SmallVector<Value> total(carried);
    for (int64_t i = 0; i < piecesAhead; ++i) {
      auto merge = SoftmaxFactors::merge(b, total[0], maxima[i]);
      total[0] = merge.maximum;
      total[1] = b.fma(sums[i], merge.added, b.mul(total[1], merge.before));
      total[2] = b.fma(outputs[i], b.broadcast(merge.added, lanes),
                       b.mul(total[2], b.broadcast(merge.before, lanes)));
    }
    return total;
  };
  return b.loopBy(b.i32(0), count, b.i32(piecesAhead), nothing, addSome);
}
