/// Attention: the standard's, GroupQueryAttention, MultiHeadAttention.
#include "frontends/onnx/builder/AttentionShapes.h"

using namespace mlir;

namespace llmc::onnx {

namespace {

/// The length of the cache after this step. ONNX Runtime reads the total from
/// a scalar input; where it is known it tells a shared buffer from growth.
AffineExpr presentLength(NodeContext &n, AffineExpr added) {
  AffineExpr grown = totalLength(n, 3, added);
  auto total = n.contentsOf(n.in(6));
  if (!n.has(3) || !total || total->size() != 1)
    return grown;
  AffineExpr past = n.dims(3)[2];
  if (atMost(total->front(), past) == std::optional(true))
    return past;
  if (!n.equate(total->front(), grown, "the total and past plus new"))
    return {};
  return grown;
}

LogicalResult groupQueryAttention(NodeContext &n) {
  int64_t heads = n.intAttr("num_heads", 0);
  int64_t kvHeads = n.intAttr("kv_num_heads", 0);
  float scale = n.floatAttr("scale", 0.0f);
  float softcap = n.floatAttr("softcap", 0.0f);
  bool rotates = n.intAttr("do_rotary", 0);
  bool interleaved = n.intAttr("rotary_interleaved", 0);
  int64_t window = n.intAttr("local_window_size", -1);
  if (n.intAttr("smooth_softmax", 0) == 1 || n.has(11))
    return n.unsupported("smooth_softmax or a head sink");
  if (n.intAttr("causal", 1) != 1)
    return n.unsupported("causal = 0");
  bool windowCache = n.intAttr("sliding_window_cache", 0);
  n.ignoreAttrs({"qk_norm_epsilon"});
  if (n.has(12) || n.has(13) || n.has(14) || n.has(15))
    return n.unsupported("a quantized cache or norms of query and key");
  if (n.intAttr("qk_output", 0) || n.wants(3))
    return n.unsupported("output_qk");
  if (n.stringAttr("k_quant_type", "NONE") != "NONE" ||
      n.stringAttr("v_quant_type", "NONE") != "NONE" ||
      n.intAttr("kv_cache_bit_width", 0))
    return n.unsupported("a quantized cache");
  if (!n.has(5) || !n.has(6))
    return n.fail(Code::BadModel, "the lengths are missing");
  if (n.has(1) != n.has(2) || n.has(3) != n.has(4))
    return n.mismatch("key and value come together, as do the pasts");
  if (heads < 1 || kvHeads < 1 || heads % kvHeads != 0 || heads > (1 << 20))
    return n.mismatch("num_heads and kv_num_heads do not fit");
  if (!oneFloatType(n, {0, 1, 2, 3, 4, 7, 8, 10}))
    return failure();
  if (n.rank(0) != 3)
    return n.mismatch("the query must be of rank 3");
  bool packed = !n.has(1);
  auto query =
      headsOf(n, n.in(0), packed ? heads + 2 * kvHeads : heads, "the query");
  if (!query)
    return failure();
  Heads cache{query->batch, query->sequence, n.number(kvHeads), query->width};
  if (!packed) {
    auto key = headsOf(n, n.in(1), kvHeads, "the key");
    if (!key || !n.equate(key->width, query->width, "heads' widths"))
      return failure();
    cache.sequence = key->sequence;
  }
  if (!pastFits(n, 3, cache) || !pastFits(n, 4, cache))
    return failure();
  if (rotates && (!n.has(7) || !n.has(8)))
    return n.fail(Code::BadModel, "the rotary tables are missing");
  AffineExpr length = presentLength(n, cache.sequence);
  query->heads = n.number(heads);
  if (!length || !maskFits(n, 10, *query, length, false))
    return failure();
  if (!n.elem(5).isInteger(32) || !n.elem(6).isInteger(32) ||
      (n.has(9) && !n.elem(9).isInteger(64)))
    return n.fail(Code::UnsupportedType, "lengths must be int32");
  AffineExpr hidden = mulExtents(n.number(heads), query->width);
  RankedTensorType result =
      n.tensor({query->batch, query->sequence, hidden}, n.elem(0));
  RankedTensorType present =
      n.tensor({query->batch, cache.heads, length, query->width}, n.elem(0));
  if (!result || !present)
    return failure();
  auto op = GroupQueryAttentionOp::create(
      n.builder, n.location, result, present, present, n.in(0), n.inOrNone(1),
      n.inOrNone(2), n.inOrNone(3), n.inOrNone(4), n.in(5), n.in(6),
      n.inOrNone(7), n.inOrNone(8), n.inOrNone(9), n.inOrNone(10), heads,
      kvHeads, APFloat(scale), rotates, interleaved, window, APFloat(softcap),
      windowCache);
  for (unsigned i = 0; i < 3; ++i)
    (void)n.set(i, op->getResult(i));
  return success();
}

LogicalResult multiHeadAttention(NodeContext &n) {
  int64_t heads = n.intAttr("num_heads", 0);
  float scale = n.floatAttr("scale", 0.0f);
  float filter = n.floatAttr("mask_filter_value", -10000.0f);
  bool causal = n.intAttr("unidirectional", 0);
  if (!n.has(1) || !n.has(2) || n.rank(0) != 3)
    return n.unsupported("packed query, key and value");
  if (n.has(8) || n.has(9) || n.wants(3))
    return n.unsupported("past_sequence_length, cache_indirection or qk");
  if (n.has(6) != n.has(7))
    return n.mismatch("the pasts come together");
  if (heads < 1 || heads > (1 << 20))
    return n.mismatch("num_heads is missing");
  if (!oneFloatType(n, {0, 1, 2, 3, 5, 6, 7}))
    return failure();
  auto query = headsOf(n, n.in(0), heads, "the query");
  auto key = query ? headsOf(n, n.in(1), heads, "the key") : std::nullopt;
  auto value = key ? headsOf(n, n.in(2), heads, "the value") : std::nullopt;
  if (!value || !n.equate(query->width, key->width, "heads' widths") ||
      !n.equate(query->batch, key->batch, "batch extents") ||
      !n.equate(key->sequence, value->sequence, "lengths of key and value") ||
      !pastFits(n, 6, *key) || !pastFits(n, 7, *value))
    return failure();
  AffineExpr length = totalLength(n, 6, key->sequence);
  if (!maskFits(n, 5, *query, length, false))
    return failure();
  if (n.has(4) && (n.rank(4) != 2 || !n.elem(4).isInteger(32)))
    return n.unsupported("a key_padding_mask that is not int32 [B, L]");
  RankedTensorType result =
      n.tensor({query->batch, query->sequence,
                mulExtents(n.number(heads), value->width)},
               n.elem(0));
  RankedTensorType presentKey =
      n.tensor({key->batch, key->heads, length, key->width}, n.elem(0));
  RankedTensorType presentValue =
      n.tensor({key->batch, key->heads, length, value->width}, n.elem(0));
  if (!result || !presentKey || !presentValue)
    return failure();
  Type none = n.builder.getNoneType();
  auto op = MultiHeadAttentionOp::create(
      n.builder, n.location, result, n.wants(1) ? Type(presentKey) : none,
      n.wants(2) ? Type(presentValue) : none, n.in(0), n.in(1), n.in(2),
      n.inOrNone(3), n.inOrNone(4), n.inOrNone(5), n.inOrNone(6), n.inOrNone(7),
      heads, APFloat(scale), causal, APFloat(filter));
  for (unsigned i = 0; i < 3; ++i)
    (void)n.set(i, op->getResult(i));
  return success();
}

LogicalResult attentionStandard(NodeContext &n) {
  int64_t heads = n.intAttr("q_num_heads", 0);
  int64_t kvHeads = n.intAttr("kv_num_heads", 0);
  float scale = n.floatAttr("scale", 0.0f);
  float softcap = n.floatAttr("softcap", 0.0f);
  bool causal = n.intAttr("is_causal", 0);
  n.ignoreAttrs({"softmax_precision", "qk_matmul_output_mode"});
  if (n.wants(3))
    return n.unsupported("qk_matmul_output");
  if (n.intAttr("left_window_size", -1) >= 0 ||
      n.intAttr("right_window_size", -1) >= 0)
    return n.unsupported("a sliding window");
  if (n.has(4) != n.has(5))
    return n.mismatch("the pasts come together");
  if (!oneFloatType(n, {0, 1, 4}))
    return failure();
  auto query = headsOf(n, n.in(0), heads, "the query");
  auto key = query ? headsOf(n, n.in(1), kvHeads, "the key") : std::nullopt;
  auto value = key ? headsOf(n, n.in(2), kvHeads, "the value") : std::nullopt;
  if (!value || !n.equate(query->width, key->width, "heads' widths") ||
      !n.equate(query->batch, key->batch, "batch extents") ||
      !n.equate(key->heads, value->heads, "heads of key and value") ||
      !n.equate(key->sequence, value->sequence, "lengths of key and value") ||
      !pastFits(n, 4, *key) || !pastFits(n, 5, *value))
    return failure();
  AffineExpr length = totalLength(n, 4, key->sequence);
  // From opset 24 on a shorter mask is filled up.
  if (!maskFits(n, 3, *query, length, n.version >= 24))
    return failure();
  // Booleans choose, numbers of any type are added.
  Value mask = n.inOrNone(3);
  if (n.has(3) && !n.elem(3).isInteger(1) && !isa<FloatType>(n.elem(3)))
    mask = n.cast(mask, n.elem(0));
  RankedTensorType result =
      n.rank(0) == 4 ? n.tensor({query->batch, query->heads, query->sequence,
                                 value->width},
                                n.elem(0))
                     : n.tensor({query->batch, query->sequence,
                                 mulExtents(query->heads, value->width)},
                                n.elem(0));
  RankedTensorType presentKey =
      n.tensor({key->batch, key->heads, length, key->width}, n.elem(1));
  RankedTensorType presentValue =
      n.tensor({key->batch, key->heads, length, value->width}, n.elem(2));
  if (!result || !presentKey || !presentValue)
    return failure();
  Type none = n.builder.getNoneType();
  auto op = AttentionOp::create(
      n.builder, n.location, result, n.wants(1) ? Type(presentKey) : none,
      n.wants(2) ? Type(presentValue) : none, n.in(0), n.in(1), n.in(2), mask,
      n.inOrNone(4), n.inOrNone(5), n.inOrNone(6), heads, kvHeads,
      APFloat(scale), causal, APFloat(softcap));
  for (unsigned i = 0; i < 3; ++i)
    (void)n.set(i, op->getResult(i));
  return success();
}

} // namespace

ArrayRef<OpRow> attentionOps() {
  static const OpRow rows[] = {
      {"", "Attention", 3, 7, attentionStandard},
      {"com.microsoft", "GroupQueryAttention", 1, 16, groupQueryAttention},
      {"com.microsoft", "MultiHeadAttention", 1, 10, multiHeadAttention},
  };
  return rows;
}

} // namespace llmc::onnx
