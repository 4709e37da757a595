/// A sum of two row vectors and the norm of the sum are one kernel:
///
///   %s = llm.map %a, %b { a + b };  %n = llm.rms_norm %s, %w
///   ->
///   %s, %n = llm.add_rms_norm %a, %b, %w
///
/// Runs after FuseEpilogue, which takes the sums that a linear can do at its
/// store. Bits are kept.
/// Refused: any other map, an operand that is not of the sum's shape, a scale
/// that is computed after the sum.
#include "passes/Passes.h"
#include "passes/support/OnnxMatch.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

namespace llmc {
#define GEN_PASS_DEF_FUSERESIDUALNORM
#include "passes/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

/// Whether the map adds its two inputs, both of the result's type.
static bool isSum(llm::MapOp map) {
  if (!map || map.getInputs().size() != 2 || map.getNumResults() != 1)
    return false;
  Block &body = map.getBody().front();
  auto sum = body.getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  return sum && sum.getLhs() == body.getArgument(0) &&
         sum.getRhs() == body.getArgument(1) &&
         map.getInputs()[0].getType() == map.getResult(0).getType() &&
         map.getInputs()[1].getType() == map.getResult(0).getType();
}

namespace {
struct FuseResidualNorm : llmc::impl::FuseResidualNormBase<FuseResidualNorm> {
  void runOnOperation() override {
    SmallVector<llm::RmsNormOp> norms;
    getOperation().walk([&](llm::RmsNormOp norm) { norms.push_back(norm); });
    for (llm::RmsNormOp norm : norms) {
      auto map = norm.getInput().getDefiningOp<llm::MapOp>();
      if (!isSum(map) || norm.getHeads() != 1 ||
          map->getBlock() != norm->getBlock())
        continue;
      // The scale may be read after the sum; a weight can be read anywhere.
      Operation *scale = norm.getScale().getDefiningOp();
      bool moves = scale && scale->getBlock() == map->getBlock() &&
                   map->isBeforeInBlock(scale);
      if (moves && !isa<llm::GetWeightOp>(scale))
        continue;
      OpBuilder builder(map);
      if (moves)
        scale->moveBefore(map);
      auto fused = llm::AddRmsNormOp::create(
          builder, norm.getLoc(), map.getResult(0).getType(), norm.getType(),
          map.getInputs()[0], map.getInputs()[1], norm.getScale(),
          norm.getEpsilonAttr(), norm.getOffsetAttr());
      map.getResult(0).replaceAllUsesWith(fused.getSum());
      norm.getResult().replaceAllUsesWith(fused.getResult());
      norm.erase();
      map.erase();
    }
  }
};
} // namespace
