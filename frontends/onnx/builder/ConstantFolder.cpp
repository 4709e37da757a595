#include "frontends/onnx/builder/ConstantFolder.h"

#include "compiler/reference/Evaluator.h"
#include "dialects/onnx/OnnxOps.h"

using namespace mlir;

namespace llmc::onnx {

namespace {

constexpr int64_t maxResult = 4096;
/// Bounds the time of one fold; reductions read more than they make.
constexpr int64_t maxOperands = 1 << 18;

} // namespace

struct ConstantFolder::State {
  explicit State(ModuleOp module) : evaluator(module) {
    evaluator.setLimit(maxOperands);
  }
  reference::Evaluator evaluator;
};

ConstantFolder::ConstantFolder(ModuleOp module)
    : state(std::make_unique<State>(module)) {}

ConstantFolder::~ConstantFolder() = default;

DenseElementsAttr ConstantFolder::fold(Operation *op) {
  if (op->getNumResults() != 1 || op->getNumOperands() == 0 ||
      !reference::Evaluator::supports(op))
    return {};
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  if (!type || !type.hasStaticShape() || type.getNumElements() > maxResult)
    return {};
  int64_t operands = 0;
  for (Value operand : op->getOperands()) {
    if (!isa_and_nonnull<ConstantOp, NoneOp>(operand.getDefiningOp()))
      return {};
    if (auto tensor = dyn_cast<RankedTensorType>(operand.getType()))
      operands += tensor.getNumElements();
  }
  if (operands > maxOperands)
    return {};
  auto result = state->evaluator.evaluate(op->getResult(0));
  state->evaluator.clear();
  if (failed(result) || !*result || result->shape() != type.getShape() ||
      result->elementType() != type.getElementType())
    return {};
  DenseElementsAttr elements = result->toElementsAttr();
  // One element says as much as many equal ones.
  if (elements && elements.getNumElements() > 1 && !elements.isSplat()) {
    ArrayRef<char> raw = elements.getRawData();
    size_t width = raw.size() / elements.getNumElements();
    bool equal = !type.getElementType().isInteger(1) && width > 0;
    for (size_t i = width; equal && i < raw.size(); ++i)
      equal = raw[i] == raw[i - width];
    if (equal)
      elements =
          DenseElementsAttr::getFromRawBuffer(type, raw.take_front(width));
  }
  return elements;
}

} // namespace llmc::onnx
