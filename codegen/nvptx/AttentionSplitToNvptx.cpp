/// kernel.attention_split: the pieces of the cache as work for as many blocks, and
/// their merging (PieceMerge).
///
/// A work (s, b, h) of [pieces, B, KV] does the s-th piece that the rows of block b
/// see, if there are so many; pieces are those of the block that sees most. So what a
/// launch looks at follows the lengths of sequences, not the context that there is
/// room for (passes/README.md has what that took). In a piece the warps, of wide heads
/// teams of them (HeadParts), take steps of 32 positions in turn, and their softmaxes
/// are merged in ascending order; over caches of f32 a warp does a line. How a piece is
/// summed depends on its positions alone.
#include "codegen/nvptx/AttentionByFma.h"
#include "codegen/nvptx/AttentionByMma.h"
#include "codegen/nvptx/PieceMerge.h"

#include <numbers>

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;
using namespace llmc::codegen::nvptx;

using llvm::SmallVector;

static constexpr int64_t tileLines = AttentionByMma::tileLines;
static constexpr int64_t elements = 32; ///< Of outputs that are merged at once.

namespace {

/// A piece, i32.
struct Piece {
  Value slot;
  Value start;    ///< Its first position.
  Value from, to; ///< What rows see of it, in steps of 32.
};

class SplitLowering {
public:
  SplitLowering(kernel::AttentionSplitOp op, KvCacheLayout layout)
      : op(op), b(op), memory(b, AttentionOperands::of(op), layout),
        merge(b, op, memory), slots(extent(op.getMaxima(), 0)) {
    if (layout.pair == 1)
      return;
    maxima = b.shared("maxima", blockWarps * tileLines * sizeof(float));
    sums = b.shared("sums", blockWarps * tileLines * sizeof(float));
    outputs =
        b.shared("outputs", blockWarps * tileLines * elements * sizeof(float));
  }
  void run();

private:
  Value mostPieces();
  std::pair<Value, Value> pieces(Value oldest, Value last);
  void emitPiece(Value number, Value ahead);
  void emitByMma(const AttentionWork &work, const Piece &piece);
  void emitByFma(const AttentionWork &work, const Piece &piece);
  void emitTile(AttentionByMma &mma, const AttentionWork &work,
                const Piece &piece, Value tile);
  void mergeOutputs(AttentionByMma &mma, const TileSoftmax &state,
                    const AttentionWork &work, const Piece &piece, Value tile,
                    int64_t at);
  Value sharedAt(Value region, Value warp, Value line);
  /// The largest of the teams' maxima of a line, and each team's factor.
  std::pair<Value, SmallVector<Value>> factorsOf(const HeadParts &parts,
                                                 Value line);
  void storeNumbers(const AttentionWork &work, const Piece &piece, Value line,
                    Value maximum, Value sum);
  void storePartial(Value numbers, const AttentionWork &work,
                    const Piece &piece, Value line, Value element,
                    bool inside);

  kernel::AttentionSplitOp op;
  GpuBuilder b;
  AttentionMemory memory;
  PieceMerge merge;
  int64_t slots;
  Value maxima, sums; ///< [warps, 16]
  Value outputs;      ///< [warps, 16, 32]
};

} // namespace

void SplitLowering::run() {
  Value heads = b.index(memory.layout.heads);
  Type i32 = b.getI32Type();
  Value numbers =
      b.mul(b.createOrFold<memref::DimOp>(op.getBlocks(), 0), heads);
  // Divisions of 32 bits are shorter than those of 64.
  Value inPiece = arith::IndexCastOp::create(b, i32, numbers);
  Value works = b.mul(numbers, b.asIndex(mostPieces()));
  int64_t shares = op.getShares();
  Value tiles = memory.layout.heads * slots > shares
                    ? b.index(shares)
                    : b.mul(numbers, b.index(slots));
  b.forTiles(op.getBegin(), op.getEnd(), [&](Value tile) {
    b.loopBy(tile, works, tiles, {}, [&](Value work, ValueRange) {
      Value number = arith::IndexCastOp::create(b, i32, work);
      emitPiece(b.asIndex(arith::RemUIOp::create(b, number, inPiece)),
                arith::DivUIOp::create(b, number, inPiece));
      return SmallVector<Value>();
    });
  });
}

/// The pieces that the rows of a block see, of the block that sees most: rows of a
/// block are of one sequence, in ascending order. Found by each warp for itself.
Value SplitLowering::mostPieces() {
  Value blocks = arith::IndexCastOp::create(
      b, b.getI32Type(), b.createOrFold<memref::DimOp>(op.getBlocks(), 0));
  Value one = b.i32(1);
  auto most = b.loopBy(
      b.lane(), blocks, b.i32(warpThreads), {b.i32(0)},
      [&](Value block, ValueRange carried) {
        AttentionWork work = memory.workOf(b.asIndex(block), b.i32(0));
        Value last = b.sub(b.add(work.firstRow, work.rows), one);
        auto [first, end] = pieces(memory.oldestFor(memory.positionOf(work.firstRow)),
                                   memory.positionOf(last));
        return SmallVector<Value>{b.maximum(carried[0], b.sub(end, first))};
      });
  return b.maxOfLanes(most[0]);
}

/// The pieces from the position `oldest` to `last`.
std::pair<Value, Value> SplitLowering::pieces(Value oldest, Value last) {
  Value split = b.i32(op.getSplit());
  return {arith::DivUIOp::create(b, oldest, split),
          b.add(arith::DivUIOp::create(b, last, split), b.i32(1))};
}

/// Of the block and cache head `number` (an index), the piece `ahead` from the first
/// one on, if there is such a one.
void SplitLowering::emitPiece(Value number, Value ahead) {
  Type i32 = b.getI32Type();
  int64_t heads = memory.layout.heads;
  Value head = arith::IndexCastOp::create(b, i32, b.remainder(number, heads));
  AttentionWork work = memory.workOf(b.floorDiv(number, heads), head);
  // What the rows see, found by each warp for itself.
  Value far = b.i32(std::numeric_limits<int32_t>::max());
  auto seen = b.loopBy(
      b.lane(), work.rows, b.i32(warpThreads), {b.i32(0), far},
      [&](Value row, ValueRange carried) {
        Value position = memory.positionOf(b.add(work.firstRow, row));
        return SmallVector<Value>{
            b.maximum(carried[0], position),
            b.minimum(carried[1], memory.oldestFor(position))};
      });
  Value last = b.maxOfLanes(seen[0]), oldest = b.minOfLanes(seen[1]);
  auto [first, end] = pieces(oldest, last);
  Value index = b.add(first, ahead);
  Value start = b.mul(index, b.i32(op.getSplit()));
  Value slot = arith::RemUIOp::create(b, index, b.i32(slots));
  Value steps = b.i32(-chunkPositions), one = b.i32(chunkPositions);
  Piece piece{slot, start, b.maximum(start, b.bitAnd(oldest, steps)),
              b.minimum(b.add(start, b.i32(op.getSplit())),
                        b.add(b.bitAnd(last, steps), one))};
  b.when(b.less(index, end), [&] {
    if (memory.layout.pair > 1)
      emitByMma(work, piece);
    else
      emitByFma(work, piece);
    merge.arrive(memory, work, number, first, b.sub(end, first));
  });
}

void SplitLowering::emitByMma(const AttentionWork &work, const Piece &piece) {
  AttentionByMma mma(b, memory);
  Value tiles =
      b.shiftRight(b.add(memory.lineCount(work), b.i32(tileLines - 1)), 4);
  b.loopBy(b.i32(0), tiles, b.i32(1), {}, [&](Value tile, ValueRange) {
    emitTile(mma, work, piece, tile);
    return SmallVector<Value>();
  });
}

Value SplitLowering::sharedAt(Value region, Value warp, Value line) {
  return b.offset(region,
                  b.shiftLeft(b.add(b.mul(warp, b.i32(tileLines)), line), 2));
}

void SplitLowering::emitTile(AttentionByMma &mma, const AttentionWork &work,
                             const Piece &piece, Value tile) {
  LineTile lines = mma.enter(work, tile);
  // A team's steps lie in the piece, whatever rows see of it.
  int64_t round = mma.parts.teams() * chunkPositions;
  Value from =
      b.add(piece.start, b.mul(mma.parts.team(), b.i32(chunkPositions)));
  Value unseen = b.add(b.sub(piece.from, from), b.i32(round - 1));
  from = b.add(from, b.bitAnd(b.maximum(unseen, b.i32(0)), b.i32(-round)));
  TileSoftmax state =
      mma.run(work, lines, from, piece.to, mma.parts.teams());
  Value warp = b.warp();
  b.barrier(); // Nobody still reads what was there.
  Value first = b.compare(arith::CmpIPredicate::eq, mma.lane.t, b.i32(0));
  b.when(first, [&] {
    for (int64_t i = 0; i < 2; ++i) {
      Value line = b.add(mma.lane.g, b.i32(8 * i));
      b.storeAt(state.maxima[i], sharedAt(maxima, warp, line));
      b.storeAt(state.sums[i], sharedAt(sums, warp, line));
    }
  });
  for (int64_t at = 0; at < mma.parts.steps(); ++at)
    mergeOutputs(mma, state, work, piece, tile, at);
}

std::pair<Value, SmallVector<Value>>
SplitLowering::factorsOf(const HeadParts &parts, Value line) {
  SmallVector<Value> factors;
  Value largest;
  // A team's warps have the same.
  for (int64_t w = 0; w < blockWarps; w += parts.count()) {
    factors.push_back(b.loadAt(b.getF32Type(), sharedAt(maxima, b.i32(w), line)));
    largest = largest ? b.maxOf(largest, factors.back()) : factors.back();
  }
  Value base = finiteMaximum(b, largest);
  for (Value &factor : factors)
    factor = b.exp2Approx(b.sub(factor, base));
  return {largest, factors};
}

/// 32 elements of all lines and each part: from the warps' registers to shared
/// memory, and merged from there.
void SplitLowering::mergeOutputs(AttentionByMma &mma, const TileSoftmax &state,
                                 const AttentionWork &work, const Piece &piece,
                                 Value tile, int64_t at) {
  Value warp = b.shiftRight(b.threadAnew(), 5);
  auto place = [&](Value warp, Value line, Value element) {
    Value number = b.add(b.mul(warp, b.i32(tileLines)), line);
    return b.offset(outputs,
                    b.shiftLeft(b.add(b.mul(number, b.i32(elements)), element), 2));
  };
  for (int64_t line = 0; line < 2; ++line)
    for (int64_t half = 0; half < 2; ++half)
      b.storeAt(mma.outputsOf(state, at, line, half),
                place(warp, b.add(mma.lane.g, b.i32(8 * line)),
                      b.add(b.shiftLeft(mma.lane.t, 3), b.i32(4 * half))));
  b.barrier();
  constexpr int64_t quads = elements / 4;
  const HeadParts &parts = mma.parts;
  auto mergeItem = [&](Value item) {
    Value part, inTile = b.shiftRight(item, 3);
    Value quad = b.shiftLeft(b.bitAnd(item, b.i32(quads - 1)), 2);
    Value element = b.add(quad, b.i32(at * elements));
    if (parts.count() > 1) {
      part = b.shiftRight(inTile, 4);
      inTile = b.bitAnd(inTile, b.i32(tileLines - 1));
      element = b.add(element, b.mul(part, b.i32(parts.steps() * elements)));
    }
    Value line = b.add(b.mul(tile, b.i32(tileLines)), inTile);
    b.when(b.less(line, memory.lineCount(work)), [&] {
      auto [largest, factors] = factorsOf(parts, inTile);
      Value total = b.number(b.f32Lanes(4), 0);
      Value sum = b.number(b.getF32Type(), 0);
      for (auto [team, factor] : llvm::enumerate(factors)) {
        Value first = b.i32(team * parts.count());
        Value warp = part ? b.add(first, part) : first;
        Value numbers = b.loadAt(b.f32Lanes(4), place(warp, inTile, quad));
        total = b.fma(numbers, b.broadcast(factor, 4), total);
        if (at == 0)
          sum = b.fma(b.loadAt(b.getF32Type(), sharedAt(sums, first, inTile)),
                      factor, sum);
      }
      storePartial(total, work, piece, line, element, parts.exact());
      if (at == 0)
        b.when(b.compare(arith::CmpIPredicate::eq, element, b.i32(0)),
               [&] { storeNumbers(work, piece, line, largest, sum); });
    });
  };
  b.forThreads(parts.count() * tileLines * quads, mergeItem, b.threadAnew());
  b.barrier();
}

void SplitLowering::emitByFma(const AttentionWork &work, const Piece &piece) {
  Value lane = b.lane();
  b.loopBy(b.warp(), memory.lineCount(work), b.i32(blockWarps), {},
           [&](Value line, ValueRange) {
             Value row = memory.rowOf(work, line);
             LineSoftmax state = emitLineByFma(
                 b, memory, work,
                 memory.queryPointer(row, memory.headOf(work, line)),
                 memory.positionOf(row), piece.from, piece.to);
             for (auto [i, number] : llvm::enumerate(state.outputs))
               storePartial(b.broadcast(number, 1), work, piece, line,
                            b.add(lane, b.i32(32 * i)),
                            memory.layout.headDim % elements == 0);
             b.when(b.compare(arith::CmpIPredicate::eq, lane, b.i32(0)), [&] {
               storeNumbers(work, piece, line, state.maximum, state.sum);
             });
             return SmallVector<Value>();
           });
}

void SplitLowering::storeNumbers(const AttentionWork &work, const Piece &piece,
                                 Value line, Value maximum, Value sum) {
  // The op's maxima are of scores, to the base e.
  maximum = b.mul(maximum, b.number(b.getF32Type(), std::numbers::ln2));
  Value place[] = {b.asIndex(piece.slot), b.asIndex(memory.rowOf(work, line)),
                   b.asIndex(memory.headOf(work, line))};
  b.storeScalar(maximum, op.getMaxima(), place);
  b.storeScalar(sum, op.getSums(), place);
}

void SplitLowering::storePartial(Value numbers, const AttentionWork &work,
                                 const Piece &piece, Value line,
                                 Value element, bool inside) {
  int64_t headDim = memory.layout.headDim;
  int64_t count = cast<VectorType>(numbers.getType()).getNumElements();
  int64_t lanes = std::min(count, rowLanes(op.getPartials(), headDim));
  Value row = b.asIndex(memory.rowOf(work, line));
  Value start = b.mul(b.asIndex(memory.headOf(work, line)), b.index(headDim));
  for (int64_t i = 0; i < count; i += lanes) {
    Value at = b.add(element, b.i32(i));
    Value part = b.part(numbers, i, lanes);
    auto put = [&] {
      b.storeRow(part, op.getPartials(),
                 {b.asIndex(piece.slot), row, b.add(start, b.asIndex(at))});
    };
    if (inside)
      put();
    else
      b.when(b.less(at, b.i32(headDim)), put);
  }
}

LogicalResult nvptx::lowerAttentionSplit(kernel::AttentionSplitOp op) {
  auto layout = attentionLayout(op, AttentionOperands::of(op), op.getHeadDim(),
                                op.getPage());
  if (failed(layout) ||
      failed(checkPieces(op, op.getMaxima(), op.getSums(), op.getPartials(),
                         op.getHeads(), op.getHeadDim())) ||
      failed(PieceMerge::check(op, *layout)))
    return failure();
  SplitLowering(op, *layout).run();
  return success();
}
