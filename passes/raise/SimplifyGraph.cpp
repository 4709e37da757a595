/// Brings what exporters write around the real work into one spelling, so that
/// the passes after it see few forms.
///
///   transpose(transpose(x))  ->  one transpose, or x
///   reshape(reshape(x))      ->  one reshape, or x
///   cast(x) to its own type  ->  x
///   split with one result    ->  its input
///   where(isnan(y), c, y), y = softmax(...)  ->  y
///
/// The last guards rows that may see no position at all. A causal row always
/// sees itself, so its softmax is never NaN; what attention becomes is checked
/// against the graph by RaiseAttention anyway. Otherwise results keep their
/// bits. Dead ops are erased.
#include "passes/Passes.h"
#include "passes/support/OnnxMatch.h"

namespace llmc {
#define GEN_PASS_DEF_SIMPLIFYGRAPH
#include "passes/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

static Value simplify(OpBuilder &builder, Operation *op) {
  if (auto transpose = dyn_cast<onnx::TransposeOp>(op)) {
    ArrayRef<int64_t> outer = transpose.getPermutation();
    if (llvm::equal(outer, llvm::seq<int64_t>(0, outer.size())))
      return transpose.getInput();
    auto inner = transpose.getInput().getDefiningOp<onnx::TransposeOp>();
    if (!inner)
      return {};
    SmallVector<int64_t> composed;
    for (int64_t dim : outer)
      composed.push_back(inner.getPermutation()[dim]);
    return onnx::TransposeOp::create(builder, op->getLoc(),
                                     transpose.getType(), inner.getInput(),
                                     composed);
  }
  if (auto reshape = dyn_cast<onnx::ReshapeOp>(op)) {
    if (reshape.getInput().getType() == reshape.getType())
      return reshape.getInput();
    if (auto inner = reshape.getInput().getDefiningOp<onnx::ReshapeOp>())
      return onnx::ReshapeOp::create(builder, op->getLoc(), reshape.getType(),
                                     inner.getInput());
    return {};
  }
  if (isa<onnx::CastOp, onnx::ExpandOp, onnx::TileOp>(op) &&
      op->getOperand(0).getType() == op->getResult(0).getType())
    return op->getOperand(0);
  if (auto split = dyn_cast<onnx::SplitOp>(op))
    return split.getNumResults() == 1 ? split.getInput() : Value();
  if (auto where = dyn_cast<onnx::WhereOp>(op)) {
    auto isNan = where.getCondition().getDefiningOp<onnx::IsNanOp>();
    if (isNan && isNan.getInput() == where.getRhs() &&
        where.getRhs().getDefiningOp<onnx::SoftmaxOp>() &&
        where.getRhs().getType() == where.getType())
      return where.getRhs();
  }
  return {};
}

namespace {
struct SimplifyGraph : llmc::impl::SimplifyGraphBase<SimplifyGraph> {
  void runOnOperation() override {
    getOperation().walk([](func::FuncOp function) {
      bool changed = true;
      while (changed) {
        changed = false;
        SmallVector<Operation *> ops;
        function.walk([&](Operation *op) { ops.push_back(op); });
        for (Operation *op : ops) {
          OpBuilder builder(op);
          if (Value value = simplify(builder, op)) {
            op->getResult(0).replaceAllUsesWith(value);
            op->erase();
            changed = true;
          }
        }
      }
      eraseDeadOps(function);
    });
  }
};
} // namespace
