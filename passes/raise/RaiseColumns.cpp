/// onnx.slice and onnx.split of the last dimension of rows [B, S, D] with step 1
/// -> llm.columns, so that a linear for query, key and value together, or for
/// gate and up, needs no copy. Bits are kept.
#include "dialects/onnx/SymbolicShape.h"
#include "passes/Passes.h"
#include "passes/support/OnnxMatch.h"

namespace llmc {
#define GEN_PASS_DEF_RAISECOLUMNS
#include "passes/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

/// Whether `op` takes rows whose width is static.
static bool readsRows(Operation *op) {
  auto type = rankedType(op->getOperand(0));
  return type && type.getRank() == 3 && !type.hasStaticShape() &&
         !ShapedType::isDynamic(type.getShape().back()) &&
         isa<FloatType>(type.getElementType());
}

/// Whether every row is taken, in order, and columns in steps of 1. A dynamic
/// extent is compared by its expression: `?` alone says nothing.
static bool keepsRows(onnx::SliceOp slice, RankedTensorType input) {
  auto result = rankedType(slice.getResult());
  if (!result || result.getRank() != input.getRank() ||
      llvm::any_of(slice.getSteps(), [](int64_t step) { return step != 1; }))
    return false;
  auto from = onnx::symbolicDims(input), to = onnx::symbolicDims(result);
  return llvm::all_of(llvm::seq<size_t>(0, from.size() - 1), [&](size_t i) {
    return from[i] && from[i] == to[i];
  });
}

namespace {
struct RaiseColumns : llmc::impl::RaiseColumnsBase<RaiseColumns> {
  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      if (isa<onnx::SliceOp, onnx::SplitOp>(op) && readsRows(op))
        ops.push_back(op);
    });
    for (Operation *op : ops) {
      auto input = rankedType(op->getOperand(0));
      int64_t offset = 0;
      if (auto slice = dyn_cast<onnx::SliceOp>(op)) {
        auto result = rankedType(slice.getResult());
        auto start = dyn_cast<AffineConstantExpr>(
            slice.getStarts().getResults().back());
        if (!start || !keepsRows(slice, input) ||
            result.getShape().back() == input.getShape().back())
          continue;
        offset = start.getValue();
      } else if (cast<onnx::SplitOp>(op).getAxis() != 2) {
        continue;
      }
      OpBuilder builder(op);
      for (Value result : op->getResults()) {
        Value columns = llm::ColumnsOp::create(builder, op->getLoc(),
                                               result.getType(),
                                               op->getOperand(0), offset);
        result.replaceAllUsesWith(columns);
        offset += rankedType(result).getShape().back();
      }
      op->erase();
    }
  }
};
} // namespace
