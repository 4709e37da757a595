/// kernel.rms_norm, add_rms_norm and layer_norm: a block does a row, or a warp a
/// head of one. A thread sums its columns in ascending order, then lanes are
/// added by a butterfly and warps in ascending order: an order that the length
/// alone decides.
#include "codegen/llvm/KernelShapes.h"
#include "codegen/nvptx/KernelsToNvptx.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;

using llvm::SmallVector;

namespace {

/// Rows of one static length, or vectors of that length.
struct NormRows {
  GpuBuilder b;
  int64_t length, lanes;
  Value region; ///< For sums over the block; null where a warp does a row.

  static FailureOr<NormRows> of(Operation *op, bool byWarps = false);
  SmallVector<Value> columns(ValueRange initial, VectorBuilder::LoopBody body);
  Value total(Value partial);
  Value sum(llvm::function_ref<Value(Value column)> value);
  Value sumOfSquares(llvm::function_ref<Value(Value column)> value);
  Value inverseRoot(Value sum, double epsilon);
  Value load(Value memref, ValueRange row, Value column);
  void store(Value value, Value memref, ValueRange row, Value column);
  Value scaled(Value x, Value factor, double offset, Value scale, Value column);
  void storeScaled(Value factor, double offset, Value scale, Value output,
                   ValueRange row, llvm::function_ref<Value(Value)> value);
};

} // namespace

FailureOr<NormRows> NormRows::of(Operation *op, bool byWarps) {
  FailureOr<int64_t> length = normLength(op);
  if (failed(length))
    return failure();
  NormRows rows{GpuBuilder(op), *length,
                nvptx::sumLanes(*length), {}};
  if (!byWarps)
    rows.region = rows.b.shared("sums", blockWarps * sizeof(float));
  return rows;
}

SmallVector<Value> NormRows::columns(ValueRange initial,
                                     VectorBuilder::LoopBody body) {
  auto chunk = [&](Value number, ValueRange carried) {
    return body(b.mul(b.asIndex(number), b.index(lanes)), carried);
  };
  if (region)
    return b.forThreads(length / lanes, initial, chunk);
  return b.loopBy(b.lane(), b.i32(length / lanes), b.i32(warpThreads), initial,
                  chunk);
}

Value NormRows::total(Value partial) {
  Value sum = b.sumOf(partial);
  return region ? b.sumOfBlock(sum, region) : b.sumOfLanes(sum);
}

/// Over the row, the same for all threads.
Value NormRows::sum(llvm::function_ref<Value(Value)> value) {
  Value zero = b.number(b.f32Lanes(lanes), 0);
  return total(columns(zero, [&](Value column, ValueRange carried) {
    return SmallVector<Value>{b.add(carried[0], value(column))};
  })[0]);
}

Value NormRows::sumOfSquares(llvm::function_ref<Value(Value)> value) {
  Value zero = b.number(b.f32Lanes(lanes), 0);
  return total(columns(zero, [&](Value column, ValueRange carried) {
    Value x = value(column);
    return SmallVector<Value>{b.fma(x, x, carried[0])};
  })[0]);
}

/// 1 / sqrt(sum / length + epsilon), in every lane.
Value NormRows::inverseRoot(Value sum, double epsilon) {
  return b.broadcast(nvptx::inverseRoot(b, sum, length, epsilon), lanes);
}

/// A row [T, D], or a head of one [T, H, D], and a column of it.
static SmallVector<Value> at(ValueRange row, Value column) {
  SmallVector<Value> indices(row);
  indices.push_back(column);
  return indices;
}

Value NormRows::load(Value memref, ValueRange row, Value column) {
  return nvptx::loadNeighbours(b, memref, at(row, column), lanes);
}

void NormRows::store(Value value, Value memref, ValueRange row, Value column) {
  Type element = cast<MemRefType>(memref.getType()).getElementType();
  nvptx::storeNeighbours(b, b.narrow(value, element), memref, at(row, column));
}

/// x * factor * (offset + scale).
Value NormRows::scaled(Value x, Value factor, double offset, Value scale,
                       Value column) {
  Value weight = load(scale, {}, column);
  if (offset != 0)
    weight = b.add(weight, b.number(weight.getType(), offset));
  return b.mul(b.mul(x, factor), weight);
}

void NormRows::storeScaled(Value factor, double offset, Value scale,
                           Value output, ValueRange row,
                           llvm::function_ref<Value(Value)> value) {
  columns({}, [&](Value column, ValueRange) {
    store(scaled(value(column), factor, offset, scale, column), output, row,
          column);
    return SmallVector<Value>();
  });
}

LogicalResult nvptx::lowerRmsNorm(kernel::RmsNormOp op) {
  auto type = cast<MemRefType>(op.getInput().getType());
  bool heads = type.getRank() == 3;
  auto rows = NormRows::of(op, /*byWarps=*/heads);
  if (failed(rows))
    return failure();
  GpuBuilder &b = rows->b;
  auto normalize = [&](ValueRange row) {
    auto value = [&](Value column) {
      return rows->load(op.getInput(), row, column);
    };
    Value factor = rows->inverseRoot(rows->sumOfSquares(value),
                                     op.getEpsilon().convertToDouble());
    rows->storeScaled(factor, op.getOffset().convertToDouble(), op.getScale(),
                      op.getOutput(), row, value);
  };
  b.forTiles(op.getBegin(), op.getEnd(), [&](Value row) {
    if (!heads)
      return normalize(row);
    b.loopBy(b.asIndex(b.warp()), b.index(type.getDimSize(1)),
             b.index(blockWarps), {}, [&](Value head, ValueRange) {
               Value place[] = {row, head};
               normalize(place);
               return SmallVector<Value>();
             });
  });
  return success();
}

LogicalResult nvptx::lowerAddRmsNorm(kernel::AddRmsNormOp op) {
  auto rows = NormRows::of(op);
  if (failed(rows))
    return failure();
  GpuBuilder &b = rows->b;
  Type inputType = cast<MemRefType>(op.getInput().getType()).getElementType();
  Type sumType = cast<MemRefType>(op.getSum().getType()).getElementType();
  double epsilon = op.getEpsilon().convertToDouble();
  double offset = op.getOffset().convertToDouble();
  b.forTiles(op.getBegin(), op.getEnd(), [&](Value row) {
    auto input = [&](Value column) {
      return rows->load(op.getInput(), row, column);
    };
    Value inputFactor;
    if (op.getInputScale())
      inputFactor = rows->inverseRoot(rows->sumOfSquares(input), epsilon);
    auto added = [&](Value column) -> Value {
      if (!inputFactor)
        return input(column);
      Value x = rows->scaled(input(column), inputFactor, offset,
                             op.getInputScale(), column);
      return b.toF32(b.narrow(x, inputType));
    };
    // The sum is stored first and then read back by the thread that wrote it:
    // what is normalised is the sum rounded to its type.
    Value squares = rows->sumOfSquares([&](Value column) {
      Value sum =
          b.add(added(column), rows->load(op.getResidual(), row, column));
      sum = b.narrow(sum, sumType);
      nvptx::storeNeighbours(b, sum, op.getSum(), {row, column});
      return b.toF32(sum);
    });
    Value factor = rows->inverseRoot(squares, epsilon);
    rows->storeScaled(factor, offset, op.getScale(), op.getOutput(), row,
                      [&](Value column) {
                        return rows->load(op.getSum(), row, column);
                      });
  });
  return success();
}

LogicalResult nvptx::lowerLayerNorm(kernel::LayerNormOp op) {
  auto rows = NormRows::of(op);
  if (failed(rows))
    return failure();
  GpuBuilder &b = rows->b;
  b.forTiles(op.getBegin(), op.getEnd(), [&](Value row) {
    auto value = [&](Value column) {
      return rows->load(op.getInput(), row, column);
    };
    Value length = b.number(b.getF32Type(), rows->length);
    Value mean =
        b.broadcast(b.div(rows->sum(value), length), rows->lanes);
    auto centred = [&](Value column) { return b.sub(value(column), mean); };
    Value factor = rows->inverseRoot(rows->sumOfSquares(centred),
                                     op.getEpsilon().convertToDouble());
    rows->columns({}, [&](Value column, ValueRange) {
      Value scaled = b.mul(b.mul(centred(column), factor),
                           rows->load(op.getScale(), {}, column));
      rows->store(b.add(scaled, rows->load(op.getBias(), {}, column)),
                  op.getOutput(), row, column);
      return SmallVector<Value>();
    });
  });
  return success();
}
