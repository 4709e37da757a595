#include "compiler/reference/Strided.h"

using namespace mlir;

namespace llmc::reference {

std::optional<Shape> broadcastShapes(ArrayRef<ArrayRef<int64_t>> shapes) {
  size_t rank = 0;
  for (ArrayRef<int64_t> shape : shapes)
    rank = std::max(rank, shape.size());
  Shape result(rank, 1);
  for (ArrayRef<int64_t> shape : shapes)
    for (size_t i = 0; i < shape.size(); ++i) {
      int64_t &extent = result[rank - shape.size() + i];
      if (extent == 1)
        extent = shape[i];
      else if (shape[i] != 1 && shape[i] != extent)
        return std::nullopt;
    }
  return result;
}

std::optional<Shape> broadcastStrides(ArrayRef<int64_t> shape,
                                      ArrayRef<int64_t> target) {
  if (shape.size() > target.size())
    return std::nullopt;
  Shape strides(target.size(), 0);
  size_t skip = target.size() - shape.size();
  Shape own = stridesOf(shape);
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] != 1 && shape[i] != target[skip + i])
      return std::nullopt;
    strides[skip + i] = shape[i] == 1 ? 0 : own[i];
  }
  return strides;
}

void forEachRow(ArrayRef<int64_t> shape, ArrayRef<Shape> strides,
                llvm::function_ref<void(const Row &)> body, int64_t longest) {
  if (llvm::is_contained(shape, 0))
    return;
  // Neighbouring dimensions that every operand crosses evenly become one.
  size_t operands = strides.size();
  Shape extents;
  SmallVector<Shape> steps(operands);
  for (size_t d = 0; d < shape.size(); ++d) {
    if (shape[d] == 1)
      continue;
    bool merges = !extents.empty();
    for (size_t k = 0; merges && k < operands; ++k)
      merges = steps[k].back() == strides[k][d] * shape[d];
    if (merges)
      extents.back() *= shape[d];
    else
      extents.push_back(shape[d]);
    for (size_t k = 0; k < operands; ++k) {
      if (merges)
        steps[k].back() = strides[k][d];
      else
        steps[k].push_back(strides[k][d]);
    }
  }
  if (extents.empty()) {
    extents.push_back(1);
    for (Shape &step : steps)
      step.push_back(0);
  }
  size_t inner = extents.size() - 1;
  Shape counter(inner, 0), bases(operands, 0), offsets(operands, 0), last;
  for (Shape &step : steps)
    last.push_back(step[inner]);
  for (int64_t index = 0;;) {
    for (int64_t start = 0; start < extents[inner]; start += longest) {
      int64_t count = std::min(longest, extents[inner] - start);
      for (size_t k = 0; k < operands; ++k)
        offsets[k] = bases[k] + start * last[k];
      body(Row{index, count, offsets, last});
      index += count;
    }
    int64_t d = int64_t(inner) - 1;
    for (; d >= 0; --d) {
      for (size_t k = 0; k < operands; ++k)
        bases[k] += steps[k][d];
      if (++counter[d] < extents[d])
        break;
      for (size_t k = 0; k < operands; ++k)
        bases[k] -= steps[k][d] * extents[d];
      counter[d] = 0;
    }
    if (d < 0)
      return;
  }
}

template <typename Unit>
static void copyUnits(Tensor &target, int64_t targetOffset,
                      const Tensor &source, int64_t sourceOffset,
                      ArrayRef<int64_t> shape, ArrayRef<Shape> strides) {
  Unit *to = target.mutableAs<Unit>() + targetOffset;
  const Unit *from = source.as<Unit>() + sourceOffset;
  forEachRow(
      shape, strides,
      [&](const Row &row) {
        for (int64_t i = 0; i < row.count; ++i)
          to[row.offsets[0] + i * row.strides[0]] =
              from[row.offsets[1] + i * row.strides[1]];
      },
      INT64_MAX);
}

void copyStrided(Tensor &target, int64_t targetOffset,
                 ArrayRef<int64_t> targetStrides, const Tensor &source,
                 int64_t sourceOffset, ArrayRef<int64_t> sourceStrides,
                 ArrayRef<int64_t> shape) {
  Shape strides[] = {Shape(targetStrides), Shape(sourceStrides)};
  switch (target.width()) {
  case 1:
    return copyUnits<uint8_t>(target, targetOffset, source, sourceOffset, shape,
                              strides);
  case 2:
    return copyUnits<uint16_t>(target, targetOffset, source, sourceOffset,
                               shape, strides);
  case 4:
    return copyUnits<uint32_t>(target, targetOffset, source, sourceOffset,
                               shape, strides);
  default:
    return copyUnits<uint64_t>(target, targetOffset, source, sourceOffset,
                               shape, strides);
  }
}

} // namespace llmc::reference
