/// kernel.attention: the pieces of the cache one after the other.
///
/// For a set of lines (AttentionPieces):
///
///   for each piece from the first that a window reaches to the last position:
///     (m, sum, output) = the softmax of its positions
///     (M, Sum, Output) = merged with the piece's
///   Output / Sum
///
/// This is what attention_split and attention_merge do, to the bit.
#include "codegen/x86/AttentionPieces.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;

static constexpr int64_t width = VectorBuilder::width;

namespace {

class AttentionLowering {
public:
  AttentionLowering(kernel::AttentionOp op, KvCacheLayout layout,
                    const X86Level &level)
      : op(op), b(op.getLoc(), op), operands(AttentionOperands::of(op)),
        pieces(b, operands, layout, level),
        total(SoftmaxState::allocate(b, pieces.cutter.mostLines(),
                                     layout.vectors * width)) {}
  void run();

private:
  void emitLines(const AttentionLines &lines);
  void mergePiece(const AttentionLines &lines);
  void emitEnd(const AttentionLines &lines);

  kernel::AttentionOp op;
  VectorBuilder b;
  AttentionOperands operands;
  AttentionPieces pieces;
  SoftmaxState total; ///< Of the pieces so far.
};

} // namespace

void AttentionLowering::run() {
  int64_t cacheHeads = pieces.layout.heads;
  b.loop(op.getBegin(), op.getEnd(), 1, [&](Value tile) {
    Value block = b.floorDiv(tile, cacheHeads);
    Value first = b.toIndex(b.loadScalar(op.getBlocks(), {block, b.index(0)}));
    Value count = b.toIndex(b.loadScalar(op.getBlocks(), {block, b.index(1)}));
    pieces.cutter.forLines(
        first, count, b.remainder(tile, cacheHeads),
        [&](const AttentionLines &lines) { emitLines(lines); });
  });
}

void AttentionLowering::emitLines(const AttentionLines &lines) {
  pieces.loadQueries(lines);
  total.clear(b, lines.count(b));
  Value first = b.floorDiv(lines.seen.oldest, op.getSplit());
  Value last = b.floorDiv(lines.seen.last, op.getSplit());
  b.loop(first, b.add(last, b.index(1)), 1, [&](Value split) {
    pieces.emitPiece(lines, split);
    mergePiece(lines);
  });
  emitEnd(lines);
}

void AttentionLowering::mergePiece(const AttentionLines &lines) {
  const SoftmaxState &piece = pieces.state;
  lines.forEach(b, [&](Value line) {
    auto merge = SoftmaxMerge::emit(b, b.loadScalar(total.maxima, line),
                                    b.loadScalar(piece.maxima, line));
    Value sum = merge.apply(b, b.loadScalar(total.sums, line),
                            b.loadScalar(piece.sums, line));
    b.storeScalar(merge.maximum, total.maxima, line);
    b.storeScalar(sum, total.sums, line);
    b.columns(pieces.layout.vectors * width, [&](Value column, Value) {
      Value merged = merge.apply(b, b.load(total.outputs, {line, column}),
                                 b.load(piece.outputs, {line, column}));
      b.store(merged, total.outputs, {line, column});
    });
  });
}

void AttentionLowering::emitEnd(const AttentionLines &lines) {
  Type element = cast<MemRefType>(op.getOutput().getType()).getElementType();
  lines.forEach(b, [&](Value line) {
    Value row = lines.rowOf(b, line);
    Value start = b.mul(lines.headOf(b, line), b.index(pieces.layout.headDim));
    Value sum = b.broadcast(b.loadScalar(total.sums, line));
    b.columns(pieces.layout.headDim, [&](Value column, Value mask) {
      Value value = b.div(b.load(total.outputs, {line, column}), sum);
      b.store(b.narrow(value, element), op.getOutput(),
              {row, b.add(start, column)}, mask);
    });
  });
}

LogicalResult llmc::codegen::lowerAttention(kernel::AttentionOp op,
                                            const X86Level &level) {
  auto layout = attentionLayout(op, AttentionOperands::of(op), op.getHeadDim(),
                                op.getPage());
  if (failed(layout) ||
      failed(checkHeadRows(op, op.getOutput(),
                           op.getHeads() * op.getHeadDim())))
    return failure();
  AttentionLowering(op, *layout, level).run();
  return success();
}
