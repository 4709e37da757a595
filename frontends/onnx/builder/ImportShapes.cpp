/// Operators that give data another shape: what ONNX calls Reshape, Flatten,
/// Squeeze, Unsqueeze, Expand, Tile, Transpose.
#include "frontends/onnx/builder/Arithmetic.h"
#include "frontends/onnx/builder/NodeContext.h"

using namespace mlir;

namespace llmc::onnx {

namespace {

LogicalResult reshapeOp(NodeContext &n) {
  bool allowZero = n.intAttr("allowzero", 0);
  n.ignoreAttrs({"consumed_inputs"});
  Contents target;
  if (n.version < 5) {
    for (int64_t entry : n.intsAttr("shape").value_or(SmallVector<int64_t>()))
      target.push_back(n.number(entry));
  } else {
    if (!n.has(1))
      return n.fail(Code::BadModel, "the shape is missing");
    if (n.rank(1) != 1)
      return n.mismatch("the shape must be of rank 1");
    auto shape = n.extentInput(1, "the shape");
    if (!shape)
      return failure();
    target = *shape;
  }
  Dims dims = n.dims(0), result;
  std::optional<size_t> open;
  for (auto [i, entry] : llvm::enumerate(target)) {
    auto constant = constantExtent(entry);
    if (constant == 0 && !allowZero) {
      if (i >= dims.size())
        return n.mismatch("entry " + Twine(i) +
                          " of the shape copies a dimension that is not there");
      entry = dims[i];
    } else if (constant == -1) {
      if (open)
        return n.mismatch("the shape has two entries of -1");
      open = i;
      entry = n.number(1);
    } else if (constant && *constant < 0) {
      return n.mismatch("the shape has a negative entry");
    }
    result.push_back(entry);
  }
  if (open) {
    // What both sides share goes first: it may be 0 or beyond division.
    Dims left = dims, right = result;
    for (AffineExpr *at = right.begin(); at != right.end();) {
      auto shared = llvm::find(left, *at);
      if (shared == left.end()) {
        ++at;
        continue;
      }
      left.erase(shared);
      at = right.erase(at);
    }
    AffineExpr total = n.product(left), known = n.product(right);
    if (!total || !known)
      return failure();
    auto divisor = constantExtent(known);
    AffineExpr rest = divisor == 1 ? total : divideExactly(total, known);
    if (!rest) {
      if (constantExtent(total) && divisor)
        return n.mismatch(n.describe(total) + " elements cannot be shaped by " +
                          n.describe(known));
      // The division must come out even; reshape() records that.
      rest = floorDivExtents(total, known);
    }
    result[*open] = rest;
  }
  return n.set(0, n.reshape(n.in(0), result));
}

LogicalResult flattenOp(NodeContext &n) {
  int64_t rank = n.rank(0), axis = n.intAttr("axis", 1);
  if (axis < -rank || axis > rank)
    return n.mismatch("axis " + Twine(axis) + " is outside of rank " +
                      Twine(rank));
  if (axis < 0)
    axis += rank;
  Dims dims = n.dims(0);
  AffineExpr before = n.product(ArrayRef(dims).take_front(axis));
  AffineExpr after = n.product(ArrayRef(dims).drop_front(axis));
  if (!before || !after)
    return failure();
  return n.set(0, n.reshape(n.in(0), {before, after}));
}

/// The axes of Squeeze and Unsqueeze: an attribute, from opset 13 an input.
/// nullopt with a problem recorded; an empty list where none are given.
std::optional<SmallVector<int64_t>> shapeAxes(NodeContext &n, bool &given) {
  if (auto axes = n.intsAttr("axes")) {
    given = true;
    return axes;
  }
  given = n.has(1);
  if (!given)
    return SmallVector<int64_t>();
  return n.constantInput(1, "axes");
}

LogicalResult squeezeOp(NodeContext &n) {
  bool given = false;
  auto list = shapeAxes(n, given);
  if (!list)
    return failure();
  auto axes = n.axesOf(*list, n.rank(0));
  if (!axes)
    return failure();
  Dims result;
  for (auto [i, dim] : llvm::enumerate(n.dims(0))) {
    bool listed = llvm::is_contained(*axes, static_cast<int64_t>(i));
    if (given ? !listed : constantExtent(dim) != 1) {
      result.push_back(dim);
      continue;
    }
    if (!n.equate(dim, n.number(1), "the squeezed extent and 1"))
      return failure();
  }
  return n.set(0, n.reshape(n.in(0), result));
}

LogicalResult unsqueezeOp(NodeContext &n) {
  bool given = false;
  auto list = shapeAxes(n, given);
  if (!list)
    return failure();
  if (list->size() > 64)
    return n.fail(Code::TooLarge, "more than 64 axes");
  int64_t rank = n.rank(0) + list->size();
  auto axes = n.axesOf(*list, rank);
  if (!axes)
    return failure();
  Dims dims = n.dims(0), result;
  for (int64_t i = 0, next = 0; i < rank; ++i)
    result.push_back(llvm::is_contained(*axes, i) ? n.number(1) : dims[next++]);
  return n.set(0, n.reshape(n.in(0), result));
}

/// Repeats contents as broadcasting does; null where they are not known.
Value expandedContents(NodeContext &n, ArrayRef<AffineExpr> dims) {
  auto contents = n.contentsOf(n.in(0));
  if (!contents || !countOf(dims, 64))
    return {};
  SmallVector<int64_t> shape;
  for (AffineExpr dim : dims)
    shape.push_back(*constantExtent(dim));
  Contents repeated;
  for (size_t i : broadcastIndices(n.typeOf(n.in(0)).getShape(), shape))
    repeated.push_back((*contents)[i]);
  return n.materialize(repeated, dims, n.elem(0));
}

/// Whether `target` is `own` and more (S and S + P): that they are equal, so
/// that the rest is 0, would be a strange thing to conclude from an Expand. It
/// is meant for an extent that is 1 where the rest is not 0.
bool growsFrom(AffineExpr own, AffineExpr target) {
  auto symbol = dyn_cast<AffineSymbolExpr>(own);
  return symbol && own != target &&
         target.isFunctionOfSymbol(symbol.getPosition());
}

LogicalResult expandOp(NodeContext &n) {
  auto target = n.extentInput(1, "the shape");
  if (!target)
    return failure();
  if (n.rank(1) != 1)
    return n.mismatch("the shape must be of rank 1");
  Dims own = n.dims(0);
  for (size_t i = 1; i <= std::min(own.size(), target->size()); ++i) {
    AffineExpr &extent = own[own.size() - i];
    AffineExpr wanted = (*target)[target->size() - i];
    if (!growsFrom(extent, wanted))
      continue;
    // For the run time to check: the extent is 1, or there is no rest.
    AffineExpr rest = subExtents(wanted, extent);
    if (!n.state.symbols.assumeNonNegative(
            mulExtents(subExtents(n.number(1), extent), rest)))
      return n.mismatch("the shape cannot be expanded to the target");
    extent = n.number(1);
  }
  auto dims = n.broadcast(own, *target);
  if (!dims)
    return failure();
  if (Value folded = expandedContents(n, *dims))
    return n.set(0, folded);
  return n.set(0, n.expand(n.in(0), *dims));
}

LogicalResult tileOp(NodeContext &n) {
  Contents repeats(n.rank(0), n.number(1));
  if (n.version < 6) {
    // Tile-1 repeats one axis.
    auto axis = n.constantInput(2, "axis");
    auto tiles = n.extentInput(1, "tiles");
    if (!axis || !tiles)
      return failure();
    auto at =
        axis->size() == 1 ? n.axisOf(axis->front(), n.rank(0)) : std::nullopt;
    if (!at || tiles->size() != 1)
      return n.mismatch("tiles and axis must be scalars");
    repeats[*at] = tiles->front();
  } else {
    auto given = n.extentInput(1, "the repeats");
    if (!given)
      return failure();
    if (given->size() != repeats.size())
      return n.mismatch("one repeat is needed for each dimension");
    repeats = *given;
  }
  Dims dims = n.dims(0), result;
  bool identity = true, repeatsOnes = true;
  for (auto [dim, repeat] : llvm::zip(dims, repeats)) {
    result.push_back(mulExtents(dim, repeat));
    identity &= constantExtent(repeat) == 1;
    repeatsOnes &= constantExtent(repeat) == 1 || constantExtent(dim) == 1;
  }
  if (identity)
    return n.set(0, n.in(0));
  RankedTensorType type = n.tensor(result, n.elem(0));
  if (!type)
    return failure();
  if (repeatsOnes) {
    if (Value folded = expandedContents(n, result))
      return n.set(0, folded);
    return n.set(0, n.expand(n.in(0), result));
  }
  // The result's type alone must tell the repeats: 0 divides nothing.
  return n.set(0, n.emit<TileOp>(type, n.in(0)));
}

LogicalResult transposeOp(NodeContext &n) {
  SmallVector<int64_t> permutation;
  if (auto given = n.intsAttr("perm"))
    permutation = *given;
  else
    for (int64_t i = n.rank(0); i-- > 0;)
      permutation.push_back(i);
  return n.set(0, n.transpose(n.in(0), permutation));
}

} // namespace

ArrayRef<OpRow> shapeOps() {
  static const OpRow rows[] = {
      {"", "Reshape", 1, 2, reshapeOp},
      {"", "Flatten", 1, 1, flattenOp},
      {"", "Squeeze", 1, 2, squeezeOp},
      {"", "Unsqueeze", 1, 2, unsqueezeOp},
      {"", "Expand", 2, 2, expandOp},
      {"", "Tile", 2, 3, tileOp},
      {"", "Transpose", 1, 1, transposeOp},
  };
  return rows;
}

} // namespace llmc::onnx
