/// Weights and tables of few bits with a scale for each block: the plain forms.
#include "passes/lowering/GraphLowering.h"

using namespace mlir;

namespace llmc {

namespace {

using B = LoopBuilder;

/// Number `i` of row `row` of packed bytes, the first in the low bits.
Value packedNumber(B &b, Value packed, Value row, Value i, int64_t bits) {
  Value bit = b.mul(i, b.index(bits));
  Value byte = arith::DivUIOp::create(b, bit, b.index(8));
  Value shift = b.toInteger(arith::RemUIOp::create(b, bit, b.index(8)));
  Value bytes = b.load(packed, {row, byte});
  return arith::AndIOp::create(b, arith::ShRUIOp::create(b, bytes, shift),
                               b.integer((1 << bits) - 1));
}

LogicalResult lowerNBits(onnx::MatMulNBitsOp op, GraphLowering &graph) {
  int64_t k = op.getK(), n = op.getN(), bits = op.getBits();
  int64_t block = op.getBlockSize(), blocks = llvm::divideCeil(k, block);
  int64_t rowBytes = blocks * block * bits / 8;
  int64_t zeroBytes = llvm::divideCeil(blocks * bits, 8);
  auto shaped = [&](Value tensor, int64_t columns) -> Value {
    RankedTensorType type = typeOf(tensor);
    if (!type.hasStaticShape() || type.getNumElements() != n * columns)
      return {};
    return graph.view(op.getLoc(), graph.memref(tensor),
                      RankedTensorType::get({n, columns}, type.getElementType()));
  };
  SmallVector<Value> args{graph.memref(op.getInput()),
                          shaped(op.getWeight(), rowBytes),
                          shaped(op.getScales(), blocks)};
  bool zeros = isGiven(op.getZeroPoints()), packed = false;
  unsigned zerosAt = args.size();
  if (zeros) {
    packed = isa<IntegerType>(typeOf(op.getZeroPoints()).getElementType());
    args.push_back(shaped(op.getZeroPoints(), packed ? zeroBytes : blocks));
  }
  bool grouped = isGiven(op.getGroupIndex()), biased = isGiven(op.getBias());
  unsigned groupsAt = args.size();
  if (grouped)
    args.push_back(graph.memref(op.getGroupIndex()));
  unsigned biasAt = args.size();
  if (biased)
    args.push_back(graph.memref(op.getBias()));
  if (!llvm::all_of(args, [](Value value) { return !!value; }))
    return op.emitError("has a weight, scales or zero points of another size "
                        "than k, n, bits and block_size ask for");
  graph.mapElements(
      op, op.getResult(), args,
      [&](B &b, ValueRange args, ArrayRef<Value> index) {
        Type wide = b.getF64Type();
        Value column = index.back();
        SmallVector<Value> at(index);
        Value total = b.loop(
            b.index(0), b.index(k), b.number(wide, 0),
            [&](Value i, ValueRange carried) {
              Value group = grouped
                                ? b.wrapIndex(b.load(args[groupsAt], i),
                                              b.index(blocks))
                                : arith::DivUIOp::create(b, i, b.index(block));
              Value zero = b.number(wide, double(int64_t(1) << (bits - 1)));
              if (zeros && packed)
                zero = b.convert(packedNumber(b, args[zerosAt], column, group, bits), wide);
              else if (zeros)
                zero = b.convert(b.load(args[zerosAt], {column, group}), wide);
              Value scale = b.convert(b.load(args[2], {column, group}), wide);
              Value weight = b.mul(
                  b.sub(b.convert(packedNumber(b, args[1], column, i, bits), wide), zero), scale);
              at.back() = i;
              Value x = b.convert(b.load(args[0], at), wide);
              return B::Carried{b.add(carried[0], b.mul(x, weight))};
            })[0];
        if (biased) {
          unsigned rank = cast<MemRefType>(args[biasAt].getType()).getRank();
          SmallVector<Value> place(rank, b.index(0));
          place.back() = column;
          total = b.add(total, b.convert(b.load(args[biasAt], place), wide));
        }
        return b.convert(
            total, computeType(typeOf(op.getResult()).getElementType()));
      });
  return success();
}

LogicalResult lowerGatherBlocks(onnx::GatherBlockQuantizedOp op,
                                GraphLowering &graph) {
  int64_t bits = op.getBits(), block = op.getBlockSize();
  SmallVector<Value> args{graph.memref(op.getTable()),
                          graph.memref(op.getIndices()),
                          graph.memref(op.getScales())};
  bool zeros = isGiven(op.getZeroPoints());
  if (zeros)
    args.push_back(graph.memref(op.getZeroPoints()));
  graph.mapElements(
      op, op.getResult(), args,
      [&](B &b, ValueRange args, ArrayRef<Value> index) {
        Type wide = b.getF64Type();
        Value column = index.back();
        Value row = b.wrapIndex(b.load(args[1], index.drop_back()),
                                b.dim(args[0], 0));
        Value group = arith::DivUIOp::create(b, column, b.index(block));
        Value zero = b.number(wide, double(int64_t(1) << (bits - 1)));
        if (zeros)
          zero = b.convert(packedNumber(b, args[3], row, group, bits), wide);
        Value number =
            b.convert(packedNumber(b, args[0], row, column, bits), wide);
        Value scale = b.convert(b.load(args[2], {row, group}), wide);
        return b.convert(
            b.mul(b.sub(number, zero), scale),
            computeType(typeOf(op.getResult()).getElementType()));
      });
  return success();
}

} // namespace

void populateBlockwise(LoweringTable &table) {
  table.add<onnx::MatMulNBitsOp>(lowerNBits);
  table.add<onnx::GatherBlockQuantizedOp>(lowerGatherBlocks);
}

} // namespace llmc
