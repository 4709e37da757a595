/// Softmax attention over cached keys and values, however it is written, and
/// the operators of that name -> llm.kv_append and llm.attention:
///
///   k' = concat(past_k, k);  v' = concat(past_v, v)     -> presents
///   (or tensor_scatter into buffers: see AttentionBuffers.cpp)
///   softmax(scale * q . repeat(k')^T + mask) . repeat(v')
///   ->
///   %c0 = llm.cache_from(%past_k, %past_v)      (llm.empty_cache without past)
///   %c1 = llm.kv_append(%c0, %k_rows, %v_rows)
///   %o = llm.attention(%q_rows, %c1) {heads, scale, window, softcap}
///   presents = llm.cache_to(%c1)
///
/// From each softmax: its scores down to the product (constant scale, softcap,
/// mask of inactive values), then query, keys and values back to the rows that
/// they rearrange. The proposal is accepted if the reference evaluator gives
/// the same numbers for both with several batches, lengths and pasts; the
/// window of a sliding mask is what the mask, evaluated for a row far back in a
/// sequence, lets it see. com.microsoft's GroupQueryAttention says what it
/// is and is taken at its word (see GroupQuery.cpp).
///
/// Sums run in another order: the result may change in the last places.
/// Refused, with a remark: masks that are not causal, heads of several sizes,
/// circular buffers.
#include "passes/Passes.h"
#include "passes/raise/AttentionProposal.h"
#include "passes/raise/GroupQuery.h"
#include "passes/support/OnnxMatch.h"

namespace llmc {
#define GEN_PASS_DEF_RAISEATTENTION
#include "passes/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

namespace {
struct RaiseAttention : llmc::impl::RaiseAttentionBase<RaiseAttention> {
  using RaiseAttentionBase::RaiseAttentionBase;
  void runOnOperation() override {
    auto graph = getOperation().lookupSymbol<func::FuncOp>("main");
    if (!graph)
      return;
    auto probe = Probe::create(graph);
    if (failed(probe))
      return;
    SmallVector<Operation *> anchors;
    graph.walk([&](Operation *op) {
      if (isa<onnx::SoftmaxOp, onnx::AttentionOp, onnx::MultiHeadAttentionOp,
              onnx::GroupQueryAttentionOp>(op))
        anchors.push_back(op);
    });
    for (Operation *anchor : anchors) {
      if (auto group = dyn_cast<onnx::GroupQueryAttentionOp>(anchor)) {
        std::string why;
        if (!raiseGroupQuery(**probe, group, page, why))
          anchor->emitRemark("not raised to llm.attention: ") << why;
        continue;
      }
      AttentionProposal proposal(**probe, page);
      bool fits = false;
      if (auto softmax = dyn_cast<onnx::SoftmaxOp>(anchor))
        fits = proposal.fromSoftmax(softmax);
      else if (auto attention = dyn_cast<onnx::AttentionOp>(anchor))
        fits = proposal.fromAttention(attention);
      else
        fits = proposal.fromMultiHead(cast<onnx::MultiHeadAttentionOp>(anchor));
      if (!fits || !proposal.replace())
        anchor->emitRemark("not raised to llm.attention: ") << proposal.reason();
    }
    eraseDeadOps(graph);
  }
};
} // namespace
