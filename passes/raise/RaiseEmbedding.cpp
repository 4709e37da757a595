/// onnx.gather(weight [V, D], ids) along axis 0 -> llm.embedding, where the ids
/// are an argument of the graph (through casts and reshapes). Bits are kept.
///
///   %e = onnx.gather(%w, %ids) {axis = 0}
///   ->
///   %w = llm.get_weight @w : tensor<VxDxf32>
///   %e = llm.embedding(%ids, %w)
#include "passes/Passes.h"
#include "passes/support/OnnxMatch.h"

namespace llmc {
#define GEN_PASS_DEF_RAISEEMBEDDING
#include "passes/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

/// The graph argument that `ids` is, without casts between integers.
static Value idsArgument(Value ids) {
  while (auto cast = ids.getDefiningOp<onnx::CastOp>())
    ids = cast.getInput();
  return isa<BlockArgument>(ids) ? ids : Value();
}

namespace {
struct RaiseEmbedding : llmc::impl::RaiseEmbeddingBase<RaiseEmbedding> {
  void runOnOperation() override {
    SmallVector<onnx::GatherOp> gathers;
    getOperation().walk([&](onnx::GatherOp op) { gathers.push_back(op); });
    for (onnx::GatherOp gather : gathers) {
      auto table = rankedType(gather.getInput());
      Value ids = idsArgument(gather.getIndices());
      if (gather.getAxis() != 0 || !table || table.getRank() != 2 ||
          !isa<FloatType>(table.getElementType()) ||
          !isWeight(gather.getInput()) || !ids)
        continue;
      OpBuilder builder(gather);
      Value weight = getWeight(builder, gather.getLoc(), gather.getInput());
      if (!weight)
        continue;
      Value result = llm::EmbeddingOp::create(builder, gather.getLoc(),
                                              gather.getType(), ids, weight);
      gather.getResult().replaceAllUsesWith(result);
      eraseDead(gather);
    }
  }
};
} // namespace
