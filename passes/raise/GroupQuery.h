#ifndef LLMC_PASSES_RAISE_GROUPQUERY_H
#define LLMC_PASSES_RAISE_GROUPQUERY_H

#include "dialects/onnx/OnnxOps.h"
#include "passes/support/Probe.h"

namespace llmc {

/// onnx.group_query_attention -> llm.rope, llm.kv_append, llm.attention. False,
/// with the reason, where an operand has no counterpart there.
bool raiseGroupQuery(Probe &probe, onnx::GroupQueryAttentionOp op, int64_t page,
                     std::string &why);

} // namespace llmc

#endif // LLMC_PASSES_RAISE_GROUPQUERY_H
