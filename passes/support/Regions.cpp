#include "passes/support/Regions.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringSwitch.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace llmc {

Type floatNamed(MLIRContext *context, StringRef name) {
  return llvm::StringSwitch<Type>(name)
      .Case("f32", Float32Type::get(context))
      .Case("bf16", BFloat16Type::get(context))
      .Case("f16", Float16Type::get(context))
      .Default({});
}

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

/// A name that no symbol of the module has.
static std::string freshName(ModuleOp module, StringRef prefix) {
  SymbolTable symbols(module);
  unsigned counter = 0;
  auto name = SymbolTable::generateSymbolName<16>(
      prefix,
      [&](StringRef candidate) { return symbols.lookup(candidate) != nullptr; },
      counter);
  return std::string(name);
}

llm::WeightOp copyWeight(llm::WeightOp weight, StringRef prefix) {
  OpBuilder builder(weight);
  builder.setInsertionPointAfter(weight);
  auto copy = cast<llm::WeightOp>(builder.clone(*weight.getOperation()));
  copy.setSymName(freshName(weight->getParentOfType<ModuleOp>(), prefix));
  return copy;
}

/// `type` with its last dimension replaced.
static RankedTensorType withColumns(RankedTensorType type, int64_t columns) {
  SmallVector<int64_t> shape(type.getShape());
  shape.back() = columns;
  return RankedTensorType::get(shape, type.getElementType());
}

/// The elements of these columns of `values`.
static DenseElementsAttr selectValues(DenseElementsAttr values,
                                      llm::ColumnRanges columns) {
  auto type = cast<RankedTensorType>(values.getType());
  int64_t all = type.getShape().back();
  SmallVector<Attribute> from(values.getValues<Attribute>()), kept;
  for (int64_t row = 0; row < type.getNumElements() / all; ++row)
    for (int64_t n = 0; n < columns.size(); ++n)
      kept.push_back(from[row * all + columns.at(n)]);
  return DenseElementsAttr::get(withColumns(type, columns.size()), kept);
}

llm::WeightOp selectColumns(llm::WeightOp weight, llm::ColumnRanges columns) {
  auto type = cast<RankedTensorType>(weight.getType());
  if (type.getRank() == 0 || type.getNumElements() == 0 ||
      !weight.getColumns().empty() || weight.getInterleave())
    return {};
  llm::WeightOp selected = copyWeight(weight, "s");
  selected.setType(withColumns(type, columns.size()));
  if (auto values = weight.getValues()) {
    auto dense = dyn_cast<DenseElementsAttr>(*values);
    if (dense)
      selected.setValuesAttr(selectValues(dense, columns));
    if (dense)
      return selected;
  } else if (weight.getSources()->size() == 1) {
    selected.setColumns({columns.start, columns.width, columns.stride,
                         columns.count});
    return selected;
  }
  selected.erase();
  return {};
}

llm::WeightOp leaveOutRows(llm::WeightOp weight, int64_t count) {
  auto type = cast<RankedTensorType>(weight.getType());
  if (!weight.getSources() || type.getRank() != 2 || count < 0 ||
      count > type.getDimSize(0))
    return {};
  llm::WeightOp rest = copyWeight(weight, "r");
  rest.setType(RankedTensorType::get(
      {type.getDimSize(0) - count, type.getDimSize(1)}, type.getElementType()));
  rest.setFirstRow(weight.getFirstRow() + count);
  return rest;
}

/// The vectors of `weights`, elements in the IR, end to end.
static llm::WeightOp concatValues(ArrayRef<llm::WeightOp> weights) {
  SmallVector<Attribute> elements;
  llm::WeightOp first = weights.front();
  auto kind = first.getValues()->getElementType();
  auto type = cast<RankedTensorType>(first.getType());
  for (llm::WeightOp weight : weights) {
    auto dense = dyn_cast_or_null<DenseElementsAttr>(weight.getValuesAttr());
    auto next = cast<RankedTensorType>(weight.getType());
    if (!dense || next.getRank() != 1 || dense.getElementType() != kind ||
        next.getElementType() != type.getElementType())
      return {};
    llvm::append_range(elements, dense.getValues<Attribute>());
  }
  llm::WeightOp merged = copyWeight(first, "m");
  int64_t columns = elements.size();
  merged.setType(withColumns(type, columns));
  merged.setValuesAttr(
      DenseElementsAttr::get(RankedTensorType::get({columns}, kind), elements));
  return merged;
}

llm::WeightOp concatWeights(ArrayRef<llm::WeightOp> weights, bool interleave) {
  SmallVector<Attribute> sources, scales, zeros;
  SmallVector<bool> transposed;
  SmallVector<int64_t> ranges;
  int64_t columns = 0;
  bool selects = llvm::any_of(weights, [](llm::WeightOp weight) {
    return !weight.getColumns().empty();
  });
  llm::WeightOp first = weights.front();
  auto type = cast<RankedTensorType>(first.getType());
  if (type.getRank() == 0)
    return {};
  if (first.getValues() && !interleave)
    return concatValues(weights);
  for (llm::WeightOp weight : weights) {
    auto next = cast<RankedTensorType>(weight.getType());
    if (!weight.getSources() || weight.getInterleave() ||
        next.getRank() != type.getRank() ||
        next.getShape().drop_back() != type.getShape().drop_back() ||
        next.getElementType() != type.getElementType() ||
        weight.getScheme() != first.getScheme() ||
        weight.getFirstRow() != first.getFirstRow() ||
        weight.getFactor() != first.getFactor())
      return {};
    llvm::append_range(sources, weight.getSourcesAttr());
    if (weight.getScales().has_value() != first.getScales().has_value())
      return {};
    if (weight.getScales())
      llvm::append_range(scales, weight.getScalesAttr());
    if (weight.getZeros())
      llvm::append_range(zeros, weight.getZerosAttr());
    llvm::append_range(transposed, weight.getTransposed());
    if (selects && weight.getColumns().empty()) {
      // All columns of the only source; those of several are not known here.
      if (weight.getSources()->size() != 1)
        return {};
      llvm::append_range(ranges, ArrayRef{int64_t(0), next.getShape().back(),
                                          int64_t(0), int64_t(1)});
    }
    llvm::append_range(ranges, weight.getColumns());
    columns += next.getShape().back();
  }
  OpBuilder builder(first);
  builder.setInsertionPointAfter(weights.back());
  auto merged = cast<llm::WeightOp>(builder.clone(*first.getOperation()));
  merged.setSymName(freshName(first->getParentOfType<ModuleOp>(), "m"));
  merged.setType(withColumns(type, columns));
  merged.setSourcesAttr(builder.getArrayAttr(sources));
  merged.setTransposed(transposed);
  merged.setColumns(ranges);
  if (!scales.empty())
    merged.setScalesAttr(builder.getArrayAttr(scales));
  if (!zeros.empty())
    merged.setZerosAttr(builder.getArrayAttr(zeros));
  merged.setInterleave(interleave);
  return merged;
}

} // namespace llmc
