#include "compiler/DescribeWork.h"

#include "dialects/kernel/KernelOps.h"

using namespace mlir;

namespace llmc {

/// The place of a kernel's argument among its memrefs.
static uint32_t memrefNumber(func::FuncOp kernel, mlir::Value argument) {
  auto types = kernel.getArgumentTypes().take_front(
      cast<BlockArgument>(argument).getArgNumber());
  return llvm::count_if(types, llvm::IsaPred<MemRefType>);
}

/// A table whose first extent is what rows are chosen by; panels hold 16
/// columns, and a row of tokens reads one of them.
static void addLookup(KernelWork &work, func::FuncOp kernel,
                      mlir::Value table, bool panels) {
  auto type = cast<MemRefType>(table.getType());
  ArrayRef<int64_t> row = type.getShape().drop_front();
  if (ShapedType::isDynamicShape(row))
    return;
  int64_t bytes = ShapedType::getNumElements(row) * type.getElementTypeBitWidth() / 8;
  work.lookups.push_back({memrefNumber(kernel, table),
                          panels ? bytes / kernel::panelWidth : bytes});
}

static int64_t linearOperations(kernel::LinearOp op) {
  auto input = cast<MemRefType>(op.getInput().getType());
  auto output = cast<MemRefType>(op.getOutputs().front().getType());
  int64_t k = input.getShape().back(), n = output.getShape().back();
  if (ShapedType::isDynamic(k) || ShapedType::isDynamic(n))
    return 0;
  return 2 * k * n * op.getParts();
}

/// Scores and the weighted sum of values: each heads * head_dim FMAs.
template <typename Op> static void describeAttention(KernelWork &work, Op op) {
  work.positionOperations = 4 * op.getHeads() * op.getHeadDim();
  work.window = op.getWindow();
}

KernelWork describeWork(func::FuncOp kernel) {
  KernelWork work;
  for (Operation &inner : kernel.getBody().front()) {
    if (auto op = dyn_cast<kernel::LinearOp>(inner)) {
      work.rowOperations = linearOperations(op);
    } else if (auto op = dyn_cast<kernel::AttentionOp>(inner)) {
      describeAttention(work, op);
    } else if (auto op = dyn_cast<kernel::AttentionSplitOp>(inner)) {
      describeAttention(work, op);
    } else if (auto op = dyn_cast<kernel::EmbeddingOp>(inner)) {
      addLookup(work, kernel, op.getTable(), op.getPanels());
    } else if (auto op = dyn_cast<kernel::TakeRowsOp>(inner)) {
      addLookup(work, kernel, op.getInput(), /*panels=*/false);
    } else if (auto op = dyn_cast<kernel::RopeOp>(inner)) {
      addLookup(work, kernel, op.getCos(), /*panels=*/false);
      addLookup(work, kernel, op.getSin(), /*panels=*/false);
    } else if (auto op = dyn_cast<kernel::RopeAppendOp>(inner)) {
      addLookup(work, kernel, op.getCos(), /*panels=*/false);
      addLookup(work, kernel, op.getSin(), /*panels=*/false);
    }
  }
  return work;
}

} // namespace llmc
