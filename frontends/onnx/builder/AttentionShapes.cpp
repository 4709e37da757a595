#include "frontends/onnx/builder/AttentionShapes.h"

using namespace mlir;

namespace llmc::onnx {

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

AffineExpr totalLength(NodeContext &n, unsigned past, AffineExpr added) {
  return n.has(past) ? addExtents(n.dims(past)[2], added) : added;
}

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

bool maskFits(NodeContext &n, unsigned mask, const Heads &query,
              AffineExpr length, bool padded) {
  if (!n.has(mask))
    return true;
  Dims d = n.dims(mask),
       scores{query.batch, query.heads, query.sequence, length};
  if (d.empty() || d.size() > 4) {
    (void)n.mismatch("a mask of rank " + Twine(d.size()));
    return false;
  }
  for (size_t i = 0; i < d.size(); ++i) {
    AffineExpr have = d[d.size() - 1 - i], want = scores[3 - i];
    if (constantExtent(have) == 1 || (i == 0 && padded))
      continue;
    if (!n.equate(have, want, "extents of mask and scores"))
      return false;
  }
  return true;
}

} // namespace llmc::onnx
