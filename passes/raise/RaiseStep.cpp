/// The graph of a recognised decoder, over [batch, sequence, D], becomes the
/// step over rows [T, D]:
///
///   func @main(%ids: [B,S], ..., %past: ...) -> (logits [B,S,V], presents)
///   ->
///   func @step(%tokens: [T], %positions: [T], %rows: [R], %cache0, ...)
///       -> (logits [R,V], cache0', ...)
///
/// From the logits backwards, in the order of operands, every op is made anew
/// over rows; so the step does not depend on the order or the names of nodes.
/// What only the logits need is done for the wanted rows alone: values that do
/// not reach a cache or a query are taken at `rows` (llm.take_rows). Caches
/// become arguments in the order of their layers. The graph is erased.
///
/// Refused, with the op that is in the way: whatever is no llm op and no
/// selection of a sequence's last row.
#include "passes/Passes.h"
#include "passes/support/OnnxMatch.h"

#include "dialects/onnx/SymbolicShape.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/TypeUtilities.h"

namespace llmc {
#define GEN_PASS_DEF_RAISESTEP
#include "passes/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

namespace {
class StepBuilder {
public:
  StepBuilder(func::FuncOp graph) : graph(graph), builder(graph) {}
  LogicalResult build();

private:
  LogicalResult findOutputs();
  void markCacheInputs();
  FailureOr<Value> translate(Value value, bool wanted);
  FailureOr<Value> translateCache(Value value);
  FailureOr<Value> cloneOverRows(Operation *op, Value value, bool wanted);
  Type rowType(Type type, bool wanted);
  LogicalResult refuse(Operation *op);

  func::FuncOp graph, step;
  OpBuilder builder;
  Value logits; // in the graph
  llvm::DenseSet<Value> reachesCache;
  /// Graph value -> step value, over all rows and over the wanted rows.
  llvm::DenseMap<Value, Value> allRows, wantedRows;
  SmallVector<Value> finalCaches; // in the step, by layer
  Value tokens, positions, rows;
};

struct RaiseStep : llmc::impl::RaiseStepBase<RaiseStep> {
  void runOnOperation() override {
    auto graph = getOperation().lookupSymbol<func::FuncOp>("main");
    if (!graph) {
      getOperation().emitError("there is no graph to raise");
      return signalPassFailure();
    }
    if (failed(StepBuilder(graph).build()))
      return signalPassFailure();
  }
};
} // namespace

/// Whether a slice of rows [B, S, D] keeps every column and ends with the last
/// row of each sequence. (Which of them is wanted, the caller of a step says.)
static bool endsWithLastRow(onnx::SliceOp slice) {
  auto input = rankedType(slice.getInput());
  auto result = rankedType(slice.getResult());
  if (!result || result.getRank() != 3 ||
      llvm::any_of(slice.getSteps(), [](int64_t step) { return step != 1; }))
    return false;
  auto from = onnx::symbolicDims(input), to = onnx::symbolicDims(result);
  return llvm::all_of(llvm::seq(0, 3), [&](int i) {
    AffineExpr start = slice.getStarts().getResult(i);
    if (!from[i] || !to[i])
      return false;
    return i == 1 ? start + to[i] == from[i] : from[i] == to[i];
  });
}

/// Ops through which a sequence's last rows are selected: their result is the
/// input at the rows for which logits are wanted.
static bool selectsRows(Operation *op) {
  auto input = rankedType(op->getOperand(0));
  if (!input || input.getRank() != 3)
    return false;
  if (auto slice = dyn_cast<onnx::SliceOp>(op))
    return endsWithLastRow(slice);
  if (auto gather = dyn_cast<onnx::GatherOp>(op))
    return gather.getAxis() == 1 && scalarConstant(gather.getIndices()) == -1.0;
  return false;
}

/// The columns of a row: the last dimension, or [..., H, D] as H * D. 0 where
/// they are not static.
static int64_t rowWidth(RankedTensorType type) {
  int64_t width = 1;
  for (int64_t extent :
       type.getShape().take_back(std::max<int64_t>(1, type.getRank() - 2)))
    width = ShapedType::isDynamic(extent) ? 0 : width * extent;
  return width;
}

LogicalResult StepBuilder::refuse(Operation *op) {
  return op->emitError("is in the way of a decoder's step: it is neither "
                       "row-wise nor part of a recognised attention");
}

/// Whether a result is a cache, perhaps moved into the form of its buffer.
static bool isPresent(Value value) {
  while (isa_and_nonnull<onnx::ReshapeOp, onnx::TransposeOp>(
      value.getDefiningOp()))
    value = value.getDefiningOp()->getOperand(0);
  return value.getDefiningOp<llm::CacheToOp>() != nullptr;
}

LogicalResult StepBuilder::findOutputs() {
  auto ret = cast<func::ReturnOp>(graph.getBody().front().getTerminator());
  for (Value value : ret.getOperands()) {
    if (isPresent(value))
      continue;
    auto type = rankedType(value);
    if (logits || !type || type.getRank() < 2 || type.getRank() > 3 ||
        !isa<FloatType>(type.getElementType()) ||
        ShapedType::isDynamic(type.getShape().back())) {
      Operation *op = value.getDefiningOp();
      return (op ? op : graph.getOperation())
          ->emitError("output of type ")
             << value.getType()
             << " is neither the logits nor a recognised cache";
    }
    logits = value;
  }
  if (!logits)
    return graph.emitError("no output holds logits");
  return success();
}

/// Everything that some key, value or query is computed from.
void StepBuilder::markCacheInputs() {
  SmallVector<Value> worklist;
  graph.walk([&](Operation *op) {
    if (isa<llm::KvAppendOp, llm::AttentionOp>(op))
      llvm::append_range(worklist, op->getOperands());
  });
  while (!worklist.empty()) {
    Value value = worklist.pop_back_val();
    if (!reachesCache.insert(value).second)
      continue;
    if (Operation *op = value.getDefiningOp())
      llvm::append_range(worklist, op->getOperands());
  }
}

Type StepBuilder::rowType(Type type, bool wanted) {
  auto tensor = cast<RankedTensorType>(type);
  auto context = type.getContext();
  auto count = getAffineSymbolExpr(wanted ? 1 : 0, context);
  auto width = getAffineConstantExpr(rowWidth(tensor), context);
  return onnx::symbolicTensorType({count, width}, tensor.getElementType());
}

FailureOr<Value> StepBuilder::translateCache(Value value) {
  if (Value known = allRows.lookup(value))
    return known;
  auto append = value.getDefiningOp<llm::KvAppendOp>();
  if (!append)
    return failure();
  // The layer's place among the arguments is taken before its keys are made.
  auto type = append.getCache().getType();
  Block &entry = step.getBody().front();
  Value before = entry.addArgument(type, append.getLoc());
  size_t layer = finalCaches.size();
  finalCaches.push_back({});
  if (!isa_and_nonnull<llm::CacheFromOp, llm::EmptyCacheOp>(
          append.getCache().getDefiningOp()))
    return refuse(append);
  auto key = translate(append.getKey(), false);
  if (failed(key))
    return failure();
  auto valueRows = translate(append.getValue(), false);
  if (failed(valueRows))
    return failure();
  Value after = llm::KvAppendOp::create(builder, append.getLoc(), type, before,
                                        *key, *valueRows);
  finalCaches[layer] = after;
  allRows[value] = after;
  return after;
}

FailureOr<Value> StepBuilder::cloneOverRows(Operation *op, Value value,
                                            bool wanted) {
  IRMapping mapping;
  for (Value operand : op->getOperands()) {
    if (mapping.contains(operand))
      continue;
    FailureOr<Value> mapped;
    if (isa<llm::KvCacheType>(operand.getType()))
      mapped = translateCache(operand);
    else if (auto get = operand.getDefiningOp<llm::GetWeightOp>())
      mapped = builder.clone(*get)->getResult(0);
    else
      mapped = translate(operand, wanted);
    if (failed(mapped))
      return failure();
    mapping.map(operand, *mapped);
  }
  Operation *clone = builder.clone(*op, mapping);
  // A norm of [B, S, H, D] is one of H ranges of a row.
  if (auto norm = dyn_cast<llm::RmsNormOp>(clone))
    if (auto type = rankedType(value); type.getRank() == 4)
      norm.setHeads(type.getDimSize(2));
  auto &map = wanted ? wantedRows : allRows;
  for (auto [before, after] : llvm::zip(op->getResults(), clone->getResults())) {
    after.setType(rowType(before.getType(), wanted));
    map[before] = after;
  }
  return map[value];
}

/// The step's value for the graph's, over all rows or the wanted ones.
FailureOr<Value> StepBuilder::translate(Value value, bool wanted) {
  // An embedding is over all rows, like what reaches a cache.
  if (wanted && (reachesCache.contains(value) ||
                 isa_and_nonnull<llm::AttentionOp, llm::EmbeddingOp>(
                     value.getDefiningOp()))) {
    if (Value known = wantedRows.lookup(value))
      return known;
    auto all = translate(value, false);
    if (failed(all))
      return failure();
    Value taken = llm::TakeRowsOp::create(builder, value.getLoc(),
                                          rowType(value.getType(), true), *all,
                                          rows);
    return wantedRows[value] = taken;
  }
  if (Value known = (wanted ? wantedRows : allRows).lookup(value))
    return known;
  Operation *op = value.getDefiningOp();
  if (!op) {
    graph.emitError("an argument of type ")
        << value.getType() << " is read by a row-wise op";
    return failure();
  }
  if (isa<llm::EmbeddingOp>(op)) {
    Value table = builder.clone(*op->getOperand(1).getDefiningOp())->getResult(0);
    bool placed = isa_and_nonnull<llm::PositionsOp>(
        op->getOperand(0).getDefiningOp());
    if (!placed && op->getOperand(0) != tokenIds(graph)) {
      op->emitError("looks a table up by what is neither the token ids nor the "
                    "positions");
      return failure();
    }
    Value index = placed ? positions : tokens;
    Value result = llm::EmbeddingOp::create(
        builder, op->getLoc(), rowType(value.getType(), false), index, table,
        cast<llm::EmbeddingOp>(op).getColumns());
    return allRows[value] = result;
  }
  if (isa<llm::PositionsOp>(op)) {
    if (!wanted)
      return positions;
    return refuse(op);
  }
  if (selectsRows(op) && wanted)
    return translate(op->getOperand(0), true);
  if (auto reshape = dyn_cast<onnx::ReshapeOp>(op)) {
    // [B, S, D] and [B * S, D], [B, S, H * D] and [B, S, H, D]: the same rows.
    int64_t width = rowWidth(rankedType(reshape.getInput()));
    if (width > 0 && width == rowWidth(rankedType(value)))
      return translate(reshape.getInput(), wanted);
  }
  if (!isa<llm::LlmDialect>(op->getDialect()) || isa<llm::CacheToOp>(op)) {
    return refuse(op);
  }
  return cloneOverRows(op, value, wanted);
}

/// Columns are a view of a buffer, and logits one of their own: copied.
static Value ownBuffer(OpBuilder &builder, Value value) {
  if (!value.getDefiningOp<llm::ColumnsOp>())
    return value;
  auto copy = llm::MapOp::create(builder, value.getLoc(),
                                 TypeRange{value.getType()}, ValueRange{value});
  OpBuilder::InsertionGuard guard(builder);
  Block *body = builder.createBlock(&copy.getBody());
  Value element =
      body->addArgument(getElementTypeOrSelf(value.getType()), value.getLoc());
  llm::YieldOp::create(builder, value.getLoc(), element);
  return copy.getResult(0);
}

LogicalResult StepBuilder::build() {
  if (failed(findOutputs()))
    return failure();
  markCacheInputs();
  auto context = graph.getContext();
  auto index = [&](unsigned symbol) {
    return onnx::symbolicTensorType({getAffineSymbolExpr(symbol, context)},
                                    builder.getI32Type());
  };
  builder.setInsertionPointAfter(graph);
  step = func::FuncOp::create(builder, graph.getLoc(), "step",
                              builder.getFunctionType({}, {}));
  Block *entry = step.addEntryBlock();
  tokens = entry->addArgument(index(0), graph.getLoc());
  positions = entry->addArgument(index(0), graph.getLoc());
  rows = entry->addArgument(index(1), graph.getLoc());
  builder.setInsertionPointToStart(entry);
  auto result = translate(logits, true);
  if (failed(result))
    return failure();
  Value wanted = ownBuffer(builder, *result);
  SmallVector<Value> results{wanted};
  llvm::append_range(results, finalCaches);
  func::ReturnOp::create(builder, graph.getLoc(), results);
  step.setType(builder.getFunctionType(entry->getArgumentTypes(),
                                       ValueRange(results).getTypes()));
  auto module = graph->getParentOfType<ModuleOp>();
  // No position may lie beyond a table that is indexed by positions.
  step.walk([&](Operation *op) {
    Value table;
    if (auto rope = dyn_cast<llm::RopeOp>(op))
      table = rope.getCos();
    else if (auto embedding = dyn_cast<llm::EmbeddingOp>(op))
      if (embedding.getTokens() == positions)
        table = embedding.getTable();
    if (table)
      limitPositions(module, rankedType(table).getDimSize(0));
  });
  module->removeAttr("onnx.symbols");
  module->removeAttr("onnx.equal_dims");
  module->removeAttr("onnx.non_negative");
  module->setAttr("llm.symbols", builder.getStrArrayAttr({"T", "R"}));
  graph.erase();
  return success();
}
