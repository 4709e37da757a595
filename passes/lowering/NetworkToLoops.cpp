/// Matrix products and normalizations. Products of floats are summed in f64 in
/// ascending order and rounded once; of integers modulo 2^64.
#include "passes/lowering/GraphLowering.h"

using namespace mlir;

namespace llmc {

namespace {

using B = LoopBuilder;

/// The leading dimensions of a matrix operand.
RankedTensorType batchOf(RankedTensorType type, unsigned matrix) {
  onnx::Dims dims = onnx::symbolicDims(type);
  dims.truncate(dims.size() - std::min<size_t>(dims.size(), matrix));
  return onnx::symbolicTensorType(dims, type.getElementType());
}

LogicalResult lowerMatMul(onnx::MatMulOp op, GraphLowering &graph) {
  RankedTensorType left = typeOf(op.getLhs()), right = typeOf(op.getRhs());
  RankedTensorType to = typeOf(op.getResult());
  if (!left.getRank() || !right.getRank())
    return op.emitError("has an operand of rank 0");
  // A vector has no row (left) or no column (right) in the result.
  bool rows = left.getRank() > 1, columns = right.getRank() > 1;
  RankedTensorType batch = batchOf(to, rows + columns);
  bool floats = isFloating(kindOf(left.getElementType()));
  graph.mapElements(
      op, op.getResult(), {graph.memref(op.getLhs()), graph.memref(op.getRhs())},
      [&](B &b, ValueRange args, ArrayRef<Value> index) {
        ArrayRef<Value> outer = index.take_front(batch.getRank());
        SmallVector<Value> a, c;
        if (rows) {
          a = broadcastIndex(b, args[0], batchOf(left, 2), batch, outer);
          a.push_back(index[outer.size()]);
        }
        if (columns)
          c = broadcastIndex(b, args[1], batchOf(right, 2), batch, outer);
        unsigned innerLeft = a.size(), innerRight = c.size();
        a.push_back({});
        c.push_back({});
        if (columns)
          c.push_back(index.back());
        Type type = computeType(left.getElementType());
        Type sum = floats ? Type(b.getF64Type()) : type;
        Value total =
            b.loop(b.index(0), b.dim(args[0], innerLeft), b.number(sum, 0),
                   [&](Value k, ValueRange carried) {
                     a[innerLeft] = k;
                     c[innerRight] = k;
                     Value x = b.convert(b.load(args[0], a), sum);
                     Value y = b.convert(b.load(args[1], c), sum);
                     if (floats)
                       return B::Carried{
                           math::FmaOp::create(b, x, y, carried[0])};
                     return B::Carried{b.add(carried[0], b.mul(x, y))};
                   })[0];
        return b.convert(total, computeType(to.getElementType()));
      });
  return success();
}

/// Both normalizations, over the dimensions from `axis` on.
LogicalResult lowerNorm(Operation *op, Value input, Value scale, Value bias,
                        int64_t axis, double epsilon, bool centred,
                        GraphLowering &graph) {
  RankedTensorType type = typeOf(input);
  if (!isFloating(kindOf(type.getElementType())))
    return op->emitError("needs floats");
  axis = axis < 0 ? axis + type.getRank() : axis;
  SmallVector<int64_t> inner;
  for (int64_t i = axis; i < type.getRank(); ++i)
    inner.push_back(i);
  SmallVector<Value> args{graph.memref(input), graph.memref(scale)};
  bool biased = bias && isGiven(bias);
  if (biased)
    args.push_back(graph.memref(bias));
  args.push_back(graph.allocate(op->getResult(0)));
  graph.forRows(
      op, op->getName().stripDialect(), 0, type, inner, args,
      [&](B &b, ValueRange args, MutableArrayRef<Value> index) {
        Type wide = b.getF64Type();
        SmallVector<Value> extents;
        Value count = b.index(1);
        for (int64_t i : inner) {
          extents.push_back(b.dim(args[0], i));
          count = b.mul(count, extents.back());
        }
        auto place = [&](ArrayRef<Value> at) {
          std::copy(at.begin(), at.end(), index.begin() + axis);
          return b.convert(b.load(args[0], index), wide);
        };
        Value length = b.convert(b.toInteger(count), wide);
        Value zero = b.number(wide, 0), mean = zero;
        if (centred)
          mean = b.div(b.loops(extents, zero,
                               [&](ArrayRef<Value> at, ValueRange carried) {
                                 return B::Carried{b.add(carried[0], place(at))};
                               })[0],
                       length);
        Value squares = b.loops(
            extents, zero, [&](ArrayRef<Value> at, ValueRange carried) {
              Value x = b.sub(place(at), mean);
              return B::Carried{b.add(carried[0], b.mul(x, x))};
            })[0];
        Value variance = b.add(b.div(squares, length), b.number(wide, epsilon));
        Value root = math::SqrtOp::create(b, variance);
        b.loops(extents, [&](ArrayRef<Value> at) {
          Value x = b.div(b.sub(place(at), mean), root);
          auto factor = [&](unsigned i, Value tensor) {
            return b.convert(b.load(args[i], broadcastIndex(b, args[i],
                                                            typeOf(tensor), type,
                                                            index)),
                             wide);
          };
          x = b.mul(x, factor(1, scale));
          if (biased)
            x = b.add(x, factor(2, bias));
          b.store(b.convert(x, computeType(elementOf(args.back()))), args.back(),
                  index);
        });
      });
  return success();
}

} // namespace

void populateNetwork(LoweringTable &table) {
  table.add<onnx::MatMulOp>(lowerMatMul);
  table.add<onnx::LayerNormalizationOp>(
      [](onnx::LayerNormalizationOp op, GraphLowering &graph) {
        return lowerNorm(op, op.getInput(), op.getScale(), op.getBias(),
                         op.getAxis(), op.getEpsilon().convertToFloat(), true,
                         graph);
      });
  table.add<onnx::RmsNormalizationOp>(
      [](onnx::RmsNormalizationOp op, GraphLowering &graph) {
        return lowerNorm(op, op.getInput(), op.getScale(), {}, op.getAxis(),
                         op.getEpsilon().convertToFloat(), false, graph);
      });
}

} // namespace llmc
