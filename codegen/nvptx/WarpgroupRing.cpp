#include "codegen/nvptx/WarpgroupRing.h"

#include "codegen/nvptx/TensorTiles.h"
#include "codegen/nvptx/WarpgroupFragments.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;
using namespace llmc::codegen::nvptx;

using llvm::SmallVector;

static constexpr int64_t stageTerms = WarpgroupFragments::stageTerms;
static constexpr int64_t rowLine = 128; ///< Bytes of a row in a stage.
static constexpr int64_t tileAlignment = 1024;
/// Two blocks are on a multiprocessor: of its 228 KiB each has 113 (1 is taken).
static constexpr int64_t ringBytes = 96 << 10, mostStages = 6;

WarpgroupRing::WarpgroupRing(GpuBuilder &b, const LinearShape &shape,
                             int64_t rows, int64_t steps)
    : b(b), shape(shape), layout(shape.weights),
      grouped(layout.kind == PanelLayout::Kind::Groups), rows(rows) {
  rowBytes = rows * rowLine;
  weightBytes = shape.streams * stageTerms / layout.lineTerms() *
                PanelLayout::lineBytes;
  stageBytes = llvm::alignTo(rowBytes + weightBytes, tileAlignment);
  stages = std::min({mostStages, ringBytes / stageBytes, steps});
}

int64_t WarpgroupRing::termsOfLine() const {
  return WarpgroupFragments::tileLine(layout) / PanelLayout::lineBytes *
         layout.lineTerms();
}

static uint32_t bufferOf(Value memref) {
  auto argument = cast<BlockArgument>(memref);
  return llvm::count_if(
      argument.getOwner()->getArguments().take_front(argument.getArgNumber()),
      [](BlockArgument before) { return isa<MemRefType>(before.getType()); });
}

void WarpgroupRing::describeTiles() {
  kernel::LinearOp op = shape.op;
  auto input = cast<BlockArgument>(op.getInput());
  uint32_t element = shape.inputBytes();
  TensorTile rowTile{bufferOf(input), 0, element, uint32_t(rowLine), {}};
  rowTile.dimensions = {
      {uint64_t(layout.length), element, 0, uint32_t(stageTerms)},
      {0, uint64_t(shape.rowStride * element), scalarOf(input, 0), uint32_t(rows)}};
  rowMap = addTensorMap(b, rowTile);

  // Of groups the tile leaves out what stands before the lines.
  uint64_t line = WarpgroupFragments::tileLine(layout);
  int64_t terms = grouped ? layout.scheme.size : layout.length;
  TensorTile weightTile{bufferOf(op.getWeight()), 0, 1, uint32_t(line), {}};
  weightTile.dimensions = {
      {line, 1, 0, uint32_t(line)},
      {uint64_t(llvm::divideCeil(terms, termsOfLine())), line, 0,
       uint32_t((grouped ? std::min(stageTerms, terms) : stageTerms) /
                termsOfLine())}};
  if (grouped) {
    weightTile.offset = layout.scheme.headerBytes();
    weightTile.dimensions.push_back(
        {uint64_t(llvm::divideCeil(layout.length, terms)),
         uint64_t(layout.scheme.bytes()), 0,
         uint32_t(std::max<int64_t>(1, stageTerms / terms))});
  }
  weightTile.dimensions.push_back({uint64_t(layout.panels),
                                   uint64_t(layout.panelBytes()), 0,
                                   uint32_t(shape.streams)});
  weightMap = addTensorMap(b, weightTile);
}

SharedBarrier WarpgroupRing::barrier(Value slot, int64_t which) {
  Value at = b.mul(slot, b.i32(2 * SharedBarrier::bytes));
  return {b, b.offset(b.offset(barriers, at), which * SharedBarrier::bytes)};
}

Value WarpgroupRing::rowsOf(Turn turn) {
  return b.offset(memory, b.mul(turn.slot, b.i32(stageBytes)));
}

Turn WarpgroupRing::first() { return {b.i32(0), b.i32(0)}; }

Turn WarpgroupRing::after(Turn turn) {
  Value next = b.add(turn.slot, b.i32(1));
  Value wraps = b.compare(arith::CmpIPredicate::eq, next, b.i32(stages));
  return {b.select(wraps, b.i32(0), next),
          b.select(wraps, b.bitXor(turn.parity, b.i32(1)), turn.parity)};
}

Value WarpgroupRing::before(Value slot) {
  Value first = b.compare(arith::CmpIPredicate::eq, slot, b.i32(0));
  return b.select(first, b.i32(stages - 1), b.sub(slot, b.i32(1)));
}

void WarpgroupRing::init(int64_t least) {
  memory = b.shared("stages", std::max(stages * stageBytes, least));
  barriers = b.shared("barriers", stages * 2 * SharedBarrier::bytes);
  describeTiles();
  constexpr int64_t warps = warpgroupThreads / warpThreads;
  b.when(b.compare(arith::CmpIPredicate::eq, b.thread(), b.i32(0)), [&] {
    for (int64_t slot = 0; slot < stages; ++slot) {
      full(b.i32(slot)).init(1);
      free(b.i32(slot)).init(warps);
    }
    fenceBarrierInit(b);
  });
  b.barrier();
}

void WarpgroupRing::copy(const LinearPlace &place, Value step, Turn turn) {
  free(turn.slot).wait(b.bitXor(turn.parity, b.i32(1)));
  SharedBarrier arrived = full(turn.slot);
  arrived.arriveAndExpect(rowBytes + weightBytes);
  Value stage = rowsOf(turn);
  Value term = b.mul(step, b.i32(stageTerms));
  arrived.copyTile(stage, rowMap, {term, place.firstRow});
  kernel::LinearOp op = shape.op;
  int64_t perTile = int64_t(op.getTilePanels()) * op.getParts();
  Value panel = b.mul(arith::IndexCastOp::create(b, b.getI32Type(), place.tile),
                      b.i32(perTile));
  SmallVector<Value> at = {b.i32(0)};
  if (grouped) {
    Value inGroup = b.bitAnd(term, b.i32(layout.scheme.size - 1));
    at.push_back(b.shiftRight(inGroup, llvm::Log2_64(termsOfLine())));
    at.push_back(b.shiftRight(term, llvm::Log2_64(layout.scheme.size)));
  } else {
    at.push_back(b.shiftRight(term, llvm::Log2_64(termsOfLine())));
  }
  at.push_back(panel);
  arrived.copyTile(b.offset(stage, rowBytes), weightMap, at);
}

void WarpgroupRing::release(Value slot, Value condition) {
  b.warpBarrier();
  Value first = b.compare(arith::CmpIPredicate::eq, b.lane(), b.i32(0));
  free(slot).arriveIf(condition ? b.both(first, condition) : first);
}
