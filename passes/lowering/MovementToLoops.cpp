/// Moving elements about: reshape, transpose, slice, concatenate, pad, and the
/// tensors that are made from shapes. Elements are moved as they are.
#include "passes/lowering/GraphLowering.h"

using namespace mlir;

namespace llmc {

namespace {

using B = LoopBuilder;

int64_t normalAxis(int64_t axis, int64_t rank) {
  return axis < 0 ? axis + rank : axis;
}

LogicalResult lowerReshape(onnx::ReshapeOp op, GraphLowering &graph) {
  graph.alias(op.getResult(), graph.memref(op.getInput()));
  return success();
}

LogicalResult lowerExpand(onnx::ExpandOp op, GraphLowering &graph) {
  RankedTensorType from = typeOf(op.getInput()), to = typeOf(op.getResult());
  if (from.getRank() > to.getRank())
    return op.emitError("has a result of lower rank than its input");
  graph.moveElements(op, op.getResult(), graph.memref(op.getInput()),
                     [&](B &b, ValueRange args, ArrayRef<Value> index) {
                       return b.loadRaw(args[0], broadcastIndex(b, args[0], from,
                                                                to, index));
                     });
  return success();
}

LogicalResult lowerTranspose(onnx::TransposeOp op, GraphLowering &graph) {
  graph.moveElements(op, op.getResult(), graph.memref(op.getInput()),
                     [&](B &b, ValueRange args, ArrayRef<Value> index) {
                       SmallVector<Value> at(index.size());
                       for (auto [to, from] : llvm::enumerate(op.getPermutation()))
                         at[from] = index[to];
                       return b.loadRaw(args[0], at);
                     });
  return success();
}

/// Copies between a tensor and the part of another that begins at `offset`
/// along `axis`; `type` is that of the smaller one, the first argument where
/// `into`, else the second.
void copyPart(Operation *op, GraphLowering &graph, Value from, Value to,
              RankedTensorType type, int64_t axis, AffineExpr offset, bool into) {
  int64_t last = type.getRank() - 1;
  unsigned over = into ? 0 : 1;
  graph.forRows(op, into ? "concat" : "split", over, type, last,
                {from, to, graph.integer(offset)},
                [&](B &b, ValueRange args, MutableArrayRef<Value> index) {
                  b.loop(b.index(0), b.dim(args[over], last), [&](Value at) {
                    index[last] = at;
                    SmallVector<Value> moved(index);
                    moved[axis] = b.add(index[axis], args[2]);
                    Value element = b.loadRaw(args[0], into ? index : moved);
                    b.storeRaw(element, args[1], into ? moved : index);
                  });
                });
}

LogicalResult lowerConcat(onnx::ConcatOp op, GraphLowering &graph) {
  int64_t axis = normalAxis(op.getAxis(), typeOf(op.getResult()).getRank());
  Value target = graph.allocate(op.getResult());
  AffineExpr offset = getAffineConstantExpr(0, op.getContext());
  for (Value input : op.getInputs()) {
    copyPart(op, graph, graph.memref(input), target, typeOf(input), axis, offset,
             true);
    offset = offset + onnx::symbolicDims(typeOf(input))[axis];
  }
  return success();
}

LogicalResult lowerSplit(onnx::SplitOp op, GraphLowering &graph) {
  int64_t axis = normalAxis(op.getAxis(), typeOf(op.getInput()).getRank());
  AffineExpr offset = getAffineConstantExpr(0, op.getContext());
  for (Value result : op.getResults()) {
    copyPart(op, graph, graph.memref(op.getInput()), graph.allocate(result),
             typeOf(result), axis, offset, false);
    offset = offset + onnx::symbolicDims(typeOf(result))[axis];
  }
  return success();
}

/// An index kept within an extent, whatever the symbols are.
Value clampIndex(B &b, Value index, Value extent) {
  Value last = b.sub(extent, b.index(1));
  return b.most(b.least(index, last), b.index(0));
}

LogicalResult lowerSlice(onnx::SliceOp op, GraphLowering &graph) {
  SmallVector<Value> args{graph.memref(op.getInput())};
  for (AffineExpr start : op.getStarts().getResults())
    args.push_back(graph.integer(start));
  graph.moveElements(
      op, op.getResult(), args,
      [&](B &b, ValueRange args, ArrayRef<Value> index) {
        SmallVector<Value> at;
        for (auto [i, step] : llvm::enumerate(op.getSteps())) {
          Value place = b.add(args[1 + i], b.mul(index[i], b.index(step)));
          at.push_back(clampIndex(b, place, b.dim(args[0], i)));
        }
        return b.loadRaw(args[0], at);
      });
  return success();
}

LogicalResult lowerTile(onnx::TileOp op, GraphLowering &graph) {
  graph.moveElements(op, op.getResult(), graph.memref(op.getInput()),
                     [&](B &b, ValueRange args, ArrayRef<Value> index) {
                       SmallVector<Value> at;
                       for (size_t i = 0; i < index.size(); ++i)
                         at.push_back(arith::RemUIOp::create(
                             b, index[i], b.dim(args[0], i)));
                       return b.loadRaw(args[0], at);
                     });
  return success();
}

/// The place in [0, period) of an index that may be negative.
Value floorRemainder(B &b, Value index, Value period) {
  Value rest = arith::RemSIOp::create(b, index, period);
  return b.select(b.less(rest, b.index(0)), b.add(rest, period), rest);
}

/// Where element `at` of a padded dimension comes from (0 <= at < extent: from
/// itself).
Value padSource(B &b, StringRef mode, Value at, Value extent) {
  Value zero = b.index(0), one = b.index(1);
  Value last = b.sub(extent, one);
  if (mode == "wrap")
    return floorRemainder(b, at, b.most(extent, one));
  if (mode == "reflect") {
    Value period = b.most(b.mul(b.index(2), last), one);
    Value place = floorRemainder(b, at, period);
    return b.select(b.less(place, extent), place, b.sub(period, place));
  }
  return b.most(b.least(at, last), zero);
}

LogicalResult lowerPad(onnx::PadOp op, GraphLowering &graph) {
  StringRef mode = op.getMode();
  bool constant = mode == "constant";
  if (!constant && mode != "edge" && mode != "wrap" && mode != "reflect")
    return op.emitError("has the unknown mode ") << mode;
  RankedTensorType type = typeOf(op.getInput());
  int64_t rank = type.getRank();
  SmallVector<Value> args{graph.memref(op.getInput())};
  for (int64_t i = 0; i < rank; ++i)
    args.push_back(graph.integer(op.getPads().getResult(i)));
  bool given = isGiven(op.getValue());
  int64_t valueRank = given ? typeOf(op.getValue()).getRank() : 0;
  if (given)
    args.push_back(graph.memref(op.getValue()));
  graph.mapElements(
      op, op.getResult(), args,
      [&](B &b, ValueRange args, ArrayRef<Value> index) {
        SmallVector<Value> at;
        Value inside;
        for (int64_t i = 0; i < rank; ++i) {
          Value extent = b.dim(args[0], i);
          Value place = b.sub(index[i], args[1 + i]);
          Value fits = b.both(b.lessOrEqual(b.index(0), place),
                              b.less(place, extent));
          inside = inside ? b.both(inside, fits) : fits;
          at.push_back(padSource(b, mode, place, extent));
        }
        Type compute = computeType(type.getElementType());
        if (!constant || !inside)
          return b.load(args[0], at);
        return b.choose(
            inside, compute, [&] { return b.load(args[0], at); },
            [&] {
              return given ? b.load(args[1 + rank],
                                    SmallVector<Value>(valueRank, b.index(0)))
                           : b.number(compute, 0);
            });
      });
  return success();
}

/// Fills a tensor of rank 0 or 1 with integers that are known before the run.
LogicalResult storeIntegers(Operation *op, GraphLowering &graph,
                            ArrayRef<AffineExpr> values) {
  Value result = op->getResult(0);
  SmallVector<Value> args;
  for (AffineExpr value : values)
    args.push_back(graph.integer(value));
  args.push_back(graph.allocate(result));
  bool scalar = typeOf(result).getRank() == 0;
  Value one = graph.integer(getAffineConstantExpr(1, op->getContext()));
  graph.launch(op, "dimensions", one, args,
               [&](OpBuilder &builder, ValueRange args, Value begin, Value end) {
                 B b(builder.getUnknownLoc(), builder);
                 b.loop(begin, end, [&](Value) {
                   for (size_t i = 0; i < values.size(); ++i)
                     b.store(b.toInteger(args[i]), args.back(),
                             scalar ? SmallVector<Value>()
                                    : SmallVector<Value>{b.index(i)});
                 });
               });
  return success();
}

LogicalResult lowerShape(onnx::ShapeOp op, GraphLowering &graph) {
  onnx::Dims dims = onnx::symbolicDims(typeOf(op.getInput()));
  int64_t rank = dims.size();
  auto bound = [&](int64_t value) {
    return std::clamp<int64_t>(value < 0 ? value + rank : value, 0, rank);
  };
  int64_t start = bound(op.getStart());
  int64_t count = std::max<int64_t>(bound(op.getEnd()) - start, 0);
  return storeIntegers(op, graph, ArrayRef(dims).slice(start, count));
}

LogicalResult lowerTrilu(onnx::TriluOp op, GraphLowering &graph) {
  SmallVector<Value> args{graph.memref(op.getInput())};
  bool given = isGiven(op.getDiagonal());
  if (given)
    args.push_back(graph.memref(op.getDiagonal()));
  int64_t rank = given ? typeOf(op.getDiagonal()).getRank() : 0;
  graph.mapElements(
      op, op.getResult(), args,
      [&](B &b, ValueRange args, ArrayRef<Value> index) {
        size_t n = index.size();
        Value row = b.toInteger(index[n - 2]), column = b.toInteger(index[n - 1]);
        Value k = given ? b.load(args[1], SmallVector<Value>(rank, b.index(0)))
                        : b.integer(0);
        // Beyond the matrix all is kept or dropped, and sums cannot overflow.
        k = b.least(k, b.toInteger(b.dim(args[0], n - 1)));
        k = b.most(k, b.neg(b.toInteger(b.dim(args[0], n - 2))));
        Value distance = b.sub(column, row);
        Value dropped = op.getUpper() ? b.less(distance, k) : b.less(k, distance);
        Value x = b.load(args[0], index);
        return b.select(dropped, b.number(x.getType(), 0), x);
      });
  return success();
}

LogicalResult lowerRange(onnx::RangeOp op, GraphLowering &graph) {
  bool word = kindOf(typeOf(op.getStart()).getElementType()) == Kind::Word;
  int64_t ranks[] = {typeOf(op.getStart()).getRank(),
                     typeOf(op.getDelta()).getRank()};
  graph.mapElements(
      op, op.getResult(), {graph.memref(op.getStart()), graph.memref(op.getDelta())},
      [&](B &b, ValueRange args, ArrayRef<Value> index) {
        auto scalar = [&](unsigned i) {
          return b.load(args[i], SmallVector<Value>(ranks[i], b.index(0)));
        };
        Value start = scalar(0), delta = scalar(1), at = b.toInteger(index[0]);
        Type type = start.getType();
        if (!isa<FloatType>(type))
          return b.add(start, b.mul(at, delta));
        // In f64, so that the sum is rounded once.
        Type wide = b.getF64Type();
        Value sum = b.add(b.convert(start, wide),
                          b.mul(b.convert(at, wide), b.convert(delta, wide)));
        return b.convert(sum, type, word);
      });
  return success();
}

LogicalResult lowerOneHot(onnx::OneHotOp op, GraphLowering &graph) {
  RankedTensorType type = typeOf(op.getResult());
  int64_t axis = normalAxis(op.getAxis(), type.getRank());
  graph.moveElements(
      op, op.getResult(), {graph.memref(op.getIndices()), graph.memref(op.getValues())},
      [&](B &b, ValueRange args, ArrayRef<Value> index) {
        SmallVector<Value> at(index);
        at.erase(at.begin() + axis);
        Value depth = b.toInteger(b.dim(args.back(), axis));
        Value place = b.load(args[0], at);
        // Indices may be floats.
        place = b.convert(place, b.getI64Type());
        place = b.select(b.less(place, b.integer(0)), b.add(place, depth), place);
        Value on = b.equal(place, b.toInteger(index[axis]));
        return b.loadRaw(args[1], b.select(on, b.index(1), b.index(0)));
      });
  return success();
}

LogicalResult lowerEyeLike(onnx::EyeLikeOp op, GraphLowering &graph) {
  Type compute = computeType(typeOf(op.getResult()).getElementType());
  int64_t k = op.getK();
  graph.mapElements(op, op.getResult(), {},
                    [&](B &b, ValueRange, ArrayRef<Value> index) {
                      Value on = b.equal(b.add(index[0], b.index(k)), index[1]);
                      return b.select(on, b.number(compute, 1),
                                      b.number(compute, 0));
                    });
  return success();
}

} // namespace

void populateMovement(LoweringTable &table) {
  table.add<onnx::ReshapeOp>(lowerReshape);
  table.add<onnx::ExpandOp>(lowerExpand);
  table.add<onnx::TransposeOp>(lowerTranspose);
  table.add<onnx::ConcatOp>(lowerConcat);
  table.add<onnx::SplitOp>(lowerSplit);
  table.add<onnx::SliceOp>(lowerSlice);
  table.add<onnx::TileOp>(lowerTile);
  table.add<onnx::PadOp>(lowerPad);
  table.add<onnx::ShapeOp>(lowerShape);
  table.add<onnx::DimensionsOp>([](onnx::DimensionsOp op, GraphLowering &graph) {
    return storeIntegers(op, graph, op.getValues().getResults());
  });
  table.add<onnx::TriluOp>(lowerTrilu);
  table.add<onnx::RangeOp>(lowerRange);
  table.add<onnx::OneHotOp>(lowerOneHot);
  table.add<onnx::EyeLikeOp>(lowerEyeLike);
}

} // namespace llmc
