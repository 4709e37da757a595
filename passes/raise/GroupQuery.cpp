/// com.microsoft's GroupQueryAttention (ContribOperators.md of onnxruntime): a
/// packed or separate query, rotary embedding inside, a causal mask by
/// seqlens_k, past and present as the cache.
#include "passes/raise/GroupQuery.h"

#include "dialects/llm/LlmOps.h"
#include "dialects/onnx/SymbolicShape.h"
#include "passes/support/OnnxMatch.h"

#include <cmath>

using namespace mlir;

namespace llmc {

static bool present(Value value) { return !isa<NoneType>(value.getType()); }

/// Whether seqlens_k is past + rows - 1 for every sequence, as without padding.
static bool countsAllPositions(Probe &probe, Value lengths) {
  for (ProbeSizes sizes : {ProbeSizes{2, 3, 5}, ProbeSizes{1, 1, 4}}) {
    probe.begin(sizes);
    // An argument of lengths has nothing to be computed from: it is that.
    if (isa<BlockArgument>(lengths))
      return true;
    auto value = probe.evaluate(lengths);
    if (failed(value))
      return false;
    int64_t past = probe.hasPast() ? sizes.past : 0;
    for (int64_t i = 0; i < value->numElements(); ++i)
      if (value->getInt(i) != past + sizes.rows - 1)
        return false;
  }
  return true;
}

bool raiseGroupQuery(Probe &probe, onnx::GroupQueryAttentionOp op, int64_t page,
                     std::string &why) {
  auto refuse = [&](const char *text) {
    why = text;
    return false;
  };
  if (present(op.getBias()))
    return refuse("an attention bias");
  if (present(op.getPositions()))
    return refuse("explicit position ids");
  auto type = rankedType(op.getQuery());
  if (!type || type.getRank() != 3 || !probe.isRows(type))
    return refuse("its query is not rows");
  int64_t heads = op.getNumHeads(), kvHeads = op.getKvNumHeads();
  bool packed = !present(op.getKey());
  int64_t columns = type.getShape().back();
  int64_t all = packed ? heads + 2 * kvHeads : heads;
  if (heads <= 0 || kvHeads <= 0 || columns % all || heads % kvHeads)
    return refuse("its columns are not whole heads");
  int64_t headDim = columns / all;
  if (!countsAllPositions(probe, op.getSeqlensK()))
    return refuse("its lengths are not those of the whole mask");

  OpBuilder builder(op);
  Location loc = op.getLoc();
  Type element = type.getElementType();
  auto rows = [&](int64_t width) {
    return onnx::symbolicTensorType(
        {probe.batchExtent(), probe.rowsExtent(),
         builder.getAffineConstantExpr(width)},
        element);
  };
  Value query = op.getQuery(), key = op.getKey(), value = op.getValue();
  if (packed) {
    auto part = [&](int64_t first, int64_t count) -> Value {
      return llm::ColumnsOp::create(builder, loc, rows(count * headDim),
                                    op.getQuery(), first * headDim);
    };
    query = part(0, heads);
    key = part(heads, kvHeads);
    value = part(heads + kvHeads, kvHeads);
  }
  if (op.getDoRotary()) {
    auto table = rankedType(op.getCos());
    Value cos = present(op.getCos()) ? getWeight(builder, loc, op.getCos())
                                     : Value();
    Value sin = present(op.getSin()) ? getWeight(builder, loc, op.getSin())
                                     : Value();
    if (!cos || !sin || !table || table.getRank() != 2)
      return refuse("its rotary tables are not constant");
    int64_t rotary = 2 * table.getShape().back();
    auto pairing = op.getRotaryInterleaved() ? llm::Pairing::Interleaved
                                             : llm::Pairing::Half;
    Value positions = llm::PositionsOp::create(
        builder, loc,
        onnx::symbolicTensorType({probe.batchExtent(), probe.rowsExtent()},
                                 builder.getI32Type()));
    query = llm::RopeOp::create(builder, loc, query.getType(), query, positions,
                                cos, sin, heads, headDim, rotary, pairing);
    key = llm::RopeOp::create(builder, loc, key.getType(), key, positions, cos,
                              sin, kvHeads, headDim, rotary, pairing);
  }
  auto cacheType = llm::KvCacheType::get(builder.getContext(), kvHeads, headDim,
                                         page, element);
  Value cache;
  if (present(op.getPastKey()))
    cache = llm::CacheFromOp::create(builder, loc, cacheType, op.getPastKey(),
                                     op.getPastValue());
  else
    cache = llm::EmptyCacheOp::create(builder, loc, cacheType);
  Value appended =
      llm::KvAppendOp::create(builder, loc, cacheType, cache, key, value);
  double scale = op.getScale().convertToDouble();
  if (scale == 0)
    scale = 1 / std::sqrt(double(headDim));
  Value output = llm::AttentionOp::create(
      builder, loc, query.getType(), query, appended, heads,
      llvm::APFloat(float(scale)), std::max<int64_t>(op.getLocalWindow(), 0),
      op.getSoftcap(), false);
  auto cacheTo = llm::CacheToOp::create(builder, loc,
                                        op.getPresentKey().getType(),
                                        op.getPresentValue().getType(),
                                        appended);
  op.getResult().replaceAllUsesWith(output);
  op.getPresentKey().replaceAllUsesWith(cacheTo.getKey());
  op.getPresentValue().replaceAllUsesWith(cacheTo.getValue());
  op.erase();
  return true;
}

} // namespace llmc
