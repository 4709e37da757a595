/// Cast, CastLike and Where.
#include "frontends/onnx/builder/Arithmetic.h"
#include "frontends/onnx/builder/NodeContext.h"
#include "frontends/onnx/builder/Types.h"

using namespace mlir;

namespace llmc::onnx {

namespace {

LogicalResult castTo(NodeContext &n, Type elem) {
  // Where the type cannot hold the contents, the op stays.
  if (auto contents = n.contentsOf(n.in(0))) {
    if (elem.isInteger(1))
      for (AffineExpr &element : *contents) {
        auto isZero = equalExtents(element, n.number(0));
        element = isZero ? n.number(!*isZero) : AffineExpr();
      }
    if (Value folded = n.materialize(*contents, n.dims(0), elem))
      return n.set(0, folded);
  }
  return n.set(0, n.cast(n.in(0), elem));
}

LogicalResult castOp(NodeContext &n) {
  ElemType target = ElemType::Undefined;
  if (const Attribute *to = n.attr("to"); to && to->type == AttrType::Int)
    target = static_cast<ElemType>(to->i);
  else if (to && to->type == AttrType::String)
    return n.unsupported("a type by name, as before opset 6");
  Type elem = elementType(target, n.context());
  if (!elem)
    return n.unsupported("to type " + elemTypeName(target));
  if (n.intAttr("saturate", 1) != 1 && elem.getIntOrFloatBitWidth() <= 8 &&
      isa<FloatType>(elem))
    return n.unsupported("saturate = 0");
  if (n.stringAttr("round_mode", "up") != "up")
    return n.unsupported("round_mode");
  return castTo(n, elem);
}

LogicalResult castLike(NodeContext &n) {
  if (n.intAttr("saturate", 1) != 1 && n.elem(1).getIntOrFloatBitWidth() <= 8 &&
      isa<FloatType>(n.elem(1)))
    return n.unsupported("saturate = 0");
  if (n.stringAttr("round_mode", "up") != "up")
    return n.unsupported("round_mode");
  return castTo(n, n.elem(1));
}

/// Where on contents: the exporters' way to spell "-1 means keep".
Value foldedWhere(NodeContext &n) {
  auto condition = n.integersIn(n.in(0));
  auto yes = n.contentsOf(n.in(1)), no = n.contentsOf(n.in(2));
  if (!condition || !yes || !no)
    return {};
  auto dims = n.broadcast(n.dims(1), n.dims(2));
  if (dims)
    dims = n.broadcast(n.dims(0), *dims);
  if (!dims || !countOf(*dims, Emitter::maxContents))
    return {};
  SmallVector<int64_t> shape;
  for (AffineExpr dim : *dims)
    shape.push_back(*constantExtent(dim));
  auto at = [&](unsigned i) {
    return broadcastIndices(n.typeOf(n.in(i)).getShape(), shape);
  };
  Contents contents;
  for (auto [c, y, x] : llvm::zip(at(0), at(1), at(2)))
    contents.push_back((*condition)[c] ? (*yes)[y] : (*no)[x]);
  return n.materialize(contents, *dims, n.elem(1));
}

LogicalResult whereOp(NodeContext &n) {
  if (failed(n.requireBool(0)))
    return failure();
  if (n.elem(1) != n.elem(2))
    return n.fail(Code::UnsupportedType, "the element types differ");
  if (Value folded = foldedWhere(n))
    return n.set(0, folded);
  return n.set(0, n.where(n.in(0), n.in(1), n.in(2)));
}

} // namespace

ArrayRef<OpRow> castOps() {
  static const OpRow rows[] = {
      {"", "Cast", 1, 1, castOp},
      {"", "CastLike", 2, 2, castLike},
      {"", "Where", 3, 3, whereOp},
  };
  return rows;
}

} // namespace llmc::onnx
