/// Rotary embeddings of the standard and of ONNX Runtime.
#include "frontends/onnx/builder/AttentionShapes.h"

using namespace mlir;

namespace llmc::onnx {

namespace {

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
  return n.set(0, n.emit<RotaryEmbeddingOp>(n.tensor(n.dims(0), n.elem(0)),
                                            n.in(0), n.in(cos), n.in(sin),
                                            n.inOrNone(positions), heads, width,
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

} // namespace

ArrayRef<OpRow> rotaryOps() {
  static const OpRow rows[] = {
      {"", "RotaryEmbedding", 3, 4, rotaryStandard},
      {"com.microsoft", "RotaryEmbedding", 4, 4, rotaryMicrosoft},
  };
  return rows;
}

} // namespace llmc::onnx
