/// Linears that read the same input become one over the columns of all of
/// them, and each of them a range of its columns (query, key and value):
///
///   %q = llm.linear %x, %wq;  %k = llm.linear %x, %wk;  %v = llm.linear %x, %wv
///   ->
///   %a = llm.linear %x, %wqkv
///   %q = llm.columns %a {offset = 0};  %k = llm.columns %a {offset = Nq}; ...
///
/// They may have an epilogue, the same in all, whose extras are vectors (their
/// biases): those are joined like the weights. One pass over the input and one
/// launch instead of three. A column's sum does not depend on its neighbours:
/// bits are kept. The order is that of the linears in the block, which
/// RaiseStep made canonical.
/// Refused: other epilogues, another result type.
#include "passes/Passes.h"
#include "passes/support/Regions.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace llmc {
#define GEN_PASS_DEF_MERGELINEARS
#include "passes/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

/// Whether `linear` makes what a step returns: that has a buffer of its own.
static bool makesLogits(llm::LinearOp linear) {
  return linear->getParentOfType<func::FuncOp>().getSymName() == "step" &&
         llvm::any_of(linear->getUsers(), [](Operation *user) {
           return user->hasTrait<OpTrait::IsTerminator>();
         });
}

/// Whether `linear` has one sum and one result, and all its extras are weights
/// with an element per column.
static bool isMergeable(llm::LinearOp linear) {
  return linear.getParts() == 1 && linear.getNumResults() == 1 &&
         !makesLogits(linear) &&
         llvm::all_of(linear.getExtras(), [](Value extra) {
           return weightOf(extra) &&
                  cast<RankedTensorType>(extra.getType()).getRank() == 1;
         });
}

static bool isAlike(llm::LinearOp linear, llm::LinearOp other) {
  return getElementTypeOrSelf(linear.getResult(0).getType()) ==
             getElementTypeOrSelf(other.getResult(0).getType()) &&
         linear.getExtras().size() == other.getExtras().size() &&
         OperationEquivalence::isRegionEquivalentTo(
             &linear.getEpilogue(), &other.getEpilogue(),
             OperationEquivalence::IgnoreLocations);
}

/// The weights of operand `index` of the linears, side by side; null where
/// they cannot be joined.
static llm::WeightOp join(ArrayRef<llm::LinearOp> linears, unsigned index) {
  SmallVector<llm::WeightOp> weights;
  for (llm::LinearOp linear : linears) {
    weights.push_back(weightOf(linear->getOperand(index)));
    if (!weights.back())
      return {};
  }
  return concatWeights(weights, false);
}

static void merge(ArrayRef<llm::LinearOp> linears) {
  // The weight, then the extras.
  SmallVector<llm::WeightOp> joined;
  for (unsigned i = 1; i < linears.front()->getNumOperands(); ++i) {
    joined.push_back(join(linears, i));
    if (joined.back())
      continue;
    for (llm::WeightOp weight : ArrayRef(joined).drop_back())
      weight.erase();
    return;
  }
  llm::WeightOp merged = joined.front();
  llm::LinearOp first = linears.front();
  OpBuilder builder(first);
  auto type = cast<RankedTensorType>(first.getResult(0).getType());
  auto mergedType = cast<RankedTensorType>(merged.getType());
  auto widened = [&](int64_t columns) {
    SmallVector<int64_t> shape(type.getShape());
    shape.back() = columns;
    auto encoding = dyn_cast_or_null<AffineMapAttr>(type.getEncoding());
    if (!encoding)
      return RankedTensorType::get(shape, type.getElementType());
    SmallVector<AffineExpr> dims(encoding.getValue().getResults());
    dims.back() = builder.getAffineConstantExpr(columns);
    auto map = AffineMap::get(0, encoding.getValue().getNumSymbols(), dims,
                              builder.getContext());
    return RankedTensorType::get(shape, type.getElementType(),
                                 AffineMapAttr::get(map));
  };
  SmallVector<Value> operands;
  for (llm::WeightOp weight : joined)
    operands.push_back(llm::GetWeightOp::create(
        builder, first.getLoc(), weight.getType(), weight.getSymName()));
  auto wide = llm::LinearOp::create(
      builder, first.getLoc(), TypeRange{widened(mergedType.getDimSize(1))},
      first.getInput(), operands.front(), ArrayRef(operands).drop_front(), 1);
  wide.getEpilogue().takeBody(first.getEpilogue());
  int64_t offset = 0;
  builder.setInsertionPointAfter(wide);
  for (llm::LinearOp linear : linears) {
    auto part = cast<RankedTensorType>(linear.getResult(0).getType());
    Value columns = llm::ColumnsOp::create(builder, linear.getLoc(), part,
                                           wide.getResult(0), offset);
    linear.getResult(0).replaceAllUsesWith(columns);
    offset += part.getShape().back();
  }
  for (llm::LinearOp linear : linears)
    linear.erase();
}

namespace {
struct MergeLinears : llmc::impl::MergeLinearsBase<MergeLinears> {
  void runOnOperation() override {
    // Grouped by input and block, in the order of the first of each group.
    llvm::MapVector<std::pair<Value, Block *>, SmallVector<llm::LinearOp>>
        groups;
    getOperation().walk([&](llm::LinearOp linear) {
      if (isMergeable(linear))
        groups[{linear.getInput(), linear->getBlock()}].push_back(linear);
    });
    for (auto &[key, linears] : groups)
      while (linears.size() > 1) {
        SmallVector<llm::LinearOp> alike, others;
        for (llm::LinearOp linear : linears)
          (isAlike(linear, linears.front()) ? alike : others).push_back(linear);
        if (alike.size() > 1)
          merge(alike);
        linears = std::move(others);
      }
  }
};
} // namespace
