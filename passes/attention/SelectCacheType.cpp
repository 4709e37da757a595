/// Decides the type of the cache's elements, and with it its layout.
///
///   func @step(..., %c: !llm.kv_cache<8 x 64, page = 64, f32>)
///     %y = llm.linear %x, %w : (tensor<?x64xf32>, tensor<64x64xbf16>) -> ...
///   ->
///   func @step(..., %c: !llm.kv_cache<8 x 64, page = 64, bf16>)
///
/// It is bf16 where the matrices of all linears are (by `--dtype` or as the
/// model was exported): whoever takes bf16 for weights gives up nothing by
/// keys and values of bf16, which take half the memory and are half as much to
/// read. `type` says otherwise. A cache of bf16 lies in pairs, so heads of odd
/// width keep f32, as do models with any other matrix, quantized ones included.
///
/// Results move by the rounding of keys, values, queries and weights of
/// attention (`llm.attention` says where).
/// Refused: a type that is neither f32 nor bf16; bf16 for heads of odd width.
#include "passes/Passes.h"
#include "passes/support/Regions.h"

namespace llmc {
#define GEN_PASS_DEF_SELECTCACHETYPE
#include "passes/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

/// Whether there are linears, and the matrix of each is plain bf16.
static bool allMatricesAreBf16(func::FuncOp step) {
  bool any = false;
  auto walked = step.walk([&](llm::LinearOp op) {
    any = true;
    llm::WeightOp weight = weightOf(op.getWeight());
    bool plain = !weight || weight.getScheme().empty();
    bool bf16 = getElementTypeOrSelf(op.getWeight()).isBF16();
    return plain && bf16 ? WalkResult::advance() : WalkResult::interrupt();
  });
  return any && !walked.wasInterrupted();
}

static Type withElement(Type type, Type element) {
  auto cache = dyn_cast<llm::KvCacheType>(type);
  if (!cache)
    return type;
  return llm::KvCacheType::get(type.getContext(), cache.getHeads(),
                               cache.getHeadDim(), cache.getPage(), element);
}

/// Gives every cache of `step` these elements.
static void setCacheElement(func::FuncOp step, Type element) {
  for (BlockArgument argument : step.getBody().getArguments())
    argument.setType(withElement(argument.getType(), element));
  step.walk([&](Operation *op) {
    for (Value result : op->getResults())
      result.setType(withElement(result.getType(), element));
  });
  Block &body = step.getBody().front();
  step.setType(FunctionType::get(step.getContext(), body.getArgumentTypes(),
                                 body.getTerminator()->getOperandTypes()));
}

namespace {
struct SelectCacheType : llmc::impl::SelectCacheTypeBase<SelectCacheType> {
  using SelectCacheTypeBase::SelectCacheTypeBase;
  void runOnOperation() override;
};
} // namespace

void SelectCacheType::runOnOperation() {
  auto step = getOperation().lookupSymbol<func::FuncOp>("step");
  if (!step)
    return;
  if (!type.empty() && type != "f32" && type != "bf16") {
    step.emitError("a cache has no elements of type '") << type << "'";
    return signalPassFailure();
  }
  bool even = llvm::all_of(step.getArgumentTypes(), [](Type argument) {
    auto cache = dyn_cast<llm::KvCacheType>(argument);
    return !cache || cache.getHeadDim() % 2 == 0;
  });
  if (type == "bf16" && !even) {
    step.emitError("a cache of bf16 takes no heads of odd width");
    return signalPassFailure();
  }
  bool narrow = type.empty() ? even && allMatricesAreBf16(step) : type == "bf16";
  Builder builder(&getContext());
  setCacheElement(step, narrow ? Type(builder.getBF16Type())
                               : Type(builder.getF32Type()));
}
