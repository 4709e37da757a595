/// On-demand evaluation: which ops to run, in which order, and the checks that
/// every result passes. What ops compute is in the Eval*.cpp.
#include "compiler/reference/Evaluator.h"

#include "compiler/reference/Call.h"
#include "dialects/llm/LlmOps.h"
#include "dialects/onnx/OnnxOps.h"
#include "dialects/onnx/SymbolicShape.h"
#include "mlir/IR/AffineMap.h"
#include "llvm/ADT/DenseSet.h"

#include <cmath>

using namespace mlir;

namespace llmc::reference {

static const Registry &registry() {
  static const Registry table = [] {
    Registry made;
    registerBasics(made);
    registerElementwise(made);
    registerUnary(made);
    registerMovement(made);
    registerIndexing(made);
    registerShapes(made);
    registerReduction(made);
    registerBlockwise(made);
    registerNetwork(made);
    registerAttention(made);
    registerLlm(made);
    registerSequence(made);
    return made;
  }();
  return table;
}

Evaluator::Evaluator(ModuleOp module, WeightProvider *weights)
    : module(module), weights(weights) {}

Evaluator::~Evaluator() = default;

bool Evaluator::supports(Operation *op) {
  return registry().find(op->getName().getStringRef()) != nullptr;
}

void Evaluator::takeSymbol(unsigned index, int64_t value) {
  if (index >= symbols.size())
    symbols.resize(index + 1);
  symbols[index] = value;
}

void Evaluator::setSymbol(unsigned index, int64_t value) {
  if (index >= given.size())
    given.resize(index + 1);
  given[index] = value;
  takeSymbol(index, value);
}

void Evaluator::setSymbols(ArrayRef<int64_t> all) {
  given.assign(all.begin(), all.end());
  symbols = given;
}

void Evaluator::clear() {
  values.clear();
  symbols = given;
}

LogicalResult Evaluator::fail(Operation *op, const Twine &why) {
  message.clear();
  llvm::raw_string_ostream stream(message);
  if (op)
    stream << op->getName() << " at " << op->getLoc() << ": ";
  stream << why;
  return failure();
}

std::optional<int64_t> Evaluator::extent(AffineExpr expression) const {
  if (!expression)
    return std::nullopt;
  bool known = true;
  SmallVector<int64_t> all;
  for (std::optional<int64_t> value : symbols)
    all.push_back(value.value_or(0));
  expression.walk([&](AffineExpr part) {
    auto symbol = dyn_cast<AffineSymbolExpr>(part);
    if (symbol && (symbol.getPosition() >= symbols.size() ||
                   !symbols[symbol.getPosition()]))
      known = false;
  });
  return known ? onnx::evaluateDim(expression, all) : std::nullopt;
}

/// A symbol that is nowhere set yet is the extent it stands for.
void Evaluator::inferSymbols(Type type, const Tensor &tensor) {
  auto ranked = dyn_cast<RankedTensorType>(type);
  if (!ranked || ranked.getRank() != tensor.rank())
    return;
  for (auto [dim, value] : llvm::zip(onnx::symbolicDims(ranked), tensor.shape()))
    if (auto symbol = dyn_cast_or_null<AffineSymbolExpr>(dim))
      if (!extent(dim))
        takeSymbol(symbol.getPosition(), value);
}

LogicalResult Evaluator::checkShape(Value value, const Tensor &tensor,
                                    std::string &why) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || !tensor)
    return success();
  bool matches = type.getRank() == tensor.rank();
  onnx::Dims dims = onnx::symbolicDims(type);
  for (int64_t i = 0; matches && i < tensor.rank(); ++i) {
    std::optional<int64_t> expected = extent(dims[i]);
    matches = !expected || *expected == tensor.shape()[i];
  }
  if (matches)
    return success();
  llvm::raw_string_ostream stream(why);
  stream << "has shape [";
  llvm::interleaveComma(tensor.shape(), stream);
  stream << "], which its type " << type << " forbids under the symbols (";
  for (std::optional<int64_t> symbol : symbols)
    stream << " " << (symbol ? std::to_string(*symbol) : "?");
  stream << " )";
  return failure();
}

void Evaluator::bind(Value value, Datum datum) {
  if (auto *tensor = std::get_if<Tensor>(&datum))
    inferSymbols(value.getType(), *tensor);
  values[value] = std::move(datum);
}

/// What is beyond f16 is stored as its largest number in the llm dialect.
static void boundHalves(Operation *op, Datum &datum) {
  auto *tensor = std::get_if<Tensor>(&datum);
  if (!tensor || !*tensor || tensor->element() != Element::F16 ||
      !isa<llm::LlmDialect>(op->getDialect()) || op->getNumRegions() ||
      isa<llm::GetWeightOp>(op))
    return;
  for (int64_t i = 0; i < tensor->numElements(); ++i)
    if (double value = tensor->getDouble(i); std::isinf(value))
      tensor->setDouble(i, std::copysign(largestHalf, value));
}

LogicalResult Evaluator::execute(Operation *op) {
  const Handler *handler = registry().find(op->getName().getStringRef());
  if (!handler)
    return fail(op, "has no reference implementation");
  Call call(*this, op);
  call.results.resize(op->getNumResults());
  if (failed((*handler)(op, call)))
    return failure();
  for (auto [result, datum] : llvm::zip(op->getResults(), call.results)) {
    boundHalves(op, datum);
    if (auto *tensor = std::get_if<Tensor>(&datum)) {
      std::string why;
      inferSymbols(result.getType(), *tensor);
      if (failed(checkShape(result, *tensor, why)))
        return fail(op, "the result " + why);
    }
    values[result] = std::move(datum);
  }
  return success();
}

LogicalResult Evaluator::compute(ValueRange roots, bool release) {
  // Ops in the order of evaluation: a walk of the operands in post-order with
  // its own stack, for graphs are chains of thousands of ops.
  SmallVector<Operation *> order;
  llvm::DenseMap<Value, unsigned> uses;
  llvm::DenseSet<Operation *> seen;
  SmallVector<std::pair<Operation *, unsigned>> stack;
  auto enter = [&](Value value) -> LogicalResult {
    ++uses[value];
    if (values.count(value))
      return success();
    Operation *op = value.getDefiningOp();
    if (!op) {
      auto argument = cast<BlockArgument>(value);
      return fail(argument.getOwner()->getParentOp(),
                  "argument " + Twine(argument.getArgNumber()) +
                      " is not bound to a value");
    }
    if (seen.insert(op).second)
      stack.push_back({op, 0});
    return success();
  };
  for (Value root : roots) {
    if (failed(enter(root)))
      return failure();
    while (!stack.empty()) {
      auto &[op, next] = stack.back();
      if (next < op->getNumOperands()) {
        Value operand = op->getOperand(next++);
        if (failed(enter(operand)))
          return failure();
        continue;
      }
      order.push_back(op);
      stack.pop_back();
    }
  }
  for (Operation *op : order) {
    if (failed(execute(op)))
      return failure();
    if (!release)
      continue;
    for (Value operand : op->getOperands())
      if (--uses[operand] == 0)
        values.erase(operand);
    for (Value result : op->getResults())
      if (uses.lookup(result) == 0)
        values.erase(result);
  }
  return success();
}

FailureOr<Tensor> Evaluator::evaluate(Value value) {
  if (failed(compute(value, false)))
    return failure();
  if (auto *tensor = std::get_if<Tensor>(&values[value]))
    return *tensor;
  return fail(value.getDefiningOp(), "is a cache, not a tensor");
}

FailureOr<Cache> Evaluator::evaluateCache(Value value) {
  if (failed(compute(value, false)))
    return failure();
  if (auto *cache = std::get_if<Cache>(&values[value]))
    return *cache;
  return fail(value.getDefiningOp(), "is a tensor, not a cache");
}

FailureOr<SmallVector<Datum>>
Evaluator::evaluateFunction(func::FuncOp function, ArrayRef<Datum> inputs) {
  clear();
  if (function.isExternal() || !function.getBody().hasOneBlock())
    return fail(function, "is not a function of one block");
  if (inputs.size() != function.getNumArguments())
    return fail(function, "takes " + Twine(function.getNumArguments()) +
                              " arguments, not " + Twine(inputs.size()));
  for (auto [argument, datum] : llvm::zip(function.getArguments(), inputs)) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    auto *tensor = std::get_if<Tensor>(&datum);
    if (!type || !tensor || !*tensor || type.getRank() != tensor->rank())
      continue;
    for (auto [dim, value] : llvm::zip(onnx::symbolicDims(type), tensor->shape()))
      if (auto symbol = dyn_cast_or_null<AffineSymbolExpr>(dim))
        takeSymbol(symbol.getPosition(), value);
  }
  for (auto [argument, datum] : llvm::zip(function.getArguments(), inputs)) {
    std::string why, name = "argument " + std::to_string(argument.getArgNumber());
    auto *tensor = std::get_if<Tensor>(&datum);
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (bool(tensor) != isa<TensorType>(argument.getType()) || (tensor && !*tensor))
      return fail(function, name + " was given a value of another kind");
    if (type && tensor->elementType() != type.getElementType())
      return fail(function, name + " was given another element type");
    if (tensor && failed(checkShape(argument, *tensor, why)))
      return fail(function, name + " " + why);
    values[argument] = datum;
  }
  Operation *end = function.getBody().front().getTerminator();
  if (failed(compute(end->getOperands(), true)))
    return failure();
  SmallVector<Datum> results;
  for (Value value : end->getOperands())
    results.push_back(values[value]);
  return results;
}

FailureOr<SmallVector<Tensor>>
Evaluator::evaluateFunction(func::FuncOp function, ArrayRef<Tensor> inputs) {
  SmallVector<Datum> given(inputs.begin(), inputs.end());
  FailureOr<SmallVector<Datum>> data =
      evaluateFunction(function, ArrayRef<Datum>(given));
  if (failed(data))
    return failure();
  SmallVector<Tensor> results;
  for (Datum &datum : *data) {
    auto *tensor = std::get_if<Tensor>(&datum);
    if (!tensor)
      return fail(function, "returns a cache, not only tensors");
    results.push_back(std::move(*tensor));
  }
  return results;
}

const Tensor &Call::operator[](Value value) const {
  static const Tensor none;
  auto entry = evaluator.values.find(value);
  auto *tensor = entry == evaluator.values.end()
                     ? nullptr
                     : std::get_if<Tensor>(&entry->second);
  return tensor ? *tensor : none;
}

const Cache &Call::cache(Value value) const {
  static const Cache empty;
  auto entry = evaluator.values.find(value);
  auto *cache = entry == evaluator.values.end()
                    ? nullptr
                    : std::get_if<Cache>(&entry->second);
  return cache ? *cache : empty;
}

LogicalResult Call::fits(ArrayRef<int64_t> shape) {
  if (countElements(shape, evaluator.limit))
    return success();
  std::string text;
  llvm::raw_string_ostream stream(text);
  llvm::interleaveComma(shape, stream);
  return fail("would make a tensor [" + text + "], over the limit of " +
              Twine(evaluator.limit) + " elements");
}

Tensor *Call::create(unsigned index, ArrayRef<int64_t> shape) {
  auto type = dyn_cast<TensorType>(op->getResult(index).getType());
  if (!type || !elementOf(type.getElementType())) {
    (void)fail("element type of result " + Twine(index) + " is not supported");
    return nullptr;
  }
  if (failed(fits(shape)))
    return nullptr;
  results[index] = Tensor::zeros(type.getElementType(), shape);
  return &std::get<Tensor>(results[index]);
}

void Call::set(unsigned index, Datum datum) {
  results[index] = std::move(datum);
}

SmallVector<int64_t> Call::typeShape(unsigned index) const {
  SmallVector<int64_t> shape;
  if (auto type = dyn_cast<RankedTensorType>(op->getResult(index).getType()))
    for (AffineExpr expression : onnx::symbolicDims(type))
      shape.push_back(dim(expression).value_or(-1));
  return shape;
}

FailureOr<SmallVector<int64_t>> Call::knownShape(unsigned index) {
  if (!isa<RankedTensorType>(op->getResult(index).getType()))
    return fail("result " + Twine(index) + " has no known rank");
  SmallVector<int64_t> shape = typeShape(index);
  if (llvm::is_contained(shape, -1))
    return fail("the extents of result " + Twine(index) +
                " depend on symbols that are not set");
  return shape;
}

FailureOr<Tensor> Call::weight(StringRef name) {
  auto op = lookup<onnx::InitializerOp>(name);
  if (!op)
    return fail("there is no initializer @" + name);
  auto type = dyn_cast<RankedTensorType>(op.getType());
  if (!evaluator.weights)
    return fail("initializer @" + name + " needs a provider of weights");
  if (!type || !elementOf(type.getElementType()))
    return fail("initializer @" + name + " has an unsupported type");
  if (failed(fits(type.getShape())))
    return failure();
  FailureOr<Tensor> tensor = evaluator.weights->load(op);
  if (failed(tensor))
    return fail("initializer @" + name + ": " + evaluator.weights->lastError());
  if (tensor->shape() != type.getShape() ||
      tensor->elementType() != type.getElementType())
    return fail("initializer @" + name + " was loaded as another type");
  return tensor;
}

} // namespace llmc::reference
