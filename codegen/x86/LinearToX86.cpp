/// kernel.linear to register blocks of rows and panels.
///
/// For the panels of the tiles [begin, end), a few at a time: for all rows, a
/// few at a time: the sums of the block (CanonicalDot), then the epilogue on
/// each vector of sixteen sums, then the stores. Rows that do not fill a block
/// are done in blocks of half the size, and so on: how rows are blocked changes
/// no bits. `tile_rows` and `tile_panels` bound the block; a level with fewer
/// registers takes less. The weights of the panels stay in L2 meanwhile.
///
/// Nothing is read beyond K, nothing is written beyond N: the last panel's
/// extras and outputs are masked.
#include "codegen/llvm/KernelShapes.h"
#include "codegen/x86/ByteDot.h"
#include "codegen/x86/CanonicalDot.h"
#include "codegen/x86/KernelsToX86.h"
#include "codegen/x86/LinearEpilogue.h"
#include "codegen/x86/LinearToTiles.h"
#include "codegen/x86/PairLines.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;

using llvm::SmallVector;

static constexpr int64_t width = VectorBuilder::width;

namespace {

class LinearLowering {
public:
  LinearLowering(kernel::LinearOp op, PanelWeights weights,
                 const X86Level &level)
      : op(op), weights(weights), level(level), b(op.getLoc(), op),
        epilogue(b, op),
        length(extent(op.getInput(), 1)), panels(epilogue.panels()),
        parts(op.getParts()) {
    // A sum of bytes is one register where others have two chains.
    int64_t sums = op.getTerms() ? level.blockSums * 3 / 2 : level.blockSums;
    rowsAtOnce = std::min<int64_t>(op.getTileRows(),
                                   std::max<int64_t>(1, sums / parts));
    int64_t most = std::max<int64_t>(1, sums / (rowsAtOnce * parts));
    panelsAtOnce = std::min<int64_t>(op.getTilePanels(), most);
    while (op.getTilePanels() % panelsAtOnce)
      --panelsAtOnce;
  }

  LogicalResult run();

private:
  LogicalResult emitPanels(Value panel, int64_t count);
  LogicalResult emitBlock(Value row, int64_t rows, Value panel, int64_t count);
  Value broadcastInput(Value row, Value group, int64_t j);
  std::shared_ptr<Value> widenRows(DotBlock &block, ArrayRef<Value> rows,
                                   bool apart);
  void multiplyIntegers(DotBlock &block, ArrayRef<Value> rows);
  void multiplyPairs(DotBlock &block, ArrayRef<Value> streams,
                     ArrayRef<Value> rows);
  SmallVector<Value> emitSums(ArrayRef<Value> streams, ArrayRef<Value> rows);
  SmallVector<Value> emitByteSums(ArrayRef<Value> streams,
                                  ArrayRef<Value> rows);

  kernel::LinearOp op;
  PanelWeights weights;
  const X86Level &level;
  VectorBuilder b;
  LinearEpilogue epilogue;
  int64_t length, panels, parts;
  int64_t rowsAtOnce, panelsAtOnce;
  Value widened; ///< [rowsAtOnce, 32] f32: inputs of the block of K being done.
};

} // namespace

LogicalResult LinearLowering::run() {
  Value tile = b.index(op.getTilePanels());
  Value begin = b.mul(op.getBegin(), tile);
  Value end = b.minIndex(b.mul(op.getEnd(), tile), b.index(panels));
  Value whole = end;
  if (panels % panelsAtOnce)
    whole = b.add(begin, b.mul(b.floorDiv(b.sub(end, begin), panelsAtOnce),
                               b.index(panelsAtOnce)));
  LogicalResult result = success();
  b.loop(begin, whole, panelsAtOnce, [&](Value panel) {
    result = emitPanels(panel, panelsAtOnce);
  });
  // The panels at the end of N that do not fill a block.
  if (succeeded(result) && panels % panelsAtOnce)
    b.loop(whole, end, 1, [&](Value panel) { result = emitPanels(panel, 1); });
  return result;
}

/// All rows of `count` panels.
LogicalResult LinearLowering::emitPanels(Value panel, int64_t count) {
  Value rows = b.createOrFold<memref::DimOp>(op.getInput(), 0);
  std::optional<int64_t> known = getConstantIntValue(rows);
  Value done = b.index(0);
  int64_t knownDone = 0;
  LogicalResult result = success();
  for (int64_t size = rowsAtOnce; size > 0 && succeeded(result); size /= 2) {
    Value next;
    if (known) {
      int64_t knownNext = knownDone + (*known - knownDone) / size * size;
      if (knownNext == knownDone)
        continue;
      knownDone = knownNext;
      next = b.index(knownNext);
    } else {
      Value left = b.sub(rows, done);
      next = size == 1 ? rows
                       : b.add(done, b.mul(b.floorDiv(left, size),
                                           b.index(size)));
    }
    b.loop(done, next, size, [&](Value row) {
      result = emitBlock(row, size, panel, count);
    });
    done = next;
  }
  return result;
}

/// The input at k = group + j in every lane; group is even. Pairs of bf16 are
/// read together, so that a broadcast serves two terms.
Value LinearLowering::broadcastInput(Value row, Value group, int64_t j) {
  Type element = elementOf(op.getInput().getType());
  bool paired = element.isBF16() && length % 2 == 0;
  Value k = b.add(group, b.index(paired ? j / 2 * 2 : j));
  if (!paired)
    return b.broadcast(b.toF32(b.loadScalar(op.getInput(), {row, k})));
  Value pair = vector::BitCastOp::create(b, b.lanes(b.getI32Type(), 1),
                                         b.load(op.getInput(), {row, k}, {}, 2));
  Value bits = vector::ExtractOp::create(b, pair, 0);
  return halfOfPair(b, b.broadcast(bits), element, /*upper=*/j % 2);
}

/// Has each block of K begin by widening the rows' terms on the stack, where
/// products find them as they do f32; of bf16, `apart` puts even terms before odd
/// ones, which takes no shuffle. Returns where the block starts, once it has.
std::shared_ptr<Value> LinearLowering::widenRows(DotBlock &block,
                                                 ArrayRef<Value> rows,
                                                 bool apart) {
  if (!widened)
    widened = b.stack({rowsAtOnce, kernel::sumBlock}, b.getF32Type());
  auto start = std::make_shared<Value>();
  block.enter = [=, this](Value first, int64_t count) {
    *start = first;
    for (auto [i, row] : llvm::enumerate(rows)) {
      if (apart) {
        Value pairs = b.load(op.getInput(), {row, first},
                             b.prefixMask(count, 2 * width), 2 * width);
        pairs = vector::BitCastOp::create(b, b.lanes(b.getI32Type()), pairs);
        for (bool odd : {false, true})
          b.store(halfOfPair(b, pairs, b.getBF16Type(), odd), widened,
                  {b.index(i), b.index(odd * width)});
        continue;
      }
      for (int64_t k = 0; k < count; k += width) {
        Value numbers = b.loadF32(op.getInput(), {row, b.add(first, b.index(k))},
                                  b.prefixMask(count - k));
        b.store(numbers, widened, {b.index(i), b.index(k)});
      }
    }
  };
  return start;
}

/// Decoding integers keeps the units busy that would widen rows term by term.
void LinearLowering::multiplyIntegers(DotBlock &block, ArrayRef<Value> rows) {
  Type element = elementOf(op.getInput().getType());
  if (element.isF32())
    return;
  auto start = widenRows(block, rows, /*apart=*/element.isBF16());
  block.input = [=, this](int64_t i, Value group, int64_t j) {
    Value at = b.sub(group, *start);
    at = element.isBF16()
             ? b.add(b.floorDiv(at, 2), b.index(j / 2 + j % 2 * width))
             : b.add(at, b.index(j));
    return b.broadcast(b.loadScalar(widened, {b.index(i), at}));
  };
}

/// Sums by pairs: one broadcast serves a pair, and as many products as there are
/// streams. The block's references outlive its use.
void LinearLowering::multiplyPairs(DotBlock &block, ArrayRef<Value> streams,
                                   ArrayRef<Value> rows) {
  block.weightPair = [=, this](int64_t i, Value group, int64_t j, bool last) {
    if (j == 0 && !last && rows.size() == 1)
      weights.prefetch(b, streams[i], group);
    return weights.pairsAt(b, streams[i], group, j, last);
  };
  if (elementOf(op.getInput().getType()).isF32() && length % 2 == 0) {
    block.inputPair = [=, this](int64_t i, Value group, int64_t j) {
      return b.broadcastPair(op.getInput(),
                             {rows[i], b.add(group, b.index(j))});
    };
    return;
  }
  auto start = widenRows(block, rows, /*apart=*/false);
  block.inputPair = [=, this](int64_t i, Value group, int64_t j) {
    Value at = b.add(b.sub(group, *start), b.index(j));
    return b.broadcastPair(widened, {b.index(i), at});
  };
}

/// The sums of each row with each stream, row by row.
SmallVector<Value> LinearLowering::emitSums(ArrayRef<Value> streams,
                                            ArrayRef<Value> rows) {
  DotBlock block;
  block.rows = rows.size();
  block.panels = streams.size();
  block.input = [&](int64_t i, Value group, int64_t j) {
    return broadcastInput(rows[i], group, j);
  };
  block.weight = [&](int64_t i, Value group, int64_t j) {
    // One row reads each line of the weights once, from memory.
    if (j == 0 && rows.size() == 1)
      weights.prefetch(b, streams[i], group);
    return weights.at(b, streams[i], group, j);
  };
  if (weights.inPairs())
    multiplyPairs(block, streams, rows);
  if (weights.ofIntegers())
    multiplyIntegers(block, rows);
  block.step = weights.step();
  if (weights.hasGroups())
    block.scale = [&](int64_t i, Value k) {
      return weights.groupScales(b, streams[i], k);
    };
  Value blocks = b.index(length / kernel::sumBlock);
  SmallVector<Value> sums =
      emitCanonicalDot(b, block, blocks, length % kernel::sumBlock);
  for (int64_t i = 0; i < block.panels; ++i)
    if (Value scales = weights.scales(b, streams[i]))
      for (int64_t r = 0; r < block.rows; ++r) {
        Value &sum = sums[r * block.panels + i];
        sum = b.mul(sum, scales);
      }
  return sums;
}

/// The same of rows that were quantized.
SmallVector<Value> LinearLowering::emitByteSums(ArrayRef<Value> streams,
                                                ArrayRef<Value> rows) {
  Type i32 = b.getI32Type();
  ByteBlock block;
  block.rows = rows.size();
  block.panels = streams.size();
  block.input = [&](int64_t i, Value line) {
    Value bytes = b.load(op.getInput(), {rows[i], b.mul(line, b.index(4))}, {}, 4);
    bytes = vector::BitCastOp::create(b, b.lanes(i32, 1), bytes);
    return b.broadcast(vector::ExtractOp::create(b, bytes, 0));
  };
  block.weight = [&](int64_t i, Value line) {
    if (rows.size() == 1)
      weights.prefetch(b, streams[i], b.mul(line, b.index(4)));
    return b.load(op.getWeight(), {streams[i], b.mul(line, b.index(64))}, {}, 64);
  };
  block.correction = [&](int64_t i) {
    return b.loadScalar(op.getTerms(), {rows[i], b.index(1)});
  };
  SmallVector<Value> sums = emitByteDot(b, level, block, length / 4);
  for (auto [i, sum] : llvm::enumerate(sums))
    sum = emitScaledBytes(b, op, weights, rows[i / streams.size()],
                          streams[i % streams.size()], sum);
  return sums;
}

/// The sums of a register block, and their epilogue.
LogicalResult LinearLowering::emitBlock(Value row, int64_t rows, Value panel,
                                        int64_t count) {
  Value first = parts == 1 ? panel : b.mul(panel, b.index(parts));
  SmallVector<Value> streams, inputRows;
  for (int64_t i = 0; i < count * parts; ++i)
    streams.push_back(i ? b.add(first, b.index(i)) : first);
  for (int64_t i = 0; i < rows; ++i)
    inputRows.push_back(i ? b.add(row, b.index(i)) : row);
  SmallVector<Value> sums = op.getTerms() ? emitByteSums(streams, inputRows)
                                          : emitSums(streams, inputRows);
  for (int64_t p = 0; p < count; ++p) {
    SmallVector<SmallVector<Value>> perRow;
    for (int64_t r = 0; r < rows; ++r) {
      auto start = sums.begin() + (r * count + p) * parts;
      perRow.emplace_back(start, start + parts);
    }
    Value at = p ? b.add(panel, b.index(p)) : panel;
    if (failed(epilogue.emit(row, rows, at, perRow)))
      return failure();
  }
  return success();
}

LogicalResult llmc::codegen::lowerLinear(kernel::LinearOp op,
                                         const X86Level &level) {
  if (failed(checkLinear(op)))
    return failure();
  if (op.getSquares() || op.getPartialSquares())
    return op.emitOpError("has rows that were not normalised");
  int64_t columns = extent(op.getOutputs().front(), 1);
  int64_t panels = llvm::divideCeil(columns, VectorBuilder::width);
  auto weights = PanelWeights::of(op, op.getWeight(), op.getScheme(),
                                  extent(op.getInput(), 1),
                                  panels * op.getParts(), &level);
  if (failed(weights))
    return failure();
  auto input = cast<MemRefType>(op.getInput().getType());
  if (op.getTerms() &&
      (!input.getElementType().isInteger(8) || input.getDimSize(1) % 4))
    return op.emitOpError("needs rows of bytes, in fours, not ") << input;
  if (fitsTiles(op, level))
    return lowerLinearToTiles(op, *weights);
  return LinearLowering(op, *weights, level).run();
}
