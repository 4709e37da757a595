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
#include "passes/support/OnnxMatch.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

namespace llmc {
#define GEN_PASS_DEF_RAISELINEAR
#include "passes/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

static bool raiseGroups(onnx::MatMulNBitsOp product) {
  auto input = rankedType(product.getInput());
  if (!input || input.getRank() < 2 || isGiven(product.getGroupIndex()))
    return false;
  OpBuilder builder(product);
  Value matrix = getGroupedWeight(
      builder, product.getLoc(),
      {product.getWeight(), product.getScales(), product.getZeroPoints(),
       int64_t(product.getBits()), int64_t(product.getBlockSize()),
       int64_t(product.getK()), int64_t(product.getN())});
  if (!matrix)
    return false;
  Value result = llm::LinearOp::createPlain(builder, product.getLoc(),
                                            product.getType(),
                                            product.getInput(), matrix)
                     .getResult(0);
  if (isGiven(product.getBias()))
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
