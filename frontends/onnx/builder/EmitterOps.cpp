#include "frontends/onnx/builder/Emitter.h"

using namespace mlir;

namespace llmc::onnx {

Value Emitter::emitNamed(StringRef name, RankedTensorType type,
                         ValueRange operands) {
  if (!type || llvm::any_of(operands, [](Value v) { return !v; }))
    return {};
  OperationState op(location, name);
  op.addOperands(operands);
  op.addTypes(type);
  return finish(builder.create(op));
}

Value Emitter::unary(StringRef name, Value input) {
  return emitNamed(name, typeOf(input), input);
}

Value Emitter::binary(StringRef name, Value lhs, Value rhs, Type elementType) {
  if (!lhs || !rhs)
    return {};
  auto dims = broadcast(dimsOf(lhs), dimsOf(rhs));
  if (!dims)
    return {};
  return emitNamed(name, tensor(*dims, elementType ? elementType : elemOf(lhs)),
                   {lhs, rhs});
}

Value Emitter::cast(Value input, Type elementType) {
  if (!input || !elementType || elemOf(input) == elementType)
    return input;
  return emit<CastOp>(tensor(dimsOf(input), elementType), input);
}

Value Emitter::reshape(Value input, ArrayRef<AffineExpr> dims) {
  if (!input)
    return {};
  RankedTensorType type = tensor(dims, elemOf(input));
  if (!type || type == input.getType())
    return type ? input : Value();
  AffineExpr before = product(dimsOf(input)), after = product(dims);
  if (!before || !after || !equate(before, after, "numbers of elements"))
    return {};
  if (auto contents = contentsOf(input))
    if (Value folded = materialize(*contents, dims, elemOf(input)))
      return folded;
  // Only the first and the last shape of a chain matter.
  if (auto earlier = input.getDefiningOp<ReshapeOp>()) {
    input = earlier.getInput();
    if (type == input.getType())
      return input;
  }
  return emit<ReshapeOp>(type, input);
}

Value Emitter::expand(Value input, ArrayRef<AffineExpr> dims) {
  if (!input)
    return {};
  RankedTensorType type = tensor(dims, elemOf(input));
  if (!type || type == input.getType())
    return type ? input : Value();
  return emit<ExpandOp>(type, input);
}

Value Emitter::transpose(Value input, ArrayRef<int64_t> permutation) {
  if (!input)
    return {};
  Dims dims = dimsOf(input);
  SmallVector<bool> seen(dims.size(), false);
  Dims result;
  bool identity = true;
  for (int64_t axis : permutation) {
    if (axis < 0 || axis >= static_cast<int64_t>(dims.size()) || seen[axis])
      break;
    seen[axis] = true;
    identity &= axis == static_cast<int64_t>(result.size());
    result.push_back(dims[axis]);
  }
  if (result.size() != dims.size() || permutation.size() != dims.size()) {
    (void)mismatch("the permutation does not permute " + Twine(dims.size()) +
                   " dimensions");
    return {};
  }
  if (identity)
    return input;
  return emit<TransposeOp>(tensor(result, elemOf(input)), input, permutation);
}

Value Emitter::transposeLast(Value input) {
  int64_t rank = rankOf(input);
  SmallVector<int64_t> permutation = firstAxes(rank);
  if (rank >= 2)
    std::swap(permutation[rank - 1], permutation[rank - 2]);
  return transpose(input, permutation);
}

Value Emitter::reduceMean(Value input, ArrayRef<int64_t> axes) {
  if (!input)
    return {};
  Dims dims = dimsOf(input);
  for (int64_t axis : axes)
    dims[axis] = number(1);
  return emit<ReduceMeanOp>(tensor(dims, elemOf(input)), input, axes, true);
}

Value Emitter::matmul(Value lhs, Value rhs) {
  if (!lhs || !rhs)
    return {};
  Dims left = dimsOf(lhs), right = dimsOf(rhs);
  if (left.empty() || right.empty()) {
    (void)mismatch("a matrix product of a scalar");
    return {};
  }
  bool leftVector = left.size() == 1, rightVector = right.size() == 1;
  if (leftVector)
    left.insert(left.begin(), number(1));
  if (rightVector)
    right.push_back(number(1));
  if (!equate(left.back(), right[right.size() - 2], "inner extents"))
    return {};
  auto dims =
      broadcast(ArrayRef(left).drop_back(2), ArrayRef(right).drop_back(2));
  if (!dims)
    return {};
  if (!leftVector)
    dims->push_back(left[left.size() - 2]);
  if (!rightVector)
    dims->push_back(right.back());
  return emit<MatMulOp>(tensor(*dims, elemOf(lhs)), lhs, rhs);
}

Value Emitter::where(Value condition, Value lhs, Value rhs) {
  if (!condition || !lhs || !rhs)
    return {};
  auto dims = broadcast(dimsOf(lhs), dimsOf(rhs));
  if (dims)
    dims = broadcast(dimsOf(condition), *dims);
  if (!dims)
    return {};
  return emit<WhereOp>(tensor(*dims, elemOf(lhs)), condition, lhs, rhs);
}

Value Emitter::slice(Value input, int64_t axis, AffineExpr start,
                     AffineExpr extent) {
  if (!input)
    return {};
  Dims dims = dimsOf(input);
  SmallVector<AffineExpr> starts(dims.size(), number(0));
  dims[axis] = extent;
  starts[axis] = start;
  SmallVector<int64_t> steps(dims.size(), 1);
  RankedTensorType type = tensor(dims, elemOf(input));
  if (!type || !start || (type == input.getType()))
    return type && start ? input : Value();
  return emit<SliceOp>(type, input, mapOf(starts), steps);
}

Value Emitter::concat(ArrayRef<Value> inputs, int64_t axis) {
  if (inputs.empty() || llvm::is_contained(inputs, Value()))
    return {};
  Dims dims = dimsOf(inputs.front());
  AffineExpr total = dims[axis];
  for (Value input : inputs.drop_front()) {
    Dims other = dimsOf(input);
    if (other.size() != dims.size()) {
      (void)mismatch("ranks " + Twine(dims.size()) + " and " +
                     Twine(other.size()) + " cannot be concatenated");
      return {};
    }
    if (elemOf(input) != elemOf(inputs.front())) {
      (void)fail(Code::UnsupportedType, "the element types differ");
      return {};
    }
    for (size_t i = 0; i < dims.size(); ++i)
      if (static_cast<int64_t>(i) != axis &&
          !equate(dims[i], other[i], "extents of dimension " + Twine(i)))
        return {};
    total = addExtents(total, other[axis]);
  }
  dims[axis] = total;
  if (inputs.size() == 1)
    return inputs.front();
  return emit<ConcatOp>(tensor(dims, elemOf(inputs.front())), inputs, axis);
}

} // namespace llmc::onnx
