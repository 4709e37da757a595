/// A decoder's step on the reference evaluator.
#ifndef LLMC_COMPILER_EVALUATESTEP_H
#define LLMC_COMPILER_EVALUATESTEP_H

#include "compiler/reference/Tensor.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <string>

namespace llmc {

/// The logits [tokens, vocabulary] of one sequence of \p tokens from empty caches,
/// by `step` or one of its specialisations, which holds llm ops. Weights are read
/// from the files that the module names. On failure \p why tells.
mlir::FailureOr<reference::Tensor> evaluateStep(mlir::func::FuncOp step,
                                                llvm::ArrayRef<int64_t> tokens,
                                                std::string &why);

} // namespace llmc

#endif // LLMC_COMPILER_EVALUATESTEP_H
