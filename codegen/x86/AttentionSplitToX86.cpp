/// kernel.attention_split and kernel.attention_merge: attention in which the
/// pieces of one sequence are work for several threads.
///
///   split   works = for each block, cache head, piece that is seen
///           [begin, end) of tiles -> an equal share of the works
///           (m, sum, output) of each line -> slot of the piece
///   merge   for each piece in ascending order, in registers:
///             (M, Sum, Output) = merged with the piece's
///           Output / Sum
///
/// How the work is shared depends on lengths that only the positions tell, so
/// the kernel counts it; a thread's count is some tens of instructions.
#include "codegen/x86/AttentionPieces.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;

using llvm::SmallVector;

static constexpr int64_t width = VectorBuilder::width;

namespace {

/// Rows of a block and the pieces that they see.
struct BlockWork {
  Value first, count;
  Value firstSplit, splits;
};

class SplitLowering {
public:
  SplitLowering(kernel::AttentionSplitOp op, KvCacheLayout layout,
                const X86Level &level)
      : op(op), b(op.getLoc(), op), operands(AttentionOperands::of(op)),
        pieces(b, operands, layout, level),
        slots(extent(op.getMaxima(), 0)) {}
  void run();

private:
  BlockWork describeBlock(Value block);
  /// The border of the works at a border of the tiles.
  Value shareOf(Value tile, Value works, Value tiles);
  void emitWork(const BlockWork &block, Value cacheHead, Value split);
  void store(const AttentionLines &lines, Value slot);

  kernel::AttentionSplitOp op;
  VectorBuilder b;
  AttentionOperands operands;
  AttentionPieces pieces;
  int64_t slots;
};

} // namespace

BlockWork SplitLowering::describeBlock(Value block) {
  BlockWork work;
  work.first = b.toIndex(b.loadScalar(op.getBlocks(), {block, b.index(0)}));
  work.count = b.toIndex(b.loadScalar(op.getBlocks(), {block, b.index(1)}));
  AttentionRows seen = pieces.cutter.rowsFrom(work.first, work.count);
  work.firstSplit = b.floorDiv(seen.oldest, op.getSplit());
  work.splits = b.sub(b.add(b.floorDiv(seen.last, op.getSplit()), b.index(1)),
                      work.firstSplit);
  return work;
}

Value SplitLowering::shareOf(Value tile, Value works, Value tiles) {
  Value scaled = b.add(b.mul(tile, works), b.sub(tiles, b.index(1)));
  return arith::DivUIOp::create(b, scaled, tiles);
}

void SplitLowering::run() {
  Value blocks = memref::DimOp::create(b, op.getBlocks(), 0);
  Value heads = b.index(pieces.layout.heads);
  Value counted = b.loop(b.index(0), blocks, 1, {b.index(0)},
                         [&](Value block, ValueRange carried) {
                           return SmallVector<Value>{b.add(
                               carried[0], describeBlock(block).splits)};
                         })[0];
  Value works = b.mul(counted, heads);
  Value tiles = b.mul(blocks, b.index(pieces.layout.heads * slots));
  Value from = shareOf(op.getBegin(), works, tiles);
  Value to = shareOf(op.getEnd(), works, tiles);
  b.loop(b.index(0), blocks, 1, {b.index(0)},
         [&](Value block, ValueRange carried) {
           Value before = carried[0];
           BlockWork work = describeBlock(block);
           Value count = b.mul(work.splits, heads);
           Value begin = b.maxIndex(b.sub(from, before), b.index(0));
           Value end = b.minIndex(b.sub(to, before), count);
           b.loop(begin, end, 1, [&](Value number) {
             Value head = arith::DivUIOp::create(b, number, work.splits);
             Value split = b.add(
                 work.firstSplit,
                 arith::RemUIOp::create(b, number, work.splits));
             emitWork(work, head, split);
           });
           return SmallVector<Value>{b.add(before, count)};
         });
}

void SplitLowering::emitWork(const BlockWork &block, Value cacheHead,
                             Value split) {
  Value slot = b.remainder(split, slots);
  pieces.cutter.forLines(block.first, block.count, cacheHead,
                         [&](const AttentionLines &lines) {
                           pieces.loadQueries(lines);
                           pieces.emitPiece(lines, split);
                           store(lines, slot);
                         });
}

void SplitLowering::store(const AttentionLines &lines, Value slot) {
  const SoftmaxState &piece = pieces.state;
  lines.forEach(b, [&](Value line) {
    Value row = lines.rowOf(b, line), head = lines.headOf(b, line);
    b.storeScalar(b.loadScalar(piece.maxima, line), op.getMaxima(),
                  {slot, row, head});
    b.storeScalar(b.loadScalar(piece.sums, line), op.getSums(),
                  {slot, row, head});
    Value start = b.mul(head, b.index(pieces.layout.headDim));
    b.columns(pieces.layout.headDim, [&](Value column, Value mask) {
      b.store(b.load(piece.outputs, {line, column}), op.getPartials(),
              {slot, row, b.add(start, column)}, mask);
    });
  });
}

LogicalResult
llmc::codegen::lowerAttentionSplit(kernel::AttentionSplitOp op,
                                   const X86Level &level) {
  auto layout = attentionLayout(op, AttentionOperands::of(op), op.getHeadDim(),
                                op.getPage());
  if (failed(layout) ||
      failed(checkPieces(op, op.getMaxima(), op.getSums(), op.getPartials(),
                         op.getHeads(), op.getHeadDim())))
    return failure();
  if (!op.getMerging().empty())
    return op.emitOpError("merges pieces by kernel.attention_merge on a CPU, not "
                          "by counters");
  SplitLowering(op, *layout, level).run();
  return success();
}

/// One row and one query head.
static void emitMerge(VectorBuilder &b, kernel::AttentionMergeOp op,
                      Value tile) {
  int64_t headDim = op.getHeadDim(), slots = extent(op.getMaxima(), 0);
  int64_t vectors = llvm::divideCeil(headDim, width);
  Type element = cast<MemRefType>(op.getOutput().getType()).getElementType();
  Value row = b.floorDiv(tile, op.getHeads());
  Value head = b.remainder(tile, op.getHeads());
  Value start = b.mul(head, b.index(headDim));
  auto columnOf = [&](int64_t v) { return b.add(start, b.index(v * width)); };
  auto maskOf = [&](int64_t v) {
    return b.prefixMask(std::min(width, headDim - v * width));
  };
  Value last = b.toIndex(b.loadScalar(op.getPositions(), {row}));
  Value oldest = b.index(0);
  if (int64_t window = op.getWindow())
    oldest = b.maxIndex(b.sub(last, b.index(window - 1)), oldest);
  Type f32 = b.getF32Type();
  SmallVector<Value> start0 = {b.infinity(f32, true), b.number(f32, 0)};
  start0.append(vectors, b.number(b.f32Lanes(), 0));
  auto total = b.loop(
      b.floorDiv(oldest, op.getSplit()),
      b.add(b.floorDiv(last, op.getSplit()), b.index(1)), 1, start0,
      [&](Value split, ValueRange carried) {
        Value slot = b.remainder(split, slots);
        auto merge = SoftmaxMerge::emit(
            b, carried[0], b.loadScalar(op.getMaxima(), {slot, row, head}));
        Value sum = b.loadScalar(op.getSums(), {slot, row, head});
        SmallVector<Value> next = {merge.maximum,
                                   merge.apply(b, carried[1], sum)};
        for (int64_t v = 0; v < vectors; ++v)
          next.push_back(merge.apply(
              b, carried[2 + v],
              b.load(op.getPartials(), {slot, row, columnOf(v)}, maskOf(v))));
        return next;
      });
  Value sum = b.broadcast(total[1]);
  for (int64_t v = 0; v < vectors; ++v)
    b.store(b.narrow(b.div(total[2 + v], sum), element), op.getOutput(),
            {row, columnOf(v)}, maskOf(v));
}

LogicalResult
llmc::codegen::lowerAttentionMerge(kernel::AttentionMergeOp op) {
  int64_t heads = op.getHeads(), headDim = op.getHeadDim();
  if (heads <= 0 || headDim <= 0)
    return op.emitOpError("needs positive heads and head_dim");
  if (failed(checkPieces(op, op.getMaxima(), op.getSums(), op.getPartials(),
                         heads, headDim)) ||
      failed(checkHeadRows(op, op.getOutput(), heads * headDim)))
    return failure();
  VectorBuilder b(op.getLoc(), op);
  b.loop(op.getBegin(), op.getEnd(), 1,
         [&](Value tile) { emitMerge(b, op, tile); });
  return success();
}
