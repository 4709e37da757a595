/// A norm between linears becomes a part of both, and its launch goes:
///
///   %h = llm.linear %a, %v extras(%r) … { sum + r }
///   %n = llm.rms_norm %h, %s {epsilon}
///   %y = llm.linear %n, %w …
///   ->
///   %h, %g = llm.linear %a, %v extras(%r, %s) {kernel.squares} … { h, h * s }
///   %y = llm.linear %g, %w {kernel.norm_epsilon} …
///
/// The first also leaves the sums of its tiles' squares; the second multiplies its
/// sums, before the epilogue, by 1 / sqrt(mean square + epsilon) of their row:
/// rows times a number, times a matrix, are the same in either order. What is
/// rounded to the products' type is h * s instead of the normalised row: as
/// exactly, since bf16 and f32 lose no range. f16 would: such rows stay f32, which
/// takes several products where f16 takes one. Steps of a few rows, for which reading
/// weights is all that a linear costs, do that; beyond `few-rows` the norm stays.
///
/// For processors on which a launch costs more than some additions (GPUs). Taken
/// where every reader of the norm is a linear that does not quantize its rows, and
/// no two norms of one result would be folded.
#include "passes/Passes.h"
#include "passes/schedule/StepLowering.h"
#include "passes/support/Regions.h"

#include "dialects/llm/GroupScheme.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

namespace llmc {
#define GEN_PASS_DEF_FOLDNORMS
#include "passes/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

/// Whether a use is the input of a linear that can scale its sums by rows.
static bool scalesSums(OpOperand &use) {
  auto linear = dyn_cast<llm::LinearOp>(use.getOwner());
  if (!linear || use.getOperandNumber() != 0 ||
      linear->hasAttr(normEpsilonAttr))
    return false;
  llm::WeightOp weight = weightOf(linear.getWeight());
  return weight && !llm::quantizesInputs(weight.getScheme());
}

/// The linear whose first result the norm reads, if it can be folded into it.
static llm::LinearOp producerOf(llm::RmsNormOp norm, int64_t fewRows) {
  auto linear = norm.getInput().getDefiningOp<llm::LinearOp>();
  auto get = norm.getScale().getDefiningOp<llm::GetWeightOp>();
  if (!linear || !get || norm.getHeads() != 1 || linear->hasAttr(squaresAttr) ||
      linear->getBlock() != norm->getBlock() ||
      norm.getInput() != linear.getResult(0) ||
      !getElementTypeOrSelf(norm.getInput().getType()).isF32() ||
      norm.getResult().use_empty() ||
      !llvm::all_of(norm.getResult().getUses(), scalesSums))
    return {};
  auto bound = norm->getParentOfType<func::FuncOp>()->getAttrOfType<IntegerAttr>(
      "llm.max_rows");
  if (getElementTypeOrSelf(norm.getType()).isF16() && fewRows && bound &&
      bound.getInt() > fewRows)
    return {};
  return linear;
}

/// The scale times the first result, as one result more.
static llm::LinearOp addScaledResult(llm::LinearOp linear, llm::RmsNormOp norm) {
  OpBuilder builder(linear);
  Location loc = norm.getLoc();
  auto get = norm.getScale().getDefiningOp<llm::GetWeightOp>();
  Value scale = builder.clone(*get)->getResult(0);
  SmallVector<Value> extras(linear.getExtras());
  extras.push_back(scale);
  SmallVector<Type> types(linear.getResultTypes());
  auto rows = cast<RankedTensorType>(norm.getType());
  Type wanted = rows.getElementType();
  if (wanted.isF16())
    wanted = builder.getF32Type();
  types.push_back(
      RankedTensorType::get(rows.getShape(), wanted, rows.getEncoding()));
  auto result = llm::LinearOp::create(builder, linear.getLoc(), types,
                                      linear.getInput(), linear.getWeight(),
                                      extras, linear.getPartsAttr());
  result->setDiscardableAttrs(linear->getDiscardableAttrDictionary());
  result->setAttr(squaresAttr, builder.getUnitAttr());
  result.getEpilogue().takeBody(linear.getEpilogue());
  Block &body = result.getEpilogue().front();
  Type element = getElementTypeOrSelf(scale.getType());
  Value factor = body.addArgument(element, loc);
  Operation *yield = body.getTerminator();
  builder.setInsertionPoint(yield);
  Type f32 = builder.getF32Type();
  if (!element.isF32())
    factor = arith::ExtFOp::create(builder, loc, f32, factor);
  if (!norm.getOffset().isZero())
    factor = arith::AddFOp::create(
        builder, loc, factor,
        arith::ConstantOp::create(builder, loc, norm.getOffsetAttr()));
  Value scaled =
      arith::MulFOp::create(builder, loc, yield->getOperand(0), factor);
  if (!wanted.isF32())
    scaled = arith::TruncFOp::create(builder, loc, wanted, scaled);
  yield->insertOperands(yield->getNumOperands(), scaled);
  return result;
}

namespace {
struct FoldNorms : llmc::impl::FoldNormsBase<FoldNorms> {
  using FoldNormsBase::FoldNormsBase;
  void runOnOperation() override {
    SmallVector<llm::RmsNormOp> norms;
    getOperation().walk([&](llm::RmsNormOp norm) { norms.push_back(norm); });
    for (llm::RmsNormOp norm : norms) {
      llm::LinearOp linear = producerOf(norm, fewRows);
      if (!linear)
        continue;
      llm::LinearOp both = addScaledResult(linear, norm);
      for (Operation *user : norm.getResult().getUsers())
        user->setAttr(normEpsilonAttr, norm.getEpsilonAttr());
      norm.getResult().replaceAllUsesWith(both.getResults().back());
      norm.erase();
      linear.replaceAllUsesWith(both.getResults().drop_back());
      linear.erase();
    }
  }
};
} // namespace
