/// Weights of few bits with scales of groups, as numbers.
#ifndef LLMC_COMPILER_REFERENCE_EVALGROUPS_H
#define LLMC_COMPILER_REFERENCE_EVALGROUPS_H

#include "compiler/reference/Call.h"
#include "dialects/llm/GroupScheme.h"
#include "dialects/llm/LlmOps.h"

namespace llmc::reference {

/// Source \p index of a weight that arrives quantized, [N, K] in f32: its
/// number less the zero point, times the scale.
mlir::FailureOr<Tensor> dequantizeSource(llm::WeightOp op, unsigned index,
                                         Call &call);

/// What rounding \p matrix [K, N] in groups makes of it, as the packer does.
Tensor quantizeGroups(const Tensor &matrix, const llm::GroupScheme &scheme);

} // namespace llmc::reference

#endif // LLMC_COMPILER_REFERENCE_EVALGROUPS_H
