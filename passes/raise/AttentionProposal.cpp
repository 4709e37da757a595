#include "passes/raise/AttentionProposal.h"

#include "dialects/onnx/SymbolicShape.h"
#include "passes/support/OnnxMatch.h"

using namespace mlir;

namespace llmc {

/// Past larger windows the attention is not run: the masks were looked at.
static constexpr int64_t comparedWindow = 4096;

Value AttentionProposal::traceRows(Value value, Operation *&update,
                                   double &factor) {
  while (true) {
    if (rankedType(value) && rankedType(value).getRank() == 3 &&
        probe.isRows(value.getType()))
      return value;
    Operation *op = value.getDefiningOp();
    if (!op)
      return {};
    if (isa<onnx::ReshapeOp, onnx::TransposeOp, onnx::ExpandOp, onnx::TileOp,
            onnx::CastOp>(op)) {
      value = op->getOperand(0);
    } else if (isa<onnx::MulOp, onnx::DivOp>(op)) {
      unsigned active = probe.isActive(op->getOperand(0)) ? 0 : 1;
      auto scalar = scalarConstant(op->getOperand(1 - active));
      if (!scalar || (isa<onnx::DivOp>(op) && active == 1))
        return {};
      factor = isa<onnx::DivOp>(op) ? factor / *scalar : factor * *scalar;
      value = op->getOperand(active);
    } else if (isa<onnx::ConcatOp>(op) && op->getNumOperands() == 2 &&
               probe.isPastArgument(op->getOperand(0)) && !update) {
      update = op;
      value = op->getOperand(1);
    } else if (auto scatter = dyn_cast<onnx::TensorScatterOp>(op);
               scatter && probe.bufferAxis(scatter.getPast()) && !update) {
      update = op;
      value = scatter.getUpdate();
    } else {
      return {};
    }
  }
}

/// Whether every element of a [B, H, S, D] value comes from the rows as the
/// heads say is left to the comparison of the whole.
bool AttentionProposal::setOperands(Value q, Value k, Value v) {
  Operation *none = nullptr, *keyUpdate = nullptr, *valueUpdate = nullptr;
  double unscaled = 1;
  query = traceRows(q, none, scale);
  key = traceRows(k, keyUpdate, scale);
  value = traceRows(v, valueUpdate, unscaled);
  if (!query || none)
    return refuse("its query is not a rearrangement of rows");
  if (!key || !value)
    return refuse("its keys or values are not a rearrangement of rows");
  if (unscaled != 1)
    return refuse("its values are scaled");
  if (!keyUpdate != !valueUpdate)
    return refuse("only one of keys and values is cached");
  int64_t queryColumns = rankedType(query).getShape().back();
  int64_t keyColumns = rankedType(key).getShape().back();
  if (headDim <= 0 || queryColumns % headDim || keyColumns % headDim ||
      keyColumns != rankedType(value).getShape().back())
    return refuse("its rows do not hold whole heads of one size");
  heads = queryColumns / headDim;
  kvHeads = keyColumns / headDim;
  if (heads % kvHeads)
    return refuse("its query heads are not a multiple of its key heads");
  if (!keyUpdate)
    return true;
  pastKey = keyUpdate->getOperand(0);
  pastValue = valueUpdate->getOperand(0);
  presents.push_back({keyUpdate->getResult(0), valueUpdate->getResult(0)});
  auto keys = dyn_cast<onnx::TensorScatterOp>(keyUpdate);
  auto values = dyn_cast<onnx::TensorScatterOp>(valueUpdate);
  if (!keys != !values)
    return refuse("only one of its keys' and values' caches is a buffer");
  return !keys || setBuffers(keys, values);
}

bool AttentionProposal::fromSoftmax(onnx::SoftmaxOp softmax) {
  auto type = rankedType(softmax.getResult());
  if (!type || type.getRank() != 4 || softmax.getAxis() != 3)
    return refuse("its softmax is not over the last of four dimensions");
  // Scores, from the softmax down to the product.
  Value scores = softmax.getInput();
  for (bool descend = true; descend;) {
    Operation *op = scores.getDefiningOp();
    descend = false;
    if (!op)
      return refuse("its scores are an argument");
    if (isa<onnx::CastOp>(op)) {
      scores = op->getOperand(0);
      descend = true;
    } else if (auto where = dyn_cast<onnx::WhereOp>(op)) {
      bool left = probe.isActive(where.getLhs());
      if (probe.isActive(where.getCondition()) ||
          left == probe.isActive(where.getRhs()))
        return refuse("its scores are selected by more than a mask");
      masks.push_back({where.getCondition(), left});
      scores = left ? where.getLhs() : where.getRhs();
      descend = true;
    } else if (isa<onnx::AddOp>(op) && probe.isActive(op->getOperand(0)) !=
                                           probe.isActive(op->getOperand(1))) {
      unsigned active = probe.isActive(op->getOperand(0)) ? 0 : 1;
      masks.push_back({op->getOperand(1 - active)});
      scores = op->getOperand(active);
      descend = true;
    } else if (isa<onnx::MulOp, onnx::DivOp>(op)) {
      unsigned active = probe.isActive(op->getOperand(0)) ? 0 : 1;
      auto scalar = scalarConstant(op->getOperand(1 - active));
      if (!scalar)
        return refuse("its scores are multiplied by more than a constant");
      Value inner = op->getOperand(active);
      if (auto tanh = inner.getDefiningOp<onnx::TanhOp>()) {
        // c * tanh(s / c)
        auto divided = tanh.getInput().getDefiningOp();
        auto by = divided && divided->getNumOperands() == 2
                      ? scalarConstant(divided->getOperand(1))
                      : std::nullopt;
        if (!by || softcap != 0)
          return refuse("its scores pass a tanh of another form");
        softcap = *scalar;
        scores = divided->getOperand(0);
      } else {
        scale = isa<onnx::DivOp>(op) ? scale / *scalar : scale * *scalar;
        scores = inner;
      }
      descend = true;
    }
  }
  auto product = scores.getDefiningOp<onnx::MatMulOp>();
  if (!product)
    return refuse("its scores are no matrix product");
  headDim = rankedType(product.getLhs()).getShape().back();
  // The product with the values; casts may stand in between.
  onnx::MatMulOp weighted;
  SmallVector<Value> worklist{softmax.getResult()};
  while (!worklist.empty()) {
    Value next = worklist.pop_back_val();
    for (Operation *user : next.getUsers()) {
      if (auto matmul = dyn_cast<onnx::MatMulOp>(user)) {
        if (weighted || matmul.getLhs() != next)
          return refuse("its weights are used twice");
        weighted = matmul;
      } else if (isa<onnx::CastOp>(user)) {
        worklist.push_back(user->getResult(0));
      } else {
        return refuse("its weights are used by more than a product");
      }
    }
  }
  if (!weighted)
    return refuse("its weights meet no values");
  output = weighted.getResult();
  return setOperands(product.getLhs(), product.getRhs(), weighted.getRhs());
}

void AttentionProposal::build(OpBuilder &builder, int64_t window) {
  Location loc = output.getLoc();
  Type element = rankedType(key).getElementType();
  auto cacheType = llm::KvCacheType::get(builder.getContext(), kvHeads, headDim,
                                         page, element);
  auto keep = [&](auto op) {
    built.push_back(op);
    return op;
  };
  Value cache;
  if (pastKey) {
    Value keys = keyBuffer ? headsFirst(builder, pastKey) : pastKey;
    Value values = keyBuffer ? headsFirst(builder, pastValue) : pastValue;
    cacheFrom =
        keep(llm::CacheFromOp::create(builder, loc, cacheType, keys, values));
    cache = cacheFrom;
  } else {
    cache = keep(llm::EmptyCacheOp::create(builder, loc, cacheType));
  }
  auto append = keep(
      llm::KvAppendOp::create(builder, loc, cacheType, cache, key, value));
  attention = keep(llm::AttentionOp::create(
      builder, loc, query.getType(), query, append.getResult(), heads,
      llvm::APFloat(float(scale)), window, llvm::APFloat(float(softcap)),
      false));
  replacement = attention.getResult();
  auto target = rankedType(output);
  if (target.getRank() == 4) {
    auto dims = onnx::symbolicDims(target);
    std::swap(dims[1], dims[2]);
    replacement = keep(onnx::ReshapeOp::create(
                           builder, loc,
                           onnx::symbolicTensorType(dims, element),
                           replacement))
                      .getResult();
    replacement = keep(onnx::TransposeOp::create(
                           builder, loc, RankedTensorType::get(
                               target.getShape(), element, target.getEncoding()),
                           replacement, ArrayRef<int64_t>{0, 2, 1, 3}))
                      .getResult();
  }
  if (!presents.empty())
    buildPresents(builder, append.getResult());
}

void AttentionProposal::buildPresents(OpBuilder &builder, Value cache) {
  auto [key, value] = presents[0];
  Type keyType = keyBuffer ? cacheFrom.getKey().getType() : key.getType();
  Type valueType = keyBuffer ? cacheFrom.getValue().getType() : value.getType();
  auto cacheTo = llm::CacheToOp::create(builder, output.getLoc(), keyType,
                                        valueType, cache);
  built.push_back(cacheTo);
  newKey = cacheTo.getKey();
  newValue = cacheTo.getValue();
  if (keyBuffer) {
    newKey = asBuffer(builder, newKey, key.getType());
    newValue = asBuffer(builder, newValue, value.getType());
  }
}

bool AttentionProposal::verify(int64_t window) {
  SmallVector<ProbeSizes> probes{{2, 3, 5}, {1, 1, 7}, {1, 6, 0}};
  // A window shows only where more positions are cached than it holds.
  if (window > 0 && window <= comparedWindow)
    probes.push_back({1, 2, window + 3});
  bool several = false, cached = false;
  why = "its cache's buffer is too short to be compared";
  for (ProbeSizes sizes : probes) {
    if (!probe.hasPast())
      sizes = {sizes.batch, sizes.rows + std::min<int64_t>(sizes.past, 256), 0};
    if (sizes.past + sizes.rows > capacity.value_or(sizes.past + sizes.rows))
      continue;
    probe.begin(sizes);
    for (Value rows : {query, key, value})
      if (failed(probe.bindRandom(rows)))
        return refuse("its rows have no known shape");
    if (keyBuffer && !bindBuffers(sizes))
      return false;
    for (Value past : {pastKey, pastValue})
      if (past && !keyBuffer && failed(probe.bindRandom(past)))
        return refuse("its past has no known shape");
    auto expected = probe.evaluate(output);
    if (failed(expected)) {
      // Some graphs take one row at a time once there is a past.
      why = "it cannot be evaluated: " + probe.error();
      continue;
    }
    auto actual = probe.evaluate(replacement);
    if (failed(actual))
      return refuse("its proposal cannot be evaluated: " + probe.error());
    if (!agree(*actual, *expected))
      return refuse("it computes something else than causal attention");
    several = several || sizes.rows > 1;
    cached = cached || sizes.past > 0 || !probe.hasPast();
  }
  return several && cached;
}

bool AttentionProposal::replace() {
  auto window = windowOfMasks();
  if (!window)
    return refuse("its mask shows a row something else than the last positions");
  OpBuilder builder(output.getContext());
  builder.setInsertionPointAfter(output.getDefiningOp());
  build(builder, *window);
  if (!verify(*window)) {
    for (Operation *op : llvm::reverse(built))
      op->erase();
    return false;
  }
  output.replaceUsesWithIf(replacement, [&](OpOperand &use) {
    return !llvm::is_contained(built, use.getOwner());
  });
  for (auto [presentKey, presentValue] : presents) {
    auto outside = [&](OpOperand &use) {
      return isa<func::ReturnOp>(use.getOwner());
    };
    presentKey.replaceUsesWithIf(newKey, outside);
    presentValue.replaceUsesWithIf(newValue, outside);
  }
  if (capacity)
    limitPositions(output.getDefiningOp()->getParentOfType<ModuleOp>(),
                   *capacity);
  return true;
}

} // namespace llmc
