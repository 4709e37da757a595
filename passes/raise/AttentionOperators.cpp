/// Proposals from operators that are attention by name.
#include "passes/raise/AttentionProposal.h"

#include "passes/support/OnnxMatch.h"
#include "passes/support/Regions.h"

#include <cmath>

using namespace mlir;

namespace llmc {

static bool present(Value value) { return !isa<NoneType>(value.getType()); }

bool AttentionProposal::fromAttention(onnx::AttentionOp op) {
  output = op.getResult();
  auto type = rankedType(op.getQuery());
  if (!type)
    return refuse("its query has no known rank");
  headDim = type.getRank() == 4 ? type.getShape().back()
                                : type.getShape().back() / op.getQNumHeads();
  if (present(op.getMask()))
    masks.push_back({op.getMask()});
  softcap = op.getSoftcap().convertToDouble();
  double given = op.getScale().convertToDouble();
  scale = given != 0 ? given : 1 / std::sqrt(double(headDim));
  if (!setOperands(op.getQuery(), op.getKey(), op.getValue()))
    return false;
  if (present(op.getPastKey())) {
    pastKey = op.getPastKey();
    pastValue = op.getPastValue();
  }
  // With buffers, results of their full length that nobody reads stand in the
  // way of a comparison with shorter ones.
  if (keyBuffer) {
    for (Value unused : {op.getPresentKey(), op.getPresentValue()})
      if (unused.use_empty())
        unused.setType(NoneType::get(op.getContext()));
      else
        return refuse("its cache's buffer is returned twice");
  }
  if (present(op.getPresentKey()))
    presents.push_back({op.getPresentKey(), op.getPresentValue()});
  return true;
}

/// rows + the columns [first, first + D) of bias; null where the bias is no
/// weight.
static Value addBias(OpBuilder &builder, Value rows, Value bias,
                     int64_t first) {
  Value whole = getWeight(builder, rows.getLoc(), bias);
  llm::WeightOp weight = whole ? weightOf(whole) : llm::WeightOp();
  llm::WeightOp part =
      weight ? selectColumns(weight, {first, rankedType(rows).getShape().back(),
                                      0, 1})
             : llm::WeightOp();
  if (!part)
    return {};
  Value vector = llm::GetWeightOp::create(builder, rows.getLoc(),
                                          part.getType(), part.getSymName());
  return onnx::AddOp::create(builder, rows.getLoc(), rows.getType(), rows,
                             vector);
}

/// The bias of query, key and value, added to their rows before attention.
/// False where it cannot be.
static bool expandBias(onnx::MultiHeadAttentionOp op) {
  auto bias = rankedType(op.getBias());
  if (!bias)
    return true;
  SmallVector<Value> biased;
  OpBuilder builder(op);
  int64_t first = 0;
  for (Value rows : {op.getQuery(), op.getKey(), op.getValue()}) {
    auto type = rankedType(rows);
    if (!type || type.getRank() != 3 || type.isDynamicDim(2) ||
        bias.getRank() != 1 || first + type.getDimSize(2) > bias.getDimSize(0))
      return false;
    Value sum = addBias(builder, rows, op.getBias(), first);
    if (!sum)
      return false;
    biased.push_back(sum);
    first += type.getDimSize(2);
  }
  op.getQueryMutable().set(biased[0]);
  op.getKeyMutable().set(biased[1]);
  op.getValueMutable().set(biased[2]);
  op.getBiasMutable().set(
      onnx::NoneOp::create(builder, op.getLoc(), builder.getNoneType()));
  return true;
}

/// A padding mask and a bias of scores are ones and zeros of a causal mask
/// where nothing is padded: the comparison finds out.
bool AttentionProposal::fromMultiHead(onnx::MultiHeadAttentionOp op) {
  if (!expandBias(op))
    return refuse("its bias is no weight");
  output = op.getResult();
  headDim = rankedType(op.getQuery()).getShape().back() / op.getNumHeads();
  if (present(op.getAttentionBias()))
    masks.push_back({op.getAttentionBias()});
  double given = op.getScale().convertToDouble();
  scale = given != 0 ? given : 1 / std::sqrt(double(headDim));
  if (!setOperands(op.getQuery(), op.getKey(), op.getValue()))
    return false;
  if (present(op.getPastKey())) {
    pastKey = op.getPastKey();
    pastValue = op.getPastValue();
  }
  if (present(op.getPresentKey()))
    presents.push_back({op.getPresentKey(), op.getPresentValue()});
  return true;
}

} // namespace llmc
