/// QuantizeLinear, DequantizeLinear and their relatives, spelled out: integers
/// become floats, scales and zero points are spread to the shape of the data.
///
/// The arithmetic is done in f32, as the standard's reference does.
#include "frontends/onnx/builder/NodeContext.h"
#include "frontends/onnx/builder/Types.h"

using namespace mlir;

namespace llmc::onnx {

namespace {

/// Scales or zero points [], [1], [D] along the axis, or one per block of
/// \p block along it, in a form that broadcasts to \p data.
Value spread(NodeContext &n, Value scale, Value data, int64_t axis,
             int64_t block) {
  if (!scale || !data)
    return {};
  Dims dims = n.dimsOf(data), given = n.dimsOf(scale);
  if (given.empty() ||
      (given.size() == 1 && block == 0 && constantExtent(given[0]) == 1))
    return n.reshape(scale, {});
  if (block == 0) {
    auto at = n.axisOf(axis, dims.size());
    if (!at)
      return {};
    if (given.size() != 1) {
      (void)n.mismatch("scales of rank " + Twine(given.size()) +
                       " without a block_size");
      return {};
    }
    if (!n.equate(given[0], dims[*at], "the number of scales and the extent"))
      return {};
    Dims shape(dims.size(), n.number(1));
    shape[*at] = given[0];
    return n.reshape(scale, shape);
  }
  auto at = n.axisOf(axis, dims.size());
  if (!at || given.size() != dims.size()) {
    (void)n.mismatch("blockwise scales need the rank of the data");
    return {};
  }
  // Each scale stands for `block` elements along the axis.
  Dims split = given, repeated = given, joined = given;
  split.insert(split.begin() + *at + 1, n.number(1));
  repeated.insert(repeated.begin() + *at + 1, n.number(block));
  joined[*at] = mulExtents(given[*at], n.number(block));
  Value result = n.expand(n.reshape(scale, split), repeated);
  result = n.reshape(result, joined);
  if (!result)
    return {};
  if (joined[*at] != dims[*at])
    result = n.slice(result, *at, n.number(0), dims[*at]);
  return result;
}

/// The element type that an attribute names, or \p otherwise.
Type typeAttr(NodeContext &n, std::string_view name, Type otherwise) {
  int64_t number = n.intAttr(name, 0);
  return number == 0 ? otherwise
                     : elementType(static_cast<ElemType>(number), n.context());
}

/// (x - zero) * scale in f32. \p zero may be null.
Value dequantized(NodeContext &n, Value x, Value scale, Value zero,
                  int64_t axis, int64_t block) {
  Type f32 = n.builder.getF32Type();
  Value wide = n.cast(x, f32);
  if (zero)
    wide = n.binary("onnx.sub", wide,
                    spread(n, n.cast(zero, f32), x, axis, block));
  Value factor = spread(n, n.cast(scale, f32), x, axis, block);
  return n.binary("onnx.mul", wide, factor);
}

LogicalResult dequantizeLinear(NodeContext &n) {
  int64_t axis = n.intAttr("axis", 1), block = n.intAttr("block_size", 0);
  Type elem = typeAttr(n, "output_dtype", n.elem(1));
  if (!elem || !isa<FloatType>(elem))
    return n.unsupported("of this output_dtype");
  if (block < 0 || block > (int64_t(1) << 40))
    return n.mismatch("block_size = " + Twine(block));
  Value result = dequantized(n, n.in(0), n.in(1), n.in(2), axis, block);
  if (result && n.dimsOf(result).size() != n.dims(0).size())
    return n.mismatch("the scales do not broadcast to the data");
  return n.set(0, n.cast(result, elem));
}

/// The least and greatest value of an integer type; nullopt for others.
std::optional<std::pair<double, double>> rangeOf(Type elem) {
  auto integer = dyn_cast<IntegerType>(elem);
  if (!integer || integer.getWidth() > 16 || integer.getWidth() == 1)
    return std::nullopt;
  double half = double(1u << (integer.getWidth() - 1));
  return integer.isUnsigned() ? std::pair(0.0, 2 * half - 1)
                              : std::pair(-half, half - 1);
}

/// saturate(round(x / scale) + zero) as \p elem; x, scale and zero in f32 and
/// broadcastable. \p zero may be null.
Value quantized(NodeContext &n, Value x, Value scale, Value zero, Type elem) {
  Value y = n.binary("onnx.div", x, scale);
  auto range = rangeOf(elem);
  // Floats of few bits are reached by the cast alone.
  if (!range)
    return n.cast(zero ? n.binary("onnx.add", y, zero) : y, elem);
  y = n.unary("onnx.round", y);
  if (zero)
    y = n.binary("onnx.add", y, zero);
  if (!y)
    return {};
  Type f32 = n.builder.getF32Type();
  y = n.emit<ClipOp>(n.typeOf(y), y, n.scalar(range->first, f32),
                     n.scalar(range->second, f32));
  return n.cast(y, elem);
}

LogicalResult quantizeLinear(NodeContext &n) {
  int64_t axis = n.intAttr("axis", 1), block = n.intAttr("block_size", 0);
  Type elem =
      typeAttr(n, "output_dtype",
               n.has(2) ? n.elem(2) : Type(n.builder.getIntegerType(8, false)));
  n.ignoreAttrs({"precision"});
  bool floats = elem && isa<FloatType>(elem);
  if (n.intAttr("saturate", 1) != 1 && floats)
    return n.unsupported("saturate = 0");
  if (!elem || (!floats && !rangeOf(elem)))
    return n.unsupported("to this element type");
  if (block < 0 || block > (int64_t(1) << 40))
    return n.mismatch("block_size = " + Twine(block));
  Type f32 = n.builder.getF32Type();
  Value zero;
  if (n.has(2) &&
      !(zero = spread(n, n.cast(n.in(2), f32), n.in(0), axis, block)))
    return failure();
  Value scale = spread(n, n.cast(n.in(1), f32), n.in(0), axis, block);
  Value result = quantized(n, n.cast(n.in(0), f32), scale, zero, elem);
  if (result && n.dimsOf(result).size() != n.dims(0).size())
    return n.mismatch("the scales do not broadcast to the data");
  return n.set(0, result);
}

LogicalResult dynamicQuantizeLinear(NodeContext &n) {
  Type f32 = n.builder.getF32Type(), u8 = n.builder.getIntegerType(8, false);
  Value x = n.cast(n.in(0), f32), nothing = n.scalar(0, f32);
  SmallVector<int64_t> axes = n.firstAxes(n.rank(0));
  if (axes.empty())
    return n.mismatch("it takes data of rank 1 at least");
  RankedTensorType scalar = n.tensor({}, f32);
  Value low = n.emit<ReduceMinOp>(scalar, x, axes, false);
  Value high = n.emit<ReduceMaxOp>(scalar, x, axes, false);
  low = n.binary("onnx.min", low, nothing);
  high = n.binary("onnx.max", high, nothing);
  Value scale =
      n.binary("onnx.div", n.binary("onnx.sub", high, low), n.scalar(255, f32));
  // Data that is all 0 has no scale; any will do.
  Value isZero = n.binary("onnx.equal", scale, nothing, n.builder.getI1Type());
  scale = n.where(isZero, n.scalar(1, f32), scale);
  Value zero = n.unary("onnx.round",
                       n.binary("onnx.div", n.unary("onnx.neg", low), scale));
  if (!zero)
    return failure();
  zero = n.emit<ClipOp>(scalar, zero, nothing, n.scalar(255, f32));
  if (failed(n.set(1, scale)) || failed(n.set(2, n.cast(zero, u8))))
    return failure();
  return n.set(0, quantized(n, x, scale, zero, u8));
}

/// Per-row parameters of A are [M], per-column ones of B [N].
Value matrixParameter(NodeContext &n, unsigned i, bool perRow, Type elem) {
  Value value = n.cast(n.in(i), elem);
  if (!value)
    return {};
  if (n.rank(i) == 1 && constantExtent(n.dims(i)[0]) == 1)
    return n.reshape(value, {});
  if (n.rank(i) == 1 && perRow)
    return n.reshape(value, {n.dims(i)[0], n.number(1)});
  return value;
}

LogicalResult qLinearMatMul(NodeContext &n) {
  Type i32 = n.builder.getI32Type(), f32 = n.builder.getF32Type();
  Value a = n.binary("onnx.sub", n.cast(n.in(0), i32),
                     matrixParameter(n, 2, true, i32));
  Value b = n.binary("onnx.sub", n.cast(n.in(3), i32),
                     matrixParameter(n, 5, false, i32));
  Value product = n.cast(n.matmul(a, b), f32);
  Value factor = n.binary("onnx.mul", matrixParameter(n, 1, true, f32),
                          matrixParameter(n, 4, false, f32));
  product = n.binary("onnx.mul", product, factor);
  if (!rangeOf(n.elem(7)))
    return n.unsupported("to this element type");
  return n.set(0, quantized(n, product, matrixParameter(n, 6, true, f32),
                            matrixParameter(n, 7, true, f32), n.elem(7)));
}

/// uint8 [..., n] that packs 8 / bits elements a byte, low bits first, as
/// [..., n * 8 / bits].
Value unpacked(NodeContext &n, Value bytes, int64_t bits) {
  if (!bytes || bits == 8)
    return bytes;
  Dims dims = n.dimsOf(bytes);
  Type u8 = n.elemOf(bytes);
  Dims last = dims;
  last.push_back(n.number(1));
  SmallVector<Value> parts;
  for (int64_t shift = 0; shift < 8; shift += bits) {
    Value part = bytes;
    if (shift)
      part =
          n.emit<BitShiftOp>(n.typeOf(part), part, n.scalar(shift, u8), false);
    part = n.binary("onnx.bitwise_and", part, n.scalar((1 << bits) - 1, u8));
    part = n.reshape(part, last);
    if (!part)
      return {};
    parts.push_back(part);
  }
  Dims joined = dims;
  joined.back() = mulExtents(dims.back(), n.number(8 / bits));
  return n.reshape(n.concat(parts, dims.size()), joined);
}

/// Gathers rows of a blockwise quantized table and dequantizes only those.
LogicalResult gatherBlockQuantized(NodeContext &n) {
  int64_t bits = n.intAttr("bits", 4), block = n.intAttr("block_size", 128);
  auto gatherAxis = n.axisOf(n.intAttr("gather_axis", 0), n.rank(0));
  auto axis = n.axisOf(n.intAttr("quantize_axis", 1), n.rank(0));
  if (!gatherAxis || !axis)
    return failure();
  Type data = n.elem(0);
  bool packed = data.isUnsignedInteger(8);
  if (*gatherAxis != 0 || *axis != n.rank(0) - 1 || n.rank(0) < 2)
    return n.unsupported("axes other than gather 0, quantize last");
  if (!packed && !(isa<IntegerType>(data) && data.getIntOrFloatBitWidth() == 4))
    return n.unsupported("data of this element type");
  if (packed && bits != 2 && bits != 4 && bits != 8)
    return n.unsupported("bits = " + Twine(bits));
  if (block < 16 || block > (1 << 20))
    return n.mismatch("block_size = " + Twine(block));
  if (packed && n.rank(0) == 2 && n.rank(2) == 2 && block >= 16 &&
      (block & (block - 1)) == 0 &&
      (!n.has(3) || n.elem(3).isUnsignedInteger(8))) {
    Dims dims = n.dims(1), table = n.dims(0), scales = n.dims(2);
    AffineExpr width = mulExtents(table[1], n.number(8 / bits));
    auto groups = dyn_cast<AffineConstantExpr>(scales[1]);
    auto known = dyn_cast<AffineConstantExpr>(width);
    if (known && groups &&
        groups.getValue() == (known.getValue() + block - 1) / block &&
        scales[0] == table[0]) {
      dims.push_back(width);
      return n.set(0, n.emit<GatherBlockQuantizedOp>(
                          n.tensor(dims, n.elem(2)), n.in(0), n.in(1), n.in(2),
                          n.inOrNone(3), bits, block));
    }
  }
  auto rows = [&](Value table) -> Value {
    Dims dims = n.dimsOf(table), result = n.dims(1);
    result.append(dims.begin() + 1, dims.end());
    return n.emit<GatherOp>(n.tensor(result, n.elemOf(table)), table, n.in(1),
                            int64_t(0));
  };
  if (n.rank(2) != n.rank(0) || (n.has(3) && n.rank(3) != n.rank(0)))
    return n.mismatch("scales and zero points must have the rank of the data");
  Value x = packed ? unpacked(n, rows(n.in(0)), bits) : rows(n.in(0));
  Value scale = rows(n.in(2)), zero;
  if (!x || !scale)
    return failure();
  if (n.has(3)) {
    zero = packed ? unpacked(n, rows(n.in(3)), bits) : rows(n.in(3));
    if (!zero)
      return failure();
    // The last byte of a row may have room for more than there are blocks.
    if (n.dimsOf(zero).back() != n.dimsOf(scale).back())
      zero = n.slice(zero, n.rankOf(zero) - 1, n.number(0),
                     n.dimsOf(scale).back());
  } else if (packed) {
    zero = n.scalar(1 << (bits - 1), n.builder.getF32Type());
  }
  Value result = dequantized(n, x, scale, zero, n.rankOf(x) - 1, block);
  return n.set(0, n.cast(result, n.elem(2)));
}

} // namespace

ArrayRef<OpRow> quantizationOps() {
  static const OpRow rows[] = {
      {"", "DequantizeLinear", 2, 3, dequantizeLinear},
      {"", "QuantizeLinear", 2, 3, quantizeLinear},
      {"com.microsoft", "DequantizeLinear", 2, 3, dequantizeLinear},
      {"com.microsoft", "QuantizeLinear", 2, 3, quantizeLinear},
      {"", "DynamicQuantizeLinear", 1, 1, dynamicQuantizeLinear},
      {"", "QLinearMatMul", 8, 8, qLinearMatMul},
      {"com.microsoft", "GatherBlockQuantized", 3, 4, gatherBlockQuantized},
  };
  return rows;
}

} // namespace llmc::onnx
