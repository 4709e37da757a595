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
/// 2. The factors, evaluated for the positions 0 .. max-context - 1 (or as many
///    as a table in the graph has), are the tables: the one that is 0 at position 0 is the sine. So any scaling of
///    the frequencies is in the tables and needs no recognition.
/// 3. Both pairings are tried; the proposal is accepted if it gives the same
///    numbers as the graph on random rows at several positions.
///
/// Positions that are an argument become llm.positions for what else reads them
/// (masks). The tables hold what the exporter's own formula gives, in f32.
/// Refused: angles that depend on more than the position.
#include "passes/Passes.h"
#include "passes/raise/RopeProposal.h"
#include "passes/support/OnnxMatch.h"

namespace llmc {
#define GEN_PASS_DEF_RAISEROPE
#include "passes/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

/// Tables hold at least the positions that proposals are compared at.
static constexpr int64_t probedPositions = 16;

/// Tables of `count` positions, or of as many as the graph has: a graph may
/// look its angles up in a table of its own. Lowers `count` to that.
static bool tabulate(RopeProposal &proposal, int64_t &count,
                     RopeTables &tables) {
  if (proposal.tabulate(count, tables))
    return true;
  if (!proposal.tabulate(probedPositions, tables))
    return false;
  int64_t most = probedPositions, tooMany = count;
  while (tooMany - most > 1) {
    int64_t middle = most + (tooMany - most) / 2;
    (proposal.tabulate(middle, tables) ? most : tooMany) = middle;
  }
  count = most;
  return proposal.tabulate(most, tables);
}

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
    int64_t count = std::max<int64_t>(maxContext, probedPositions);
    RopeTables tables;
    // The outermost form first: a partial rotation ends in a concatenation
    // around the addition, an interleaved one in a reshape around two.
    for (Operation *anchor : llvm::reverse(anchors)) {
      if (anchor->use_empty())
        continue;
      RopeProposal proposal(**probe, anchor->getResult(0));
      if (!proposal.collect())
        continue;
      if (!tabulate(proposal, count, tables)) {
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
    eraseDeadOps(graph);
    (*probe)->replacePositions();
  }
};
} // namespace
