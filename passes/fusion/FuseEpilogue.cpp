/// An llm.map that reads plain linears which nothing else reads becomes their
/// epilogue. With one linear:
///
///   %s = llm.linear %x, %w {plain};  %y = llm.map %s, %r { s + r }
///   ->
///   %y = llm.linear %x, %w extras(%r) { ^(%s, %r): s + r }
///
/// With two linears of the same input and width (gate and up) they become the
/// parts of one, their panels interleaved, so that one pass over %x makes both
/// sums of an element:
///
///   %g = llm.linear %x, %wg;  %u = llm.linear %x, %wu
///   %y = llm.map %g, %u { g * sigmoid(g) * u }
///   ->
///   %y = llm.linear %x, %wgu {parts = 2} { ^(%g, %u): g * sigmoid(g) * u }
///
/// Bits are kept for f32; a sum of less than f32 is no longer rounded in
/// between. Refused: a linear with another reader or an epilogue of its own,
/// an input of one element per row.
#include "passes/Passes.h"
#include "passes/support/Regions.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

namespace llmc {
#define GEN_PASS_DEF_FUSEEPILOGUE
#include "passes/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

/// The plain linear that `input` is, if `map` alone reads it.
static llm::LinearOp plainProducer(Value input, llm::MapOp map) {
  auto linear = input.getDefiningOp<llm::LinearOp>();
  if (!linear || !linear.isPlain() ||
      llvm::any_of(input.getUsers(),
                   [&](Operation *user) { return user != map; }) ||
      cast<ShapedType>(input.getType()).getShape() !=
          cast<ShapedType>(map.getResult(0).getType()).getShape())
    return {};
  return linear;
}

/// The linears to fuse: two of one input, else the last in the block (what it
/// reads is then all computed).
static SmallVector<llm::LinearOp> choose(llm::MapOp map) {
  SmallVector<llm::LinearOp> linears;
  for (Value input : map.getInputs())
    if (auto linear = plainProducer(input, map))
      linears.push_back(linear);
  if (linears.size() == 2 && linears[0].getInput() == linears[1].getInput() &&
      linears[0] != linears[1])
    return linears;
  if (linears.empty())
    return {};
  llm::LinearOp last = linears.front();
  for (llm::LinearOp linear : linears)
    if (last->isBeforeInBlock(linear))
      last = linear;
  return {last};
}

static bool fuse(llm::MapOp map) {
  SmallVector<llm::LinearOp> linears = choose(map);
  if (linears.empty())
    return false;
  OpBuilder builder(map);
  Value weight = linears[0].getWeight();
  if (linears.size() == 2) {
    auto first = weightOf(weight), second = weightOf(linears[1].getWeight());
    auto merged = first && second ? concatWeights({first, second}, true)
                                  : llm::WeightOp();
    if (merged)
      weight = llm::GetWeightOp::create(builder, map.getLoc(), merged.getType(),
                                        merged.getSymName());
    else
      linears.resize(1);
  }
  SmallVector<Value> extras;
  for (Value input : map.getInputs()) {
    auto type = cast<ShapedType>(input.getType());
    if (llvm::is_contained(linears, input.getDefiningOp<llm::LinearOp>()) &&
        input.getDefiningOp<llm::LinearOp>())
      continue;
    auto shape = cast<ShapedType>(map.getResult(0).getType()).getShape();
    if (type.getShape() != shape && type.getShape() != shape.take_back())
      return false;
    extras.push_back(input);
  }
  auto fused = llm::LinearOp::create(builder, map.getLoc(),
                                     map.getResultTypes(),
                                     linears[0].getInput(), weight, extras,
                                     int64_t(linears.size()));
  Block *body = builder.createBlock(&fused.getEpilogue());
  for (size_t i = 0; i < linears.size(); ++i)
    body->addArgument(builder.getF32Type(), map.getLoc());
  for (Value extra : extras)
    body->addArgument(cast<ShapedType>(extra.getType()).getElementType(),
                      map.getLoc());
  SmallVector<Value> arguments;
  unsigned nextExtra = linears.size();
  for (auto [input, argument] :
       llvm::zip(map.getInputs(), map.getBody().getArguments())) {
    auto linear = input.getDefiningOp<llm::LinearOp>();
    auto found = linear ? llvm::find(linears, linear) : linears.end();
    Value value = found != linears.end()
                      ? body->getArgument(found - linears.begin())
                      : body->getArgument(nextExtra++);
    if (value.getType() != argument.getType())
      value = arith::TruncFOp::create(builder, map.getLoc(), argument.getType(),
                                      value);
    arguments.push_back(value);
  }
  llm::YieldOp::create(
      builder, map.getLoc(),
      inlineScalars(builder, map.getBody().front(), arguments));
  map.replaceAllUsesWith(fused.getResults());
  map.erase();
  for (llm::LinearOp linear : linears)
    linear.erase();
  return true;
}

namespace {
struct FuseEpilogue : llmc::impl::FuseEpilogueBase<FuseEpilogue> {
  void runOnOperation() override {
    SmallVector<llm::MapOp> maps;
    getOperation().walk([&](llm::MapOp map) { maps.push_back(map); });
    for (llm::MapOp map : maps)
      fuse(map);
  }
};
} // namespace
