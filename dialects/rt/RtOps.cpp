/// Verifiers of the rt dialect.
#include "dialects/rt/RtOps.h"

#include "dialects/kernel/KernelDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace llmc::rt;

#define GET_OP_CLASSES
#include "dialects/rt/RtOps.cpp.inc"

LogicalResult ShapeOp::verify() {
  AffineMap map = getMap();
  if (map.getNumResults() != 1 || map.getNumInputs() != getOperands().size())
    return emitOpError("(1) map must take ")
           << getOperands().size() << " operands and give one result";
  return success();
}

LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto function =
      symbols.lookupNearestSymbolFrom<func::FuncOp>(*this, getKernelAttr());
  if (!function || !function->hasAttr(llmc::kernel::entryAttr))
    return emitOpError("(1) '") << getKernel() << "' is no kernel";
  constexpr unsigned rangeArguments = 2;
  ArrayRef<Type> types = function.getArgumentTypes();
  if (types.size() < rangeArguments ||
      !llvm::equal(getArgs().getTypes(), types.drop_back(rangeArguments)))
    return emitOpError("(2) arguments do not have the types of '")
           << getKernel() << "'";
  return success();
}

LogicalResult BufferOp::verify() {
  auto type = cast<MemRefType>(getResult().getType());
  if (type.getNumDynamicDims() != int64_t(getExtents().size()))
    return emitOpError("(1) has ") << getExtents().size() << " extents for "
                                   << type.getNumDynamicDims()
                                   << " dynamic dimensions";
  bool named = getSpace() == Space::Weight || getSpace() == Space::Input ||
               getSpace() == Space::Output;
  if (named && getName().empty())
    return emitOpError("(2) needs a name");
  return success();
}
