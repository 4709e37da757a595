#include "dialects/kernel/TileUses.h"

#include "dialects/kernel/KernelDialect.h"
#include "dialects/kernel/KernelOps.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace llmc::kernel {

namespace {
class Uses {
public:
  /// Read as a whole.
  Uses &reads(ValueRange operands) {
    for (Value operand : operands)
      add({operand, true, false});
    return *this;
  }
  /// A tile has its own indices of a dimension.
  Uses &readsPart(ValueRange operands, int64_t dimension, int64_t perTile = 1) {
    for (Value operand : operands)
      add({operand, true, false, dimension, perTile});
    return *this;
  }
  Uses &writesPart(ValueRange operands, int64_t dimension, int64_t perTile = 1) {
    for (Value operand : operands)
      add({operand, false, true, dimension, perTile});
    return *this;
  }
  /// Written somewhere.
  Uses &writes(ValueRange operands) {
    for (Value operand : operands)
      add({operand, false, true});
    return *this;
  }

  SmallVector<TileUse> list;

private:
  void add(TileUse use) {
    if (use.operand && isa<MemRefType>(use.operand.getType()))
      list.push_back(use);
  }
};
} // namespace

static int64_t rankOf(Value operand) {
  return cast<MemRefType>(operand.getType()).getRank();
}

/// Columns by tiles; vectors [N] belong to no row and are constant.
static void linearUses(LinearOp op, Uses &uses) {
  int64_t columns = int64_t(op.getTilePanels()) * panelWidth;
  uses.reads({op.getInput(), op.getWeight()});
  for (Value extra : op.getExtras())
    uses.readsPart(extra, rankOf(extra) - 1, columns);
  uses.writesPart(op.getOutputs(), 1, columns);
  for (Value whole : {op.getTerms(), op.getSquares()})
    if (whole)
      uses.reads(whole);
  if (op.getPartialSquares())
    uses.writesPart(op.getPartialSquares(), 1);
}

static void mapUses(MapOp op, Uses &uses) {
  for (Value input : op.getInputs())
    if (rankOf(input) > 1)
      uses.readsPart(input, 0);
    else
      uses.reads(input);
  uses.writesPart(op.getOutputs(), 0);
}

SmallVector<TileUse> tileUsesOf(Operation *op) {
  Uses uses;
  llvm::TypeSwitch<Operation *>(op)
      .Case([&](EmbeddingOp op) {
        uses.readsPart(op.getTokens(), 0).reads(op.getTable());
        uses.writesPart(op.getOutput(), 0);
      })
      .Case([&](TakeRowsOp op) {
        uses.reads(op.getInput()).readsPart(op.getRows(), 0);
        uses.writesPart(op.getOutput(), 0);
      })
      .Case([&](QuantizeRowsOp op) {
        uses.readsPart(op.getInput(), 0);
        uses.writesPart({op.getOutput(), op.getTerms()}, 0);
      })
      .Case([&](LinearOp op) { linearUses(op, uses); })
      .Case([&](MapOp op) { mapUses(op, uses); })
      .Case([&](RmsNormOp op) {
        uses.readsPart(op.getInput(), 0).reads(op.getScale());
        uses.writesPart(op.getOutput(), 0);
      })
      .Case([&](AddRmsNormOp op) {
        uses.readsPart({op.getInput(), op.getResidual()}, 0).reads(op.getScale());
        if (Value scale = op.getInputScale())
          uses.reads(scale);
        uses.writesPart({op.getSum(), op.getOutput()}, 0);
      })
      .Case([&](LayerNormOp op) {
        uses.readsPart(op.getInput(), 0).reads({op.getScale(), op.getBias()});
        uses.writesPart(op.getOutput(), 0);
      })
      .Case([&](RopeOp op) {
        uses.readsPart({op.getInput(), op.getPositions()}, 0);
        uses.reads({op.getCos(), op.getSin()}).writesPart(op.getOutput(), 0);
      })
      .Case([&](KvAppendOp op) {
        uses.readsPart({op.getKey(), op.getValue()}, 0);
        uses.reads({op.getRowSequence(), op.getPositions(), op.getPageTable()});
        uses.writes({op.getKeyCache(), op.getValueCache()});
      })
      .Case([&](RopeAppendOp op) {
        uses.readsPart({op.getQuery(), op.getKey(), op.getValue()}, 0);
        uses.reads({op.getCos(), op.getSin(), op.getRowSequence(),
                    op.getPositions(), op.getPageTable()});
        uses.reads(op.getScales());
        uses.writes({op.getKeyCache(), op.getValueCache()});
        uses.writesPart(op.getOutput(), 0);
      })
      .Case([&](AttentionOp op) {
        // Which rows a block has is known when the step runs.
        uses.reads({op.getQuery(), op.getRowSequence(), op.getPositions(),
                    op.getPageTable(), op.getBlocks(), op.getKeyCache(),
                    op.getValueCache()});
        uses.writes(op.getOutput());
      })
      .Case([&](AttentionSplitOp op) {
        uses.reads({op.getQuery(), op.getRowSequence(), op.getPositions(),
                    op.getPageTable(), op.getBlocks(), op.getKeyCache(),
                    op.getValueCache()});
        uses.writes({op.getMaxima(), op.getSums(), op.getPartials()});
        // Which tile merges is known when the step runs.
        uses.writes(op.getMerging());
      })
      .Case([&](AttentionMergeOp op) {
        uses.reads({op.getMaxima(), op.getSums(), op.getPartials(),
                    op.getPositions()});
        uses.writes(op.getOutput());
      })
      .Default([](Operation *) {});
  // What nothing is said of may be read and written anywhere.
  for (Value operand : op->getOperands())
    if (isa<MemRefType>(operand.getType()) &&
        llvm::none_of(uses.list, [&](const TileUse &use) {
          return use.operand == operand;
        }))
      uses.list.push_back({operand});
  return uses.list;
}

} // namespace llmc::kernel
