/// kernel.linear in blocks of 2 x 2 tiles: 32 rows times two streams of weights
/// (two panels, or the two parts of one).
///
///   for each block of K (`block_length` terms, so that the inputs of all rows
///   stay in L2):
///     for each two streams of the tiles [begin, end):
///       for each 32 rows:
///         sums = 0, or what the block of K before left in `scratch`
///         for each 32 terms (64 of bytes): 2 + 2 tile loads, 4 products
///         the epilogue of the 32 rows before; the sums to the stack
///         or, but for the last block of K, the sums to `scratch`
///
/// A row is read right after its tile was stored only at the end of a stream:
/// that stalls, and it made a kernel take a third longer (measured with AMX on
/// int8). While a stream is done, lines of the next are asked for.
///
/// Tiles round the rows up to 16: the memory behind the input has them, what
/// they hold does not matter, and what comes of them is not stored.
#include "codegen/x86/LinearToTiles.h"

#include "codegen/x86/LinearEpilogue.h"
#include "codegen/x86/Tiles.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;

using llvm::SmallVector;

static constexpr int64_t width = VectorBuilder::width;
static constexpr int64_t blockRows = 2 * Tiles::rows;
/// Blocks of rows over which the lines of the next stream are asked for: a few
/// lines for each 32 terms.
static constexpr int64_t prefetchBlocks = 4;

namespace {

class TileLowering {
public:
  TileLowering(kernel::LinearOp op, const PanelWeights &weights)
      : op(op), weights(weights), b(op.getLoc(), op), tiles(b),
        epilogue(b, op), lines(weights.lines(op)),
        length(extent(op.getInput(), 1)), panels(epilogue.panels()),
        parts(op.getParts()) {
    panelsAtOnce = parts == 1 ? 2 : 1;
    bool bytes = bool(op.getTerms());
    sumType = bytes ? Type(b.getI32Type()) : b.getF32Type();
    termsOfLine = bytes ? 4 : 2;
    termsOfTile = Tiles::rows * termsOfLine;
    finished = b.stack({2, 2, blockRows, width}, sumType);
    rows = b.createOrFold<memref::DimOp>(op.getInput(), 0);
  }
  LogicalResult run();

private:
  /// Terms [first, first + count), and what is before and after them.
  struct Terms {
    Value first;
    int64_t count;
    bool begins, ends;
  };
  /// Rows from `row` on, `tiles` tiles of them, times `panels` panels.
  struct Block {
    Value row;
    int64_t tiles;
    Value panel;
    int64_t panels;
  };
  LogicalResult emitTerms(const Terms &terms);
  LogicalResult emitPanels(const Terms &terms, Value panel, int64_t count);
  LogicalResult emitBlock(const Terms &terms, const Block &block);
  SmallVector<Value> emitSums(const Terms &terms, const Block &block);
  void prefetch(const Block &block, Value k);
  LogicalResult emitEpilogue(Value row, Value count, Value panel,
                             int64_t panels);

  Value streamOf(const Block &block, int64_t i) {
    Value first = parts == 1 ? block.panel
                             : b.mul(block.panel, b.index(parts));
    return i ? b.add(first, b.index(i)) : first;
  }
  Value finish(Value row, Value stream, Value sums) {
    return op.getTerms() ? emitScaledBytes(b, op, weights, row, stream, sums)
                         : sums;
  }
  /// Which half of `finished` the block from `row` on uses.
  Value half(Value row) { return b.remainder(b.floorDiv(row, blockRows), 2); }

  kernel::LinearOp op;
  const PanelWeights &weights;
  VectorBuilder b;
  Tiles tiles;
  LinearEpilogue epilogue;
  Type sumType;
  int64_t termsOfLine, termsOfTile; ///< Of K.
  Value lines;    ///< [streams, lines, elements]
  Value finished; ///< [2, streams, rows of a block, 16]: sums before the epilogue.
  Value rows;
  int64_t length, panels, parts, panelsAtOnce;
};

} // namespace

LogicalResult TileLowering::run() {
  int64_t block = op.getBlockLength() ? op.getBlockLength() : length;
  if (block >= length)
    return emitTerms({b.index(0), length, true, true});
  int64_t last = (length - 1) / block * block;
  if (failed(emitTerms({b.index(0), block, true, false})))
    return failure();
  LogicalResult result = success();
  if (last > block)
    b.loop(b.index(block), b.index(last), block, [&](Value first) {
      result = emitTerms({first, block, false, false});
    });
  if (failed(result))
    return failure();
  return emitTerms({b.index(last), length - last, false, true});
}

/// All streams of the range of tiles.
LogicalResult TileLowering::emitTerms(const Terms &terms) {
  Value tile = b.index(op.getTilePanels());
  Value begin = b.mul(op.getBegin(), tile);
  Value end = b.minIndex(b.mul(op.getEnd(), tile), b.index(panels));
  Value whole = end;
  if (panelsAtOnce > 1)
    whole = b.add(begin, b.mul(b.floorDiv(b.sub(end, begin), panelsAtOnce),
                               b.index(panelsAtOnce)));
  LogicalResult result = success();
  b.loop(begin, whole, panelsAtOnce, [&](Value panel) {
    result = emitPanels(terms, panel, panelsAtOnce);
  });
  if (panelsAtOnce > 1 && succeeded(result))
    b.loop(whole, end, 1,
           [&](Value panel) { result = emitPanels(terms, panel, 1); });
  return result;
}

LogicalResult TileLowering::emitPanels(const Terms &terms, Value panel,
                                       int64_t count) {
  Value padded = b.mul(b.ceilDiv(rows, Tiles::rows), b.index(Tiles::rows));
  Value whole = b.mul(b.floorDiv(padded, blockRows), b.index(blockRows));
  LogicalResult result = success();
  b.loop(b.index(0), whole, blockRows, [&](Value row) {
    result = emitBlock(terms, {row, 2, panel, count});
  });
  // At most one tile of rows is left.
  if (succeeded(result))
    b.loop(whole, padded, Tiles::rows, [&](Value row) {
      result = emitBlock(terms, {row, 1, panel, count});
    });
  if (failed(result) || !terms.ends)
    return result;
  Value last = b.mul(b.floorDiv(b.sub(padded, b.index(1)), blockRows),
                     b.index(blockRows));
  Value any = b.compare(arith::CmpIPredicate::sgt, rows, b.index(0));
  auto branch = scf::IfOp::create(b, any, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(&branch.getThenRegion().front());
  return emitEpilogue(last, b.sub(rows, last), panel, count);
}

LogicalResult TileLowering::emitBlock(const Terms &terms, const Block &block) {
  SmallVector<Value> sums = emitSums(terms, block);
  int64_t streams = block.panels * parts;
  if (!terms.ends) {
    for (int64_t m = 0; m < block.tiles; ++m)
      for (int64_t s = 0; s < streams; ++s)
        tiles.store(sums[m * streams + s], op.getScratch(),
                        {b.add(block.row, b.index(m * Tiles::rows)),
                         b.mul(streamOf(block, s), b.index(width))});
    return success();
  }
  Value later = b.compare(arith::CmpIPredicate::sgt, block.row, b.index(0));
  auto branch = scf::IfOp::create(b, later, /*withElseRegion=*/false);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(&branch.getThenRegion().front());
    if (failed(emitEpilogue(b.sub(block.row, b.index(blockRows)),
                            b.index(blockRows), block.panel, block.panels)))
      return failure();
  }
  for (int64_t m = 0; m < block.tiles; ++m)
    for (int64_t s = 0; s < streams; ++s)
      tiles.store(sums[m * streams + s], finished,
                      {half(block.row), b.index(s), b.index(m * Tiles::rows),
                       b.index(0)});
  return success();
}

/// Tile by tile: the streams of the first sixteen rows, then of the second.
SmallVector<Value> TileLowering::emitSums(const Terms &terms,
                                          const Block &block) {
  int64_t streams = block.panels * parts;
  SmallVector<Value> inputRows, streamsOf, sums;
  for (int64_t m = 0; m < block.tiles; ++m)
    inputRows.push_back(b.add(block.row, b.index(m * Tiles::rows)));
  for (int64_t s = 0; s < streams; ++s)
    streamsOf.push_back(streamOf(block, s));
  for (Value row : inputRows)
    for (Value stream : streamsOf)
      sums.push_back(terms.begins
                         ? tiles.zero(sumType)
                         : tiles.load(op.getScratch(),
                                          {row, b.mul(stream, b.index(width))}));
  Value end = b.add(terms.first, b.index(terms.count));
  return b.loop(
      terms.first, end, termsOfTile, sums, [&](Value k, ValueRange carried) {
        SmallVector<Value> inputs, columns, next;
        for (Value row : inputRows)
          inputs.push_back(tiles.load(op.getInput(), {row, k}));
        for (Value stream : streamsOf)
          columns.push_back(tiles.load(
              lines, {stream, b.floorDiv(k, termsOfLine), b.index(0)}));
        prefetch(block, k);
        for (int64_t m = 0; m < block.tiles; ++m)
          for (int64_t s = 0; s < streams; ++s)
            next.push_back(tiles.multiply(inputs[m], columns[s],
                                          carried[m * streams + s]));
        return next;
      });
}

/// A share of the lines that the next streams have for the terms from k on.
void TileLowering::prefetch(const Block &block, Value k) {
  int64_t share = Tiles::rows / prefetchBlocks;
  Value turn = b.minIndex(b.floorDiv(block.row, blockRows),
                          b.index(prefetchBlocks - 1));
  Value line = b.add(b.floorDiv(k, termsOfLine), b.mul(turn, b.index(share)));
  int64_t streams = block.panels * parts;
  for (int64_t s = 0; s < streams; ++s)
    for (int64_t i = 0; i < share; ++i)
      memref::PrefetchOp::create(
          b, lines,
          ValueRange{streamOf(block, streams + s), b.add(line, b.index(i)),
                     b.index(0)},
          /*isWrite=*/false, /*localityHint=*/2, /*isDataCache=*/true);
}

/// Of the `count` rows from `row` on, whose sums are in `finished`.
LogicalResult TileLowering::emitEpilogue(Value row, Value count, Value panel,
                                         int64_t panels) {
  LogicalResult result = success();
  Value from = half(row);
  b.loop(b.index(0), count, 1, [&](Value r) {
    for (int64_t p = 0; p < panels && succeeded(result); ++p) {
      SmallVector<Value> sums;
      for (int64_t part = 0; part < parts; ++part)
        sums.push_back(finish(b.add(row, r),
                              streamOf({row, 0, panel, 0}, p * parts + part),
                              b.load(finished, {from, b.index(p * parts + part),
                                                r, b.index(0)})));
      result = epilogue.emit(b.add(row, r), 1,
                             p ? b.add(panel, b.index(p)) : panel, {sums});
    }
  });
  return result;
}

bool llmc::codegen::fitsTiles(kernel::LinearOp op, const X86Level &level) {
  auto input = cast<MemRefType>(op.getInput().getType());
  auto weight = cast<MemRefType>(op.getWeight().getType());
  Type element = input.getElementType();
  bool pairs = isa<FloatType>(element) && element == weight.getElementType() &&
               op.getScheme().empty();
  int64_t terms = Tiles::rows * (op.getTerms() ? 4 : 2);
  return (pairs || op.getTerms()) && Tiles::multiply(element, level) &&
         op.getParts() <= 2 &&
         input.getRank() == 2 && input.getDimSize(1) % terms == 0 &&
         op.getBlockLength() % terms == 0 &&
         op.getPaddedRows() % Tiles::rows == 0;
}

LogicalResult llmc::codegen::lowerLinearToTiles(kernel::LinearOp op,
                                                const PanelWeights &weights) {
  return TileLowering(op, weights).run();
}
