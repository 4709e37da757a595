/// Attention over caches that are buffers of a fixed length, written in place:
///
///   k' = tensor_scatter(buffer_k, k, write_indices)          -> present
///   attention(q, k', v', mask, nonpad_kv_seqlen)
///
/// A buffer is [B, KV, L, D], [B, L, KV, D] or [B, L, KV * D]. It is the cache
/// where rows are written right behind the past and what lies behind them is
/// never seen: the comparison fills it with large numbers.
#include "passes/raise/AttentionProposal.h"

#include "dialects/onnx/SymbolicShape.h"
#include "passes/support/OnnxMatch.h"

using namespace mlir;

namespace llmc {

/// What the unused part of a buffer holds: values this much larger than others.
static constexpr double garbage = 1000;
/// Positions behind the rows that a shortened buffer keeps.
static constexpr int64_t spareLength = 3;
/// Of a buffer that has to be compared at its full length.
static constexpr int64_t comparedElements = int64_t(1) << 24;

/// Whether positions come before the heads.
static bool positionsFirst(onnx::TensorScatterOp scatter) {
  return scatter.getAxis() == 1;
}

/// The length of the buffer; none where it is not fixed in the graph.
static std::optional<int64_t> fixedLength(onnx::TensorScatterOp scatter) {
  int64_t length = rankedType(scatter.getPast()).getDimSize(scatter.getAxis());
  return ShapedType::isDynamic(length) ? std::nullopt : std::optional(length);
}

static bool isReturned(Value value) {
  return llvm::any_of(value.getUsers(),
                      [](Operation *user) { return isa<func::ReturnOp>(user); });
}

bool AttentionProposal::setBuffers(onnx::TensorScatterOp keys,
                                   onnx::TensorScatterOp values) {
  for (onnx::TensorScatterOp scatter : {keys, values}) {
    auto type = rankedType(scatter.getPast());
    int64_t rank = type.getRank(), axis = scatter.getAxis();
    if (scatter.getCircular())
      return refuse("its cache is a circular buffer");
    if (!isGiven(scatter.getWriteIndices()))
      return refuse("its cache is always written from the first position on");
    bool fits = rank == 3 ? axis == 1 && type.getDimSize(2) == kvHeads * headDim
                          : rank == 4 && (axis == 1 || axis == 2) &&
                                type.getDimSize(3 - axis) == kvHeads &&
                                type.getDimSize(3) == headDim;
    if (!fits)
      return refuse("its cache is a buffer of another layout");
    for (Operation *user : scatter.getPast().getUsers())
      if (user != scatter && !isa<onnx::ShapeOp>(user))
        return refuse("its cache's buffer is read by more than its update");
    if (!isReturned(scatter.getResult()))
      return refuse("its cache's updated buffer is no result");
  }
  if (rankedType(keys.getPast()) != rankedType(values.getPast()) ||
      keys.getAxis() != values.getAxis())
    return refuse("its keys' buffer differs from its values'");
  keyBuffer = keys;
  valueBuffer = values;
  capacity = fixedLength(keys);
  return true;
}

/// [B, KV, L, D] of a buffer, by operators.
Value AttentionProposal::headsFirst(OpBuilder &builder, Value buffer) {
  if (!positionsFirst(keyBuffer))
    return buffer;
  auto type = rankedType(buffer);
  Location loc = buffer.getLoc();
  auto dims = onnx::symbolicDims(type);
  AffineExpr length = dims[1], heads = builder.getAffineConstantExpr(kvHeads),
             width = builder.getAffineConstantExpr(headDim);
  auto shaped = [&](ArrayRef<AffineExpr> extents) {
    return onnx::symbolicTensorType(extents, type.getElementType());
  };
  if (type.getRank() == 3) {
    auto split = onnx::ReshapeOp::create(
        builder, loc, shaped({dims[0], length, heads, width}), buffer);
    built.push_back(split);
    buffer = split;
  }
  auto turned = onnx::TransposeOp::create(
      builder, loc, shaped({dims[0], heads, length, width}), buffer,
      ArrayRef<int64_t>{0, 2, 1, 3});
  built.push_back(turned);
  return turned;
}

/// Back from [B, KV, L, D] to a buffer of this type.
Value AttentionProposal::asBuffer(OpBuilder &builder, Value heads, Type buffer) {
  if (!positionsFirst(keyBuffer))
    return heads;
  auto dims = onnx::symbolicDims(rankedType(heads));
  std::swap(dims[1], dims[2]);
  bool joins = cast<RankedTensorType>(buffer).getRank() == 3;
  Type rows = joins ? onnx::symbolicTensorType(
                          dims, rankedType(heads).getElementType())
                    : buffer;
  Value turned = onnx::TransposeOp::create(builder, heads.getLoc(), rows, heads,
                                           ArrayRef<int64_t>{0, 2, 1, 3});
  built.push_back(turned.getDefiningOp());
  if (!joins)
    return turned;
  Value joined = onnx::ReshapeOp::create(builder, heads.getLoc(), buffer, turned);
  built.push_back(joined.getDefiningOp());
  return joined;
}

/// Whether the attention operator reads the buffers themselves: then nothing
/// but its mask depends on their length.
static bool readsDirectly(Value output, onnx::TensorScatterOp keys,
                          onnx::TensorScatterOp values) {
  auto op = output.getDefiningOp<onnx::AttentionOp>();
  return op && op.getKey() == keys.getResult() &&
         op.getValue() == values.getResult();
}

/// Binds what the buffer holds after its update, before and behind the rows at
/// random, and the past alone as what the proposal's cache is made from.
bool AttentionProposal::bindBuffer(onnx::TensorScatterOp scatter, Value past,
                                   ProbeSizes sizes, int64_t length) {
  auto write = probe.evaluate(scatter.getWriteIndices());
  auto update = probe.evaluate(scatter.getUpdate());
  if (failed(write) || failed(update))
    return refuse("its cache cannot be evaluated: " + probe.error());
  for (int64_t index : write->toInts())
    if (index != sizes.past)
      return refuse("its cache is written elsewhere than behind the past");
  SmallVector<int64_t> shape(update->shape());
  bool first = positionsFirst(scatter);
  shape[scatter.getAxis()] = length;
  auto element = update->elementType();
  auto buffer = reference::Tensor::zeros(element, shape);
  auto held = reference::Tensor::zeros(
      element, {shape[0], kvHeads, sizes.past, headDim});
  probe.fillRandom(buffer);
  bool values = scatter == valueBuffer;
  // Element d of head h at position i, of a tensor of so many positions.
  auto at = [&](int64_t b, int64_t h, int64_t i, int64_t d, int64_t positions,
                bool positionsFirst) {
    int64_t row = positionsFirst ? (b * positions + i) * kvHeads + h
                                 : (b * kvHeads + h) * positions + i;
    return row * headDim + d;
  };
  for (int64_t b = 0; b < shape[0]; ++b)
    for (int64_t h = 0; h < kvHeads; ++h)
      for (int64_t i = 0; i < length; ++i)
        for (int64_t d = 0; d < headDim; ++d) {
          int64_t place = at(b, h, i, d, length, first);
          int64_t row = i - sizes.past;
          if (row < 0)
            held.setDouble(at(b, h, i, d, sizes.past, false),
                           buffer.getDouble(place));
          else if (row < sizes.rows)
            buffer.setDouble(place, update->getDouble(
                                        at(b, h, row, d, sizes.rows, first)));
          else if (values)
            buffer.setDouble(place, garbage * buffer.getDouble(place));
        }
  probe.bind(scatter.getResult(), buffer);
  probe.bind(past, held);
  return true;
}

/// Binds the mask of the operator as far as the shortened buffer reaches; what
/// is cut off must not be seen, unless the operator knows the total length.
bool AttentionProposal::bindShortMask(int64_t length, bool lengthKnown) {
  for (const Mask &mask : masks) {
    auto whole = probe.evaluate(mask.value);
    if (failed(whole))
      return refuse("its mask cannot be evaluated: " + probe.error());
    int64_t columns = whole->rank() ? whole->shape().back() : 1;
    if (columns <= length)
      continue;
    SmallVector<int64_t> shape(whole->shape());
    shape.back() = length;
    auto part = reference::Tensor::zeros(whole->elementType(), shape);
    for (int64_t i = 0; i < whole->numElements(); ++i) {
      if (i % columns < length)
        part.setDouble(i / columns * length + i % columns, whole->getDouble(i));
      else if (!lengthKnown && isSeen(mask, *whole, i))
        return refuse("its mask shows what its cache's buffer does not hold");
    }
    probe.bind(mask.value, part);
  }
  return true;
}

bool AttentionProposal::bindBuffers(ProbeSizes sizes) {
  auto shape = probe.shapeOf(rankedType(keyBuffer.getPast()));
  bool direct = readsDirectly(output, keyBuffer, valueBuffer);
  if (!shape)
    return refuse("its cache's buffer has no known shape");
  int64_t length = (*shape)[keyBuffer.getAxis()];
  if (direct)
    length = std::min(length, sizes.past + sizes.rows + spareLength);
  else if (!reference::countElements(*shape, comparedElements))
    return refuse("its cache's buffer is too long to be compared");
  if (!bindBuffer(keyBuffer, cacheFrom.getKey(), sizes, length) ||
      !bindBuffer(valueBuffer, cacheFrom.getValue(), sizes, length))
    return false;
  return !direct ||
         bindShortMask(length, isGiven(output.getDefiningOp<onnx::AttentionOp>()
                                           .getNonpadKvSeqlen()));
}

} // namespace llmc
