/// What a linear with bf16 weights reads is rounded to bf16:
///
///   %x = llm.rms_norm %h, %s : … -> tensor<?x64xf32>
///   %y = llm.linear %x, %w : (tensor<?x64xf32>, tensor<64x64xbf16>) -> …
///   ->
///   %x = llm.rms_norm %h, %s : … -> tensor<?x64xbf16>
///   %y = llm.linear %x, %w : (tensor<?x64xbf16>, tensor<64x64xbf16>) -> …
///
/// Matrix instructions multiply bf16 by bf16, and every level is to give their
/// bits. The op that makes the value rounds it at its store; a value that other
/// ops read as well is rounded by a map of its own. Runs after fusion, so that
/// epilogues are complete. Results move by the rounding: 2^-9 of each input.
/// Linears with quantized weights, or weights of another type, keep their inputs.
#include "passes/Passes.h"
#include "passes/support/Regions.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

namespace llmc {
#define GEN_PASS_DEF_ROUNDINPUTS
#include "passes/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

/// Whether `use` is the input of a linear with bf16 weights.
static bool readsRounded(OpOperand &use) {
  auto linear = dyn_cast<llm::LinearOp>(use.getOwner());
  if (!linear || use.getOperandNumber() != 0)
    return false;
  llm::WeightOp weight = weightOf(linear.getWeight());
  return getElementTypeOrSelf(linear.getWeight().getType()).isBF16() &&
         (!weight || weight.getScheme().empty());
}

static void setElement(Value value, Type element) {
  auto type = cast<RankedTensorType>(value.getType());
  value.setType(
      RankedTensorType::get(type.getShape(), element, type.getEncoding()));
}

/// A map that rounds `value`, right behind what makes it.
static Value insertRounding(Value value, Type element) {
  OpBuilder builder(value.getContext());
  builder.setInsertionPointAfterValue(value);
  Location loc = value.getLoc();
  auto type = cast<RankedTensorType>(value.getType());
  auto rounded =
      RankedTensorType::get(type.getShape(), element, type.getEncoding());
  auto map = llm::MapOp::create(builder, loc, TypeRange{rounded}, value);
  Block *body = builder.createBlock(&map.getBody());
  Value argument = body->addArgument(type.getElementType(), loc);
  Value result = arith::TruncFOp::create(builder, loc, element, argument);
  llm::YieldOp::create(builder, loc, result);
  return map.getResult(0);
}

/// Has the op that makes `value` round it; false where it cannot.
static bool roundAtStore(Value value, Type element) {
  Operation *op = value.getDefiningOp();
  if (!op)
    return false;
  if (isa<llm::LinearOp, llm::MapOp>(op)) {
    Operation *yield = op->getRegion(0).front().getTerminator();
    unsigned index = cast<OpResult>(value).getResultNumber();
    OpBuilder builder(yield);
    yield->setOperand(index,
                      arith::TruncFOp::create(builder, op->getLoc(), element,
                                              yield->getOperand(index)));
  } else if (auto norm = dyn_cast<llm::AddRmsNormOp>(op)) {
    if (value != norm.getResult())
      return false;
  } else if (!isa<llm::RmsNormOp, llm::LayerNormOp, llm::AttentionOp,
                  llm::TakeRowsOp, llm::EmbeddingOp>(op)) {
    return false;
  }
  setElement(value, element);
  return true;
}

namespace {
struct RoundInputs : llmc::impl::RoundInputsBase<RoundInputs> {
  void runOnOperation() override;
};
} // namespace

void RoundInputs::runOnOperation() {
  auto step = getOperation().lookupSymbol<func::FuncOp>("step");
  if (!step)
    return;
  Type bf16 = BFloat16Type::get(&getContext());
  llvm::SetVector<Value> inputs;
  step.walk([&](llm::LinearOp linear) {
    Value input = linear.getInput();
    if (readsRounded(linear->getOpOperand(0)) &&
        getElementTypeOrSelf(input.getType()).isF32())
      inputs.insert(input);
  });
  for (Value input : inputs) {
    if (llvm::all_of(input.getUses(), readsRounded) &&
        roundAtStore(input, bf16))
      continue;
    SmallVector<OpOperand *> uses;
    for (OpOperand &use : input.getUses())
      if (readsRounded(use))
        uses.push_back(&use);
    Value rounded = insertRounding(input, bf16);
    for (OpOperand *use : uses)
      use->set(rounded);
  }
}
