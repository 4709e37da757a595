/// A rotation of pairs of a head's elements by an angle that depends on the
/// position alone -> llm.rope, however it is written:
///
///   x * cos(p) + concat(-x[half:], x[:half]) * sin(p)      (rotate half)
///   x0 * cos - x1 * sin, x1 * cos + x0 * sin, interleaved  (rotate pairs)
///   onnx.rotary_embedding
///   ->
///   %r = llm.rope(%rows, %positions, %cos, %sin)
///   reshape and transpose to where the heads stood
///
/// 1. Anchors are additions of two activations, and rotary_embedding. From one,
///    walk back over movement, signs, and products with inactive factors; the
///    walk must end in one value of rows [B, S, H * D] or [B, S, H, D].
/// 2. The factors, evaluated for the positions 0 .. max-context - 1, are the
///    tables: the one that is 0 at position 0 is the sine. So any scaling of
///    the frequencies is in the tables and needs no recognition.
/// 3. Both pairings are tried; the proposal is accepted if it gives the same
///    numbers as the graph on random rows at several positions.
///
/// The tables hold what the exporter's own formula gives, in f32.
/// Refused: angles that depend on more than the position.
#include "passes/Passes.h"
#include "passes/raise/RopeProposal.h"

namespace llmc {
#define GEN_PASS_DEF_RAISEROPE
#include "passes/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

/// Tables hold at least the positions that proposals are compared at.
static constexpr int64_t probedPositions = 16;

namespace {
struct RaiseRope : llmc::impl::RaiseRopeBase<RaiseRope> {
  using RaiseRopeBase::RaiseRopeBase;
  void runOnOperation() override {
    auto graph = getOperation().lookupSymbol<func::FuncOp>("main");
    if (!graph)
      return;
    auto probe = Probe::create(graph);
    if (failed(probe))
      return;
    SmallVector<Operation *> anchors;
    graph.walk([&](Operation *op) {
      if (isa<onnx::AddOp, onnx::RotaryEmbeddingOp, onnx::ConcatOp,
              onnx::ReshapeOp>(op))
        anchors.push_back(op);
    });
    // The outermost form first: a partial rotation ends in a concatenation
    // around the addition, an interleaved one in a reshape around two.
    for (Operation *anchor : llvm::reverse(anchors)) {
      if (anchor->use_empty())
        continue;
      RopeProposal proposal(**probe, anchor->getResult(0));
      if (!proposal.collect())
        continue;
      if (!proposal.tabulate(std::max<int64_t>(maxContext, probedPositions))) {
        anchor->emitRemark("not raised to llm.rope: ") << proposal.reason();
        continue;
      }
      if (proposal.verify(llm::Pairing::Half) ||
          proposal.verify(llm::Pairing::Interleaved))
        proposal.replace();
      else
        anchor->emitRemark("not raised to llm.rope: ") << proposal.reason();
    }
    // What the rotations were made of is dead now.
    SmallVector<Operation *> ops;
    graph.walk([&](Operation *op) { ops.push_back(op); });
    for (Operation *op : llvm::reverse(ops))
      if (isOpTriviallyDead(op))
        op->erase();
  }
};
} // namespace
