/// Gives kernels the calling convention of a launch.
///
///   func.func @k(%a: memref<?x8xf32>, %n: index, %begin: index, %end: index)
/// becomes
///   func.func @k(%a: !llvm.ptr<1>, %rows: i64, %n: i64, %begin: i64, %end: i64)
/// and behind these one parameter for each tensor map (TensorTiles). Numbers do not
/// change.
#include "codegen/nvptx/GpuAbi.h"

#include "codegen/llvm/KernelAbi.h"
#include "codegen/nvptx/TensorTiles.h"
#include "dialects/kernel/KernelDialect.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace llmc::codegen;

/// The address space of global memory.
static constexpr unsigned globalSpace = 1;

static LogicalResult convert(func::FuncOp function,
                             const LLVMTypeConverter &converter) {
  MLIRContext *context = function.getContext();
  Type pointer = LLVM::LLVMPointerType::get(context);
  Type global = LLVM::LLVMPointerType::get(context, globalSpace);
  unsigned pointers = 0, scalars = 0;
  for (Type type : function.getArgumentTypes()) {
    auto memref = dyn_cast<MemRefType>(type);
    pointers += bool(memref);
    scalars += memref ? memref.getNumDynamicDims() : 1;
  }
  SmallVector<Type> inputs(pointers, global);
  inputs.append(scalars, IntegerType::get(context, 64));
  auto source = [&](OpBuilder &b, ValueRange given) -> ArgumentSource {
    auto nextPointer = [&b, given, pointer, loc = function.getLoc(),
                        at = 0u]() mutable -> Value {
      return LLVM::AddrSpaceCastOp::create(b, loc, pointer, given[at++]);
    };
    auto nextScalar = [given, at = pointers]() mutable -> Value {
      return given[at++];
    };
    return {nextPointer, nextScalar};
  };
  if (failed(replaceArguments(function, converter, inputs, source)))
    return failure();
  passTensorMaps(function);
  return success();
}

namespace {

struct GpuAbi : PassWrapper<GpuAbi, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(GpuAbi)
  StringRef getArgument() const override { return "llmc-gpu-abi"; }
  StringRef getDescription() const override {
    return "Give kernels the calling convention of a GPU's launch";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<LLVM::LLVMDialect, arith::ArithDialect>();
  }

  void runOnOperation() override {
    LLVMTypeConverter converter(&getContext());
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (function->hasAttr(llmc::kernel::entryAttr) &&
          failed(convert(function, converter)))
        return signalPassFailure();
  }
};

} // namespace

std::unique_ptr<Pass> llmc::codegen::createGpuAbiPass() {
  return std::make_unique<GpuAbi>();
}
