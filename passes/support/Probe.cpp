#include "passes/support/Probe.h"

#include "dialects/llm/LlmOps.h"
#include "dialects/onnx/OnnxOps.h"
#include "dialects/onnx/SymbolicShape.h"
#include "passes/support/OnnxMatch.h"

#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace llmc {

Probe::Probe(func::FuncOp graph)
    : graph(graph), weights(graph->getParentOfType<ModuleOp>()),
      evaluator(graph->getParentOfType<ModuleOp>(), &weights) {}

static std::optional<unsigned> symbolOf(AffineExpr extent) {
  auto symbol = dyn_cast_or_null<AffineSymbolExpr>(extent);
  return symbol ? std::optional(symbol.getPosition()) : std::nullopt;
}

static SmallVector<unsigned> symbolsOf(AffineExpr extent) {
  SmallVector<unsigned> found;
  if (extent)
    extent.walk([&](AffineExpr part) {
      if (auto symbol = symbolOf(part))
        found.push_back(*symbol);
    });
  return found;
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

  probe->findBuffers();
  SmallVector<Value> worklist;
  for (BlockArgument argument : graph.getArguments()) {
    auto type = rankedType(argument);
    if (!type)
      return failure();
    for (AffineExpr extent : onnx::symbolicDims(type))
      for (unsigned symbol : symbolsOf(extent))
        probe->symbolCount = std::max(probe->symbolCount, symbol + 1);
    if (!probe->isPastArgument(argument))
      continue;
    probe->past = true;
    worklist.push_back(argument);
    if (probe->bufferAxis(argument))
      continue;
    auto extent = symbolOf(onnx::symbolicDims(type)[2]);
    if (extent && extent != symbolOf(probe->rows))
      probe->pastSymbols.insert(*extent);
  }
  graph.walk([&](Operation *op) {
    TableLookup lookup = tableLookup(op);
    if (lookup.index && castArgument(lookup.index) == probe->ids)
      worklist.push_back(op->getResult(0));
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
  probe->findUnusedSymbols();
  probe->findPositions();
  return probe;
}

/// The extent of a mask is past and rows, whatever it is written as: as a sum of
/// symbols that no other argument has, the first of them is all of it.
void Probe::findUnusedSymbols() {
  for (BlockArgument argument : graph.getArguments()) {
    auto type = rankedType(argument);
    if (argument == ids || type.getRank() != 2 || isRows(type))
      continue;
    SmallVector<unsigned> parts = symbolsOf(onnx::symbolicDims(type)[1]);
    bool foreign = llvm::none_of(parts, [&](unsigned symbol) {
      return symbol == symbolOf(batch) || symbol == symbolOf(rows) ||
             pastSymbols.contains(symbol);
    });
    if (foreign && parts.size() > 1)
      unusedSymbols.insert(parts.begin() + 1, parts.end());
  }
}

/// Buffers and the integers [B] that go with them. In a graph with buffers, an
/// integer [B] that says no write position is taken for the total length: what
/// masks and onnx.attention compare with.
void Probe::findBuffers() {
  graph.walk([&](onnx::TensorScatterOp op) {
    auto argument = dyn_cast<BlockArgument>(op.getPast());
    auto type = rankedType(op.getPast());
    if (!argument || !type || !isa<FloatType>(type.getElementType()))
      return;
    buffers[argument] = op.getAxis();
    if (Value write = castArgument(op.getWriteIndices()))
      writePositions.insert(write);
  });
  for (BlockArgument argument : graph.getArguments()) {
    auto type = rankedType(argument);
    if (!buffers.empty() && type && type.getRank() == 1 &&
        isa<IntegerType>(type.getElementType()) &&
        onnx::symbolicDims(type)[0] == batch &&
        !writePositions.contains(argument))
      totalLengths.insert(argument);
  }
}

std::optional<unsigned> Probe::bufferAxis(Value value) const {
  auto found = buffers.find(value);
  return found == buffers.end() ? std::nullopt : std::optional(found->second);
}

bool Probe::isBufferExtent(AffineExpr extent) const {
  return llvm::any_of(buffers, [&](const auto &buffer) {
    auto [argument, axis] = buffer;
    return extent && extent == onnx::symbolicDims(rankedType(argument))[axis];
  });
}

/// The arguments that `value` is computed from; their extents do not count.
static llvm::SmallSetVector<Value, 4> argumentsOf(Value value) {
  SmallVector<Value> worklist{value};
  llvm::DenseSet<Value> seen;
  llvm::SmallSetVector<Value, 4> found;
  while (!worklist.empty()) {
    Value next = worklist.pop_back_val();
    if (!seen.insert(next).second)
      continue;
    Operation *op = next.getDefiningOp();
    if (!op)
      found.insert(next);
    else if (!isa<onnx::ShapeOp>(op))
      llvm::append_range(worklist, op->getOperands());
  }
  return found;
}

/// The index by which `op` looks rows up in a table that is no activation.
static Value lookupIndex(Operation *op) {
  if (Value index = tableLookup(op).index)
    return index;
  if (isa<onnx::GatherOp, onnx::GatherElementsOp, onnx::GatherNdOp>(op) &&
      isa<FloatType>(getElementTypeOrSelf(op->getResult(0).getType())) &&
      argumentsOf(op->getOperand(0)).empty())
    return op->getOperand(1);
  return {};
}

namespace {
/// How positions may be used: to compute angles, or to look rows up.
struct PositionUses {
  bool angle = false, index = false;
};
} // namespace

/// What `argument` reaches as a number: neither summed up nor compared, as a
/// mask is.
static PositionUses usesOf(BlockArgument argument,
                           const llvm::DenseSet<Value> &active) {
  PositionUses uses;
  SmallVector<Value> worklist{argument};
  llvm::DenseSet<Value> seen;
  while (!worklist.empty()) {
    Value value = worklist.pop_back_val();
    if (active.contains(value) || !seen.insert(value).second)
      continue;
    for (Operation *user : value.getUsers()) {
      if (user->getNumResults() == 0)
        continue;
      if (isa<onnx::CosOp, onnx::SinOp, onnx::RotaryEmbeddingOp>(user))
        uses.angle = true;
      else if (lookupIndex(user) == value)
        uses.index = true;
      else if (!isa<onnx::ShapeOp, onnx::CumSumOp>(user) &&
               !getElementTypeOrSelf(user->getResult(0).getType())
                    .isInteger(1))
        llvm::append_range(worklist, user->getResults());
    }
  }
  return uses;
}

void Probe::findPositions() {
  llvm::SmallSetVector<Value, 4> angles, indices;
  for (BlockArgument argument : graph.getArguments()) {
    auto type = rankedType(argument);
    if (argument == ids || !isRows(type) || type.getRank() != 2 ||
        !isa<IntegerType>(type.getElementType()))
      continue;
    PositionUses uses = usesOf(argument, active);
    if (uses.angle)
      angles.insert(argument);
    else if (uses.index)
      indices.insert(argument);
  }
  if (!angles.empty()) {
    positionArguments.insert(angles.begin(), angles.end());
    return;
  }
  if (indices.size() != 1)
    return;
  // Whether positions are computed from extents, or from the mask.
  bool computed = false;
  graph.walk([&](Operation *op) {
    Value index = isa<onnx::CosOp, onnx::SinOp>(op) ? op->getOperand(0)
                                                    : lookupIndex(op);
    if (!index || !isa<RankedTensorType>(index.getType()) ||
        rankedType(index).hasStaticShape())
      return;
    auto from = argumentsOf(index);
    computed = computed || !(from.contains(ids) || from.contains(indices[0]));
  });
  if (!computed)
    positionArguments.insert(indices[0]);
}

void Probe::replacePositions() {
  OpBuilder builder = OpBuilder::atBlockBegin(&graph.getBody().front());
  for (Value argument : positionArguments)
    if (!argument.use_empty())
      argument.replaceAllUsesWith(llm::PositionsOp::create(
          builder, argument.getLoc(), argument.getType()));
}

std::optional<int64_t> Probe::positionOffset(Value index) {
  auto type = rankedType(index);
  if (!type || type.getRank() < 1 || type.getRank() > 2 ||
      !isa<IntegerType>(type.getElementType()) ||
      onnx::symbolicDims(type).back() != rows)
    return std::nullopt;
  std::optional<int64_t> offset;
  for (ProbeSizes sizes :
       {ProbeSizes{2, 3, 5}, ProbeSizes{1, 1, 4}, ProbeSizes{1, 6, 0}}) {
    begin(sizes);
    auto value = evaluate(index);
    if (failed(value))
      return std::nullopt;
    int64_t first = past ? sizes.past : 0;
    for (int64_t i = 0; i < value->numElements(); ++i) {
      int64_t above = value->getInt(i) - first - i % sizes.rows;
      if (offset && above != *offset)
        return std::nullopt;
      offset = above;
    }
  }
  return offset;
}

bool Probe::isPastArgument(Value value) const {
  auto type = rankedType(value);
  return isa<BlockArgument>(value) && type &&
         isa<FloatType>(type.getElementType()) &&
         (type.getRank() == 4 || bufferAxis(value));
}

bool Probe::isRows(Type type) const {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || tensor.getRank() < 2 || tensor.getRank() > 3)
    return false;
  auto dims = onnx::symbolicDims(tensor);
  return dims[0] == batch && dims[1] == rows &&
         (dims.size() == 2 || isa_and_nonnull<AffineConstantExpr>(dims[2]));
}

/// Positions of a buffer of any length that stay unused: nothing may see them.
static constexpr int64_t spareLength = 3;

void Probe::begin(ProbeSizes sizes) {
  pastLength = past ? sizes.past : 0;
  newRows = sizes.rows;
  // An extent that is none of the others is that of the mask: past and rows.
  symbols.assign(symbolCount, pastLength + sizes.rows);
  if (auto symbol = symbolOf(batch))
    symbols[*symbol] = sizes.batch;
  if (auto symbol = symbolOf(rows))
    symbols[*symbol] = sizes.rows;
  for (unsigned symbol : unusedSymbols)
    symbols[symbol] = 0;
  for (unsigned symbol : pastSymbols)
    symbols[symbol] = pastLength;
  for (auto [argument, axis] : buffers)
    if (auto symbol = symbolOf(onnx::symbolicDims(rankedType(argument))[axis]))
      symbols[*symbol] = pastLength + sizes.rows + spareLength;
  evaluator.clear();
  evaluator.setSymbols(symbols);
  evaluator.setPastLength(pastLength);
  state = 88172645463325252ull;
  for (BlockArgument argument : graph.getArguments())
    // Caches of all layers are large: who needs one binds it.
    if (!isPastArgument(argument) || (pastLength == 0 && !bufferAxis(argument)))
      if (auto value = sample(argument))
        evaluator.bind(argument, *value);
}

std::optional<reference::Tensor> Probe::sample(BlockArgument argument) const {
  auto type = rankedType(argument);
  auto shape = shapeOf(type);
  if (!shape)
    return std::nullopt;
  Type element = type.getElementType();
  int64_t total = pastLength + newRows;
  if (argument == ids || isPastArgument(argument))
    return reference::Tensor::zeros(element, *shape);
  if (writePositions.contains(argument))
    return reference::Tensor::splat(element, *shape, pastLength);
  if (totalLengths.contains(argument))
    return reference::Tensor::splat(element, *shape, total);
  if (type.getRank() == 2 && isBufferExtent(onnx::symbolicDims(type)[1])) {
    auto mask = reference::Tensor::zeros(element, *shape);
    for (int64_t i = 0; i < mask.numElements(); ++i)
      mask.setInt(i, i % (*shape)[1] < total);
    return mask;
  }
  if (!positionArguments.contains(argument))
    return reference::Tensor::splat(element, *shape, 1);
  SmallVector<int64_t> positions;
  for (int64_t b = 0; b < (*shape)[0]; ++b)
    for (int64_t s = 0; s < (*shape)[1]; ++s)
      positions.push_back(pastLength + s);
  return reference::Tensor::fromInts(element, *shape, positions);
}

FailureOr<reference::Tensor> Probe::bindRandom(Value value) {
  auto type = rankedType(value);
  auto shape = type ? shapeOf(type) : std::nullopt;
  if (!shape)
    return failure();
  auto tensor = reference::Tensor::zeros(type.getElementType(), *shape);
  fillRandom(tensor);
  evaluator.bind(value, tensor);
  return tensor;
}

std::optional<SmallVector<int64_t>>
Probe::shapeOf(RankedTensorType type) const {
  auto shape = onnx::evaluateShape(type, symbols);
  if (!shape || !reference::countElements(*shape, int64_t(1) << 28))
    return std::nullopt;
  return SmallVector<int64_t>(shape->begin(), shape->end());
}

void Probe::fillRandom(reference::Tensor &tensor) {
  for (int64_t i = 0; i < tensor.numElements(); ++i) {
    // xorshift64 (Marsaglia, Xorshift RNGs, 2003).
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    tensor.setDouble(i, double(int64_t(state) >> 11) * 0x1p-52);
  }
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
