/// onnx.matmul(x, w) with a weight w [K, N] (or the transpose of one [N, K])
/// -> llm.linear with an epilogue that passes the sum on. Bits may change in
/// the last place: the linear has its own order of summation.
///
///   %y = onnx.matmul(%x, %w)
///   ->
///   %w = llm.get_weight @w0 : tensor<KxNxf32>
///   %y = llm.linear %x, %w : ... { ^bb0(%sum: f32): llm.yield %sum : f32 }
///
/// onnx.matmul_nbits with weights in the file becomes a linear whose weight has
/// a scheme of groups and keeps its bits; a bias becomes an addition.
///
/// Refused: a left side of rank below 2, a weight of another rank; of few bits:
/// 2 of them, blocks below 32, a group index.
#include "passes/Passes.h"
#include "dialects/llm/GroupScheme.h"
#include "passes/support/OnnxMatch.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

namespace llmc {
#define GEN_PASS_DEF_RAISELINEAR
#include "passes/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

/// The initializer that `value` is, in whatever shape; null for none.
static FlatSymbolRefAttr initializerOf(Value value) {
  while (auto reshape = value.getDefiningOp<onnx::ReshapeOp>())
    value = reshape.getInput();
  auto get = value.getDefiningOp<onnx::GetInitializerOp>();
  return get ? FlatSymbolRefAttr::get(get.getContext(), get.getName())
             : FlatSymbolRefAttr();
}

static bool isAbsent(Value value) {
  return !value || isa<NoneType>(value.getType());
}

static bool raiseGroups(onnx::MatMulNBitsOp product) {
  llm::GroupScheme scheme;
  scheme.bits = product.getBits();
  scheme.size = product.getBlockSize();
  scheme.zeros = !isAbsent(product.getZeroPoints());
  auto input = rankedType(product.getInput());
  auto weight = initializerOf(product.getWeight());
  auto scales = initializerOf(product.getScales());
  auto zeros = scheme.zeros ? initializerOf(product.getZeroPoints())
                            : FlatSymbolRefAttr();
  if (!llm::parseGroupScheme(scheme.text()) || !input ||
      input.getRank() < 2 || !weight || !scales || (scheme.zeros && !zeros) ||
      !isAbsent(product.getGroupIndex()))
    return false;
  OpBuilder builder(product);
  auto type = RankedTensorType::get(
      {int64_t(product.getK()), int64_t(product.getN())},
      getElementTypeOrSelf(product.getScales().getType()));
  llm::WeightOp made = addWeight(product->getParentOfType<ModuleOp>(),
                                 product.getLoc(), type);
  made.setSourcesAttr(builder.getArrayAttr({weight}));
  made.setTransposed({true});
  made.setScheme(scheme.text());
  made.setScalesAttr(builder.getArrayAttr({scales}));
  if (zeros)
    made.setZerosAttr(builder.getArrayAttr({zeros}));
  Value matrix = llm::GetWeightOp::create(builder, product.getLoc(), type,
                                          made.getSymName());
  Value result = llm::LinearOp::createPlain(builder, product.getLoc(),
                                            product.getType(),
                                            product.getInput(), matrix)
                     .getResult(0);
  if (!isAbsent(product.getBias()))
    result = onnx::AddOp::create(builder, product.getLoc(), product.getType(),
                                 result, product.getBias());
  product.getResult().replaceAllUsesWith(result);
  eraseDead(product);
  return true;
}

namespace {
struct RaiseLinear : llmc::impl::RaiseLinearBase<RaiseLinear> {
  void runOnOperation() override {
    SmallVector<onnx::MatMulNBitsOp> quantized;
    getOperation().walk(
        [&](onnx::MatMulNBitsOp op) { quantized.push_back(op); });
    for (onnx::MatMulNBitsOp product : quantized)
      if (!raiseGroups(product))
        product.emitRemark("stays plain: the weights of a linear of few bits "
                           "are in the file, in blocks of 32 or more, without "
                           "a group index");
    SmallVector<onnx::MatMulOp> products;
    getOperation().walk([&](onnx::MatMulOp op) { products.push_back(op); });
    for (onnx::MatMulOp product : products) {
      auto input = rankedType(product.getLhs());
      auto weight = rankedType(product.getRhs());
      if (!input || input.getRank() < 2 || !weight || weight.getRank() != 2 ||
          !weight.hasStaticShape() ||
          !isa<FloatType>(weight.getElementType()) ||
          !isWeight(product.getRhs()) || isWeight(product.getLhs()))
        continue;
      OpBuilder builder(product);
      Value matrix = getWeight(builder, product.getLoc(), product.getRhs());
      if (!matrix)
        continue;
      auto linear = llm::LinearOp::createPlain(builder, product.getLoc(),
                                               product.getType(),
                                               product.getLhs(), matrix);
      product.getResult().replaceAllUsesWith(linear.getResult(0));
      eraseDead(product);
    }
  }
};
} // namespace
