/// Matrix products: MatMul, Gemm, MatMulInteger, FusedMatMul, MatMulNBits.
#include "frontends/onnx/builder/NodeContext.h"

using namespace mlir;

namespace llmc::onnx {

namespace {

LogicalResult matmulOp(NodeContext &n) {
  if (n.elem(0) != n.elem(1))
    return n.fail(Code::UnsupportedType, "the element types differ");
  return n.set(0, n.matmul(n.in(0), n.in(1)));
}

/// value * factor, or the value where the factor is 1.
Value scaled(NodeContext &n, Value value, float factor) {
  if (!value || factor == 1.0f)
    return value;
  return n.binary("onnx.mul", value, n.scalar(factor, n.elemOf(value)));
}

LogicalResult gemmOp(NodeContext &n) {
  n.ignoreAttrs({"broadcast"});
  float alpha = n.floatAttr("alpha", 1.0f), beta = n.floatAttr("beta", 1.0f);
  bool transA = n.intAttr("transA", 0), transB = n.intAttr("transB", 0);
  if (n.rank(0) != 2 || n.rank(1) != 2)
    return n.mismatch("it takes matrices");
  if (n.elem(0) != n.elem(1) || (n.has(2) && n.elem(2) != n.elem(0)))
    return n.fail(Code::UnsupportedType, "the element types differ");
  Value a = transA ? n.transposeLast(n.in(0)) : n.in(0);
  Value b = transB ? n.transposeLast(n.in(1)) : n.in(1);
  Value result = scaled(n, n.matmul(a, b), alpha);
  if (n.has(2) && beta != 0.0f) {
    Dims before = n.dimsOf(result);
    result = n.binary("onnx.add", result, scaled(n, n.in(2), beta));
    if (result && n.dimsOf(result).size() != before.size())
      return n.mismatch("C does not broadcast to the product");
  }
  return n.set(0, result);
}

/// The zero point of a quantized matrix as i32, one per row or column: a
/// vector along \p axis from the end of a matrix of \p rank.
Value zeroPointOf(NodeContext &n, unsigned i, bool perRow) {
  Value zero = n.cast(n.in(i), n.builder.getI32Type());
  if (n.rank(i) == 1 && perRow)
    zero = n.reshape(zero, {n.dims(i)[0], n.number(1)});
  return zero;
}

LogicalResult matmulIntegerOp(NodeContext &n) {
  Type i32 = n.builder.getI32Type();
  Value a = n.cast(n.in(0), i32), b = n.cast(n.in(1), i32);
  if (n.has(2))
    a = n.binary("onnx.sub", a, zeroPointOf(n, 2, true));
  if (n.has(3))
    b = n.binary("onnx.sub", b, zeroPointOf(n, 3, false));
  return n.set(0, n.matmul(a, b));
}

LogicalResult fusedMatmulOp(NodeContext &n) {
  float alpha = n.floatAttr("alpha", 1.0f);
  bool transA = n.intAttr("transA", 0), transB = n.intAttr("transB", 0);
  if (n.intAttr("transBatchA", 0) || n.intAttr("transBatchB", 0))
    return n.unsupported("transBatchA or transBatchB");
  if (n.elem(0) != n.elem(1))
    return n.fail(Code::UnsupportedType, "the element types differ");
  Value a = transA && n.rank(0) > 1 ? n.transposeLast(n.in(0)) : n.in(0);
  Value b = transB && n.rank(1) > 1 ? n.transposeLast(n.in(1)) : n.in(1);
  return n.set(0, scaled(n, n.matmul(a, b), alpha));
}

LogicalResult matmulNBitsOp(NodeContext &n) {
  int64_t k = n.intAttr("K", 0), columns = n.intAttr("N", 0);
  int64_t bits = n.intAttr("bits", 4), block = n.intAttr("block_size", 0);
  // A hint how exact the accumulation must be; ours is exact.
  n.ignoreAttrs({"accuracy_level", "weight_prepacked"});
  if (n.intAttr("weight_prepacked", 0))
    return n.unsupported("weights packed for one device");
  if (bits != 2 && bits != 4 && bits != 8)
    return n.unsupported("bits = " + Twine(bits));
  if (block < 16 || block > (1 << 20) || (block & (block - 1)) != 0)
    return n.mismatch("block_size = " + Twine(block));
  constexpr int64_t limit = int64_t(1) << 40;
  if (k < 1 || columns < 1 || k > limit || columns > limit)
    return n.mismatch("K = " + Twine(k) + ", N = " + Twine(columns));
  Dims dims = n.dims(0);
  if (dims.empty() || !n.equate(dims.back(), n.number(k), "K and the extent"))
    return n.mismatch("A does not fit K");
  // B [N, blocks, bytes of a block], in some files flat or of rank 2.
  int64_t blocks = (k + block - 1) / block, bytes = block * bits / 8;
  Value weight = n.reshape(
      n.in(1), {n.number(columns), n.number(blocks), n.number(bytes)});
  if (!weight)
    return failure();
  if (!n.elemOf(weight).isUnsignedInteger(8))
    return n.unsupported("weights that are not packed in uint8");
  if (n.elem(2) != n.elem(0))
    return n.unsupported("scales of another type than A");
  AffineExpr scales = n.product(n.dims(2));
  if (!scales || !n.equate(scales, n.number(columns * blocks),
                           "the number of scales and blocks"))
    return failure();
  if (n.has(3)) {
    bool packed = n.elem(3).isUnsignedInteger(8);
    if (!packed && n.elem(3) != n.elem(2))
      return n.unsupported("zero points of this type");
    AffineExpr points = n.product(n.dims(3));
    int64_t expected =
        packed ? columns * ((blocks * bits + 7) / 8) : columns * blocks;
    if (!points || !n.equate(points, n.number(expected),
                             "the number of zero points and blocks"))
      return failure();
  }
  if (n.has(5) && (n.rank(5) != 1 || n.elem(5) != n.elem(0) ||
                   !n.equate(n.dims(5)[0], n.number(columns), "bias and N")))
    return n.mismatch("the bias does not fit N");
  dims.back() = n.number(columns);
  return n.set(0,
               n.emit<MatMulNBitsOp>(n.tensor(dims, n.elem(0)), n.in(0), weight,
                                     n.in(2), n.inOrNone(3), n.inOrNone(4),
                                     n.inOrNone(5), k, columns, bits, block));
}

} // namespace

ArrayRef<OpRow> matrixOps() {
  static const OpRow rows[] = {
      {"", "MatMul", 2, 2, matmulOp},
      {"", "Gemm", 2, 3, gemmOp},
      {"", "MatMulInteger", 2, 4, matmulIntegerOp},
      {"com.microsoft", "FusedMatMul", 2, 2, fusedMatmulOp},
      {"com.microsoft", "TransposeMatMul", 2, 2, fusedMatmulOp},
      {"com.microsoft", "MatMulNBits", 3, 6, matmulNBitsOp},
  };
  return rows;
}

} // namespace llmc::onnx
