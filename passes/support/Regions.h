/// Regions of scalar ops: epilogues of linears and bodies of maps.
#ifndef LLMC_PASSES_SUPPORT_REGIONS_H
#define LLMC_PASSES_SUPPORT_REGIONS_H

#include "dialects/llm/LlmOps.h"

namespace llmc {

/// Copies the ops of `body` to the builder's place with `arguments` for its
/// arguments; returns what its terminator would yield.
llvm::SmallVector<mlir::Value> inlineScalars(mlir::OpBuilder &builder,
                                             mlir::Block &body,
                                             mlir::ValueRange arguments);

/// The `llm.weight` that a value is the tensor of, or null.
llm::WeightOp weightOf(mlir::Value value);

/// A weight of the columns of all of `weights` side by side; null where one of
/// them has no sources or they differ in rows, type or scheme.
llm::WeightOp concatWeights(llvm::ArrayRef<llm::WeightOp> weights,
                            bool interleave);

} // namespace llmc

#endif // LLMC_PASSES_SUPPORT_REGIONS_H
