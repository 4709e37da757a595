#include "passes/support/Probe.h"

#include "dialects/llm/LlmOps.h"
#include "dialects/onnx/OnnxOps.h"
#include "dialects/onnx/SymbolicShape.h"
#include "passes/support/OnnxMatch.h"

using namespace mlir;

namespace llmc {

Probe::Probe(func::FuncOp graph)
    : graph(graph), weights(graph->getParentOfType<ModuleOp>()),
      evaluator(graph->getParentOfType<ModuleOp>(), &weights) {}

static std::optional<unsigned> symbolOf(AffineExpr extent) {
  auto symbol = dyn_cast_or_null<AffineSymbolExpr>(extent);
  return symbol ? std::optional(symbol.getPosition()) : std::nullopt;
}

FailureOr<std::unique_ptr<Probe>> Probe::create(func::FuncOp graph) {
  std::unique_ptr<Probe> probe(new Probe(graph));
  probe->ids = tokenIds(graph);
  auto type = rankedType(probe->ids);
  if (!type || type.getRank() != 2)
    return failure();
  auto dims = onnx::symbolicDims(type);
  probe->batch = dims[0];
  probe->rows = dims[1];

  SmallVector<Value> worklist;
  for (BlockArgument argument : graph.getArguments()) {
    auto type = rankedType(argument);
    if (!type)
      return failure();
    for (AffineExpr extent : onnx::symbolicDims(type))
      if (auto symbol = symbolOf(extent))
        probe->symbolCount = std::max(probe->symbolCount, *symbol + 1);
    if (probe->holdsPositions(argument))
      probe->positionArguments.insert(argument);
    if (!probe->isPastArgument(argument))
      continue;
    probe->past = true;
    worklist.push_back(argument);
    auto extent = symbolOf(onnx::symbolicDims(type)[2]);
    if (extent && extent != symbolOf(probe->rows))
      probe->pastSymbol = extent;
  }
  graph.walk([&](llm::EmbeddingOp op) {
    if (op.getTokens() == probe->ids)
      worklist.push_back(op.getResult());
  });
  while (!worklist.empty()) {
    Value value = worklist.pop_back_val();
    if (!probe->active.insert(value).second)
      continue;
    for (Operation *user : value.getUsers())
      // The extents of an activation are not activations.
      if (!isa<onnx::ShapeOp>(user))
        llvm::append_range(worklist, user->getResults());
  }
  return probe;
}

/// Whether nothing that `value` is computed from is an argument.
static bool isFixed(Value value) {
  SmallVector<Value> worklist{value};
  llvm::DenseSet<Value> seen;
  while (!worklist.empty()) {
    Value next = worklist.pop_back_val();
    if (!seen.insert(next).second)
      continue;
    Operation *op = next.getDefiningOp();
    if (!op)
      return false;
    llvm::append_range(worklist, op->getOperands());
  }
  return true;
}

/// Whether `user` looks `index` up in a table.
static bool looksUp(Operation *user, Value index) {
  return isa<onnx::GatherOp, onnx::GatherElementsOp, onnx::GatherNdOp>(user) &&
         user->getOperand(1) == index && isFixed(user->getOperand(0));
}

bool Probe::holdsPositions(BlockArgument argument) const {
  auto type = rankedType(argument);
  if (argument == ids || !isRows(type) || type.getRank() != 2 ||
      !isa<IntegerType>(type.getElementType()))
    return false;
  SmallVector<Value> worklist{argument};
  llvm::DenseSet<Value> seen;
  while (!worklist.empty()) {
    Value value = worklist.pop_back_val();
    if (!seen.insert(value).second)
      continue;
    for (Operation *user : value.getUsers()) {
      if (isa<onnx::CosOp, onnx::SinOp, onnx::RotaryEmbeddingOp,
              llm::EmbeddingOp>(user) ||
          looksUp(user, value))
        return true;
      if (!isa<onnx::ShapeOp>(user))
        llvm::append_range(worklist, user->getResults());
    }
  }
  return false;
}

bool Probe::isPastArgument(Value value) const {
  auto type = rankedType(value);
  return isa<BlockArgument>(value) && type && type.getRank() == 4 &&
         isa<FloatType>(type.getElementType());
}

bool Probe::isRows(Type type) const {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || tensor.getRank() < 2 || tensor.getRank() > 3)
    return false;
  auto dims = onnx::symbolicDims(tensor);
  return dims[0] == batch && dims[1] == rows &&
         (dims.size() == 2 || isa_and_nonnull<AffineConstantExpr>(dims[2]));
}

void Probe::begin(ProbeSizes sizes) {
  int64_t pastLength = past ? sizes.past : 0;
  // An extent that is none of the others is that of the mask: past and rows.
  symbols.assign(symbolCount, pastLength + sizes.rows);
  if (auto symbol = symbolOf(batch))
    symbols[*symbol] = sizes.batch;
  if (auto symbol = symbolOf(rows))
    symbols[*symbol] = sizes.rows;
  if (pastSymbol)
    symbols[*pastSymbol] = pastLength;
  evaluator.clear();
  evaluator.setSymbols(symbols);
  evaluator.setPastLength(pastLength);
  state = 88172645463325252ull;
  for (BlockArgument argument : graph.getArguments()) {
    auto type = rankedType(argument);
    auto shape = onnx::evaluateShape(type, symbols);
    if (!shape)
      continue;
    Type element = type.getElementType();
    reference::Tensor tensor;
    if (isPastArgument(argument)) {
      (void)bindRandom(argument);
      continue;
    }
    if (argument == ids)
      tensor = reference::Tensor::zeros(element, *shape);
    else if (positionArguments.contains(argument)) {
      SmallVector<int64_t> positions;
      for (int64_t b = 0; b < (*shape)[0]; ++b)
        for (int64_t s = 0; s < (*shape)[1]; ++s)
          positions.push_back(pastLength + s);
      tensor = reference::Tensor::fromInts(element, *shape, positions);
    } else {
      tensor = reference::Tensor::splat(element, *shape, 1);
    }
    evaluator.bind(argument, tensor);
  }
}

FailureOr<reference::Tensor> Probe::bindRandom(Value value) {
  auto type = rankedType(value);
  auto shape = type ? onnx::evaluateShape(type, symbols) : std::nullopt;
  if (!shape || !reference::countElements(*shape, int64_t(1) << 28))
    return failure();
  auto tensor = reference::Tensor::zeros(type.getElementType(), *shape);
  for (int64_t i = 0; i < tensor.numElements(); ++i) {
    // xorshift64 (Marsaglia, Xorshift RNGs, 2003).
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    tensor.setDouble(i, double(int64_t(state) >> 11) * 0x1p-52);
  }
  evaluator.bind(value, tensor);
  return tensor;
}

bool agree(const reference::Tensor &actual, const reference::Tensor &expected) {
  double tolerance = expected.elementType().isF16()    ? 1e-2
                     : expected.elementType().isBF16() ? 6e-2
                                                       : 1e-4;
  if (actual.shape() != expected.shape())
    return false;
  double largest = 1e-3, difference = 0;
  for (int64_t i = 0; i < expected.numElements(); ++i) {
    double a = actual.getDouble(i), e = expected.getDouble(i);
    largest = std::max(largest, std::abs(e));
    // A NaN on either side must not pass.
    if (!(std::abs(a - e) <= std::numeric_limits<double>::max()))
      return false;
    difference = std::max(difference, std::abs(a - e));
  }
  return difference <= tolerance * largest;
}

} // namespace llmc
