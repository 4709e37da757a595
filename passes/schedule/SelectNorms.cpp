/// Decides where one launch normalises a block's output, adds it to the residual
/// and normalises the sum:
///
///   %n = llm.rms_norm %x, %w ; %s, %y = llm.add_rms_norm %n, %r, %v
///   ->
///   the rms_norm gets `kernel.normalized`
///
/// For GPUs, as SelectAppend. The sum must be the norm's only user and like it in
/// epsilon and offset. Bits are kept.
#include "passes/Passes.h"
#include "passes/schedule/StepLowering.h"

namespace llmc {
#define GEN_PASS_DEF_SELECTNORMS
#include "passes/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

/// The norm that `sum` alone reads, as it would do it itself.
static llm::RmsNormOp normOf(Value operand, llm::AddRmsNormOp sum) {
  auto norm = operand.getDefiningOp<llm::RmsNormOp>();
  if (!norm || !norm->hasOneUse() || norm.getHeads() != 1 ||
      norm->getBlock() != sum->getBlock() ||
      norm.getInput().getType() != norm.getType() ||
      norm.getEpsilon() != sum.getEpsilon() ||
      norm.getOffset() != sum.getOffset())
    return {};
  return norm;
}

namespace {
struct SelectNorms : llmc::impl::SelectNormsBase<SelectNorms> {
  void runOnOperation() override {
    getOperation().walk([](llm::AddRmsNormOp sum) {
      // A sum does not mind which is which.
      auto norm = normOf(sum.getInput(), sum);
      if (!norm && (norm = normOf(sum.getResidual(), sum))) {
        Value input = sum.getInput();
        sum.getInputMutable().assign(norm.getResult());
        sum.getResidualMutable().assign(input);
      }
      if (norm)
        norm->setAttr(normalizedAttr, UnitAttr::get(sum.getContext()));
    });
  }
};
} // namespace
