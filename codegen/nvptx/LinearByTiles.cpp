/// kernel.linear for many rows: a block does a tile of panels times rows from a
/// ring of stages in shared memory that asynchronous copies fill.
///
///   stage      32 terms: of each panel its lines as they are, of each row 64
///              bytes of bf16 (128 of f32)
///   step i     wait for stage i; ask for stage i + 3 where stage i - 1 was; every
///              warp multiplies its panels and rows
///
/// Warps are a grid of pairs of panels times rows. Lines lie swizzled: four threads
/// that read lines four apart would all want the same banks. Rows of 64 bytes are
/// read without conflicts as they are. Lines beyond K are the last one again, and
/// rows zero there. Scales of groups come straight from memory, each step's sum
/// being scaled by itself. What is summed in which order depends on K alone.
#include "codegen/nvptx/LinearByMma.h"

#include "codegen/nvptx/LinearProducts.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;
using namespace llmc::codegen::nvptx;

using llvm::SmallVector;

static constexpr int64_t tileRows = LinearProducts::tileRows;
static constexpr int64_t stepTerms = WeightFragments::stepTerms;
static constexpr int64_t stages = 4; ///< A power of two.
static constexpr int64_t copyBytes = 16;
/// Outputs of a block times its rows: their sums fit where the stages were.
static constexpr int64_t mostSums = 16384;
/// Registers of sums that a thread may hold.
static constexpr int64_t mostRegisters = 64;

namespace {

/// How a block's warps share its panels and rows.
struct TileShape {
  int64_t rows;     ///< Of the block.
  int64_t warpsOut; ///< Warps side by side over panels.
  int64_t pairs;    ///< Of a warp.
  int64_t tiles;    ///< Of eight rows, of a warp.

  static TileShape of(const LinearShape &shape);
  int64_t warpsDown() const { return blockWarps / warpsOut; }
};

class TileLowering {
public:
  TileLowering(const LinearShape &shape, TileShape tile);
  LogicalResult run();

private:
  void copyStage(const LinearPlace &place, Value step, Value slot);
  void copyLines(const LinearPlace &place, Value step, Value stage);
  void copyRows(const LinearPlace &place, Value step, Value stage);
  void copy(Value to, Value from, Value bytes = {});
  /// Byte offset of a group, and of a step's lines in it, of a panel.
  std::pair<Value, Value> stepPlace(Value step);
  Value slotPointer(Value slot);
  SmallVector<Value> loadLines(Value stage, Value firstStream);
  SmallVector<Value> loadRows(Value stage, Value firstRow);
  SmallVector<Value> multiply(const LinearPlace &place, Value step, Value slot,
                              ValueRange before);
  SmallVector<Value> emitSums(const LinearPlace &place);
  Value swizzled(Value chunk);

  const LinearShape &shape;
  const PanelLayout &layout;
  TileShape tile;
  GpuBuilder b;
  bool grouped;
  int64_t steps, lineBytes, rowBytes;
  Value ring;
  LinearProducts products;
  Value firstStream, firstRow; ///< Of this warp, i32.
};

} // namespace

TileShape TileShape::of(const LinearShape &shape) {
  kernel::LinearOp op = shape.op;
  TileShape tile;
  int64_t wanted = llvm::alignTo(op.getTileRows(), tileRows);
  int64_t allPairs = llvm::divideCeil(shape.streams, 2);
  tile.rows = std::min(wanted, mostSums / (2 * allPairs * VectorBuilder::width));
  tile.warpsOut = std::min<int64_t>(llvm::bit_floor(uint64_t(allPairs)), 4);
  tile.pairs = llvm::divideCeil(allPairs, tile.warpsOut);
  int64_t down = tile.warpsDown() * tileRows;
  tile.tiles = std::clamp<int64_t>(tile.rows / down, 1,
                                   mostRegisters / (tile.pairs * 8));
  tile.rows = tile.tiles * down;
  return tile;
}

TileLowering::TileLowering(const LinearShape &shape, TileShape tile)
    : shape(shape), layout(shape.weights), tile(tile), b(shape.op),
      grouped(layout.kind == PanelLayout::Kind::Groups),
      steps(llvm::divideCeil(layout.length, stepTerms)),
      products(b, shape, tile.pairs, tile.tiles) {
  lineBytes = products.weights.stepBytes();
  rowBytes = stepTerms * shape.inputBytes();
  int64_t stage = shape.streams * lineBytes + tile.rows * rowBytes;
  ring = b.shared("stages", std::max(stages * stage,
                                     LinearSums::bytes(shape, tile.rows, 1)));
}

Value TileLowering::slotPointer(Value slot) {
  int64_t stage = shape.streams * lineBytes + tile.rows * rowBytes;
  return b.offset(ring, b.mul(slot, b.i32(stage)));
}

/// Where a chunk of 16 bytes of a step's lines goes: the chunks that one load of a
/// warp's threads t = 0 … 3 reads lie in banks of their own.
Value TileLowering::swizzled(Value chunk) {
  // Thread t's lines are the chunks from 4 t loads() on.
  int64_t loads = products.weights.loads();
  Value t = b.shiftRight(chunk, 2 + llvm::Log2_64(loads));
  Value mask = loads > 1 ? b.shiftLeft(t, 1)
                         : b.bitAnd(t, b.i32(2));
  return b.bitXor(chunk, mask);
}

/// An asynchronous copy of 16 bytes, of which those from `bytes` on are zero.
void TileLowering::copy(Value to, Value from, Value bytes) {
  auto global = LLVM::LLVMPointerType::get(b.getContext(), 1);
  from = LLVM::AddrSpaceCastOp::create(b, global, from);
  if (bytes)
    b.intrinsic("llvm.nvvm.cp.async.cg.shared.global.16.s", {},
                {to, from, bytes});
  else
    b.intrinsic("llvm.nvvm.cp.async.cg.shared.global.16", {}, {to, from});
}

std::pair<Value, Value> TileLowering::stepPlace(Value step) {
  if (!grouped)
    return {b.index(0), b.mul(b.asIndex(step), b.index(lineBytes))};
  int64_t perGroup = layout.scheme.size / stepTerms;
  Value group = arith::DivUIOp::create(b, step, b.i32(perGroup));
  Value in = arith::RemUIOp::create(b, step, b.i32(perGroup));
  Value start = b.mul(b.asIndex(group), b.index(layout.scheme.bytes()));
  Value lines = b.add(start, b.index(layout.scheme.headerBytes()));
  return {start, b.add(lines, b.mul(b.asIndex(in), b.index(lineBytes)))};
}

void TileLowering::copyLines(const LinearPlace &place, Value step, Value stage) {
  int64_t perStream = lineBytes / copyBytes;
  Value start = stepPlace(step).second;
  b.forThreads(shape.streams * perStream, [&](Value item) {
    Value stream = b.shiftRight(item, llvm::Log2_64(perStream));
    Value chunk = b.bitAnd(item, b.i32(perStream - 1));
    Value to = b.add(b.mul(stream, b.i32(lineBytes)),
                     b.shiftLeft(swizzled(chunk), 4));
    Value from = b.add(start, b.asIndex(b.shiftLeft(chunk, 4)));
    if (!grouped && layout.lines() * PanelLayout::lineBytes % lineBytes) {
      Value last = b.index((layout.lines() - 1) * PanelLayout::lineBytes);
      Value inLine = b.asIndex(b.shiftLeft(b.bitAnd(chunk, b.i32(3)), 4));
      from = b.minIndex(from, b.add(last, inLine));
    }
    Value panel = streamPointer(b, shape, place.tile, stream);
    copy(b.offset(stage, to), b.offset(panel, from));
  });
}

void TileLowering::copyRows(const LinearPlace &place, Value step, Value stage) {
  int64_t perRow = rowBytes / copyBytes;
  Value rows = b.offset(stage, shape.streams * lineBytes);
  Value start = b.mul(step, b.i32(rowBytes));
  b.forThreads(tile.rows * perRow, [&](Value item) {
    Value row = b.shiftRight(item, llvm::Log2_64(perRow));
    Value at = b.add(
        start, b.shiftLeft(b.bitAnd(item, b.i32(perRow - 1)), 4));
    Value bytes;
    if (layout.length % stepTerms) {
      // A chunk is inside or beyond: K is a multiple of its terms.
      int64_t length = layout.length * shape.inputBytes();
      Value inside = b.less(at, b.i32(length));
      bytes = b.select(inside, b.i32(copyBytes), b.i32(0));
      at = b.minimum(at, b.i32(length - copyBytes));
    }
    Value from = b.offset(rowPointer(b, shape, place, row), b.asIndex(at));
    copy(b.offset(rows, b.shiftLeft(item, 4)), from, bytes);
  });
}

void TileLowering::copyStage(const LinearPlace &place, Value step, Value slot) {
  b.when(b.less(step, b.i32(steps)), [&] {
    Value stage = slotPointer(slot);
    copyLines(place, step, stage);
    copyRows(place, step, stage);
  });
  b.intrinsic("llvm.nvvm.cp.async.commit.group", {}, {});
}

/// The loads of this warp's pairs from a stage: [pair, load].
SmallVector<Value> TileLowering::loadLines(Value stage, Value first) {
  const FragmentLane &lane = products.lane;
  int64_t loads = products.weights.loads();
  SmallVector<Value> loaded;
  for (int64_t pair = 0; pair < tile.pairs; ++pair) {
    Value stream = b.add(b.add(first, lane.panel(b)), b.i32(2 * pair));
    stream = b.minimum(stream, b.i32(shape.streams - 1));
    Value panel = b.offset(stage, b.mul(stream, b.i32(lineBytes)));
    for (int64_t i = 0; i < loads; ++i) {
      Value line = b.add(b.mul(lane.t, b.i32(loads)), b.i32(i));
      Value chunk = b.add(b.shiftLeft(line, 2), lane.quad(b));
      loaded.push_back(
          b.loadAt(b.lanes(b.getI32Type(), 4),
                   b.offset(panel, b.shiftLeft(swizzled(chunk), 4))));
    }
  }
  return loaded;
}

SmallVector<Value> TileLowering::loadRows(Value stage, Value first) {
  const FragmentLane &lane = products.lane;
  Value rows = b.offset(stage, shape.streams * lineBytes);
  Value start = b.offset(
      rows, b.add(b.mul(b.add(first, lane.g), b.i32(rowBytes)),
                  b.mul(lane.t, b.i32(8 * shape.inputBytes()))));
  SmallVector<Value> loaded;
  for (int64_t i = 0; i < tile.tiles; ++i)
    loaded.push_back(products.inputs.load(start, i * tileRows * rowBytes));
  return loaded;
}

SmallVector<Value> TileLowering::multiply(const LinearPlace &place, Value step,
                                          Value slot, ValueRange before) {
  Value stage = slotPointer(slot);
  SmallVector<Value> sums(before), lines = loadLines(stage, firstStream),
                     rows = loadRows(stage, firstRow);
  if (!grouped) {
    products.multiply(lines, rows, sums, {});
    return sums;
  }
  SmallVector<Value> part = products.zeroSums(),
                     inputSums = products.zeroInputSums(), scales;
  const FragmentLane &lane = products.lane;
  Value group = stepPlace(step).first;
  for (int64_t pair = 0; pair < tile.pairs; ++pair) {
    Value stream = b.add(b.add(firstStream, lane.panel(b)), b.i32(2 * pair));
    Value quad = b.asIndex(b.shiftLeft(lane.quad(b), 4));
    products.loadScales(b.offset(streamPointer(b, shape, place.tile, stream),
                                 b.add(group, quad)),
                        scales);
  }
  products.multiply(lines, rows, part, inputSums);
  products.addScaled(scales, part, inputSums, sums);
  return sums;
}

SmallVector<Value> TileLowering::emitSums(const LinearPlace &place) {
  Value warp = b.warp();
  Value out = b.bitAnd(warp, b.i32(tile.warpsOut - 1));
  Value down = b.shiftRight(warp, llvm::Log2_64(tile.warpsOut));
  firstStream = b.mul(out, b.i32(2 * tile.pairs));
  firstRow = b.mul(down, b.i32(tile.tiles * tileRows));
  for (int64_t i = 0; i + 1 < stages; ++i)
    copyStage(place, b.i32(i), b.i32(i));
  SmallVector<Value> sums = b.loopBy(
      b.i32(0), b.i32(steps), b.i32(1), products.zeroSums(),
      [&](Value step, ValueRange carried) {
        b.intrinsic("llvm.nvvm.cp.async.wait.group", {}, {b.i32(stages - 2)});
        // All have this stage, and nobody reads the one before any more.
        b.barrier();
        Value ahead = b.add(step, b.i32(stages - 1));
        copyStage(place, ahead, b.bitAnd(ahead, b.i32(stages - 1)));
        return multiply(place, step, b.bitAnd(step, b.i32(stages - 1)), carried);
      });
  // The sums go where the stages are.
  b.intrinsic("llvm.nvvm.cp.async.wait.group", {}, {b.i32(0)});
  b.barrier();
  return sums;
}

LogicalResult TileLowering::run() {
  LinearSums ends(b, shape, tile.rows, /*warps=*/1, ring);
  LogicalResult result = success();
  forLinearPlaces(b, shape, tile.rows, [&](const LinearPlace &place) {
    SmallVector<Value> sums = emitSums(place);
    // Read anew: addresses would take registers all along.
    products.lane =
        FragmentLane(b, b.bitAnd(b.threadAnew(), b.i32(warpThreads - 1)));
    products.put(ends, sums, b.i32(0), firstStream, firstRow);
    result = ends.finish(place);
  });
  return result;
}

bool nvptx::fitsTiles(const LinearShape &shape) {
  kernel::LinearOp op = shape.op;
  int64_t chunk = copyBytes / shape.inputBytes();
  return int64_t(op.getTileRows()) > mmaRows && !op.getTerms() &&
         shape.weights.length % chunk == 0 && shape.inputLanes == chunk &&
         shape.streams <= 16;
}

LogicalResult nvptx::lowerLinearByTiles(const LinearShape &shape) {
  return TileLowering(shape, TileShape::of(shape)).run();
}
