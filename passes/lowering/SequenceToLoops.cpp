/// What depends on all elements along one dimension: Softmax, CumSum, TopK. A
/// tile is one line of that dimension.
#include "passes/lowering/GraphLowering.h"

using namespace mlir;

namespace llmc {

namespace {

using B = LoopBuilder;

int64_t axisOf(auto op) {
  int64_t axis = op.getAxis();
  return axis < 0 ? axis + typeOf(op.getInput()).getRank() : axis;
}

template <typename Op>
LogicalResult lowerSoftmax(Op op, GraphLowering &graph, bool logarithm) {
  RankedTensorType type = typeOf(op.getInput());
  if (!isFloating(kindOf(type.getElementType())))
    return op.emitError("needs floats");
  int64_t axis = axisOf(op);
  SmallVector<Value> args{graph.memref(op.getInput()),
                          graph.allocate(op.getResult())};
  graph.forRows(
      op, op->getName().stripDialect(), 0, type, axis, args,
      [&](B &b, ValueRange args, MutableArrayRef<Value> index) {
        Type compute = computeType(type.getElementType());
        Type wide = b.getF64Type();
        Value zero = b.index(0), extent = b.dim(args[0], axis);
        auto load = [&](Value at) {
          index[axis] = at;
          return b.load(args[0], index);
        };
        Value top = b.loop(zero, extent, b.infinity(compute, true),
                           [&](Value at, ValueRange carried) {
                             return B::Carried{b.most(carried[0], load(at))};
                           })[0];
        Value total = b.loop(
            zero, extent, b.number(wide, 0),
            [&](Value at, ValueRange carried) {
              Value power = math::ExpOp::create(b, b.sub(load(at), top));
              return B::Carried{b.add(carried[0], b.convert(power, wide))};
            })[0];
        Value shift;
        if (logarithm)
          shift = math::LogOp::create(b, total);
        b.loop(zero, extent, [&](Value at) {
          Value x = b.sub(load(at), top);
          Value result = logarithm
                             ? b.sub(b.convert(x, wide), shift)
                             : b.div(b.convert(math::ExpOp::create(b, x), wide),
                                     total);
          b.store(b.convert(result, compute), args[1], index);
        });
      });
  return success();
}

LogicalResult lowerCumSum(onnx::CumSumOp op, GraphLowering &graph) {
  RankedTensorType type = typeOf(op.getInput());
  int64_t axis = axisOf(op);
  SmallVector<Value> args{graph.memref(op.getInput()),
                          graph.allocate(op.getResult())};
  graph.forRows(
      op, "cum_sum", 0, type, axis, args,
      [&](B &b, ValueRange args, MutableArrayRef<Value> index) {
        Type compute = computeType(type.getElementType());
        Type sum = isa<FloatType>(compute) ? Type(b.getF64Type()) : compute;
        Value extent = b.dim(args[0], axis), last = b.sub(extent, b.index(1));
        b.loop(b.index(0), extent, b.number(sum, 0),
               [&](Value step, ValueRange carried) {
                 index[axis] = op.getReverse() ? b.sub(last, step) : step;
                 Value x = b.convert(b.load(args[0], index), sum);
                 Value next = b.add(carried[0], x);
                 Value stored = op.getExclusive() ? carried[0] : next;
                 b.store(b.convert(stored, compute), args[1], index);
                 return B::Carried{next};
               });
      });
  return success();
}

/// Whether a stands before c: the larger (or smaller) one, NaN before all.
Value before(B &b, Value a, Value c, bool most, bool word) {
  Value ordered = most ? b.less(c, a, word) : b.less(a, c, word);
  if (!isa<FloatType>(a.getType()))
    return ordered;
  return b.either(ordered, b.both(b.isNan(a), b.isNot(b.isNan(c))));
}

/// One selection after the other: place k is the first of what stands behind
/// place k - 1, equal elements in the order of their indices.
LogicalResult lowerTopK(onnx::TopKOp op, GraphLowering &graph) {
  RankedTensorType type = typeOf(op.getInput());
  int64_t axis = axisOf(op);
  bool most = op.getLargest();
  bool word = kindOf(type.getElementType()) == Kind::Word;
  SmallVector<Value> args{graph.memref(op.getInput()),
                          graph.allocate(op.getValues()),
                          graph.allocate(op.getIndices())};
  graph.forRows(
      op, "top_k", 0, type, axis, args,
      [&](B &b, ValueRange args, MutableArrayRef<Value> index) {
        Value zero = b.index(0), extent = b.dim(args[0], axis);
        Type compute = computeType(type.getElementType());
        auto load = [&](Value at) {
          index[axis] = at;
          return b.load(args[0], index);
        };
        // No more can be chosen than there are.
        Value count = b.least(b.dim(args[1], axis), extent);
        b.loop(
            zero, count, {b.number(compute, 0), zero},
            [&](Value place, ValueRange last) {
              Value first = b.equal(place, zero);
              auto best = b.loop(
                  zero, extent, {b.integer(0), b.number(compute, 0), zero},
                  [&](Value at, ValueRange found) {
                    Value x = load(at);
                    Value behind = before(b, last[0], x, most, word);
                    Value equal = b.isNot(b.either(
                        behind, before(b, x, last[0], most, word)));
                    Value open = b.either(
                        b.either(first, behind),
                        b.both(equal, b.less(last[1], at)));
                    Value better = b.either(b.equal(found[0], b.integer(0)),
                                            before(b, x, found[1], most, word));
                    Value taken = b.both(open, better);
                    return B::Carried{
                        b.select(taken, b.integer(1), found[0]),
                        b.select(taken, x, found[1]),
                        b.select(taken, at, found[2])};
                  });
              index[axis] = best[2];
              Value raw = b.loadRaw(args[0], index);
              index[axis] = place;
              b.storeRaw(raw, args[1], index);
              b.store(b.toInteger(best[2]), args[2], index);
              return B::Carried{best[1], best[2]};
            });
      });
  return success();
}

} // namespace

void populateSequence(LoweringTable &table) {
  table.add<onnx::SoftmaxOp>([](onnx::SoftmaxOp op, GraphLowering &graph) {
    return lowerSoftmax(op, graph, false);
  });
  table.add<onnx::LogSoftmaxOp>([](onnx::LogSoftmaxOp op, GraphLowering &graph) {
    return lowerSoftmax(op, graph, true);
  });
  table.add<onnx::CumSumOp>(lowerCumSum);
  table.add<onnx::TopKOp>(lowerTopK);
}

} // namespace llmc
