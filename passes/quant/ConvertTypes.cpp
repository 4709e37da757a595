/// Chooses what is kept in which type, whatever the graph was exported in:
/// weights of linears and embeddings in the wanted type (what the graph holds,
/// if none is wanted), everything else, activations and caches included, in
/// f32. x86 kernels widen weights as they load them, and sums are f32 anyway;
/// so an f16 or bf16 graph loses nothing to rounding in between.
///
///   %y = llm.linear %x, %w : (tensor<?x64xf16>, tensor<64x64xf16>) -> ?x64xf16
///   ->
///   %y = llm.linear %x, %w : (tensor<?x64xf32>, tensor<64x64xf16>) -> ?x64xf32
///
/// Conversions between floats in epilogues and maps vanish. Results move by
/// what the graph's own rounding was, and by that of the weights where another
/// type is wanted.
/// Refused: a wanted type that is none of f32, f16, bf16.
#include "passes/Passes.h"
#include "passes/support/Regions.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

namespace llmc {
#define GEN_PASS_DEF_CONVERTTYPES
#include "passes/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

/// `type` with floating elements replaced; others, and no tensors, unchanged.
static Type withElement(Type type, Type element) {
  if (auto cache = dyn_cast<llm::KvCacheType>(type))
    return llm::KvCacheType::get(type.getContext(), cache.getHeads(),
                                 cache.getHeadDim(), cache.getPage(), element);
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return isa<FloatType>(type) ? element : type;
  if (!isa<FloatType>(tensor.getElementType()))
    return type;
  return RankedTensorType::get(tensor.getShape(), element,
                               tensor.getEncoding());
}

/// Whether `get` is the matrix of a linear or the table of an embedding.
static bool isMatrix(llm::GetWeightOp get) {
  return llvm::any_of(get->getUses(), [](OpOperand &use) {
    return use.getOperandNumber() == 1 &&
           isa<llm::LinearOp, llm::EmbeddingOp>(use.getOwner());
  });
}

namespace {
struct ConvertTypes : llmc::impl::ConvertTypesBase<ConvertTypes> {
  using ConvertTypesBase::ConvertTypesBase;
  void runOnOperation() override;
};
} // namespace

void ConvertTypes::runOnOperation() {
  auto step = getOperation().lookupSymbol<func::FuncOp>("step");
  if (!step)
    return;
  Builder builder(&getContext());
  Type f32 = builder.getF32Type(), wanted;
  if (!dtype.empty()) {
    wanted = floatNamed(&getContext(), dtype);
    if (!wanted) {
      step.emitError("unknown element type '") << dtype << "'";
      return signalPassFailure();
    }
  }
  SmallVector<Operation *> conversions;
  step.walk([&](Operation *op) {
    if (auto get = dyn_cast<llm::GetWeightOp>(op)) {
      llm::WeightOp weight = weightOf(get.getResult());
      Type element = isMatrix(get) ? wanted : f32;
      // What arrived quantized keeps its scales.
      if (weight && element && weight.getScheme().empty()) {
        weight.setType(withElement(weight.getType(), element));
        // A table made by the compiler is converted while it is written.
        get.getResult().setType(cast<TensorType>(weight.getType()));
      }
      return;
    }
    for (Value result : op->getResults())
      result.setType(withElement(result.getType(), f32));
    for (Region &region : op->getRegions())
      for (BlockArgument argument : region.getArguments())
        argument.setType(withElement(argument.getType(), f32));
    if (isa<arith::ExtFOp, arith::TruncFOp>(op))
      conversions.push_back(op);
  });
  for (Operation *op : conversions) {
    op->getResult(0).replaceAllUsesWith(op->getOperand(0));
    op->erase();
  }
  auto ret = step.getBody().front().getTerminator();
  step.setType(builder.getFunctionType(
      step.getBody().front().getArgumentTypes(), ret->getOperandTypes()));
}
