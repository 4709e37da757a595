#ifndef LLMC_CODEGEN_LLVM_EXPANDMATH_H
#define LLMC_CODEGEN_LLVM_EXPANDMATH_H

#include "mlir/IR/BuiltinOps.h"

namespace llmc::codegen {

/// Replaces the math ops that would become calls, and scalar conversions to and
/// from bf16, by arithmetic (VectorMath), in all functions of a module. An op
/// that has no expansion gets an error.
mlir::LogicalResult expandMathOps(mlir::ModuleOp module);

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_LLVM_EXPANDMATH_H
