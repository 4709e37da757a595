/// Gather and scatter, in all of ONNX's forms.
#include "compiler/reference/Call.h"
#include "compiler/reference/Strided.h"
#include "dialects/onnx/OnnxOps.h"

#include <cmath>
#include <cstring>

using namespace mlir;

namespace llmc::reference {

namespace {

int64_t product(ArrayRef<int64_t> extents) {
  int64_t result = 1;
  for (int64_t extent : extents)
    result *= extent;
  return result;
}

/// Counts negative indices from the end, checks all against \p extent.
LogicalResult normalize(std::vector<int64_t> &indices, int64_t extent,
                        Call &call) {
  for (int64_t &index : indices) {
    int64_t given = index;
    index += index < 0 ? extent : 0;
    if (index < 0 || index >= extent)
      return call.fail("index " + Twine(given) + " is beyond the extent " +
                       Twine(extent));
  }
  return success();
}

LogicalResult evalGather(onnx::GatherOp op, Call &call) {
  const Tensor &input = call[op.getInput()];
  int64_t axis = int64_t(op.getAxis());
  if (axis < 0 || axis >= input.rank())
    return call.fail("the axis is not a dimension of the input");
  int64_t extent = input.shape()[axis];
  std::vector<int64_t> indices = call[op.getIndices()].toInts();
  if (failed(normalize(indices, extent, call)))
    return failure();
  Shape shape(input.shape().take_front(axis));
  llvm::append_range(shape, call[op.getIndices()].shape());
  llvm::append_range(shape, input.shape().drop_front(axis + 1));
  Tensor *result = call.create(0, shape);
  if (!result)
    return failure();
  if (result->element() != input.element())
    return call.fail("changes the element type");
  int64_t outer = product(input.shape().take_front(axis));
  int64_t bytes = product(input.shape().drop_front(axis + 1)) * input.width();
  std::byte *target = result->mutableBytes();
  for (int64_t i = 0; i < outer && bytes; ++i)
    for (int64_t index : indices) {
      std::memcpy(target, input.bytes() + (i * extent + index) * bytes, bytes);
      target += bytes;
    }
  return success();
}

LogicalResult evalGatherElements(onnx::GatherElementsOp op, Call &call) {
  const Tensor &input = call[op.getInput()], &where = call[op.getIndices()];
  int64_t axis = int64_t(op.getAxis());
  if (axis < 0 || axis >= input.rank() || where.rank() != input.rank())
    return call.fail("indices or axis do not fit the input's rank");
  for (int64_t d = 0; d < input.rank(); ++d)
    if (d != axis && where.shape()[d] > input.shape()[d])
      return call.fail("indices exceed the input in dimension " + Twine(d));
  std::vector<int64_t> indices = where.toInts();
  if (failed(normalize(indices, input.shape()[axis], call)))
    return failure();
  Tensor *result = call.create(0, where.shape());
  if (!result)
    return failure();
  if (result->element() != input.element())
    return call.fail("changes the element type");
  Shape own = stridesOf(input.shape());
  int64_t along = own[axis], width = input.width();
  own[axis] = 0;
  std::byte *target = result->mutableBytes();
  forEachRow(where.shape(), {own}, [&](const Row &row) {
    for (int64_t i = 0; i < row.count; ++i) {
      int64_t source = row.offsets[0] + i * row.strides[0] +
                       indices[row.index + i] * along;
      std::memcpy(target + (row.index + i) * width,
                  input.bytes() + source * width, width);
    }
  });
  return success();
}

/// The offsets into \p shape (from dimension \p from on) that the tuples in the
/// last dimension of \p indices name.
FailureOr<std::vector<int64_t>> tupleOffsets(const Tensor &indices,
                                             ArrayRef<int64_t> shape,
                                             int64_t from, Call &call) {
  if (indices.rank() == 0)
    return call.fail("indices need at least one dimension");
  int64_t length = indices.shape().back();
  if (from < 0 || length < 0 || from + length > int64_t(shape.size()))
    return call.fail("indices have more entries than the input dimensions");
  Shape strides = stridesOf(shape);
  std::vector<int64_t> flat = indices.toInts();
  std::vector<int64_t> offsets(product(indices.shape().drop_back()), 0);
  for (size_t i = 0; i < offsets.size(); ++i)
    for (int64_t k = 0; k < length; ++k) {
      int64_t extent = shape[from + k], index = flat[i * length + k];
      index += index < 0 ? extent : 0;
      if (index < 0 || index >= extent)
        return call.fail("index " + Twine(flat[i * length + k]) +
                         " is beyond the extent " + Twine(extent));
      offsets[i] += index * strides[from + k];
    }
  return offsets;
}

LogicalResult evalGatherNd(onnx::GatherNdOp op, Call &call) {
  const Tensor &input = call[op.getInput()], &indices = call[op.getIndices()];
  int64_t batch = int64_t(op.getBatchDims());
  auto offsets = tupleOffsets(indices, input.shape(), batch, call);
  if (failed(offsets))
    return failure();
  if (batch >= indices.rank() || input.shape().take_front(batch) !=
                                     indices.shape().take_front(batch))
    return call.fail("the batch dimensions differ");
  ArrayRef<int64_t> tail =
      input.shape().drop_front(batch + indices.shape().back());
  Shape shape(indices.shape().drop_back());
  llvm::append_range(shape, tail);
  Tensor *result = call.create(0, shape);
  if (!result)
    return failure();
  if (result->element() != input.element())
    return call.fail("changes the element type");
  int64_t batches = product(input.shape().take_front(batch));
  int64_t each = batches ? int64_t(offsets->size()) / batches : 0;
  int64_t step = batches ? input.numElements() / batches : 0;
  int64_t bytes = product(tail) * input.width();
  std::byte *target = result->mutableBytes();
  for (size_t i = 0; i < offsets->size() && bytes; ++i) {
    int64_t offset = (*offsets)[i] + int64_t(i) / each * step;
    std::memcpy(target + i * bytes, input.bytes() + offset * input.width(), bytes);
  }
  return success();
}

/// Stores one element by a `reduction` of the scatter ops.
class Store {
public:
  Store(StringRef name, Tensor &target, const Tensor &updates)
      : target(target), updates(updates) {
    kind = name == "none"  ? 'n'
           : name == "add" ? '+'
           : name == "mul" ? '*'
           : name == "max" ? '>'
           : name == "min" ? '<'
                           : 0;
  }
  bool valid() const { return kind; }

  void operator()(int64_t to, int64_t from) {
    if (kind == 'n') {
      std::memcpy(target.mutableBytes() + to * target.width(),
                  updates.bytes() + from * target.width(), target.width());
    } else if (target.isFloat()) {
      double a = target.getDouble(to), b = updates.getDouble(from);
      target.setDouble(to, kind == '+'   ? a + b
                           : kind == '*' ? a * b
                           : kind == '>' ? std::max(a, b)
                                         : std::min(a, b));
    } else {
      int64_t a = target.getInt(to), b = updates.getInt(from);
      bool less = target.element() == Element::U64 ? uint64_t(a) < uint64_t(b)
                                                   : a < b;
      target.setInt(to, kind == '+'   ? int64_t(uint64_t(a) + uint64_t(b))
                        : kind == '*' ? int64_t(uint64_t(a) * uint64_t(b))
                        : kind == '>' ? (less ? b : a)
                                      : (less ? a : b));
    }
  }

private:
  Tensor &target;
  const Tensor &updates;
  char kind;
};

LogicalResult evalScatterNd(onnx::ScatterNdOp op, Call &call) {
  Tensor result = call[op.getInput()];
  const Tensor &indices = call[op.getIndices()], &updates = call[op.getUpdates()];
  Store store(op.getReduction(), result, updates);
  if (!store.valid() || updates.element() != result.element())
    return call.fail("has an unknown reduction or updates of another type");
  auto offsets = tupleOffsets(indices, result.shape(), 0, call);
  if (failed(offsets))
    return failure();
  ArrayRef<int64_t> tail = result.shape().drop_front(indices.shape().back());
  Shape expected(indices.shape().drop_back());
  llvm::append_range(expected, tail);
  if (updates.shape() != ArrayRef<int64_t>(expected))
    return call.fail("updates do not have the shape that the indices name");
  int64_t block = product(tail);
  for (size_t i = 0; i < offsets->size(); ++i)
    for (int64_t k = 0; k < block; ++k)
      store((*offsets)[i] + k, int64_t(i) * block + k);
  call.set(0, result);
  return success();
}

LogicalResult evalScatterElements(onnx::ScatterElementsOp op, Call &call) {
  Tensor result = call[op.getInput()];
  const Tensor &where = call[op.getIndices()], &updates = call[op.getUpdates()];
  int64_t axis = int64_t(op.getAxis());
  Store store(op.getReduction(), result, updates);
  if (!store.valid() || updates.element() != result.element() ||
      updates.shape() != where.shape())
    return call.fail("has an unknown reduction or updates of another type");
  if (axis < 0 || axis >= result.rank() || where.rank() != result.rank())
    return call.fail("indices or axis do not fit the input's rank");
  for (int64_t d = 0; d < result.rank(); ++d)
    if (d != axis && where.shape()[d] > result.shape()[d])
      return call.fail("indices exceed the input in dimension " + Twine(d));
  std::vector<int64_t> indices = where.toInts();
  if (failed(normalize(indices, result.shape()[axis], call)))
    return failure();
  Shape own = stridesOf(result.shape());
  int64_t along = own[axis];
  own[axis] = 0;
  forEachRow(where.shape(), {own}, [&](const Row &row) {
    for (int64_t i = 0; i < row.count; ++i)
      store(row.offsets[0] + i * row.strides[0] +
                indices[row.index + i] * along,
            row.index + i);
  });
  call.set(0, result);
  return success();
}

LogicalResult evalTensorScatter(onnx::TensorScatterOp op, Call &call) {
  Tensor result = call[op.getPast()];
  const Tensor &update = call[op.getUpdate()];
  int64_t axis = int64_t(op.getAxis());
  if (axis < 1 || axis >= result.rank() || update.rank() != result.rank() ||
      update.element() != result.element())
    return call.fail("update and axis do not fit the cache");
  for (int64_t d = 0; d < result.rank(); ++d)
    if (d != axis && update.shape()[d] != result.shape()[d])
      return call.fail("the update differs in dimension " + Twine(d));
  const Tensor &given = call[op.getWriteIndices()];
  std::vector<int64_t> starts(result.shape()[0], 0);
  if (given)
    starts = given.toInts();
  if (int64_t(starts.size()) != result.shape()[0])
    return call.fail("needs one write index per batch element");
  int64_t capacity = result.shape()[axis], rows = update.shape()[axis];
  int64_t outer = product(result.shape().take_front(axis));
  int64_t perBatch = result.shape()[0] ? outer / result.shape()[0] : 0;
  int64_t bytes = product(result.shape().drop_front(axis + 1)) * result.width();
  std::byte *target = result.mutableBytes();
  for (int64_t i = 0; i < outer; ++i)
    for (int64_t row = 0; row < rows; ++row) {
      int64_t at = starts[i / perBatch] + row;
      if (op.getCircular() && at >= 0 && capacity > 0)
        at %= capacity;
      if (at < 0 || at >= capacity)
        return call.fail("writes at " + Twine(at) + " of a cache of " +
                         Twine(capacity));
      std::memcpy(target + (i * capacity + at) * bytes,
                  update.bytes() + (i * rows + row) * bytes, bytes);
    }
  call.set(0, result);
  return success();
}

} // namespace

void registerIndexing(Registry &registry) {
  registry.add<onnx::GatherOp>(evalGather);
  registry.add<onnx::GatherElementsOp>(evalGatherElements);
  registry.add<onnx::GatherNdOp>(evalGatherNd);
  registry.add<onnx::ScatterNdOp>(evalScatterNd);
  registry.add<onnx::ScatterElementsOp>(evalScatterElements);
  registry.add<onnx::TensorScatterOp>(evalTensorScatter);
}

} // namespace llmc::reference
