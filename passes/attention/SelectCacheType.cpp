/// Decides the type of the cache's elements, and with it its layout.
///
///   func @step(..., %c: !llm.kv_cache<8 x 64, page = 64, f32>)
///     %y = llm.linear %x, %w : (tensor<?x64xf32>, tensor<64x64xbf16>) -> ...
///   ->
///   func @step(..., %c: !llm.kv_cache<8 x 64, page = 64, bf16>)
///
/// It is bf16 or f16 where the matrices of all linears are (by `--dtype` or as
/// the model was exported): whoever takes such weights gives up nothing by keys
/// and values of that type, which take half the memory and are half as much to
/// read. `type` says otherwise. Such a cache lies in pairs, so heads of odd width
/// keep f32, as do models with any other matrix, quantized ones included.
///
/// Results move by the rounding of keys, values, queries and weights of
/// attention (`llm.attention` says where).
/// Refused: any other type; bf16 or f16 for heads of odd width.
#include "passes/Passes.h"
#include "passes/support/Regions.h"

#include "llvm/ADT/StringSwitch.h"

namespace llmc {
#define GEN_PASS_DEF_SELECTCACHETYPE
#include "passes/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

/// The type of all matrices, if they have one and none is quantized.
static Type typeOfMatrices(func::FuncOp step) {
  Type one;
  auto walked = step.walk([&](llm::LinearOp op) {
    llm::WeightOp weight = weightOf(op.getWeight());
    Type element = getElementTypeOrSelf(op.getWeight());
    bool plain = !weight || weight.getScheme().empty();
    if (!plain || (one && one != element))
      return WalkResult::interrupt();
    one = element;
    return WalkResult::advance();
  });
  return walked.wasInterrupted() ? Type() : one;
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
  Builder builder(&getContext());
  Type element = type.empty() ? typeOfMatrices(step)
                              : llvm::StringSwitch<Type>(type)
                                    .Case("f32", builder.getF32Type())
                                    .Case("f16", builder.getF16Type())
                                    .Case("bf16", builder.getBF16Type())
                                    .Default({});
  if (!type.empty() && !element) {
    step.emitError("a cache has no elements of type '") << type << "'";
    return signalPassFailure();
  }
  bool pairs = element && (element.isBF16() || element.isF16());
  bool even = llvm::all_of(step.getArgumentTypes(), [](Type argument) {
    auto cache = dyn_cast<llm::KvCacheType>(argument);
    return !cache || cache.getHeadDim() % 2 == 0;
  });
  if (!type.empty() && pairs && !even) {
    step.emitError("a cache of ") << type << " takes no heads of odd width";
    return signalPassFailure();
  }
  setCacheElement(step, pairs && even ? element : builder.getF32Type());
}
