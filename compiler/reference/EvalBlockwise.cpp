/// Weights and tables of few bits with a scale for each block.
#include "compiler/reference/Call.h"
#include "compiler/reference/PackedNumber.h"
#include "compiler/reference/Strided.h"
#include "dialects/onnx/OnnxOps.h"

#include <vector>

using namespace mlir;

namespace llmc::reference {

namespace {

/// Row \p n of a MatMulNBits weight, dequantized to \p row [K].
class NBits {
public:
  static FailureOr<NBits> make(onnx::MatMulNBitsOp op, Call &call) {
    NBits made{call[op.getWeight()], call[op.getScales()],
               call[op.getZeroPoints()], {}};
    made.k = int64_t(op.getK());
    made.n = int64_t(op.getN());
    made.bits = int64_t(op.getBits());
    made.block = int64_t(op.getBlockSize());
    constexpr int64_t most = int64_t(1) << 30; // products stay in range
    if (made.k <= 0 || made.n <= 0 || made.k > most || made.n > most ||
        made.block < 8 || made.block > most ||
        (made.bits != 2 && made.bits != 4 && made.bits != 8))
      return call.fail("has sizes that cannot be");
    made.blocks = (made.k + made.block - 1) / made.block;
    int64_t blockBytes = made.block * made.bits / 8;
    made.zeroBytes = (made.blocks * made.bits + 7) / 8;
    if (made.weight.width() != 1 ||
        made.weight.numElements() != made.n * made.blocks * blockBytes ||
        made.scales.numElements() != made.n * made.blocks)
      return call.fail("the weight or its scales are not of the size that k, n, "
                       "bits and block_size ask for");
    if (made.zeros) {
      made.packedZeros = made.zeros.width() == 1 && !made.zeros.isFloat();
      int64_t expected =
          made.n * (made.packedZeros ? made.zeroBytes : made.blocks);
      if (made.zeros.numElements() != expected)
        return call.fail("has " + Twine(made.zeros.numElements()) +
                         " zero points, not " + Twine(expected));
    }
    if (const Tensor &index = call[op.getGroupIndex()]) {
      made.groups = index.toInts();
      if (int64_t(made.groups.size()) < made.k)
        return call.fail("has too short a group index");
      for (int64_t group : made.groups)
        if (group < 0 || group >= made.blocks)
          return call.fail("has a group index that is not a block");
    }
    return made;
  }

  void dequantize(int64_t row, double *out) const {
    int64_t rowBytes = blocks * block * bits / 8;
    for (int64_t i = 0; i < k; ++i) {
      int64_t group = groups.empty() ? i / block : groups[i];
      double zero = double(int64_t(1) << (bits - 1));
      if (zeros)
        zero = packedZeros ? packedNumber(zeros, row * zeroBytes, group, bits)
                           : zeros.getDouble(row * blocks + group);
      out[i] = (packedNumber(weight, row * rowBytes, i, bits) - zero) *
               scales.getDouble(row * blocks + group);
    }
  }

  const Tensor &weight, &scales, &zeros;
  std::vector<int64_t> groups;
  int64_t k = 0, n = 0, bits = 0, block = 0, blocks = 0, zeroBytes = 0;
  bool packedZeros = false;
};

LogicalResult evalMatMulNBits(onnx::MatMulNBitsOp op, Call &call) {
  const Tensor &input = call[op.getInput()], &bias = call[op.getBias()];
  auto weight = NBits::make(op, call);
  if (failed(weight))
    return failure();
  if (!input.isFloat() || input.rank() == 0 || input.shape().back() != weight->k)
    return call.fail("the input's last extent is not k");
  if (bias && bias.numElements() != weight->n)
    return call.fail("the bias does not have n elements");
  Shape shape(input.shape());
  shape.back() = weight->n;
  Tensor *result = call.create(0, shape);
  if (!result)
    return failure();
  int64_t rows = input.numElements() / weight->k;
  std::vector<double> left = input.toDoubles(), right(weight->k);
  for (int64_t column = 0; column < weight->n; ++column) {
    weight->dequantize(column, right.data());
    for (int64_t row = 0; row < rows; ++row) {
      double sum = 0;
      for (int64_t i = 0; i < weight->k; ++i)
        sum += left[row * weight->k + i] * right[i];
      if (bias)
        sum += bias.getDouble(column);
      result->setDouble(row * weight->n + column, sum);
    }
  }
  return success();
}

LogicalResult evalGatherBlocks(onnx::GatherBlockQuantizedOp op, Call &call) {
  const Tensor &table = call[op.getTable()], &scales = call[op.getScales()];
  const Tensor &zeros = call[op.getZeroPoints()];
  auto bits = int64_t(op.getBits()), block = int64_t(op.getBlockSize());
  if (table.rank() != 2 || table.width() != 1 || scales.rank() != 2 ||
      block < 8 || (bits != 2 && bits != 4 && bits != 8))
    return call.fail("has a table or sizes that cannot be");
  int64_t rows = table.shape()[0], rowBytes = table.shape()[1];
  int64_t width = rowBytes * 8 / bits, groups = (width + block - 1) / block;
  int64_t zeroBytes = (groups * bits + 7) / 8;
  if (scales.numElements() != rows * groups ||
      (zeros && zeros.numElements() != rows * zeroBytes))
    return call.fail("the scales or zero points do not fit the table");
  Shape shape(call[op.getIndices()].shape());
  shape.push_back(width);
  Tensor *result = call.create(0, shape);
  if (!result)
    return failure();
  std::vector<double> line(width);
  int64_t at = 0;
  for (int64_t row : call[op.getIndices()].toInts()) {
    row += row < 0 ? rows : 0;
    if (row < 0 || row >= rows)
      return call.fail("an index is beyond the table's " + Twine(rows) + " rows");
    for (int64_t i = 0; i < width; ++i) {
      double zero = double(int64_t(1) << (bits - 1));
      if (zeros)
        zero = packedNumber(zeros, row * zeroBytes, i / block, bits);
      line[i] = (packedNumber(table, row * rowBytes, i, bits) - zero) *
                scales.getDouble(row * groups + i / block);
    }
    result->write(at, 1, width, line.data());
    at += width;
  }
  return success();
}

} // namespace

void registerBlockwise(Registry &registry) {
  registry.add<onnx::MatMulNBitsOp>(evalMatMulNBits);
  registry.add<onnx::GatherBlockQuantizedOp>(evalGatherBlocks);
}

} // namespace llmc::reference
