#include "passes/raise/RopeProposal.h"

#include "dialects/onnx/SymbolicShape.h"
#include "passes/support/OnnxMatch.h"

using namespace mlir;

namespace llmc {

/// More ops than any spelling of a rotation takes.
static constexpr unsigned walkLimit = 64;

/// Ops that only move, negate or convert elements of one operand. A range of
/// the columns of rows is where heads come from, not part of a rotation.
static bool isMovement(Operation *op) {
  if (isa<onnx::SliceOp, onnx::SplitOp>(op) &&
      rankedType(op->getOperand(0)).getRank() < 4)
    return false;
  return isa<onnx::ReshapeOp, onnx::TransposeOp, onnx::SliceOp, onnx::SplitOp,
             onnx::NegOp, onnx::CastOp, onnx::ExpandOp>(op);
}

bool RopeProposal::collect() {
  auto type = rankedType(result);
  if (!type || !probe.isActive(result))
    return false;
  SmallVector<Value> worklist{result};
  llvm::SetVector<Value> seen;
  bool rotates = false;
  while (!worklist.empty()) {
    Value value = worklist.pop_back_val();
    if (!seen.insert(value))
      continue;
    if (seen.size() > walkLimit)
      return false;
    Operation *op = value.getDefiningOp();
    auto valueType = rankedType(value);
    if (!valueType)
      return false;
    bool through = op && value != source;
    if (through && isMovement(op)) {
      // Rows [B, S, H * D] that merely changed their view are the source.
      worklist.push_back(op->getOperand(0));
    } else if (through && isa<onnx::ConcatOp>(op)) {
      for (Value operand : op->getOperands()) {
        if (!probe.isActive(operand) || probe.isPastArgument(operand))
          return false;
        worklist.push_back(operand);
      }
    } else if (through && isa<onnx::AddOp, onnx::SubOp>(op) &&
               probe.isActive(op->getOperand(0)) &&
               probe.isActive(op->getOperand(1))) {
      rotates = true;
      llvm::append_range(worklist, op->getOperands());
    } else if (through && isa<onnx::MulOp>(op) &&
               probe.isActive(op->getOperand(0)) !=
                   probe.isActive(op->getOperand(1))) {
      unsigned factor = probe.isActive(op->getOperand(0)) ? 1 : 0;
      if (scalarConstant(op->getOperand(factor)))
        return false;
      factors.push_back(op->getOperand(factor));
      worklist.push_back(op->getOperand(1 - factor));
    } else if (auto rotary = dyn_cast_or_null<onnx::RotaryEmbeddingOp>(op);
               rotary && through && factors.empty() && !fixedCos) {
      rotates = true;
      if (isa<NoneType>(rotary.getPositions().getType())) {
        factors = {rotary.getCos(), rotary.getSin()};
      } else {
        fixedCos = rotary.getCos();
        fixedSin = rotary.getSin();
      }
      worklist.push_back(rotary.getInput());
    } else {
      if (source && source != value)
        return false;
      source = value;
    }
  }
  return source && source != result && rotates && classify();
}

/// Finds heads and head dimension from the shapes of result and source.
bool RopeProposal::classify() {
  auto to = onnx::symbolicDims(rankedType(result));
  auto from = onnx::symbolicDims(rankedType(source));
  auto constant = [](AffineExpr extent) -> int64_t {
    auto value = dyn_cast_or_null<AffineConstantExpr>(extent);
    return value ? value.getValue() : 0;
  };
  AffineExpr batch = probe.batchExtent(), rows = probe.rowsExtent();
  if (from.size() < 3 || from.size() > 4 || from[0] != batch || from[1] != rows)
    return false;
  int64_t columns = constant(from[2]);
  if (from.size() == 4)
    columns *= constant(from[3]);
  if (to.size() == 4 && to[0] == batch && to[2] == rows && constant(to[1])) {
    headsFirst = true;
    heads = constant(to[1]);
    headDim = constant(to[3]);
  } else if (to.size() == 4 && to[0] == batch && to[1] == rows) {
    heads = constant(to[2]);
    headDim = constant(to[3]);
  } else if (auto rotary = result.getDefiningOp<onnx::RotaryEmbeddingOp>();
             rotary && to.size() == 3 && to[0] == batch && to[1] == rows &&
             rotary.getNumHeads() > 0) {
    heads = rotary.getNumHeads();
    headDim = constant(to[2]) / heads;
  }
  return heads > 0 && headDim > 0 && heads * headDim == columns;
}

bool RopeProposal::tabulate(int64_t count, RopeTables &tables) {
  positions = count;
  probe.begin({1, count, 0});
  if (fixedCos) {
    auto c = tables.get(fixedCos, count, probe);
    auto s = tables.get(fixedSin, count, probe);
    if (failed(c) || failed(s) || (*c)->values.rank() != 2 ||
        (*s)->values.rank() != 2)
      return false;
    cos = *c;
    sin = *s;
    positions = std::min(count, cos->values.shape()[0]);
  } else {
    for (Value factor : factors) {
      auto table = tables.get(factor, count, probe);
      if (failed(table))
        why = "a table cannot be evaluated: " + probe.error();
      else
        why = "a factor is no table over positions";
      if (failed(table) || (*table)->values.rank() == 0 ||
          (*table)->values.numElements() != count * (*table)->width())
        return false;
      bool zero = true;
      for (int64_t j = 0; j < (*table)->width(); ++j)
        zero = zero && (*table)->values.getDouble(j) == 0;
      (zero ? sin : cos) = *table;
    }
  }
  if (!cos || !sin || cos->width() != sin->width()) {
    why = "its factors are no cosine and sine of one width";
    return false;
  }
  return true;
}

bool RopeProposal::verify(llm::Pairing candidate) {
  pairing = candidate;
  int64_t width = cos->width();
  // A table holds each angle once, or twice: for both elements of a pair.
  for (int64_t rotary : {width, 2 * width}) {
    rotaryDim = rotary;
    if (rotaryDim > headDim || rotaryDim % 2)
      continue;
    bool same = true;
    for (ProbeSizes sizes : {ProbeSizes{2, 3, 4}, ProbeSizes{1, 5, 0}}) {
      if (!probe.hasPast())
        sizes.past = 0;
      if (!same)
        break;
      if (sizes.past + sizes.rows > positions)
        return false;
      probe.begin(sizes);
      auto rows = probe.bindRandom(source);
      if (failed(rows))
        return false;
      auto actual = probe.evaluate(result);
      if (failed(actual)) {
        why = "it cannot be evaluated: " + probe.error();
        return false;
      }
      why = "it is no rotation by the tables";
      auto expected = reference::Tensor::zeros(actual->elementType(),
                                               actual->shape());
      for (int64_t b = 0; b < sizes.batch; ++b)
        for (int64_t s = 0; s < sizes.rows; ++s)
          for (int64_t h = 0; h < heads; ++h) {
            int64_t row = ((b * sizes.rows + s) * heads + h) * headDim;
            int64_t out = headsFirst
                              ? ((b * heads + h) * sizes.rows + s) * headDim
                              : row;
            for (int64_t d = rotaryDim; d < headDim; ++d)
              expected.setDouble(out + d, rows->getDouble(row + d));
            for (int64_t j = 0; j < rotaryDim / 2; ++j) {
              bool half = pairing == llm::Pairing::Half;
              int64_t first = half ? j : 2 * j;
              int64_t second = half ? j + rotaryDim / 2 : 2 * j + 1;
              double c = cos->at(sizes.past + s, j, rotaryDim, pairing);
              double n = sin->at(sizes.past + s, j, rotaryDim, pairing);
              double x = rows->getDouble(row + first);
              double y = rows->getDouble(row + second);
              expected.setDouble(out + first, x * c - y * n);
              expected.setDouble(out + second, y * c + x * n);
            }
          }
      same = agree(*actual, expected);
    }
    if (same)
      return true;
  }
  return false;
}

void RopeProposal::replace() {
  OpBuilder builder(result.getContext());
  builder.setInsertionPointAfterValue(result);
  Location loc = result.getLoc();
  auto module = result.getDefiningOp()->getParentOfType<ModuleOp>();
  Type element = rankedType(source).getElementType();
  auto constant = [&](int64_t value) {
    return builder.getAffineConstantExpr(value);
  };
  AffineExpr batch = probe.batchExtent(), rows = probe.rowsExtent();

  SmallVector<Value> tables;
  for (RopeTable *table : {cos.get(), sin.get()}) {
    auto weight = table->weight(module, positions, rotaryDim, pairing);
    tables.push_back(llm::GetWeightOp::create(builder, loc, weight.getType(),
                                              weight.getSymName()));
  }
  auto rowType = onnx::symbolicTensorType({batch, rows, constant(heads * headDim)},
                                          element);
  Value input = source;
  if (input.getType() != rowType)
    input = onnx::ReshapeOp::create(builder, loc, rowType, input);
  auto positionType = onnx::symbolicTensorType({batch, rows}, builder.getI32Type());
  Value at = llm::PositionsOp::create(builder, loc, positionType);
  Value rotated = llm::RopeOp::create(builder, loc, rowType, input, at,
                                      tables[0], tables[1], heads, headDim,
                                      rotaryDim, pairing);
  Value value = rotated;
  if (rankedType(result).getRank() == 4) {
    auto split = onnx::symbolicTensorType(
        {batch, rows, constant(heads), constant(headDim)}, element);
    value = onnx::ReshapeOp::create(builder, loc, split, value);
    if (headsFirst)
      value = onnx::TransposeOp::create(
          builder, loc,
          onnx::symbolicTensorType(
              {batch, constant(heads), rows, constant(headDim)}, element),
          value, ArrayRef<int64_t>{0, 2, 1, 3});
  }
  if (value.getType() != result.getType())
    value = onnx::CastOp::create(builder, loc, result.getType(), value);
  result.replaceAllUsesWith(value);
}

} // namespace llmc
