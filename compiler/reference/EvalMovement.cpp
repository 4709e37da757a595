/// Moving elements about: reshape, transpose, slice, concatenate, pad, and the
/// tensors that are made from shapes.
#include "compiler/reference/Call.h"
#include "compiler/reference/Strided.h"
#include "dialects/onnx/OnnxOps.h"
#include "mlir/IR/AffineMap.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>
#include <numeric>

using namespace mlir;

namespace llmc::reference {

namespace {

/// Checks what every mover needs: an input, and no change of element type.
LogicalResult checkMove(const Tensor &input, Call &call) {
  auto type = dyn_cast<TensorType>(call.op->getResult(0).getType());
  if (!input || !type || type.getElementType() != input.elementType())
    return call.fail("changes the element type, or has no input");
  return success();
}

LogicalResult checkRanked(Call &call) {
  if (!isa<RankedTensorType>(call.op->getResult(0).getType()))
    return call.fail("the result has no known rank");
  return success();
}

/// Where ONNX counts an axis from: [-rank, rank) to [0, rank), else -1.
int64_t normalAxis(int64_t axis, int64_t rank) {
  axis += axis < 0 ? rank : 0;
  return axis >= 0 && axis < rank ? axis : -1;
}

LogicalResult evalReshape(onnx::ReshapeOp op, Call &call) {
  const Tensor &input = call[op.getInput()];
  if (failed(checkMove(input, call)) || failed(checkRanked(call)))
    return failure();
  Shape shape = call.typeShape(0);
  // One extent may follow from the number of elements.
  if (llvm::count(shape, -1) == 1) {
    int64_t *unknown = llvm::find(shape, -1);
    *unknown = 1;
    auto known = countElements(shape, INT64_MAX);
    bool divides = known && *known > 0 && input.numElements() % *known == 0;
    *unknown = divides ? input.numElements() / *known : -1;
  }
  if (llvm::is_contained(shape, -1))
    return call.fail("the target shape depends on symbols that are not set");
  if (countElements(shape, INT64_MAX) != input.numElements())
    return call.fail("cannot reshape " + Twine(input.numElements()) +
                     " elements to the target shape");
  call.set(0, input.reshaped(shape));
  return success();
}

LogicalResult evalExpand(onnx::ExpandOp op, Call &call) {
  const Tensor &input = call[op.getInput()];
  if (failed(checkMove(input, call)) || failed(checkRanked(call)))
    return failure();
  // Extents that no symbol gives are the input's, as far as that can be.
  Shape shape = call.typeShape(0);
  for (size_t i = 0; i < shape.size(); ++i) {
    int64_t own = int64_t(i) - int64_t(shape.size()) + input.rank();
    if (shape[i] != -1)
      continue;
    if (own < 0 || input.shape()[own] == 1)
      return call.fail("the target shape depends on symbols that are not set");
    shape[i] = input.shape()[own];
  }
  auto strides = broadcastStrides(input.shape(), shape);
  if (!strides)
    return call.fail("the input does not broadcast to the result's type");
  Tensor *result = call.create(0, shape);
  if (!result)
    return failure();
  copyStrided(*result, 0, stridesOf(shape), input, 0, *strides, shape);
  return success();
}

LogicalResult evalTranspose(onnx::TransposeOp op, Call &call) {
  const Tensor &input = call[op.getInput()];
  if (failed(checkMove(input, call)))
    return failure();
  if (int64_t(op.getPermutation().size()) != input.rank())
    return call.fail("the permutation is not of the input's rank");
  Shape own = stridesOf(input.shape()), shape, strides;
  for (int64_t from : op.getPermutation()) {
    if (from < 0 || from >= input.rank())
      return call.fail("the permutation names a dimension that is not there");
    shape.push_back(input.shape()[from]);
    strides.push_back(own[from]);
  }
  Tensor *result = call.create(0, shape);
  if (!result)
    return failure();
  copyStrided(*result, 0, stridesOf(shape), input, 0, strides, shape);
  return success();
}

LogicalResult evalConcat(onnx::ConcatOp op, Call &call) {
  if (op.getInputs().empty() || failed(checkMove(call[op.getInputs()[0]], call)))
    return call.fail("has no input of the result's element type");
  const Tensor &first = call[op.getInputs()[0]];
  int64_t axis = normalAxis(op.getAxis(), first.rank());
  if (axis < 0)
    return call.fail("the axis is not a dimension of the inputs");
  Shape shape(first.shape());
  shape[axis] = 0;
  for (Value value : op.getInputs()) {
    const Tensor &input = call[value];
    if (input.rank() != first.rank() || input.element() != first.element())
      return call.fail("has inputs of different ranks or element types");
    for (int64_t d = 0; d < input.rank(); ++d)
      if (d != axis && input.shape()[d] != shape[d])
        return call.fail("has inputs that differ in dimension " + Twine(d));
    shape[axis] += input.shape()[axis];
  }
  Tensor *result = call.create(0, shape);
  if (!result)
    return failure();
  Shape strides = stridesOf(shape);
  int64_t offset = 0;
  for (Value value : op.getInputs()) {
    const Tensor &input = call[value];
    copyStrided(*result, offset * strides[axis], strides, input, 0,
                stridesOf(input.shape()), input.shape());
    offset += input.shape()[axis];
  }
  return success();
}

LogicalResult evalSplit(onnx::SplitOp op, Call &call) {
  const Tensor &input = call[op.getInput()];
  if (op.getNumResults() == 0 || failed(checkMove(input, call)))
    return failure();
  int64_t axis = normalAxis(op.getAxis(), input.rank());
  if (axis < 0)
    return call.fail("the axis is not a dimension of the input");
  Shape sizes;
  int64_t rest = input.shape()[axis], unknown = -1;
  for (unsigned i = 0; i < op.getNumResults(); ++i) {
    Shape shape = call.typeShape(i);
    int64_t size = axis < int64_t(shape.size()) ? shape[axis] : -1;
    if (size == -1 && unknown != -1)
      return call.fail("the sizes depend on symbols that are not set");
    (size == -1 ? unknown : rest) = size == -1 ? int64_t(i) : rest - size;
    sizes.push_back(size);
  }
  if (unknown != -1)
    sizes[unknown] = rest;
  else if (rest != 0)
    return call.fail("the sizes do not add up to the input's extent");
  if (rest < 0)
    return call.fail("the sizes exceed the input's extent");
  Shape strides = stridesOf(input.shape());
  int64_t offset = 0;
  for (auto [i, size] : llvm::enumerate(sizes)) {
    Shape shape(input.shape());
    shape[axis] = size;
    Tensor *result = call.create(i, shape);
    if (!result)
      return failure();
    copyStrided(*result, 0, stridesOf(shape), input, offset * strides[axis],
                strides, shape);
    offset += size;
  }
  return success();
}

/// The common end of the slices: start + i * step for each dimension.
LogicalResult slice(const Tensor &input, ArrayRef<int64_t> starts,
                    ArrayRef<int64_t> steps, ArrayRef<int64_t> shape,
                    Call &call) {
  Shape strides = stridesOf(input.shape());
  int64_t offset = 0;
  for (int64_t d = 0; d < input.rank(); ++d) {
    if (shape[d] <= 0)
      continue;
    int64_t last, extent = input.shape()[d];
    if (llvm::MulOverflow(shape[d] - 1, steps[d], last) ||
        llvm::AddOverflow(last, starts[d], last) || starts[d] < 0 ||
        starts[d] >= extent || last < 0 || last >= extent)
      return call.fail("reads beyond dimension " + Twine(d) + " of the input");
    offset += starts[d] * strides[d];
    strides[d] = shape[d] == 1 ? 0 : strides[d] * steps[d];
  }
  Tensor *result = call.create(0, shape);
  if (!result)
    return failure();
  if (result->numElements())
    copyStrided(*result, 0, stridesOf(shape), input, offset, strides, shape);
  return success();
}

LogicalResult evalSlice(onnx::SliceOp op, Call &call) {
  const Tensor &input = call[op.getInput()];
  if (failed(checkMove(input, call)))
    return failure();
  AffineMap starts = op.getStarts();
  if (starts.getNumResults() != input.rank() ||
      int64_t(op.getSteps().size()) != input.rank())
    return call.fail("does not slice every dimension of the input");
  Shape shape = call.typeShape(0), values;
  for (int64_t d = 0; d < input.rank(); ++d) {
    auto start = call.dim(starts.getResult(d));
    if (!start)
      return call.fail("a start depends on symbols that are not set");
    values.push_back(*start);
    // A dimension that is not sliced is whole, even under unknown symbols.
    if (shape[d] == -1 && op.getSteps()[d] == 1 &&
        isa<AffineConstantExpr>(starts.getResult(d)) && *start == 0 &&
        op.getInput().getType() == op.getResult().getType())
      shape[d] = input.shape()[d];
    if (shape[d] == -1)
      return call.fail("an extent depends on symbols that are not set");
  }
  return slice(input, values, op.getSteps(), shape, call);
}

LogicalResult evalDynamicSlice(onnx::DynamicSliceOp op, Call &call) {
  const Tensor &input = call[op.getInput()];
  if (failed(checkMove(input, call)))
    return failure();
  std::vector<int64_t> starts = call[op.getStarts()].toInts();
  std::vector<int64_t> ends = call[op.getEnds()].toInts();
  std::vector<int64_t> axes(starts.size()), steps(starts.size(), 1);
  std::iota(axes.begin(), axes.end(), 0);
  if (call[op.getAxes()])
    axes = call[op.getAxes()].toInts();
  if (call[op.getSteps()])
    steps = call[op.getSteps()].toInts();
  if (ends.size() != starts.size() || axes.size() != starts.size() ||
      steps.size() != starts.size())
    return call.fail("has bounds of different lengths");
  Shape shape(input.shape()), from(input.rank(), 0), by(input.rank(), 1);
  for (size_t i = 0; i < starts.size(); ++i) {
    int64_t axis = normalAxis(axes[i], input.rank()), step = steps[i];
    if (axis < 0 || step == 0 || step == INT64_MIN)
      return call.fail("has an axis or a step that cannot be");
    // The standard's clamps: a backward slice may end before element 0.
    int64_t extent = input.shape()[axis];
    auto clamp = [&](int64_t bound, int64_t low, int64_t high) {
      if (bound < 0)
        bound += extent;
      return std::clamp(bound, low, std::max(low, high));
    };
    int64_t start = step > 0 ? clamp(starts[i], 0, extent)
                             : clamp(starts[i], 0, extent - 1);
    int64_t end = step > 0 ? clamp(ends[i], 0, extent)
                           : clamp(ends[i], -1, extent - 1);
    int64_t span = step > 0 ? end - start : start - end;
    int64_t stride = std::abs(step);
    shape[axis] = extent == 0 || span <= 0 ? 0 : (span - 1) / stride + 1;
    from[axis] = start;
    by[axis] = step;
  }
  return slice(input, from, by, shape, call);
}

LogicalResult evalTile(onnx::TileOp op, Call &call) {
  const Tensor &input = call[op.getInput()];
  auto known = call.knownShape(0);
  if (failed(known) || failed(checkMove(input, call)))
    return failure();
  // Dimension by dimension (repeat, extent), where the first has stride 0.
  Shape shape, strides, own = stridesOf(input.shape());
  if (int64_t(known->size()) != input.rank())
    return call.fail("changes the rank");
  for (int64_t d = 0; d < input.rank(); ++d) {
    int64_t extent = input.shape()[d], wanted = (*known)[d];
    if (extent == 0 ? wanted != 0 : wanted % extent != 0)
      return call.fail("dimension " + Twine(d) + " is no multiple of the input's");
    shape.append({extent ? wanted / extent : 0, extent});
    strides.append({0, own[d]});
  }
  Tensor *result = call.create(0, *known);
  if (!result)
    return failure();
  copyStrided(*result, 0, stridesOf(shape), input, 0, strides, shape);
  return success();
}

/// The source of element \p index of a padded dimension; -1 for the constant.
int64_t padSource(StringRef mode, int64_t index, int64_t before, int64_t extent) {
  int64_t at = index - before;
  if (at >= 0 && at < extent)
    return at;
  if (mode == "edge")
    return std::clamp<int64_t>(at, 0, extent - 1);
  if (mode == "wrap")
    return ((at % extent) + extent) % extent;
  if (mode == "reflect") {
    int64_t period = std::max<int64_t>(2 * (extent - 1), 1);
    int64_t place = ((at % period) + period) % period;
    return place < extent ? place : period - place;
  }
  return -1;
}

LogicalResult evalPad(onnx::PadOp op, Call &call) {
  const Tensor &input = call[op.getInput()], &value = call[op.getValue()];
  if (failed(checkMove(input, call)))
    return failure();
  StringRef mode = op.getMode();
  if (mode != "constant" && mode != "edge" && mode != "wrap" && mode != "reflect")
    return call.fail("has the unknown mode '" + mode + "'");
  AffineMap pads = op.getPads();
  int64_t rank = input.rank();
  if (pads.getNumResults() != 2 * rank)
    return call.fail("does not give two pads for each dimension");
  Shape shape, own = stridesOf(input.shape());
  SmallVector<std::vector<int64_t>> sources(rank); // per dimension and index
  for (int64_t d = 0; d < rank; ++d) {
    auto before = call.dim(pads.getResult(d));
    auto after = call.dim(pads.getResult(rank + d));
    if (!before || !after)
      return call.fail("a pad depends on symbols that are not set");
    int64_t extent = input.shape()[d], padded;
    if (llvm::AddOverflow(extent, *before, padded) ||
        llvm::AddOverflow(padded, *after, padded))
      return call.fail("dimension " + Twine(d) + " cannot be padded so");
    shape.push_back(padded);
    if (shape[d] < 0 || (extent == 0 && mode != "constant" && shape[d] > 0))
      return call.fail("dimension " + Twine(d) + " cannot be padded so");
    if (failed(call.fits(shape)))
      return failure();
    for (int64_t i = 0; i < shape[d]; ++i) {
      int64_t source = padSource(mode, i, *before, extent);
      sources[d].push_back(source < 0 ? -1 : source * own[d]);
    }
  }
  Tensor *result = call.create(0, shape);
  if (!result)
    return failure();
  Tensor zero = Tensor::zeros(input.elementType(), {});
  const Tensor &fill = value && value.numElements() == 1 ? value : zero;
  int64_t width = result->width();
  Shape counter(rank, 0);
  for (int64_t i = 0; i < result->numElements(); ++i) {
    int64_t offset = 0;
    for (int64_t d = 0; d < rank && offset >= 0; ++d)
      offset = sources[d][counter[d]] < 0 ? -1 : offset + sources[d][counter[d]];
    const std::byte *from =
        offset < 0 ? fill.bytes() : input.bytes() + offset * width;
    std::copy_n(from, width, result->mutableBytes() + i * width);
    for (int64_t d = rank - 1; d >= 0 && ++counter[d] == shape[d]; --d)
      counter[d] = 0;
  }
  return success();
}

} // namespace

void registerMovement(Registry &registry) {
  registry.add<onnx::ReshapeOp>(evalReshape);
  registry.add<onnx::ExpandOp>(evalExpand);
  registry.add<onnx::TransposeOp>(evalTranspose);
  registry.add<onnx::ConcatOp>(evalConcat);
  registry.add<onnx::SplitOp>(evalSplit);
  registry.add<onnx::SliceOp>(evalSlice);
  registry.add<onnx::DynamicSliceOp>(evalDynamicSlice);
  registry.add<onnx::TileOp>(evalTile);
  registry.add<onnx::PadOp>(evalPad);
}

} // namespace llmc::reference
