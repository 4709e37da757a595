/// kernel.attention: a block does the lines of a block of rows and a cache head.
///
/// A warp does sixteen lines at a time, or of wide heads a team of warps does, all
/// positions that they see one after the other in steps of 32 (AttentionByMma), or,
/// over caches of f32, a warp does one line (AttentionByFma). What a step adds for a line that sees nothing of it is
/// nothing, to the bit: so it does not matter which lines are done together.
/// `split` is not looked at: there is one softmax, rescaled as it goes.
#include "codegen/nvptx/AttentionByFma.h"
#include "codegen/nvptx/AttentionByMma.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;
using namespace llmc::codegen::nvptx;

using llvm::SmallVector;

namespace {

class AttentionLowering {
public:
  AttentionLowering(kernel::AttentionOp op, KvCacheLayout layout)
      : op(op), b(op), memory(b, AttentionOperands::of(op), layout) {}
  void run();

private:
  void emitByMma(const AttentionWork &work);
  void emitByFma(const AttentionWork &work);
  void store(Value numbers, Value row, Value head, Value element, bool inside);

  kernel::AttentionOp op;
  GpuBuilder b;
  AttentionMemory memory;
};

} // namespace

void AttentionLowering::run() {
  int64_t heads = memory.layout.heads;
  b.forTiles(op.getBegin(), op.getEnd(), [&](Value tile) {
    Value head = arith::IndexCastOp::create(b, b.getI32Type(),
                                            b.remainder(tile, heads));
    AttentionWork work = memory.workOf(b.floorDiv(tile, heads), head);
    if (memory.layout.pair > 1)
      emitByMma(work);
    else
      emitByFma(work);
  });
}

/// The steps of 32 that hold positions from `oldest` to `last`.
static std::pair<Value, Value> stepsOf(GpuBuilder &b, Value oldest, Value last) {
  Value from = b.bitAnd(oldest, b.i32(-chunkPositions));
  Value to = b.add(b.bitAnd(last, b.i32(-chunkPositions)), b.i32(chunkPositions));
  return {from, to};
}

void AttentionLowering::emitByMma(const AttentionWork &work) {
  AttentionByMma mma(b, memory);
  Value tiles = b.shiftRight(
      b.add(memory.lineCount(work), b.i32(AttentionByMma::tileLines - 1)), 4);
  Value teams = b.i32(mma.parts.teams());
  b.loopBy(mma.parts.team(), tiles, teams, {}, [&](Value tile, ValueRange) {
    LineTile lines = mma.enter(work, tile);
    Value last = b.maxOfLanes(b.maximum(lines.position[0], lines.position[1]));
    Value oldest = b.minOfLanes(
        b.minimum(memory.oldestFor(lines.position[0]),
                  memory.oldestFor(lines.position[1])));
    auto [from, to] = stepsOf(b, oldest, last);
    TileSoftmax state = mma.run(work, lines, from, to, /*stride=*/1);
    mma.forOutputs(state, [&](int64_t line, Value element, Value numbers) {
      b.when(lines.inside[line], [&] {
        numbers = b.div(numbers, b.broadcast(state.sums[line], 4));
        store(numbers, lines.row[line], lines.head[line], element,
              mma.parts.exact());
      });
    });
    return SmallVector<Value>();
  });
}

void AttentionLowering::emitByFma(const AttentionWork &work) {
  Value lane = b.lane();
  b.loopBy(b.warp(), memory.lineCount(work), b.i32(blockWarps), {},
           [&](Value line, ValueRange) {
             Value row = memory.rowOf(work, line);
             Value head = memory.headOf(work, line);
             Value position = memory.positionOf(row);
             auto [from, to] =
                 stepsOf(b, memory.oldestFor(position), position);
             LineSoftmax state =
                 emitLineByFma(b, memory, work, memory.queryPointer(row, head),
                               position, from, to);
             for (auto [i, number] : llvm::enumerate(state.outputs))
               store(b.broadcast(b.div(number, state.sum), 1), row, head,
                     b.add(lane, b.i32(32 * i)),
                     memory.layout.headDim % 32 == 0);
             return SmallVector<Value>();
           });
}

/// Neighbouring elements of a head, as far as there are so many; `inside`: there are.
void AttentionLowering::store(Value numbers, Value row, Value head,
                              Value element, bool inside) {
  int64_t headDim = memory.layout.headDim;
  int64_t count = cast<VectorType>(numbers.getType()).getNumElements();
  int64_t lanes = std::min(count, rowLanes(op.getOutput(), headDim));
  Type type = cast<MemRefType>(op.getOutput().getType()).getElementType();
  Value start = b.mul(b.asIndex(head), b.index(headDim));
  for (int64_t i = 0; i < count; i += lanes) {
    Value at = b.add(element, b.i32(i));
    Value part = b.part(numbers, i, lanes);
    auto put = [&] {
      b.storeRow(b.narrow(part, type), op.getOutput(),
                 {b.asIndex(row), b.add(start, b.asIndex(at))});
    };
    if (inside)
      put();
    else
      b.when(b.less(at, b.i32(headDim)), put);
  }
}

LogicalResult nvptx::lowerAttention(kernel::AttentionOp op) {
  auto layout = attentionLayout(op, AttentionOperands::of(op), op.getHeadDim(),
                                op.getPage());
  if (failed(layout) ||
      failed(checkHeadRows(op, op.getOutput(),
                           op.getHeads() * op.getHeadDim())))
    return failure();
  AttentionLowering(op, *layout).run();
  return success();
}
