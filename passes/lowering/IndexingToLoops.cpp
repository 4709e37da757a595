/// Gather and scatter, in all of ONNX's forms. Indices count from the end where
/// negative; one that is out of range is clamped (a kernel cannot refuse, and
/// must not read outside its buffers). Scatters copy their input first and then
/// write one update after the other: one tile, since updates may collide.
#include "passes/lowering/GraphLowering.h"

using namespace mlir;

namespace llmc {

namespace {

using B = LoopBuilder;

LogicalResult lowerGather(onnx::GatherOp op, GraphLowering &graph) {
  int64_t axis = op.getAxis(), count = typeOf(op.getIndices()).getRank();
  int64_t rank = typeOf(op.getInput()).getRank();
  graph.moveElements(
      op, op.getResult(), {graph.memref(op.getInput()), graph.memref(op.getIndices())},
      [&](B &b, ValueRange args, ArrayRef<Value> index) {
        Value place = b.load(args[1], index.slice(axis, count));
        SmallVector<Value> at(index.take_front(axis));
        at.push_back(b.wrapIndex(place, b.dim(args[0], axis)));
        llvm::append_range(at, index.slice(axis + count, rank - axis - 1));
        return b.loadRaw(args[0], at);
      });
  return success();
}

LogicalResult lowerGatherElements(onnx::GatherElementsOp op,
                                  GraphLowering &graph) {
  int64_t axis = op.getAxis();
  graph.moveElements(
      op, op.getResult(), {graph.memref(op.getInput()), graph.memref(op.getIndices())},
      [&](B &b, ValueRange args, ArrayRef<Value> index) {
        SmallVector<Value> at(index);
        at[axis] = b.wrapIndex(b.load(args[1], index), b.dim(args[0], axis));
        return b.loadRaw(args[0], at);
      });
  return success();
}

/// The entries of the tuple at `prefix` of `indices`, as indices into the
/// dimensions of `target` from `from` on.
SmallVector<Value> tuple(B &b, Value indices, ArrayRef<Value> prefix,
                         int64_t length, Value target, int64_t from) {
  SmallVector<Value> at, place(prefix);
  place.push_back({});
  for (int64_t i = 0; i < length; ++i) {
    place.back() = b.index(i);
    at.push_back(b.wrapIndex(b.load(indices, place), b.dim(target, from + i)));
  }
  return at;
}

LogicalResult lowerGatherNd(onnx::GatherNdOp op, GraphLowering &graph) {
  RankedTensorType type = typeOf(op.getIndices());
  int64_t batch = op.getBatchDims(), length = type.getShape().back();
  if (ShapedType::isDynamic(length))
    return op.emitError("has tuples of unknown length");
  int64_t outer = type.getRank() - 1;
  graph.moveElements(
      op, op.getResult(), {graph.memref(op.getInput()), graph.memref(op.getIndices())},
      [&](B &b, ValueRange args, ArrayRef<Value> index) {
        SmallVector<Value> at(index.take_front(batch));
        llvm::append_range(at, tuple(b, args[1], index.take_front(outer), length,
                                     args[0], batch));
        llvm::append_range(at, index.drop_front(outer));
        return b.loadRaw(args[0], at);
      });
  return success();
}

/// What a scatter stores where `old` was; null for an unknown reduction.
Value reduced(B &b, StringRef reduction, Value old, Value update, bool word) {
  if (reduction == "add")
    return b.add(old, update);
  if (reduction == "mul")
    return b.mul(old, update);
  if (reduction == "max")
    return b.select(b.less(old, update, word), update, old);
  if (reduction == "min")
    return b.select(b.less(update, old, word), update, old);
  return update;
}

/// Copies `input` to the result's buffer and returns that.
Value copyInput(Operation *op, GraphLowering &graph, Value input) {
  graph.moveElements(op, op->getResult(0), graph.memref(input),
                     [](B &b, ValueRange args, ArrayRef<Value> index) {
                       return b.loadRaw(args[0], index);
                     });
  return graph.memref(op->getResult(0));
}

/// One tile that does everything in order.
void launchOnce(Operation *op, GraphLowering &graph, ArrayRef<Value> args,
                llvm::function_ref<void(B &, ValueRange)> body) {
  Value one = graph.integer(getAffineConstantExpr(1, op->getContext()));
  graph.launch(op, op->getName().stripDialect(), one, args,
               [&](OpBuilder &builder, ValueRange args, Value begin, Value end) {
                 B b(builder.getUnknownLoc(), builder);
                 b.loop(begin, end, [&](Value) { body(b, args); });
               });
}

bool isReduction(StringRef name) {
  return name == "none" || name == "add" || name == "mul" || name == "max" ||
         name == "min";
}

LogicalResult lowerScatterNd(onnx::ScatterNdOp op, GraphLowering &graph) {
  RankedTensorType type = typeOf(op.getIndices());
  int64_t length = type.getShape().back(), outer = type.getRank() - 1;
  if (ShapedType::isDynamic(length) || !isReduction(op.getReduction()))
    return op.emitError("has tuples of unknown length or an unknown reduction");
  bool word = kindOf(typeOf(op.getInput()).getElementType()) == Kind::Word;
  Value target = copyInput(op, graph, op.getInput());
  launchOnce(op, graph,
             {graph.memref(op.getIndices()), graph.memref(op.getUpdates()), target},
             [&](B &b, ValueRange args) {
               b.loops(b.dims(args[1]), [&](ArrayRef<Value> index) {
                 SmallVector<Value> at = tuple(
                     b, args[0], index.take_front(outer), length, args[2], 0);
                 llvm::append_range(at, index.drop_front(outer));
                 b.store(reduced(b, op.getReduction(), b.load(args[2], at),
                                 b.load(args[1], index), word),
                         args[2], at);
               });
             });
  return success();
}

LogicalResult lowerScatterElements(onnx::ScatterElementsOp op,
                                   GraphLowering &graph) {
  if (!isReduction(op.getReduction()))
    return op.emitError("has an unknown reduction");
  int64_t axis = op.getAxis();
  bool word = kindOf(typeOf(op.getInput()).getElementType()) == Kind::Word;
  Value target = copyInput(op, graph, op.getInput());
  launchOnce(op, graph,
             {graph.memref(op.getIndices()), graph.memref(op.getUpdates()), target},
             [&](B &b, ValueRange args) {
               b.loops(b.dims(args[0]), [&](ArrayRef<Value> index) {
                 SmallVector<Value> at(index);
                 at[axis] = b.wrapIndex(b.load(args[0], index),
                                        b.dim(args[2], axis));
                 b.store(reduced(b, op.getReduction(), b.load(args[2], at),
                                 b.load(args[1], index), word),
                         args[2], at);
               });
             });
  return success();
}

LogicalResult lowerTensorScatter(onnx::TensorScatterOp op, GraphLowering &graph) {
  int64_t axis = op.getAxis();
  bool given = isGiven(op.getWriteIndices());
  Value target = copyInput(op, graph, op.getPast());
  SmallVector<Value> args{graph.memref(op.getUpdate()), target};
  if (given)
    args.push_back(graph.memref(op.getWriteIndices()));
  launchOnce(op, graph, args, [&](B &b, ValueRange args) {
    b.loops(b.dims(args[0]), [&](ArrayRef<Value> index) {
      Value capacity = b.toInteger(b.dim(args[1], axis));
      Value at = b.toInteger(index[axis]);
      if (given)
        at = b.add(at, b.load(args[2], index[0]));
      if (op.getCircular())
        at = b.rem(at, capacity);
      SmallVector<Value> place(index);
      place[axis] = b.wrapIndex(at, b.dim(args[1], axis));
      b.storeRaw(b.loadRaw(args[0], index), args[1], place);
    });
  });
  return success();
}

} // namespace

void populateIndexing(LoweringTable &table) {
  table.add<onnx::GatherOp>(lowerGather);
  table.add<onnx::GatherElementsOp>(lowerGatherElements);
  table.add<onnx::GatherNdOp>(lowerGatherNd);
  table.add<onnx::ScatterNdOp>(lowerScatterNd);
  table.add<onnx::ScatterElementsOp>(lowerScatterElements);
  table.add<onnx::TensorScatterOp>(lowerTensorScatter);
}

} // namespace llmc
