/// Verifiers of the kernel dialect.
#include "dialects/kernel/KernelOps.h"

#include "dialects/llm/GroupScheme.h"
#include "runtime/format/TokenChoice.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::kernel;

#define GET_OP_CLASSES
#include "dialects/kernel/KernelOps.cpp.inc"

LogicalResult LinearOp::verify() {
  Block &body = getEpilogue().front();
  if (body.getNumArguments() != getParts() + getExtras().size())
    return emitOpError("(1) epilogue has ")
           << body.getNumArguments() << " arguments for " << getParts()
           << " parts and " << getExtras().size() << " extras";
  // The attributes are read as unsigned.
  if (int64_t(getTileRows()) <= 0 || int64_t(getTilePanels()) <= 0 ||
      int64_t(getPaddedRows()) <= 0)
    return emitOpError("(2) sizes of tiles must be positive");
  int64_t block = getBlockLength();
  auto input = cast<MemRefType>(getInput().getType());
  if (block < 0 || block % sumBlock ||
      (block && !getScratch() && block < input.getShape().back()))
    return emitOpError("(3) blocks of ")
           << block << " terms need to be multiples of " << sumBlock
           << " and a scratch";
  if (bool(getTerms()) != llm::quantizesInputs(getScheme()))
    return emitOpError("(4) terms of rows go with the scheme w8a8");
  return success();
}

LogicalResult MapOp::verify() {
  Block &body = getBody().front();
  if (body.getNumArguments() != getInputs().size())
    return emitOpError("(1) body has ") << body.getNumArguments()
                                        << " arguments for "
                                        << getInputs().size() << " inputs";
  if (body.getTerminator()->getNumOperands() != getOutputs().size())
    return emitOpError("(1) body yields ")
           << body.getTerminator()->getNumOperands() << " values for "
           << getOutputs().size() << " outputs";
  return success();
}

LogicalResult RopeAppendOp::verify() {
  if (getScales().empty())
    return success();
  Value rows[] = {getQuery(), getKey()};
  bool good = getScales().size() == std::size(rows);
  for (auto [scale, row] : llvm::zip(getScales(), rows)) {
    auto vector = cast<MemRefType>(scale.getType());
    auto type = cast<MemRefType>(row.getType());
    int64_t length = vector.getRank() == 1 ? vector.getDimSize(0) : 0;
    good &= isa<FloatType>(vector.getElementType()) && length > 0 &&
            (length == int64_t(getHeadDim()) || length == type.getShape().back());
  }
  if (!good)
    return emitOpError("(1) scales must be none, or one of queries and one of "
                       "keys, of a head or of a row");
  return success();
}

/// The attributes are read as unsigned.
static LogicalResult verifySplit(Operation *op, int64_t page, int64_t split) {
  if (page <= 0 || page % sumBlock)
    return op->emitOpError("(1) has a page of ")
           << page << " positions, which is no multiple of " << sumBlock;
  if (split <= 0 || split % page)
    return op->emitOpError("(1) has a split of ")
           << split << " positions, which is no multiple of the page of "
           << page;
  if (split > mostSplit)
    return op->emitOpError("(2) has a split of ")
           << split << " positions, which is more than " << mostSplit;
  return success();
}

LogicalResult AttentionOp::verify() {
  return verifySplit(*this, getPage(), getSplit());
}

LogicalResult AttentionSplitOp::verify() {
  if (failed(verifySplit(*this, getPage(), getSplit())))
    return failure();
  if (getMerging().empty())
    return success();
  auto isCounter = [&](Value value) {
    auto type = cast<MemRefType>(value.getType());
    return type.getRank() == 2 && type.getElementType().isInteger(32);
  };
  if (getMerging().size() != 2 || !isCounter(getMerging()[0]) ||
      static_cast<int64_t>(getShares()) <= 0)
    return emitOpError("(3) needs counters [B, KV] i32, an output and shares to "
                       "merge, or nothing of it");
  return success();
}

LogicalResult AttentionMergeOp::verify() {
  return verifySplit(*this, sumBlock, getSplit());
}

/// [*, columns] of `element`; columns not given: any static number.
static bool isTable(Value value, Type element, std::optional<int64_t> columns) {
  auto type = cast<MemRefType>(value.getType());
  return type.getRank() == 2 && type.getElementType() == element &&
         !type.isDynamicDim(1) && (!columns || type.getDimSize(1) == *columns);
}

static LogicalResult verifyLogits(Operation *op, Value logits, Value maxima) {
  Builder b(op->getContext());
  if (!isTable(logits, b.getF32Type(), std::nullopt) ||
      !isTable(maxima, b.getI64Type(), std::nullopt))
    return op->emitOpError("(1) needs logits [R, V] f32 and maxima [C, S] i64, not ")
           << logits.getType() << " and " << maxima.getType();
  if (int64_t columns = cast<MemRefType>(logits.getType()).getDimSize(1);
      columns > choice::mostTokens)
    return op->emitOpError("(2) has rows of ")
           << columns << " logits, which is more than " << choice::mostTokens;
  return success();
}

LogicalResult RowMaximaOp::verify() {
  return verifyLogits(*this, getLogits(), getMaxima());
}

LogicalResult ChooseTokenOp::verify() {
  if (failed(verifyLogits(*this, getLogits(), getMaxima())))
    return failure();
  Builder b(getContext());
  auto tokens = cast<MemRefType>(getTokens().getType());
  if (!isTable(getChoices(), b.getI32Type(), choice::words) ||
      tokens.getRank() != 1 || !tokens.getElementType().isInteger(32))
    return emitOpError("(1) needs choices [C, ")
           << choice::words << "] i32 and tokens [C] i32, not "
           << getChoices().getType() << " and " << tokens;
  return success();
}
