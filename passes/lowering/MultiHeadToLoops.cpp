/// com.microsoft MultiHeadAttention: biases of the projections and padding, over
/// the steps of HeadLoops.
#include "passes/lowering/HeadLoops.h"

using namespace mlir;

namespace llmc {

using namespace heads;

static LogicalResult lowerMultiHead(onnx::MultiHeadAttentionOp op, GraphLowering &graph) {
  int64_t count = op.getNumHeads();
  for (Value tensor : {op.getQuery(), op.getKey(), op.getValue()})
    if (!areHeads(tensor, count))
      return op.emitError("has operands that are neither [B, S, H * D] nor "
                          "[B, H, S, D] of floats");
  Heads query = Heads::of(op.getQuery(), count), key = Heads::of(op.getKey(), count);
  Heads value = Heads::of(op.getValue(), count);
  if (isGiven(op.getBias()) && query.dims[3] != value.dims[3])
    return op.emitError("has a bias, and values of another width than the query");
  Attention attention(op, graph, query);
  Value keys = attention.present(key, op.getPastKey(), op.getPresentKey(),
                                 attention.keyDims, op.getBias(), count);
  Value values = attention.present(value, op.getPastValue(), op.getPresentValue(),
                                   attention.valueDims, op.getBias(), 2 * count);
  Type floats = floatsOf(query.element());
  RankedTensorType scores =
      onnx::symbolicTensorType(attention.scoreDims(), floats);
  SmallVector<Value> extra;
  bool padded = isGiven(op.getKeyPaddingMask()), past = isGiven(op.getPastKey());
  bool biased = isGiven(op.getAttentionBias());
  if (padded && typeOf(op.getKeyPaddingMask()).getRank() != 2)
    return op.emitError("has a key padding mask that is not [B, L]");
  if (padded)
    extra.push_back(graph.memref(op.getKeyPaddingMask()));
  unsigned biasAt = extra.size();
  if (biased)
    extra.push_back(graph.memref(op.getAttentionBias()));
  unsigned pastAt = extra.size();
  if (past)
    extra.push_back(graph.memref(op.getPastKey()));
  double filter = op.getMaskFilterValue().convertToFloat();
  attention.finish(
      attention.plainQuery(op.getBias()), keys, values,
      op.getScale().convertToFloat(), 0, extra,
      [&](B &b, ValueRange args, Index index) {
        Value lowest = b.infinity(floats, true), shift = b.number(floats, 0);
        if (biased)
          shift = maskAt(b, args[biasAt], typeOf(op.getAttentionBias()), scores,
                         index, floats);
        if (padded) {
          Value seen = b.load(args[0], {index[0], index[3]});
          shift = b.select(b.equal(seen, b.integer(0)),
                           b.add(shift, b.number(floats, filter)), shift);
        }
        if (op.getUnidirectional()) {
          Value reach = past ? b.add(index[2], b.dim(args[pastAt], 2)) : index[2];
          shift = b.select(b.less(reach, index[3]), lowest, shift);
        }
        return shift;
      },
      op.getResult());
  return success();
}

void populateMultiHead(LoweringTable &table) {
  table.add<onnx::MultiHeadAttentionOp>(lowerMultiHead);
}

} // namespace llmc
