/// kernel.rms_norm, add_rms_norm and layer_norm: one row at a time, each sum
/// over a row in sixteen partial sums that end in a halving tree.
#include "codegen/llvm/KernelShapes.h"
#include "codegen/x86/KernelsToX86.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;

using llvm::SmallVector;

/// Sum of the squares of value(column) over the row.
static Value
sumOfSquares(VectorBuilder &b, int64_t length,
             llvm::function_ref<Value(Value column, Value mask)> value) {
  Value zero = b.number(b.f32Lanes(), 0);
  auto sums = b.columns(length, zero,
                        [&](Value column, Value mask, ValueRange carried) {
                          Value x = value(column, mask);
                          return SmallVector<Value>{b.fma(x, x, carried[0])};
                        });
  return b.sumLanes(sums[0]);
}

/// 1 / sqrt(sum / length + epsilon), in every lane.
static Value inverseRoot(VectorBuilder &b, Value sum, int64_t length,
                         double epsilon) {
  Type f32 = b.getF32Type();
  Value mean = b.div(sum, b.number(f32, length));
  Value root =
      math::SqrtOp::create(b, b.add(mean, b.number(f32, epsilon)));
  return b.broadcast(b.div(b.number(f32, 1), root));
}

/// A row [T, D], or a head of one [T, H, D], and a column of it.
static SmallVector<Value> at(ValueRange row, Value column) {
  SmallVector<Value> indices(row);
  indices.push_back(column);
  return indices;
}

/// Loads from a row. The range of `row` must outlive the reader.
static auto rowReader(VectorBuilder &b, Value memref, ValueRange row) {
  return [&b, memref, row](Value column, Value mask) {
    return b.loadF32(memref, at(row, column), mask);
  };
}

static void storeRow(VectorBuilder &b, Value value, Value memref,
                     ValueRange row, Value column, Value mask) {
  Type element = cast<MemRefType>(memref.getType()).getElementType();
  b.store(b.narrow(value, element), memref, at(row, column), mask);
}

/// output = x * factor * (offset + scale).
static void emitScaled(VectorBuilder &b, int64_t length, Value factor,
                       double offset, Value scale, Value output, ValueRange row,
                       llvm::function_ref<Value(Value, Value)> value) {
  b.columns(length, [&](Value column, Value mask) {
    Value weight = b.loadF32(scale, {column}, mask);
    if (offset != 0)
      weight = b.add(weight, b.number(b.f32Lanes(), offset));
    Value scaled = b.mul(b.mul(value(column, mask), factor), weight);
    storeRow(b, scaled, output, row, column, mask);
  });
}

LogicalResult llmc::codegen::lowerRmsNorm(kernel::RmsNormOp op) {
  FailureOr<int64_t> checked = normLength(op);
  if (failed(checked))
    return failure();
  int64_t length = *checked;
  VectorBuilder b(op.getLoc(), op);
  auto normalize = [&](ValueRange row) {
    auto value = rowReader(b, op.getInput(), row);
    Value factor = inverseRoot(b, sumOfSquares(b, length, value), length,
                               op.getEpsilon().convertToDouble());
    emitScaled(b, length, factor, op.getOffset().convertToDouble(),
               op.getScale(), op.getOutput(), row, value);
  };
  auto type = cast<MemRefType>(op.getInput().getType());
  b.loop(op.getBegin(), op.getEnd(), 1, [&](Value row) {
    if (type.getRank() == 2)
      return normalize(row);
    b.loop(b.index(0), b.index(type.getDimSize(1)), 1,
           [&](Value head) { normalize({row, head}); });
  });
  return success();
}

LogicalResult llmc::codegen::lowerAddRmsNorm(kernel::AddRmsNormOp op) {
  if (op.getInputScale())
    return op.emitOpError("normalises its input on GPUs only");
  FailureOr<int64_t> checked = normLength(op);
  if (failed(checked))
    return failure();
  int64_t length = *checked;
  VectorBuilder b(op.getLoc(), op);
  Type sumType = cast<MemRefType>(op.getSum().getType()).getElementType();
  b.loop(op.getBegin(), op.getEnd(), 1, [&](Value row) {
    // The sum is stored first and then read back: what is normalised is the
    // sum as the next operators see it, rounded to its type.
    Value squares =
        sumOfSquares(b, length, [&](Value column, Value mask) {
          Value x = b.loadF32(op.getInput(), {row, column}, mask);
          Value residual = b.loadF32(op.getResidual(), {row, column}, mask);
          Value sum = b.narrow(b.add(x, residual), sumType);
          b.store(sum, op.getSum(), {row, column}, mask);
          return b.toF32(sum);
        });
    Value factor = inverseRoot(b, squares, length,
                               op.getEpsilon().convertToDouble());
    emitScaled(b, length, factor, op.getOffset().convertToDouble(),
               op.getScale(), op.getOutput(), row,
               rowReader(b, op.getSum(), row));
  });
  return success();
}

LogicalResult llmc::codegen::lowerLayerNorm(kernel::LayerNormOp op) {
  FailureOr<int64_t> checked = normLength(op);
  if (failed(checked))
    return failure();
  int64_t length = *checked;
  VectorBuilder b(op.getLoc(), op);
  Value zero = b.number(b.f32Lanes(), 0);
  b.loop(op.getBegin(), op.getEnd(), 1, [&](Value row) {
    auto value = rowReader(b, op.getInput(), row);
    auto sums = b.columns(length, zero,
                          [&](Value column, Value mask, ValueRange carried) {
                            return SmallVector<Value>{
                                b.add(carried[0], value(column, mask))};
                          });
    Value mean = b.broadcast(
        b.div(b.sumLanes(sums[0]), b.number(b.getF32Type(), length)));
    auto centred = [&](Value column, Value mask) {
      Value difference = b.sub(value(column, mask), mean);
      return mask ? b.select(mask, difference, zero) : difference;
    };
    Value factor = inverseRoot(b, sumOfSquares(b, length, centred), length,
                               op.getEpsilon().convertToDouble());
    b.columns(length, [&](Value column, Value mask) {
      Value scaled = b.mul(b.mul(centred(column, mask), factor),
                           b.loadF32(op.getScale(), {column}, mask));
      Value shifted = b.add(scaled, b.loadF32(op.getBias(), {column}, mask));
      storeRow(b, shifted, op.getOutput(), row, column, mask);
    });
  });
  return success();
}
