#include "passes/support/OnnxMatch.h"

#include "dialects/llm/GroupScheme.h"

#include "llvm/ADT/SmallString.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace llmc {

DenseElementsAttr denseConstant(Value value) {
  auto constant = value.getDefiningOp<onnx::ConstantOp>();
  return constant ? dyn_cast<DenseElementsAttr>(constant.getValue())
                  : DenseElementsAttr();
}

std::optional<double> scalarConstant(Value value) {
  auto elements = denseConstant(skipCasts(value));
  if (!elements || elements.getNumElements() == 0 ||
      !(elements.isSplat() || elements.getNumElements() == 1))
    return std::nullopt;
  if (isa<FloatType>(elements.getElementType()))
    return elements.getSplatValue<APFloat>().convertToDouble();
  if (isa<IntegerType>(elements.getElementType()))
    return elements.getSplatValue<APInt>().getSExtValue();
  return std::nullopt;
}

Value skipCasts(Value value) {
  while (auto cast = value.getDefiningOp<onnx::CastOp>()) {
    auto from = getElementTypeOrSelf(cast.getInput().getType());
    auto to = getElementTypeOrSelf(cast.getResult().getType());
    if (!isa<FloatType>(from) || !isa<FloatType>(to))
      break;
    value = cast.getInput();
  }
  return value;
}

RankedTensorType rankedType(Value value) {
  return dyn_cast_or_null<RankedTensorType>(value ? value.getType() : Type());
}

Value otherOperand(Operation *op, Value operand) {
  if (op->getNumOperands() != 2)
    return {};
  if (op->getOperand(0) == operand)
    return op->getOperand(1);
  return op->getOperand(1) == operand ? op->getOperand(0) : Value();
}

/// What a weight is made of: an initializer or a constant, and whether its
/// last two dimensions are exchanged.
static std::pair<Operation *, bool> weightSource(Value value) {
  value = skipCasts(value);
  bool transposed = false;
  if (auto transpose = value.getDefiningOp<onnx::TransposeOp>()) {
    if (transpose.getPermutation() != ArrayRef<int64_t>{1, 0})
      return {nullptr, false};
    transposed = true;
    value = skipCasts(transpose.getInput());
  }
  Operation *op = value.getDefiningOp();
  if (isa_and_nonnull<onnx::GetInitializerOp>(op) ||
      (isa_and_nonnull<onnx::ConstantOp>(op) && !transposed))
    return {op, transposed};
  return {nullptr, false};
}

bool isWeight(Value value) { return weightSource(value).first; }

llm::WeightOp addWeight(ModuleOp module, Location loc, ShapedType type) {
  OpBuilder builder(module.getContext());
  builder.setInsertionPointToStart(module.getBody());
  // Weights stand before the functions, in the order in which they are made.
  for (Operation &op : *module.getBody())
    if (isa<onnx::InitializerOp, llm::WeightOp>(op))
      builder.setInsertionPointAfter(&op);
  SymbolTable symbols(module);
  unsigned counter = 0;
  auto name = SymbolTable::generateSymbolName<16>(
      "w",
      [&](StringRef candidate) { return symbols.lookup(candidate) != nullptr; },
      counter);
  OperationState state(loc, llm::WeightOp::getOperationName());
  state.addAttribute("sym_name", builder.getStringAttr(name));
  state.addAttribute("type", TypeAttr::get(type));
  auto op = cast<llm::WeightOp>(builder.create(state));
  return op;
}

Value getWeight(OpBuilder &builder, Location loc, Value value) {
  auto [source, transposed] = weightSource(value);
  if (!source)
    return {};
  auto module = source->getParentOfType<ModuleOp>();
  auto type = RankedTensorType::get(rankedType(value).getShape(),
                                    rankedType(value).getElementType());
  llm::WeightOp weight;
  if (auto get = dyn_cast<onnx::GetInitializerOp>(source)) {
    auto reference = FlatSymbolRefAttr::get(get.getContext(), get.getName());
    auto sources = ArrayAttr::get(get.getContext(), {reference});
    for (auto other : module.getOps<llm::WeightOp>())
      if (other.getSourcesAttr() == sources && other.getType() == type &&
          other.getTransposed() == ArrayRef<bool>{transposed})
        weight = other;
    if (!weight) {
      weight = addWeight(module, loc, type);
      weight.setSourcesAttr(sources);
      weight.setTransposed({transposed});
    }
  } else {
    auto values = cast<onnx::ConstantOp>(source).getValue();
    auto shaped = dyn_cast<DenseElementsAttr>(values);
    if (!shaped || shaped.getType() != type)
      return {};
    weight = addTable(module, shaped);
  }
  return llm::GetWeightOp::create(builder, loc, type, weight.getSymName());
}

/// The initializer that `value` is, in whatever shape; null for none.
static FlatSymbolRefAttr initializerOf(Value value) {
  while (auto reshape = value.getDefiningOp<onnx::ReshapeOp>())
    value = reshape.getInput();
  auto get = value.getDefiningOp<onnx::GetInitializerOp>();
  return get ? FlatSymbolRefAttr::get(get.getContext(), get.getName())
             : FlatSymbolRefAttr();
}

Value getGroupedWeight(OpBuilder &builder, Location loc,
                       const GroupedMatrix &matrix) {
  llm::GroupScheme scheme{matrix.bits, matrix.size, isGiven(matrix.zeros)};
  auto numbers = initializerOf(matrix.numbers);
  auto scales = initializerOf(matrix.scales);
  auto zeros = scheme.zeros ? initializerOf(matrix.zeros) : FlatSymbolRefAttr();
  if (!llm::parseGroupScheme(scheme.text()) || !numbers || !scales ||
      (scheme.zeros && !zeros))
    return {};
  auto module =
      builder.getInsertionBlock()->getParentOp()->getParentOfType<ModuleOp>();
  auto type =
      RankedTensorType::get({matrix.k, matrix.n},
                            getElementTypeOrSelf(matrix.scales.getType()));
  auto sources = builder.getArrayAttr({numbers});
  for (auto other : module.getOps<llm::WeightOp>())
    if (other.getSourcesAttr() == sources && other.getType() == type &&
        other.getScheme() == scheme.text() && other.getColumns().empty())
      return llm::GetWeightOp::create(builder, loc, type, other.getSymName());
  llm::WeightOp weight = addWeight(module, loc, type);
  weight.setSourcesAttr(sources);
  weight.setTransposed({true});
  weight.setScheme(scheme.text());
  weight.setScalesAttr(builder.getArrayAttr({scales}));
  if (zeros)
    weight.setZerosAttr(builder.getArrayAttr({zeros}));
  return llm::GetWeightOp::create(builder, loc, type, weight.getSymName());
}

llm::WeightOp addTable(ModuleOp module, ElementsAttr values) {
  for (auto other : module.getOps<llm::WeightOp>())
    if (other.getValuesAttr() == values)
      return other;
  auto weight = addWeight(module, module.getLoc(), values.getShapedType());
  weight.setValuesAttr(values);
  return weight;
}

Value castArgument(Value value) {
  while (auto cast = value.getDefiningOp<onnx::CastOp>())
    value = cast.getInput();
  return isa<BlockArgument>(value) ? value : Value();
}

TableLookup tableLookup(Operation *op) {
  if (auto embedding = dyn_cast<llm::EmbeddingOp>(op))
    return {embedding.getTokens(), embedding.getTable()};
  if (auto blocks = dyn_cast<onnx::GatherBlockQuantizedOp>(op))
    return {blocks.getIndices(), blocks.getTable()};
  auto gather = dyn_cast<onnx::GatherOp>(op);
  auto table = gather ? rankedType(gather.getInput()) : RankedTensorType();
  if (!table || gather.getAxis() != 0 || table.getRank() != 2 ||
      !isa<FloatType>(table.getElementType()) || !isWeight(gather.getInput()))
    return {};
  return {gather.getIndices(), gather.getInput()};
}

Value tokenIds(func::FuncOp graph) {
  llvm::SmallDenseSet<int64_t> widths;
  for (Value result : graph.getBody().front().getTerminator()->getOperands())
    if (auto type = rankedType(result); type && type.getRank() > 0)
      widths.insert(type.getShape().back());
  llvm::SmallSetVector<Value, 4> ids, vocabulary;
  int64_t widest = 0; // of the tables that may be the vocabulary's
  graph.walk([&](Operation *op) {
    TableLookup lookup = tableLookup(op);
    Value argument = lookup.index ? castArgument(lookup.index) : Value();
    if (!argument)
      return;
    ids.insert(argument);
    int64_t width = rankedType(op->getResult(0)).getShape().back();
    if (!widths.contains(rankedType(lookup.table).getDimSize(0)) ||
        width < widest)
      return;
    // A table of angles may have as many rows, but those are parts of a head.
    if (width > widest)
      vocabulary.clear();
    widest = width;
    vocabulary.insert(argument);
  });
  auto &candidates = vocabulary.empty() ? ids : vocabulary;
  return candidates.size() == 1 ? candidates.front() : Value();
}

void limitPositions(ModuleOp module, int64_t limit) {
  auto known = module->getAttrOfType<IntegerAttr>("llm.max_positions");
  if (!known || known.getInt() > limit)
    module->setAttr("llm.max_positions",
                    Builder(module.getContext()).getI64IntegerAttr(limit));
}

void eraseDeadOps(func::FuncOp function) {
  SmallVector<Operation *> ops;
  function.walk([&](Operation *op) { ops.push_back(op); });
  // Readers stand behind what they read: one sweep backwards finds all.
  for (Operation *op : llvm::reverse(ops))
    if (isOpTriviallyDead(op))
      op->erase();
}

void eraseDead(Operation *op) {
  // A set: an op that two erased ops read must not be taken up twice.
  llvm::SetVector<Operation *> worklist;
  worklist.insert(op);
  while (!worklist.empty()) {
    Operation *next = worklist.pop_back_val();
    if (!next->use_empty())
      continue;
    for (Value operand : next->getOperands())
      if (Operation *producer = operand.getDefiningOp())
        worklist.insert(producer);
    next->erase();
  }
}

} // namespace llmc
