#include "passes/support/Regions.h"

#include "llvm/ADT/SmallString.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace llmc {

SmallVector<Value> inlineScalars(OpBuilder &builder, Block &body,
                                 ValueRange arguments) {
  IRMapping mapping;
  mapping.map(body.getArguments(), arguments);
  for (Operation &op : body.without_terminator())
    builder.clone(op, mapping);
  SmallVector<Value> yielded;
  for (Value value : body.getTerminator()->getOperands())
    yielded.push_back(mapping.lookupOrDefault(value));
  return yielded;
}

llm::WeightOp weightOf(Value value) {
  auto get = value.getDefiningOp<llm::GetWeightOp>();
  if (!get)
    return {};
  auto module = get->getParentOfType<ModuleOp>();
  return module.lookupSymbol<llm::WeightOp>(get.getName());
}

llm::WeightOp concatWeights(ArrayRef<llm::WeightOp> weights, bool interleave) {
  SmallVector<Attribute> sources;
  SmallVector<bool> transposed;
  int64_t columns = 0;
  llm::WeightOp first = weights.front();
  auto type = cast<RankedTensorType>(first.getType());
  for (llm::WeightOp weight : weights) {
    auto next = cast<RankedTensorType>(weight.getType());
    if (!weight.getSources() || weight.getInterleave() ||
        next.getDimSize(0) != type.getDimSize(0) ||
        next.getElementType() != type.getElementType() ||
        weight.getScheme() != first.getScheme() ||
        weight.getFactor() != first.getFactor())
      return {};
    llvm::append_range(sources, weight.getSourcesAttr());
    llvm::append_range(transposed, weight.getTransposed());
    columns += next.getDimSize(1);
  }
  OpBuilder builder(first);
  builder.setInsertionPointAfter(weights.back());
  auto merged = cast<llm::WeightOp>(builder.clone(*first.getOperation()));
  auto module = first->getParentOfType<ModuleOp>();
  SymbolTable symbols(module);
  unsigned counter = 0;
  merged.setSymName(SymbolTable::generateSymbolName<16>(
      "m",
      [&](StringRef name) { return symbols.lookup(name) != nullptr; }, counter));
  merged.setType(RankedTensorType::get({type.getDimSize(0), columns},
                                       type.getElementType()));
  merged.setSourcesAttr(builder.getArrayAttr(sources));
  merged.setTransposed(transposed);
  merged.setInterleave(interleave);
  return merged;
}

} // namespace llmc
