/// Normalisation over the last dimension -> llm.rms_norm, llm.layer_norm.
///
/// From the operators of that name, and from what exporters write out:
///
///   m = reduce_mean(x * x) or reduce_mean(pow(x, 2)), last axis, kept
///   r = sqrt(m + epsilon);   y = x / r, x * (1 / r) or x * reciprocal(r)
///   y * scale                                          -> llm.rms_norm
///
///   d = x - reduce_mean(x);  the same of d;  + bias    -> llm.layer_norm
///
///   norm of transpose(x) -> transpose(norm of x), where columns stay
///   norm of x as [B, S * H, D] -> norm of x as [B, S, H, D]
///
/// Casts to a wider float and back around it go: both ops sum in f32. The
/// result may change in the last place.
/// Refused: an epsilon or scale that is no constant, another axis.
#include "dialects/onnx/SymbolicShape.h"
#include "passes/Passes.h"
#include "passes/support/OnnxMatch.h"

#include "mlir/IR/TypeUtilities.h"

namespace llmc {
#define GEN_PASS_DEF_RAISENORM
#include "passes/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

namespace {
struct Norm {
  Value input;          // [rows..., D]
  Value scale, bias;    // [D]; bias null for rms_norm
  Value result;         // what the op replaces
  double epsilon = 0;
};

struct RaiseNorm : llmc::impl::RaiseNormBase<RaiseNorm> {
  void runOnOperation() override;
};
} // namespace

/// The only user of `value`, through float casts, if of type Op.
template <typename Op> static Op userOfType(Value value) {
  Op found;
  for (Operation *user : value.getUsers()) {
    if (auto cast = dyn_cast<onnx::CastOp>(user)) {
      if (auto behind = userOfType<Op>(cast.getResult()))
        found = behind;
    } else if (auto op = dyn_cast<Op>(user)) {
      found = op;
    }
  }
  return found;
}

/// Whether `value` is `base`, casts between floats aside.
static bool sameUpToCasts(Value value, Value base) {
  return skipCasts(value) == skipCasts(base);
}

/// x for x * x and pow(x, 2).
static Value squared(Value value) {
  value = skipCasts(value);
  if (auto mul = value.getDefiningOp<onnx::MulOp>())
    if (mul.getLhs() == mul.getRhs())
      return mul.getLhs();
  if (auto pow = value.getDefiningOp<onnx::PowOp>())
    if (scalarConstant(pow.getRhs()) == 2.0)
      return pow.getLhs();
  return {};
}

/// From r = sqrt(m + epsilon), the product x / r.
static Value normalized(Value root, Value input) {
  for (Operation *user : root.getUsers()) {
    Value inverse;
    if (auto div = dyn_cast<onnx::DivOp>(user)) {
      if (div.getRhs() == root && sameUpToCasts(div.getLhs(), input))
        return div.getResult();
      if (div.getRhs() == root && scalarConstant(div.getLhs()) == 1.0)
        inverse = div.getResult();
    } else if (isa<onnx::ReciprocalOp>(user)) {
      inverse = user->getResult(0);
    }
    if (!inverse)
      continue;
    for (Operation *product : inverse.getUsers())
      if (auto mul = dyn_cast<onnx::MulOp>(product))
        if (Value other = otherOperand(mul, inverse))
          if (sameUpToCasts(other, input))
            return mul.getResult();
  }
  return {};
}

/// A weight [D], also as [1, ..., 1, D].
static Value perColumn(OpBuilder &builder, Location loc, Value value,
                       int64_t width) {
  auto type = rankedType(value);
  if (!type || !isWeight(value) || !type.hasStaticShape() ||
      type.getNumElements() != width || type.getRank() != 1)
    return {};
  return getWeight(builder, loc, value);
}

/// The bias of a layer norm that has none: zeros.
static Value noBias(OpBuilder &builder, Operation *op, int64_t width) {
  auto type = RankedTensorType::get({width}, builder.getF32Type());
  auto weight = addTable(op->getParentOfType<ModuleOp>(),
                         DenseElementsAttr::get(type, 0.0f));
  builder.setInsertionPoint(op);
  return llm::GetWeightOp::create(builder, op->getLoc(), type,
                                  weight.getSymName());
}

static std::optional<Norm> match(onnx::ReduceMeanOp mean) {
  auto type = rankedType(mean.getInput());
  if (!type || type.getRank() == 0 || !mean.getKeepdims() ||
      mean.getAxes() != ArrayRef<int64_t>{type.getRank() - 1})
    return std::nullopt;
  Norm norm;
  Value centered = squared(mean.getInput());
  if (!centered)
    return std::nullopt;
  norm.input = skipCasts(centered);
  bool layer = false;
  if (auto sub = norm.input.getDefiningOp<onnx::SubOp>())
    if (auto first = sub.getRhs().getDefiningOp<onnx::ReduceMeanOp>())
      layer = sameUpToCasts(first.getInput(), sub.getLhs()) &&
              first.getAxes() == mean.getAxes() && first.getKeepdims();
  auto add = userOfType<onnx::AddOp>(mean.getResult());
  if (!add)
    return std::nullopt;
  auto epsilon = scalarConstant(otherOperand(add, mean.getResult()));
  auto root = userOfType<onnx::SqrtOp>(add.getResult());
  if (!epsilon || !root)
    return std::nullopt;
  norm.epsilon = *epsilon;
  Value quotient = normalized(root.getResult(), norm.input);
  if (!quotient)
    return std::nullopt;
  norm.result = quotient;
  int64_t width = type.getShape().back();
  OpBuilder builder(quotient.getContext());
  auto scaled = userOfType<onnx::MulOp>(quotient);
  if (!scaled)
    return std::nullopt;
  Value factor = skipCasts(scaled.getLhs()) == quotient ? scaled.getRhs()
                                                        : scaled.getLhs();
  builder.setInsertionPoint(scaled);
  norm.scale = perColumn(builder, scaled.getLoc(), factor, width);
  if (!norm.scale)
    return std::nullopt;
  norm.result = scaled.getResult();
  if (!layer)
    return norm;
  norm.input = skipCasts(norm.input.getDefiningOp<onnx::SubOp>().getLhs());
  auto shifted = userOfType<onnx::AddOp>(scaled.getResult());
  if (shifted) {
    builder.setInsertionPoint(shifted);
    norm.bias = perColumn(builder, shifted.getLoc(),
                          otherOperand(shifted, scaled.getResult()), width);
  }
  if (norm.bias)
    norm.result = shifted.getResult();
  else
    norm.bias = noBias(builder, scaled, width);
  return norm;
}

/// The transposition that makes `value` and keeps columns where they are.
static onnx::TransposeOp movedRows(Value value) {
  auto transpose = value.getDefiningOp<onnx::TransposeOp>();
  if (!transpose || transpose.getPermutation().back() !=
                        int64_t(transpose.getPermutation().size()) - 1)
    return {};
  return transpose;
}

/// Where `value` is rows [B, S, H * D] viewed as others of D columns (exporters
/// write [B, S * H, D]): those rows as [B, S, H, D]; else null.
static Value splitRows(OpBuilder &builder, Value value) {
  auto reshape = value.getDefiningOp<onnx::ReshapeOp>();
  auto from = reshape ? rankedType(reshape.getInput()) : RankedTensorType();
  int64_t width = rankedType(value).getShape().back();
  if (!from || from.getRank() != 3 || from.isDynamicDim(2) || width <= 0 ||
      rankedType(value).getRank() == 4 || from.getDimSize(2) <= width ||
      from.getDimSize(2) % width)
    return {};
  auto dims = onnx::symbolicDims(from);
  dims.back() = builder.getAffineConstantExpr(from.getDimSize(2) / width);
  dims.push_back(builder.getAffineConstantExpr(width));
  return onnx::ReshapeOp::create(
      builder, value.getLoc(),
      onnx::symbolicTensorType(dims, from.getElementType()),
      reshape.getInput());
}

static void replace(OpBuilder &builder, Location loc, Norm norm) {
  auto epsilon = builder.getF32FloatAttr(norm.epsilon);
  // Rows are normalised where they stood: before they were moved.
  Type wanted = norm.result.getType();
  auto moved = movedRows(norm.input);
  if (moved)
    norm.input = moved.getInput();
  else if (Value split = splitRows(builder, norm.input))
    norm.input = split;
  auto from = rankedType(norm.input);
  Type type = RankedTensorType::get(
      from.getShape(), getElementTypeOrSelf(wanted), from.getEncoding());
  Value value;
  if (norm.bias)
    value = llm::LayerNormOp::create(builder, loc, type, norm.input, norm.scale,
                                     norm.bias, epsilon);
  else
    value = llm::RmsNormOp::create(builder, loc, type, norm.input, norm.scale,
                                   epsilon, builder.getF32FloatAttr(0),
                                   builder.getI64IntegerAttr(1));
  if (moved)
    value = onnx::TransposeOp::create(builder, loc, wanted, value,
                                      moved.getPermutation());
  else if (type != wanted)
    value = onnx::ReshapeOp::create(builder, loc, wanted, value);
  norm.result.replaceAllUsesWith(value);
}

void RaiseNorm::runOnOperation() {
  SmallVector<Operation *> candidates;
  getOperation().walk([&](Operation *op) {
    if (isa<onnx::ReduceMeanOp, onnx::RmsNormalizationOp,
            onnx::LayerNormalizationOp>(op))
      candidates.push_back(op);
  });
  SmallVector<Operation *> dead;
  for (Operation *op : candidates) {
    std::optional<Norm> norm;
    if (auto mean = dyn_cast<onnx::ReduceMeanOp>(op)) {
      norm = match(mean);
    } else {
      auto type = rankedType(op->getOperand(0));
      int64_t width = type ? type.getShape().back() : -1;
      auto axis = op->getAttrOfType<IntegerAttr>("axis");
      OpBuilder builder(op);
      Norm found{op->getOperand(0), {}, {}, op->getResult(0)};
      if (type && axis && axis.getInt() == type.getRank() - 1)
        found.scale = perColumn(builder, op->getLoc(), op->getOperand(1), width);
      found.epsilon =
          op->getAttrOfType<FloatAttr>("epsilon").getValueAsDouble();
      bool complete = !!found.scale;
      if (auto layer = dyn_cast<onnx::LayerNormalizationOp>(op)) {
        if (isa<NoneType>(layer.getBias().getType()))
          found.bias = noBias(builder, op, width);
        else
          found.bias = perColumn(builder, op->getLoc(), layer.getBias(), width);
        complete = complete && found.bias;
      }
      if (complete)
        norm = found;
    }
    if (!norm)
      continue;
    Operation *last = norm->result.getDefiningOp();
    OpBuilder builder(last);
    replace(builder, last->getLoc(), *norm);
    dead.push_back(last);
  }
  for (Operation *op : dead)
    eraseDead(op);
}
