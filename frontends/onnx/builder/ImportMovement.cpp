/// Operators that join, cut and rearrange: Concat, Split, Pad, Trilu,
/// DepthToSpace, SpaceToDepth.
#include "frontends/onnx/builder/Arithmetic.h"
#include "frontends/onnx/builder/NodeContext.h"

using namespace mlir;

namespace llmc::onnx {

namespace {

/// The contents of joined vectors; null where one is not known.
Value concatenatedContents(NodeContext &n) {
  Contents joined;
  for (unsigned i = 0; i < n.inputCount(); ++i) {
    auto part = n.contentsOf(n.in(i));
    if (!part || n.rank(i) != 1 || n.elem(i) != n.elem(0) ||
        joined.size() + part->size() > Emitter::maxContents)
      return {};
    joined.append(*part);
  }
  return n.materialize(joined, n.number(joined.size()), n.elem(0));
}

LogicalResult concatOp(NodeContext &n) {
  SmallVector<Value> inputs;
  for (unsigned i = 0; i < n.inputCount(); ++i) {
    if (!n.has(i))
      return n.fail(Code::BadModel, "an input is left out");
    inputs.push_back(n.in(i));
  }
  auto axis = n.axisOf(n.intAttr("axis", 1), n.rank(0));
  if (!axis)
    return failure();
  if (Value folded = concatenatedContents(n))
    return n.set(0, folded);
  return n.set(0, n.concat(inputs, *axis));
}

/// The sizes of Split's parts; nullopt with a problem recorded.
std::optional<Contents> splitSizes(NodeContext &n, AffineExpr extent) {
  Contents sizes;
  if (auto given = n.intsAttr("split")) {
    for (int64_t size : *given)
      sizes.push_back(n.number(size));
    return sizes;
  }
  if (n.has(1)) {
    n.ignoreAttrs({"num_outputs"});
    return n.extentInput(1, "the sizes");
  }
  int64_t count = n.intAttr("num_outputs", n.outputCount());
  if (count < 1 || count > static_cast<int64_t>(n.outputCount())) {
    (void)n.mismatch("num_outputs is not the number of outputs");
    return std::nullopt;
  }
  // Parts of equal size; from opset 18 the last may be smaller.
  AffineExpr part = divideExactly(extent, n.number(count));
  if (!part && constantExtent(extent))
    part = ceilDivExtents(extent, n.number(count));
  if (!part)
    part = floorDivExtents(extent, n.number(count));
  AffineExpr rest = extent;
  for (int64_t i = 0; i < count; ++i) {
    sizes.push_back(i + 1 < count ? part : rest);
    rest = subExtents(rest, part);
  }
  if (!constantExtent(extent) &&
      !n.equate(sizes.back(), part, "the sizes of the parts"))
    return std::nullopt;
  return sizes;
}

LogicalResult splitOp(NodeContext &n) {
  auto axis = n.axisOf(n.intAttr("axis", 0), n.rank(0));
  if (!axis)
    return failure();
  Dims dims = n.dims(0);
  auto sizes = splitSizes(n, dims[*axis]);
  if (!sizes)
    return failure();
  if (sizes->size() < n.outputCount())
    return n.mismatch("fewer sizes than outputs");
  SmallVector<Type> types;
  AffineExpr total = n.number(0);
  for (AffineExpr size : *sizes) {
    Dims part = dims;
    part[*axis] = size;
    RankedTensorType type = n.tensor(part, n.elem(0));
    if (!type)
      return failure();
    types.push_back(type);
    total = addExtents(total, size);
  }
  if (!n.equate(total, dims[*axis], "the sum of the sizes and the extent"))
    return failure();
  if (auto contents = n.contentsOf(n.in(0)); contents && n.rank(0) == 1) {
    size_t at = 0;
    for (auto [i, size] : llvm::enumerate(*sizes)) {
      size_t length = constantExtent(size).value_or(0);
      if (at + length > contents->size())
        break;
      Contents part(contents->begin() + at, contents->begin() + at + length);
      at += length;
      if (failed(n.set(i, n.materialize(part, size, n.elem(0)))))
        break;
    }
    if (at == contents->size() && n.result(sizes->size() - 1))
      return success();
  }
  if (sizes->size() == 1)
    return n.set(0, n.in(0));
  auto split = SplitOp::create(n.builder, n.location, types, n.in(0), *axis);
  for (auto [i, part] : llvm::enumerate(split.getResults()))
    if (failed(n.set(i, part)))
      return failure();
  return success();
}

/// The pads of opsets before 11 and after; nullopt with a problem recorded.
std::optional<Contents> padAmounts(NodeContext &n) {
  int64_t rank = n.rank(0);
  Contents given;
  if (n.version < 11) {
    auto list = n.intsAttr(n.version < 2 ? "paddings" : "pads");
    for (int64_t pad : list.value_or(SmallVector<int64_t>()))
      given.push_back(n.number(pad));
  } else {
    if (!n.has(1)) {
      (void)n.fail(Code::BadModel, "the pads are missing");
      return std::nullopt;
    }
    auto pads = n.extentInput(1, "the pads");
    if (!pads)
      return std::nullopt;
    given = *pads;
  }
  SmallVector<int64_t> axes = n.firstAxes(rank);
  if (n.has(3)) {
    auto list = n.constantInput(3, "axes");
    if (!list || !n.axesOf(*list, rank))
      return std::nullopt;
    axes.clear();
    for (int64_t axis : *list)
      axes.push_back(axis < 0 ? axis + rank : axis);
  }
  if (given.size() != 2 * axes.size()) {
    (void)n.mismatch("two pads are needed for each dimension");
    return std::nullopt;
  }
  Contents pads(2 * rank, n.number(0));
  for (auto [i, axis] : llvm::enumerate(axes)) {
    pads[axis] = given[i];
    pads[rank + axis] = given[axes.size() + i];
  }
  return pads;
}

LogicalResult padOp(NodeContext &n) {
  std::string mode = n.stringAttr("mode", "constant");
  if (mode != "constant" && mode != "reflect" && mode != "edge" &&
      mode != "wrap")
    return n.unsupported("mode = " + mode, Remedy::NewerOpset);
  auto pads = padAmounts(n);
  if (!pads)
    return failure();
  Value value = n.has(2) ? n.reshape(n.in(2), {}) : n.none();
  if (n.version < 11)
    if (float fill = n.floatAttr("value", 0.0f))
      value = n.scalar(fill, n.elem(0));
  if (n.has(2) && n.elem(2) != n.elem(0))
    return n.fail(Code::UnsupportedType, "the element types differ");
  Dims dims = n.dims(0);
  for (size_t i = 0; i < dims.size(); ++i)
    dims[i] =
        addExtents(dims[i], addExtents((*pads)[i], (*pads)[dims.size() + i]));
  if (llvm::all_of(*pads,
                   [](AffineExpr pad) { return constantExtent(pad) == 0; }))
    return n.set(0, n.in(0));
  RankedTensorType type = n.tensor(dims, n.elem(0));
  return n.set(0, n.emit<PadOp>(type, n.in(0), value, n.mapOf(*pads), mode));
}

LogicalResult triluOp(NodeContext &n) {
  if (n.rank(0) < 2)
    return n.mismatch("it takes matrices");
  bool upper = n.intAttr("upper", 1);
  Value diagonal = n.has(1) ? n.reshape(n.in(1), {}) : n.none();
  return n.set(0, n.emit<TriluOp>(n.tensor(n.dims(0), n.elem(0)), n.in(0),
                                  diagonal, upper));
}

/// Both take [N, C, H, W] apart into blocks and put it together again.
LogicalResult blocks(NodeContext &n) {
  int64_t block = n.intAttr("blocksize", 0);
  if (n.rank(0) != 4 || block < 1 || block > (1 << 20))
    return n.mismatch("it takes [N, C, H, W] and a positive blocksize");
  Dims d = n.dims(0);
  AffineExpr b = n.number(block), bb = n.number(block * block);
  if (n.node.opType == "SpaceToDepth") {
    AffineExpr height = divideExactly(d[2], b), width = divideExactly(d[3], b);
    if (!height || !width)
      return n.mismatch("the blocksize does not divide height and width");
    Value cut = n.reshape(n.in(0), {d[0], d[1], height, b, width, b});
    cut = n.transpose(cut, {0, 3, 5, 1, 2, 4});
    return n.set(0,
                 n.reshape(cut, {d[0], mulExtents(d[1], bb), height, width}));
  }
  std::string mode = n.stringAttr("mode", "DCR");
  if (mode != "DCR" && mode != "CRD")
    return n.unsupported("mode = " + mode);
  AffineExpr channels = divideExactly(d[1], bb);
  if (!channels)
    return n.mismatch("the blocksize does not divide the channels");
  Value cut = mode == "DCR"
                  ? n.reshape(n.in(0), {d[0], b, b, channels, d[2], d[3]})
                  : n.reshape(n.in(0), {d[0], channels, b, b, d[2], d[3]});
  cut = mode == "DCR" ? n.transpose(cut, {0, 3, 4, 1, 5, 2})
                      : n.transpose(cut, {0, 1, 4, 2, 5, 3});
  return n.set(0, n.reshape(cut, {d[0], channels, mulExtents(d[2], b),
                                  mulExtents(d[3], b)}));
}

} // namespace

ArrayRef<OpRow> movementOps() {
  static const OpRow rows[] = {
      {"", "Concat", 1, 255, concatOp},   {"", "Split", 1, 2, splitOp},
      {"", "Pad", 1, 4, padOp},           {"", "Trilu", 1, 2, triluOp},
      {"", "DepthToSpace", 1, 1, blocks}, {"", "SpaceToDepth", 1, 1, blocks},
  };
  return rows;
}

} // namespace llmc::onnx
