/// What a kernel computes and reads, from its operation.
#ifndef LLMC_COMPILER_DESCRIBEWORK_H
#define LLMC_COMPILER_DESCRIBEWORK_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "runtime/format/Program.h"

namespace llmc {

/// The figures of \p kernel, whose body is one operation of the kernel dialect;
/// zeros for loops, and where an extent is not static.
KernelWork describeWork(mlir::func::FuncOp kernel);

} // namespace llmc

#endif // LLMC_COMPILER_DESCRIBEWORK_H
