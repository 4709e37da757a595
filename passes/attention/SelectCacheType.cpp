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
/// read. Weights of integers that the graph holds count as `dtype`, which is what
/// the rows that they multiply are rounded to (RoundInputs). `type` says otherwise.
/// Such a cache lies in pairs, so heads of odd width keep f32, as do models with
/// any other matrix. One of i8 is never chosen: its keys and values are rounded to
/// 8 bits.
///
/// Results move by the rounding of keys, values, queries and weights of
/// attention (`llm.attention` says where).
/// Refused: any other type; bf16 or f16 for heads of odd width, i8 for heads whose
/// width is no multiple of 4.
#include "passes/Passes.h"
#include "passes/support/Regions.h"

namespace llmc {
#define GEN_PASS_DEF_SELECTCACHETYPE
#include "passes/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

/// The type of all matrices, if they have one; of integers it is `integers`.
static Type typeOfMatrices(func::FuncOp step, Type integers) {
  Type one;
  auto walked = step.walk([&](llm::LinearOp op) {
    llm::WeightOp weight = weightOf(op.getWeight());
    Type element = getElementTypeOrSelf(op.getWeight());
    if (weight && !weight.getScheme().empty())
      element = integers;
    if (!element || (one && one != element))
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

/// The type of this name; null for another.
static Type elementNamed(Builder &builder, StringRef name) {
  return name == "i8" ? builder.getI8Type()
                      : floatNamed(builder.getContext(), name);
}

/// Whether the elements of heads fill lanes of 4 bytes.
static bool fillsLanes(func::FuncOp step, Type element) {
  int64_t lane = 32 / element.getIntOrFloatBitWidth();
  return llvm::all_of(step.getArgumentTypes(), [&](Type argument) {
    auto cache = dyn_cast<llm::KvCacheType>(argument);
    return !cache || cache.getHeadDim() % lane == 0;
  });
}

void SelectCacheType::runOnOperation() {
  auto step = getOperation().lookupSymbol<func::FuncOp>("step");
  if (!step)
    return;
  Builder builder(&getContext());
  Type element = elementNamed(builder, type);
  if (!type.empty() && !element) {
    step.emitError("a cache has no elements of type '") << type << "'";
    return signalPassFailure();
  }
  if (element && !fillsLanes(step, element)) {
    step.emitError("a cache of ")
        << element << " takes no heads whose width is no multiple of "
        << 32 / element.getIntOrFloatBitWidth();
    return signalPassFailure();
  }
  if (!element) {
    element = typeOfMatrices(step, floatNamed(&getContext(), dtype));
    bool pairs = element && (element.isBF16() || element.isF16());
    if (!pairs || !fillsLanes(step, element))
      element = builder.getF32Type();
  }
  setCacheElement(step, element);
}
