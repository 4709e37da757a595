/// Regions of scalar ops, as epilogues and maps carry them, on whole vectors.
#ifndef LLMC_CODEGEN_LLVM_VECTORREGION_H
#define LLMC_CODEGEN_LLVM_VECTORREGION_H

#include "codegen/llvm/VectorBuilder.h"

namespace llmc::codegen {

/// Clones the body's scalar `arith` and `math` ops onto vectors of `arguments`'
/// length; `arguments` stand for the block's. Returns what its terminator
/// yields. Arithmetic on bf16 and f16 is done in f32 and rounded after every
/// op. Emits an error and fails on an op it does not know.
mlir::FailureOr<llvm::SmallVector<Value>>
cloneOntoVectors(VectorBuilder &b, mlir::Block &body, ValueRange arguments,
                 int64_t lanes = VectorBuilder::width);

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_LLVM_VECTORREGION_H
