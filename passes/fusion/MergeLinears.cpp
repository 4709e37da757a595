/// Plain linears that read the same input become one over the columns of all of
/// them, and each of them a range of its columns (query, key and value):
///
///   %q = llm.linear %x, %wq;  %k = llm.linear %x, %wk;  %v = llm.linear %x, %wv
///   ->
///   %a = llm.linear %x, %wqkv
///   %q = llm.columns %a {offset = 0};  %k = llm.columns %a {offset = Nq}; ...
///
/// One pass over the input and one launch instead of three. A column's sum does
/// not depend on its neighbours: bits are kept. The order is that of the
/// linears in the block, which RaiseStep made canonical.
/// Refused: an epilogue, another result type.
#include "passes/Passes.h"
#include "passes/support/Regions.h"

namespace llmc {
#define GEN_PASS_DEF_MERGELINEARS
#include "passes/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

static void merge(ArrayRef<llm::LinearOp> linears) {
  SmallVector<llm::WeightOp> weights;
  for (llm::LinearOp linear : linears) {
    weights.push_back(weightOf(linear.getWeight()));
    if (!weights.back())
      return;
  }
  llm::WeightOp merged = concatWeights(weights, false);
  if (!merged)
    return;
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
  Value weight = llm::GetWeightOp::create(builder, first.getLoc(), mergedType,
                                          merged.getSymName());
  auto wide = llm::LinearOp::createPlain(builder, first.getLoc(),
                                         widened(mergedType.getDimSize(1)),
                                         first.getInput(), weight);
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
      if (linear.isPlain())
        groups[{linear.getInput(), linear->getBlock()}].push_back(linear);
    });
    for (auto &[key, linears] : groups) {
      Type element = getElementTypeOrSelf(linears.front().getResult(0).getType());
      bool alike = llvm::all_of(linears, [&](llm::LinearOp linear) {
        return getElementTypeOrSelf(linear.getResult(0).getType()) == element;
      });
      if (linears.size() > 1 && alike)
        merge(linears);
    }
  }
};
} // namespace
