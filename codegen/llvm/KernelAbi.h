#ifndef LLMC_CODEGEN_LLVM_KERNELABI_H
#define LLMC_CODEGEN_LLVM_KERNELABI_H

#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

#include <functional>

namespace llmc::codegen {

/// What a kernel's memrefs and indices are made of.
struct ArgumentSource {
  std::function<mlir::Value()> nextPointer; ///< Of a memref, generic.
  std::function<mlir::Value()> nextScalar;  ///< An extent or an index, i64.
};

/// Gives a kernel the arguments `inputs`, the last two being the range of tiles,
/// and makes those that it had from them: `source` is called at the start of the
/// function with the new arguments. Strides are static, or those of a dense
/// memref. Fails after an error on the function.
mlir::LogicalResult replaceArguments(
    mlir::func::FuncOp function, const mlir::LLVMTypeConverter &converter,
    llvm::ArrayRef<mlir::Type> inputs,
    llvm::function_ref<ArgumentSource(mlir::OpBuilder &, mlir::ValueRange)>
        source);

/// Kernels of memrefs and indices to functions of (buffers, scalars, begin,
/// end): see runtime/format/KernelAbi.h.
std::unique_ptr<mlir::Pass> createKernelAbiPass();

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_LLVM_KERNELABI_H
