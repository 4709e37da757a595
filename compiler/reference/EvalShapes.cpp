/// Tensors made from shapes and scalars: Shape, Range, Trilu, OneHot, EyeLike.
#include "compiler/reference/Call.h"
#include "compiler/reference/Strided.h"
#include "dialects/onnx/OnnxOps.h"
#include "mlir/IR/AffineMap.h"

#include <cmath>

using namespace mlir;

namespace llmc::reference {

namespace {

LogicalResult evalShape(onnx::ShapeOp op, Call &call) {
  const Tensor &input = call[op.getInput()];
  auto bound = [&](int64_t value) {
    value += value < 0 ? input.rank() : 0;
    return std::clamp<int64_t>(value, 0, input.rank());
  };
  int64_t start = bound(op.getStart());
  int64_t count = std::max<int64_t>(bound(op.getEnd()) - start, 0);
  Tensor *result = call.create(0, {count});
  if (!result)
    return failure();
  result->write(0, 1, count, input.shape().data() + start);
  return success();
}

LogicalResult evalDimensions(onnx::DimensionsOp op, Call &call) {
  auto shape = call.knownShape(0);
  if (failed(shape))
    return failure();
  Tensor *result = call.create(0, *shape);
  if (!result)
    return failure();
  if (result->numElements() != op.getValues().getNumResults())
    return call.fail("has another number of values than elements");
  for (auto [i, expression] : llvm::enumerate(op.getValues().getResults())) {
    std::optional<int64_t> value = call.dim(expression);
    if (!value)
      return call.fail("value " + Twine(i) +
                       " depends on symbols that are not set");
    result->setInt(i, *value);
  }
  return success();
}

LogicalResult evalRange(onnx::RangeOp op, Call &call) {
  const Tensor &start = call[op.getStart()], &limit = call[op.getLimit()];
  const Tensor &delta = call[op.getDelta()];
  if (start.numElements() != 1 || limit.numElements() != 1 ||
      delta.numElements() != 1)
    return call.fail("bounds are not scalars");
  if (start.isFloat()) {
    double first = start.getDouble(0), step = delta.getDouble(0);
    double count = std::ceil((limit.getDouble(0) - first) / step);
    if (!(count < 0x1p62)) // infinite or not a number
      return call.fail("does not end");
    Tensor *result = call.create(0, {std::max<int64_t>(int64_t(count), 0)});
    if (!result)
      return failure();
    for (int64_t i = 0; i < result->numElements(); ++i)
      result->setDouble(i, first + double(i) * step);
    return success();
  }
  __int128 first = start.getInt(0), step = delta.getInt(0);
  __int128 span = __int128(limit.getInt(0)) - first;
  if (step == 0)
    return call.fail("does not end: delta is 0");
  __int128 count = span / step + (span % step != 0 && (span < 0) == (step < 0));
  if (count > INT64_MAX)
    return call.fail("has more elements than can be counted");
  Tensor *result = call.create(0, {std::max<int64_t>(int64_t(count), 0)});
  if (!result)
    return failure();
  for (int64_t i = 0; i < result->numElements(); ++i)
    result->setInt(i, int64_t(first + i * step));
  return success();
}

LogicalResult evalTrilu(onnx::TriluOp op, Call &call) {
  Tensor result = call[op.getInput()];
  const Tensor &diagonal = call[op.getDiagonal()];
  if (!result || result.rank() < 2 || (diagonal && diagonal.numElements() != 1))
    return call.fail("needs a matrix, and a diagonal that is a scalar");
  int64_t k = diagonal ? diagonal.getInt(0) : 0;
  int64_t columns = result.shape().back();
  int64_t rows = result.shape()[result.rank() - 2], width = result.width();
  k = std::clamp(k, -rows, columns); // beyond these all is kept or dropped
  std::byte *data = result.mutableBytes();
  for (int64_t i = 0; i < result.numElements(); ++i) {
    int64_t row = i / columns % rows, column = i % columns;
    if (op.getUpper() ? column - row < k : column - row > k)
      std::fill_n(data + i * width, width, std::byte(0));
  }
  call.set(0, result);
  return success();
}

LogicalResult evalOneHot(onnx::OneHotOp op, Call &call) {
  const Tensor &indices = call[op.getIndices()], &values = call[op.getValues()];
  const Tensor &depths = call[op.getDepth()];
  if (depths.numElements() != 1 || values.numElements() != 2)
    return call.fail("needs one depth and two values");
  int64_t depth = depths.getInt(0), axis = int64_t(op.getAxis());
  axis += axis < 0 ? indices.rank() + 1 : 0;
  if (axis < 0 || axis > indices.rank() || depth < 0)
    return call.fail("has an axis or a depth that cannot be");
  Shape shape(indices.shape());
  shape.insert(shape.begin() + axis, depth);
  Tensor *result = call.create(0, shape);
  if (!result)
    return failure();
  if (result->element() != values.element())
    return call.fail("changes the element type of the values");
  int64_t inner = 1, width = result->width();
  for (int64_t extent : indices.shape().drop_front(axis))
    inner *= extent;
  std::byte *data = result->mutableBytes();
  for (int64_t i = 0; i < result->numElements(); ++i)
    std::copy_n(values.bytes(), width, data + i * width);
  std::vector<int64_t> places = indices.toInts();
  for (int64_t i = 0; i < int64_t(places.size()); ++i) {
    // An index out of range is off everywhere.
    int64_t place = places[i] + (places[i] < 0 ? depth : 0);
    if (place < 0 || place >= depth)
      continue;
    int64_t offset = (i / inner * depth + place) * inner + i % inner;
    std::copy_n(values.bytes() + width, width, data + offset * width);
  }
  return success();
}

LogicalResult evalEyeLike(onnx::EyeLikeOp op, Call &call) {
  const Tensor &input = call[op.getInput()];
  if (input.rank() != 2)
    return call.fail("needs a matrix");
  Tensor *result = call.create(0, input.shape());
  if (!result)
    return failure();
  int64_t columns = input.shape()[1];
  for (int64_t row = 0; row < input.shape()[0]; ++row) {
    int64_t column = row + int64_t(op.getK());
    if (column >= 0 && column < columns)
      result->setDouble(row * columns + column, 1);
  }
  return success();
}

} // namespace

void registerShapes(Registry &registry) {
  registry.add<onnx::ShapeOp>(evalShape);
  registry.add<onnx::DimensionsOp>(evalDimensions);
  registry.add<onnx::RangeOp>(evalRange);
  registry.add<onnx::TriluOp>(evalTrilu);
  registry.add<onnx::OneHotOp>(evalOneHot);
  registry.add<onnx::EyeLikeOp>(evalEyeLike);
}

} // namespace llmc::reference
