/// Matrix products and normalizations.
#include "compiler/reference/Call.h"
#include "compiler/reference/MatMul.h"
#include "compiler/reference/Strided.h"
#include "dialects/onnx/OnnxOps.h"

#include <cmath>

using namespace mlir;

namespace llmc::reference {

namespace {

/// Integer products, exact modulo 2^64.
void multiplyInts(const Tensor &a, int64_t aOffset, const Tensor &b,
                  int64_t bOffset, int64_t m, int64_t k, int64_t n,
                  Tensor &result, int64_t offset) {
  std::vector<int64_t> left(k), right(n);
  std::vector<uint64_t> sums(n);
  for (int64_t row = 0; row < m; ++row) {
    a.read(aOffset + row * k, 1, k, left.data());
    std::fill(sums.begin(), sums.end(), 0);
    for (int64_t inner = 0; inner < k; ++inner) {
      b.read(bOffset + inner * n, 1, n, right.data());
      for (int64_t column = 0; column < n; ++column)
        sums[column] += uint64_t(left[inner]) * uint64_t(right[column]);
    }
    result.write(offset + row * n, 1, n,
                 reinterpret_cast<const int64_t *>(sums.data()));
  }
}

LogicalResult evalMatMul(onnx::MatMulOp op, Call &call) {
  const Tensor &a = call[op.getLhs()], &b = call[op.getRhs()];
  if (!a || !b || a.rank() == 0 || b.rank() == 0)
    return call.fail("needs two operands of rank 1 or more");
  // A vector on the left is a row, on the right a column; then that dimension
  // is dropped from the result.
  Shape left(a.shape()), right(b.shape());
  if (a.rank() == 1)
    left.insert(left.begin(), 1);
  if (b.rank() == 1)
    right.push_back(1);
  int64_t m = left[left.size() - 2], k = left.back(), n = right.back();
  if (right[right.size() - 2] != k)
    return call.fail("the inner extents differ: " + Twine(k) + " and " +
                     Twine(right[right.size() - 2]));
  ArrayRef<int64_t> leftBatch = ArrayRef(left).drop_back(2);
  ArrayRef<int64_t> rightBatch = ArrayRef(right).drop_back(2);
  auto batch = broadcastShapes({leftBatch, rightBatch});
  if (!batch)
    return call.fail("the batch dimensions do not broadcast");
  Shape shape(*batch);
  if (a.rank() > 1)
    shape.push_back(m);
  if (b.rank() > 1)
    shape.push_back(n);
  Tensor *result = call.create(0, shape);
  if (!result)
    return failure();
  if (result->numElements() == 0)
    return success();
  Shape strides[] = {*broadcastStrides(leftBatch, *batch),
                     *broadcastStrides(rightBatch, *batch)};
  // Leading dimensions of a matrix that is not batched on the right are rows.
  bool single = llvm::all_of(rightBatch, [](int64_t e) { return e == 1; });
  if (single && leftBatch == ArrayRef<int64_t>(*batch)) {
    for (int64_t extent : *batch)
      m *= extent;
    batch->clear();
    strides[0].clear();
    strides[1].clear();
  }
  forEachRow(*batch, strides, [&](const Row &row) {
    for (int64_t i = 0; i < row.count; ++i) {
      int64_t from = (row.offsets[0] + i * row.strides[0]) * m * k;
      int64_t with = (row.offsets[1] + i * row.strides[1]) * k * n;
      int64_t to = (row.index + i) * m * n;
      if (!result->isFloat())
        multiplyInts(a, from, b, with, m, k, n, *result, to);
      else
        multiplyRows(a, from, b, with, m, k, n,
                     [&](int64_t line, const double *sums) {
                       result->write(to + line * n, 1, n, sums);
                     });
    }
  });
  return success();
}

/// Both normalizations over the dimensions from \p axis on.
LogicalResult normalize(const Tensor &input, const Tensor &scale,
                        const Tensor &bias, int64_t axis, double epsilon,
                        bool centred, Call &call) {
  if (!input || !input.isFloat() || axis < 0 || axis >= input.rank())
    return call.fail("needs floats, and an axis of the input");
  ArrayRef<int64_t> tail = input.shape().drop_front(axis);
  auto scaleStrides = broadcastStrides(scale.shape(), input.shape());
  auto biasStrides = broadcastStrides(bias ? bias.shape() : ArrayRef<int64_t>(),
                                      input.shape());
  if (!scale || !scaleStrides || !biasStrides)
    return call.fail("scale or bias do not broadcast to the input");
  Tensor *result = call.create(0, input.shape());
  if (!result)
    return failure();
  int64_t length = 1;
  for (int64_t extent : tail)
    length *= extent;
  std::vector<double> line = input.toDoubles();
  for (int64_t start = 0; length && start < int64_t(line.size()); start += length) {
    double *row = &line[start], mean = 0, squares = 0;
    for (int64_t i = 0; centred && i < length; ++i)
      mean += row[i] / double(length);
    for (int64_t i = 0; i < length; ++i)
      squares += (row[i] - mean) * (row[i] - mean);
    double factor = 1 / std::sqrt(squares / double(length) + epsilon);
    for (int64_t i = 0; i < length; ++i)
      row[i] = (row[i] - mean) * factor;
  }
  Shape strides[] = {*scaleStrides, *biasStrides};
  std::vector<double> factors(1024), shifts(1024, 0.0);
  forEachRow(input.shape(), strides, [&](const Row &row) {
    scale.read(row.offsets[0], row.strides[0], row.count, factors.data());
    if (bias)
      bias.read(row.offsets[1], row.strides[1], row.count, shifts.data());
    for (int64_t i = 0; i < row.count; ++i)
      line[row.index + i] = line[row.index + i] * factors[i] + shifts[i];
  });
  result->write(0, 1, int64_t(line.size()), line.data());
  return success();
}

} // namespace

void registerNetwork(Registry &registry) {
  registry.add<onnx::MatMulOp>(evalMatMul);
  registry.add<onnx::LayerNormalizationOp>(
      [](onnx::LayerNormalizationOp op, Call &call) {
        return normalize(call[op.getInput()], call[op.getScale()],
                         call[op.getBias()], op.getAxis(),
                         op.getEpsilon().convertToFloat(), true, call);
      });
  registry.add<onnx::RmsNormalizationOp>(
      [](onnx::RmsNormalizationOp op, Call &call) {
        return normalize(call[op.getInput()], call[op.getScale()], Tensor(),
                         op.getAxis(), op.getEpsilon().convertToFloat(), false,
                         call);
      });
}

} // namespace llmc::reference
