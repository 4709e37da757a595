/// Attention in its four spellings, and rotary embeddings.
#include "frontends/onnx/builder/NodeContext.h"

using namespace mlir;

namespace llmc::onnx {

namespace {

/// [B, S, H*D] or [B, H, S, D] taken apart.
struct Heads {
  AffineExpr batch, sequence, heads, width;
};

std::optional<Heads> headsOf(NodeContext &n, Value x, int64_t heads,
                             StringRef what) {
  Dims d = n.dimsOf(x);
  if (d.size() == 4) {
    if (heads > 0 && !n.equate(d[1], n.number(heads), what + " heads"))
      return std::nullopt;
    return Heads{d[0], d[2], d[1], d[3]};
  }
  if (d.size() != 3 || heads < 1) {
    (void)n.mismatch(what + " must be of rank 3, with a number of heads, or 4");
    return std::nullopt;
  }
  AffineExpr width = divideExactly(d[2], n.number(heads));
  if (!width) {
    (void)n.mismatch(what + ": " + Twine(heads) + " heads do not divide " +
                     n.describe(d[2]));
    return std::nullopt;
  }
  return Heads{d[0], d[1], n.number(heads), width};
}

bool oneFloatType(NodeContext &n, std::initializer_list<unsigned> inputs) {
  for (unsigned i : inputs)
    if (n.has(i) && (n.elem(i) != n.elem(0) || !isa<FloatType>(n.elem(i)))) {
      (void)n.fail(Code::UnsupportedType, "it takes floats of one type");
      return false;
    }
  return true;
}

/// Rotary tables with \p positions; checks what the op's contract says.
LogicalResult rotary(NodeContext &n, unsigned cos, unsigned sin,
                     unsigned positions) {
  int64_t heads = n.intAttr("num_heads", 0);
  int64_t width = n.intAttr("rotary_embedding_dim", 0);
  bool interleaved = n.intAttr("interleaved", 0);
  if (!oneFloatType(n, {0, cos, sin}))
    return failure();
  if (n.rank(0) != 3 && n.rank(0) != 4)
    return n.mismatch("it takes [B, S, H*D] or [B, H, S, D]");
  Dims tables = n.dims(cos);
  if (tables.size() != (n.has(positions) ? 2 : 3) ||
      n.dims(sin).size() != tables.size())
    return n.mismatch("tables of this rank");
  for (auto [a, b] : llvm::zip(tables, n.dims(sin)))
    if (!n.equate(a, b, "extents of the tables"))
      return failure();
  // ONNX Runtime lets the number of heads follow from the tables.
  auto half = constantExtent(tables.back());
  if (n.rank(0) == 3 && heads == 0) {
    auto hidden = constantExtent(n.dims(0)[2]);
    if (!half || !hidden || *half < 1 || width != 0 ||
        *hidden % (2 * *half) != 0)
      return n.mismatch("num_heads is needed with an input of rank 3");
    heads = *hidden / (2 * *half);
  }
  auto parts = headsOf(n, n.in(0), n.rank(0) == 3 ? heads : 0, "the input");
  if (!parts)
    return failure();
  AffineExpr rotated = width > 0 ? n.number(width) : parts->width;
  if (!n.equate(mulExtents(tables.back(), n.number(2)), rotated,
                "twice the tables' width and the rotated width"))
    return failure();
  if (atMost(rotated, parts->width) == std::optional(false))
    return n.mismatch("the rotated width exceeds the head");
  if (n.has(positions) && !n.elem(positions).isInteger(64))
    return n.fail(Code::UnsupportedType, "positions must be int64");
  if (n.has(positions) && n.rank(positions) > 2)
    return n.mismatch("positions of rank " + Twine(n.rank(positions)));
  return n.set(0, n.emit<RotaryEmbeddingOp>(
                      n.tensor(n.dims(0), n.elem(0)), n.in(0), n.in(cos),
                      n.in(sin), n.inOrNone(positions), heads, width,
                      interleaved));
}

LogicalResult rotaryStandard(NodeContext &n) { return rotary(n, 1, 2, 3); }

LogicalResult rotaryMicrosoft(NodeContext &n) {
  if (n.floatAttr("scale", 1.0f) != 1.0f)
    return n.unsupported("scale");
  if (n.intAttr("is_packed_batching", 0))
    return n.unsupported("is_packed_batching");
  return rotary(n, 2, 3, 1);
}

/// past + new, or new alone.
AffineExpr totalLength(NodeContext &n, unsigned past, AffineExpr added) {
  return n.has(past) ? addExtents(n.dims(past)[2], added) : added;
}

/// Checks a past of [B, KV, P, D].
bool pastFits(NodeContext &n, unsigned past, const Heads &heads) {
  if (!n.has(past))
    return true;
  Dims d = n.dims(past);
  if (d.size() != 4) {
    (void)n.mismatch("the past must be of rank 4");
    return false;
  }
  return n.equate(d[0], heads.batch, "batch extents of past and present") &&
         n.equate(d[1], heads.heads, "heads of past and present") &&
         n.equate(d[3], heads.width, "head extents of past and present");
}

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
  if (n.intAttr("causal", 1) != 1 || n.intAttr("sliding_window_cache", 0))
    return n.unsupported("causal = 0 or a window-sized cache");
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
  auto query = headsOf(n, n.in(0), packed ? heads + 2 * kvHeads : heads,
                       "the query");
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
  AffineExpr hidden = mulExtents(n.number(heads), query->width);
  RankedTensorType result =
      n.tensor({query->batch, query->sequence, hidden}, n.elem(0));
  RankedTensorType present = n.tensor(
      {query->batch, cache.heads, length, query->width}, n.elem(0));
  if (!result || !present)
    return failure();
  auto op = GroupQueryAttentionOp::create(
      n.builder, n.location, result, present, present, n.in(0), n.inOrNone(1),
      n.inOrNone(2), n.inOrNone(3), n.inOrNone(4), n.in(5), n.in(6),
      n.inOrNone(7), n.inOrNone(8), n.inOrNone(9), n.inOrNone(10), heads,
      kvHeads, APFloat(scale), rotates, interleaved, window,
      APFloat(softcap));
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
  RankedTensorType result = n.tensor(
      {query->batch, query->sequence,
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
      n.inOrNone(3), n.inOrNone(4), n.inOrNone(5), n.inOrNone(6),
      n.inOrNone(7), heads, APFloat(scale), causal, APFloat(filter));
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
  if (n.has(3) && n.rank(3) > 4)
    return n.mismatch("the mask is of rank " + Twine(n.rank(3)));
  AffineExpr length = totalLength(n, 4, key->sequence);
  RankedTensorType result =
      n.rank(0) == 4
          ? n.tensor({query->batch, query->heads, query->sequence,
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
      n.wants(2) ? Type(presentValue) : none, n.in(0), n.in(1), n.in(2),
      n.inOrNone(3), n.inOrNone(4), n.inOrNone(5), n.inOrNone(6), heads,
      kvHeads, APFloat(scale), causal, APFloat(softcap));
  for (unsigned i = 0; i < 3; ++i)
    (void)n.set(i, op->getResult(i));
  return success();
}

} // namespace

ArrayRef<OpRow> attentionOps() {
  static const OpRow rows[] = {
      {"", "RotaryEmbedding", 3, 4, rotaryStandard},
      {"com.microsoft", "RotaryEmbedding", 4, 4, rotaryMicrosoft},
      {"", "Attention", 3, 7, attentionStandard},
      {"com.microsoft", "GroupQueryAttention", 1, 16, groupQueryAttention},
      {"com.microsoft", "MultiHeadAttention", 1, 10, multiHeadAttention},
  };
  return rows;
}

} // namespace llmc::onnx
