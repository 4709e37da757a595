/// Attention of ONNX: its masks, past and lengths, over the steps of HeadLoops.
#include "passes/lowering/HeadLoops.h"

using namespace mlir;

namespace llmc {

using namespace heads;

static LogicalResult lowerAttention(onnx::AttentionOp op, GraphLowering &graph) {
  for (auto [tensor, count] :
       {std::pair(op.getQuery(), op.getQNumHeads()),
        std::pair(op.getKey(), op.getKvNumHeads()),
        std::pair(op.getValue(), op.getKvNumHeads())})
    if (!areHeads(tensor, count))
      return op.emitError("has operands that are neither [B, S, H * D] nor "
                          "[B, H, S, D] of floats");
  Heads query = Heads::of(op.getQuery(), op.getQNumHeads());
  Heads key = Heads::of(op.getKey(), op.getKvNumHeads());
  Heads value = Heads::of(op.getValue(), op.getKvNumHeads());
  Attention attention(op, graph, query);
  Value keys = attention.present(key, op.getPastKey(), op.getPresentKey(),
                                 attention.keyDims, {}, 0);
  Value values = attention.present(value, op.getPastValue(), op.getPresentValue(),
                                   attention.valueDims, {}, 0);
  Type floats = floatsOf(query.element());
  RankedTensorType scores =
      onnx::symbolicTensorType(attention.scoreDims(), floats);
  SmallVector<Value> extra;
  bool masked = isGiven(op.getMask()), past = isGiven(op.getPastKey());
  bool lengths = isGiven(op.getNonpadKvSeqlen());
  if (masked)
    extra.push_back(graph.memref(op.getMask()));
  unsigned lengthsAt = extra.size();
  if (lengths)
    extra.push_back(graph.memref(op.getNonpadKvSeqlen()));
  unsigned pastAt = extra.size();
  if (past)
    extra.push_back(graph.memref(op.getPastKey()));
  attention.finish(
      attention.plainQuery({}), keys, values, op.getScale().convertToFloat(),
      op.getSoftcap().convertToFloat(), extra,
      [&](B &b, ValueRange args, Index index) {
        Value lowest = b.infinity(floats, true), shift = b.number(floats, 0);
        if (masked)
          shift = maskAt(b, args[0], typeOf(op.getMask()), scores, index, floats);
        Value row = b.toInteger(index[2]), column = b.toInteger(index[3]);
        Value before = past ? b.toInteger(b.dim(args[pastAt], 2)) : b.integer(0);
        if (lengths) {
          Value length = b.load(args[lengthsAt], index[0]);
          shift = b.select(b.lessOrEqual(length, column), lowest, shift);
          if (!past) // The query is the second argument from the scores.
            before = b.sub(length,
                           b.toInteger(b.dim(args[args.size() - 3], 2)));
        }
        if (op.getIsCausal())
          shift = b.select(b.less(b.add(row, before), column), lowest, shift);
        return shift;
      },
      op.getResult());
  return success();
}

void populateAttention(LoweringTable &table) {
  table.add<onnx::AttentionOp>(lowerAttention);
}

} // namespace llmc
