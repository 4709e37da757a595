#include "compiler/reference/EvalGroups.h"

#include "compiler/reference/PackedNumber.h"

#include <cmath>

using namespace mlir;

namespace llmc::reference {

static StringRef nameAt(std::optional<ArrayAttr> symbols, unsigned index) {
  return cast<SymbolRefAttr>((*symbols)[index]).getRootReference().getValue();
}

FailureOr<Tensor> dequantizeSource(llm::WeightOp op, unsigned index,
                                   Call &call) {
  auto scheme = llm::parseGroupScheme(op.getScheme());
  auto rows = cast<RankedTensorType>(op.getType()).getDimSize(0);
  FailureOr<Tensor> numbers = call.weight(nameAt(op.getSources(), index));
  FailureOr<Tensor> scales = call.weight(nameAt(op.getScales(), index));
  if (failed(numbers) || failed(scales))
    return failure();
  Tensor zeros;
  if (scheme->zeros) {
    FailureOr<Tensor> read = call.weight(nameAt(op.getZeros(), index));
    if (failed(read))
      return failure();
    zeros = *read;
  }
  int64_t groups = (rows + scheme->size - 1) / scheme->size;
  int64_t columns = groups ? scales->numElements() / groups : 0;
  int64_t groupBytes = scheme->size * scheme->bits / 8;
  int64_t zeroBytes = (groups * scheme->bits + 7) / 8;
  bool packedZeros = zeros && !zeros.isFloat();
  if (numbers->width() != 1 || scales->numElements() != columns * groups ||
      numbers->numElements() != columns * groups * groupBytes ||
      (zeros &&
       zeros.numElements() != columns * (packedZeros ? zeroBytes : groups)) ||
      failed(call.fits({columns, rows})))
    return call.fail("@" + op.getSymName() + ": its numbers, scales and zero "
                     "points do not fit each other");
  Tensor result =
      Tensor::zeros(Float32Type::get(op.getContext()), {columns, rows});
  for (int64_t n = 0; n < columns; ++n)
    for (int64_t k = 0; k < rows; ++k) {
      int64_t group = n * groups + k / scheme->size;
      auto zero = double(scheme->middle());
      if (packedZeros)
        zero = packedNumber(zeros, n * zeroBytes, k / scheme->size,
                            scheme->bits);
      else if (zeros)
        zero = zeros.getDouble(group);
      double number = packedNumber(*numbers, group * groupBytes,
                                   k % scheme->size, scheme->bits);
      result.setDouble(n * rows + k, (number - zero) * scales->getDouble(group));
    }
  return result;
}

Tensor quantizeGroups(const Tensor &matrix, const llm::GroupScheme &scheme) {
  int64_t rows = matrix.shape()[0], columns = matrix.shape()[1];
  Tensor result = matrix;
  std::vector<double> group(scheme.size);
  auto middle = float(scheme.middle());
  for (int64_t n = 0; n < columns; ++n)
    for (int64_t first = 0; first < rows; first += scheme.size) {
      int64_t count = std::min(scheme.size, rows - first);
      matrix.read(first * columns + n, columns, count, group.data());
      float extreme = 0;
      for (int64_t i = 0; i < count; ++i)
        if (std::fabs(float(group[i])) > std::fabs(extreme))
          extreme = float(group[i]);
      float scale = extreme / -middle;
      float inverse = extreme != 0 ? -middle / extreme : 0;
      for (int64_t i = 0; i < count; ++i) {
        float steps = std::nearbyint(float(group[i]) * inverse) + middle;
        group[i] = (std::clamp(steps, 0.f, 2 * middle - 1) - middle) * scale;
      }
      result.write(first * columns + n, columns, count, group.data());
    }
  return result;
}

} // namespace llmc::reference
