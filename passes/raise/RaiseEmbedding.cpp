/// onnx.gather(weight [V, D], ids) along axis 0 -> llm.embedding, where the ids
/// are an argument of the graph (through casts), and where they are positions:
///
///   %e = onnx.gather(%w, %ids) {axis = 0}
///   %p = onnx.gather(%t, %computed) {axis = 0}    (position of the row, plus c)
///   ->
///   %w = llm.get_weight @w : tensor<VxDxf32>
///   %e = llm.embedding(%ids, %w)
///   %t = llm.get_weight @t : tensor<(P - c)xDxf32>           (without c rows)
///   %p = llm.embedding(%positions, %t)
///
/// A table of few bits (onnx.gather_block_quantized) keeps them: its rows are
/// the columns of a weight in a scheme of groups.
///
/// Whether an index is a position, however computed (from an input, from
/// extents, by counting the mask), and what is added to it, is found by
/// evaluating it at several lengths. Bits are kept.
/// Refused: an argument that is neither tokens nor positions (types of tokens).
#include "dialects/onnx/SymbolicShape.h"
#include "passes/Passes.h"
#include "passes/support/OnnxMatch.h"
#include "passes/support/Probe.h"
#include "passes/support/Regions.h"

namespace llmc {
#define GEN_PASS_DEF_RAISEEMBEDDING
#include "passes/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

/// The only weight of `table` without its first rows.
static Value tableFrom(OpBuilder &builder, Location loc, Value table,
                       int64_t first) {
  Value whole = getWeight(builder, loc, table);
  llm::WeightOp weight = whole ? weightOf(whole) : llm::WeightOp();
  if (!weight || first == 0)
    return whole;
  llm::WeightOp rest = leaveOutRows(weight, first);
  if (!rest)
    return {};
  return llm::GetWeightOp::create(builder, loc, rest.getType(),
                                  rest.getSymName());
}

/// Whether [S, D] or [1, S, D] in the place of `value` may be [B, S, D]: it is
/// only added to such rows.
static bool isAddedToRows(Value value, Type rows) {
  return llvm::all_of(value.getUsers(), [&](Operation *user) {
    return isa<onnx::AddOp>(user) && user->getResult(0).getType() == rows;
  });
}

/// A gather by positions of the rows -> llm.embedding of llm.positions.
static bool raisePositions(Probe &probe, onnx::GatherOp gather) {
  auto table = rankedType(gather.getInput());
  auto offset = probe.positionOffset(gather.getIndices());
  if (!offset || *offset < 0 || *offset >= table.getDimSize(0))
    return false;
  Value result = gather.getResult();
  OpBuilder builder(gather);
  auto rows = onnx::symbolicTensorType(
      {probe.batchExtent(), probe.rowsExtent(),
       builder.getAffineConstantExpr(table.getDimSize(1))},
      table.getElementType());
  // An index that is the same for all sequences is often [1, S].
  auto user = result.hasOneUse()
                  ? dyn_cast<onnx::ReshapeOp>(*result.getUsers().begin())
                  : onnx::ReshapeOp();
  Value broadcast = user ? user.getResult() : result;
  if (result.getType() != rows && !isAddedToRows(broadcast, rows))
    return false;
  Location loc = gather.getLoc();
  Value rest = tableFrom(builder, loc, gather.getInput(), *offset);
  if (!rest)
    return false;
  Value positions = llm::PositionsOp::create(
      builder, loc,
      onnx::symbolicTensorType({probe.batchExtent(), probe.rowsExtent()},
                               builder.getI32Type()));
  Value embedded =
      llm::EmbeddingOp::create(builder, loc, rows, positions, rest);
  (result.getType() == rows ? result : broadcast).replaceAllUsesWith(embedded);
  return true;
}

namespace {
struct RaiseEmbedding : llmc::impl::RaiseEmbeddingBase<RaiseEmbedding> {
  void runOnOperation() override {
    getOperation().walk([](func::FuncOp graph) { raise(graph); });
  }
  static void raise(func::FuncOp graph);
};
} // namespace

void RaiseEmbedding::raise(func::FuncOp graph) {
  Value tokens = tokenIds(graph);
  SmallVector<onnx::GatherOp> gathers;
  graph.walk([&](onnx::GatherOp op) {
    if (tableLookup(op).index)
      gathers.push_back(op);
  });
  SmallVector<onnx::GatherBlockQuantizedOp> blocks;
  graph.walk([&](onnx::GatherBlockQuantizedOp op) { blocks.push_back(op); });
  for (onnx::GatherBlockQuantizedOp gather : blocks) {
    Value ids = castArgument(gather.getIndices());
    auto table = rankedType(gather.getTable()), type = rankedType(gather.getResult());
    if (!ids || ids != tokens || !table || !type || !table.hasStaticShape())
      continue;
    OpBuilder builder(gather);
    Value matrix = getGroupedWeight(
        builder, gather.getLoc(),
        {gather.getTable(), gather.getScales(), gather.getZeroPoints(),
         int64_t(gather.getBits()), int64_t(gather.getBlockSize()),
         type.getShape().back(), table.getDimSize(0)});
    if (!matrix)
      continue;
    Value result = llm::EmbeddingOp::create(builder, gather.getLoc(), type, ids,
                                            matrix, /*columns=*/true);
    gather.getResult().replaceAllUsesWith(result);
  }
  auto probe = Probe::create(graph);
  for (onnx::GatherOp gather : gathers) {
    Value ids = castArgument(gather.getIndices());
    if (!ids || ids != tokens) {
      if (succeeded(probe))
        raisePositions(**probe, gather);
      continue;
    }
    OpBuilder builder(gather);
    Value weight = getWeight(builder, gather.getLoc(), gather.getInput());
    if (!weight)
      continue;
    Value result = llm::EmbeddingOp::create(builder, gather.getLoc(),
                                            gather.getType(), ids, weight);
    gather.getResult().replaceAllUsesWith(result);
  }
  eraseDeadOps(graph);
}
