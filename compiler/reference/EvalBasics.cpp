/// Constants, initializers and what else has no input.
#include "compiler/reference/Call.h"
#include "dialects/onnx/OnnxOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace llmc::reference {

static LogicalResult constant(Attribute value, Call &call) {
  auto elements = dyn_cast<ElementsAttr>(value);
  if (!elements)
    return call.fail("is not a constant tensor");
  if (failed(call.fits(elements.getShapedType().getShape())))
    return failure();
  std::optional<Tensor> tensor = Tensor::fromElementsAttr(elements);
  if (!tensor)
    return call.fail("holds elements of an unsupported type or form");
  call.set(0, *tensor);
  return success();
}

void registerBasics(Registry &registry) {
  registry.add<onnx::ConstantOp>([](onnx::ConstantOp op, Call &call) {
    return constant(op.getValue(), call);
  });
  registry.add<arith::ConstantOp>([](arith::ConstantOp op, Call &call) {
    return constant(op.getValue(), call);
  });
  registry.add<onnx::NoneOp>([](onnx::NoneOp op, Call &call) {
    call.set(0, Tensor());
    return success();
  });
  registry.add<onnx::GetInitializerOp>([](onnx::GetInitializerOp op, Call &call) {
    FailureOr<Tensor> tensor = call.weight(op.getName());
    if (failed(tensor))
      return failure();
    call.set(0, *tensor);
    return success();
  });
}

} // namespace llmc::reference
