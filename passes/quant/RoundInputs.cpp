/// What a linear with bf16 or f16 weights reads is rounded to their type, and what
/// one with integer weights reads to the type that `dtype` names:
///
///   %x = llm.rms_norm %h, %s : … -> tensor<?x64xf32>
///   %y = llm.linear %x, %w : (tensor<?x64xf32>, tensor<64x64xbf16>) -> …
///   ->
///   %x = llm.rms_norm %h, %s : … -> tensor<?x64xbf16>
///   %y = llm.linear %x, %w : (tensor<?x64xbf16>, tensor<64x64xbf16>) -> …
///
/// Matrix instructions multiply bf16 by bf16 and f16 by f16, and every level is
/// to give their bits. The op that makes the value rounds it at its store; a value
/// that other ops read as well is rounded by a map of its own. Runs after fusion,
/// so that epilogues are complete.
///
/// Results move by the rounding, 2^-9 of each input or, of f16, 2^-12, and 2^-25
/// of those below 2^-14. What is beyond f16 becomes its largest number, 65504: a
/// graph of f16 has no such activations, and in one of f32 with `--dtype=f16` an
/// infinity would be no number a few ops later. Regions do that by two ops before
/// they round; other ops whenever they store f16 (LlmDialect.td).
///
/// Integers of up to 8 bits are numbers of bf16 and of f16, so matrix instructions
/// multiply them by such rows at once, and by rows of f32 in three products. Nobody
/// has rounded rows who did not ask for it: without `dtype` these linears keep their
/// inputs, as do those of f32, and of w8a8, whose kernels round rows to bytes.
///
/// Refused: a `dtype` that is none of f32, f16, bf16.
#include "passes/Passes.h"
#include "passes/support/Regions.h"

#include "dialects/llm/GroupScheme.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

namespace llmc {
#define GEN_PASS_DEF_ROUNDINPUTS
#include "passes/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

/// The type of the weights, of integers `integers`, where `use` is the input of a
/// linear and that is bf16 or f16; else none.
static Type roundedFor(OpOperand &use, Type integers) {
  auto linear = dyn_cast<llm::LinearOp>(use.getOwner());
  if (!linear || use.getOperandNumber() != 0)
    return {};
  llm::WeightOp weight = weightOf(linear.getWeight());
  Type element = getElementTypeOrSelf(linear.getWeight().getType());
  if (weight && !weight.getScheme().empty())
    element = llm::quantizesInputs(weight.getScheme()) ? Type() : integers;
  bool halves = element && (element.isBF16() || element.isF16());
  return halves ? element : Type();
}

/// `value` (f32) in another type, in a region.
static Value roundScalar(OpBuilder &builder, Location loc, Value value,
                         Type element) {
  if (element.isF16()) {
    // Comparisons that leave what is no number, as the machine's min and max do.
    auto bound = [&](double limit, arith::CmpFPredicate beyond) {
      Value most = arith::ConstantOp::create(
          builder, loc, builder.getF32FloatAttr(static_cast<float>(limit)));
      Value is = arith::CmpFOp::create(builder, loc, beyond, most, value);
      value = arith::SelectOp::create(builder, loc, is, most, value);
    };
    bound(65504, arith::CmpFPredicate::OLT);
    bound(-65504, arith::CmpFPredicate::OGT);
  }
  return arith::TruncFOp::create(builder, loc, element, value);
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
  Value result = roundScalar(builder, loc, argument, element);
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
    yield->setOperand(index, roundScalar(builder, op->getLoc(),
                                         yield->getOperand(index), element));
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
  using RoundInputsBase::RoundInputsBase;
  void runOnOperation() override;
};
} // namespace

void RoundInputs::runOnOperation() {
  auto step = getOperation().lookupSymbol<func::FuncOp>("step");
  if (!step)
    return;
  Type integers = floatNamed(&getContext(), dtype);
  if (!dtype.empty() && !integers) {
    step.emitError("unknown element type '") << dtype << "'";
    return signalPassFailure();
  }
  llvm::SetVector<std::pair<Value, Type>> inputs;
  step.walk([&](llm::LinearOp linear) {
    Type element = roundedFor(linear->getOpOperand(0), integers);
    Value input = linear.getInput();
    if (element && getElementTypeOrSelf(input.getType()).isF32())
      inputs.insert({input, element});
  });
  for (auto [input, element] : inputs) {
    SmallVector<OpOperand *> uses;
    for (OpOperand &use : input.getUses())
      if (roundedFor(use, integers) == element)
        uses.push_back(&use);
    if (uses.size() == size_t(llvm::range_size(input.getUses())) &&
        roundAtStore(input, element))
      continue;
    Value rounded = insertRounding(input, element);
    for (OpOperand *use : uses)
      use->set(rounded);
  }
}
