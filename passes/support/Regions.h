/// Regions of scalar ops: epilogues of linears and bodies of maps.
#ifndef LLMC_PASSES_SUPPORT_REGIONS_H
#define LLMC_PASSES_SUPPORT_REGIONS_H

#include "dialects/llm/LlmOps.h"

namespace llmc {

/// f32, bf16 or f16 by its name, as `--dtype` has it; null for another.
mlir::Type floatNamed(mlir::MLIRContext *context, llvm::StringRef name);

/// Copies the ops of `body` to the builder's place with `arguments` for its
/// arguments; returns what its terminator would yield.
llvm::SmallVector<mlir::Value> inlineScalars(mlir::OpBuilder &builder,
                                             mlir::Block &body,
                                             mlir::ValueRange arguments);

/// The `llm.weight` that a value is the tensor of, or null.
llm::WeightOp weightOf(mlir::Value value);

/// A copy of `weight` behind it, under a name of its own.
llm::WeightOp copyWeight(llm::WeightOp weight, llvm::StringRef prefix);

/// The weight of these columns of `weight`, which has one source, or values;
/// null where it has several sources or is a selection already.
llm::WeightOp selectColumns(llm::WeightOp weight, llm::ColumnRanges columns);

/// `weight` without its first `count` rows; null where it has values.
llm::WeightOp leaveOutRows(llm::WeightOp weight, int64_t count);

/// A weight of the columns of all of `weights` side by side; null where some
/// have sources and some values, or they differ in rows, type or scheme.
/// Interleaved, all need sources.
llm::WeightOp concatWeights(llvm::ArrayRef<llm::WeightOp> weights,
                            bool interleave);

} // namespace llmc

#endif // LLMC_PASSES_SUPPORT_REGIONS_H
