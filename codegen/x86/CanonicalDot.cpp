/// The inner loop does four k an iteration (eight of 4 bits): enough to hide the
/// loop, and a whole line of every weight type. The running sums are not used in it, so
/// they can wait on the stack while the chains fill the registers.
#include "codegen/x86/CanonicalDot.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;

using llvm::SmallVector;

/// emitTerms by pairs: `chains` holds those of the first eight outputs of all
/// sums, even and odd by turns, then those of the last eight.
static void emitPairs(VectorBuilder &b, const DotBlock &block, Value group,
                      int64_t count, SmallVector<Value> &chains) {
  int64_t sums = block.rows * block.panels;
  for (int64_t j = 0; j < count; j += 2)
    for (bool last : {false, true}) {
      SmallVector<Value> weights;
      for (int64_t panel = 0; panel < block.panels; ++panel)
        weights.push_back(block.weightPair(panel, group, j, last));
      for (int64_t row = 0; row < block.rows; ++row) {
        Value input = block.inputPair(row, group, j);
        for (int64_t panel = 0; panel < block.panels; ++panel) {
          Value &chain = chains[last * sums + row * block.panels + panel];
          chain = b.fma(input, weights[panel], chain);
        }
      }
    }
}

/// Even + odd of two vectors of emitPairs.
static Value addPairs(VectorBuilder &b, Value first, Value last) {
  SmallVector<int64_t> even, odd;
  for (int64_t lane = 0; lane < 2 * VectorBuilder::width; lane += 2) {
    even.push_back(lane);
    odd.push_back(lane + 1);
  }
  return b.add(vector::ShuffleOp::create(b, first, last, even),
               vector::ShuffleOp::create(b, first, last, odd));
}

/// One round of fused multiply-adds for k in [group, group + count): `chains`
/// holds the even chains of all sums, then the odd ones.
static void emitTerms(VectorBuilder &b, const DotBlock &block, Value group,
                      int64_t count, SmallVector<Value> &chains) {
  if (block.weightPair)
    return emitPairs(b, block, group, count, chains);
  int64_t sums = block.rows * block.panels;
  for (int64_t j = 0; j < count; ++j) {
    SmallVector<Value> weights;
    for (int64_t panel = 0; panel < block.panels; ++panel)
      weights.push_back(block.weight(panel, group, j));
    for (int64_t row = 0; row < block.rows; ++row) {
      Value input = block.input(row, group, j);
      for (int64_t panel = 0; panel < block.panels; ++panel) {
        Value &chain = chains[j % 2 * sums + row * block.panels + panel];
        chain = b.fma(input, weights[panel], chain);
      }
    }
  }
}

/// The terms of one block, `length` <= 32 of them from k = `first`, added to
/// the running sums.
static SmallVector<Value> emitBlock(VectorBuilder &b, const DotBlock &block,
                                    Value first, int64_t length,
                                    ValueRange sums) {
  if (block.enter)
    block.enter(first, length);
  SmallVector<Value> chains(2 * sums.size(), b.number(b.f32Lanes(), 0));
  int64_t step = block.step, whole = length / step * step;
  if (whole == step)
    emitTerms(b, block, first, step, chains);
  else if (whole)
    chains = b.loop(first, b.add(first, b.index(whole)), step, chains,
                    [&](Value group, ValueRange carried) {
                      SmallVector<Value> next(carried);
                      emitTerms(b, block, group, step, next);
                      return next;
                    });
  if (whole != length)
    emitTerms(b, block, b.add(first, b.index(whole)), length - whole, chains);
  SmallVector<Value> result;
  SmallVector<Value> scales;
  for (int64_t panel = 0; block.scale && panel < block.panels; ++panel)
    scales.push_back(block.scale(panel, first));
  for (auto [i, sum] : llvm::enumerate(sums)) {
    Value one = chains[i], other = chains[sums.size() + i];
    Value terms = block.weightPair ? addPairs(b, one, other) : b.add(one, other);
    result.push_back(scales.empty()
                         ? b.add(sum, terms)
                         : b.fma(scales[i % block.panels], terms, sum));
  }
  return result;
}

SmallVector<Value> llmc::codegen::emitCanonicalDot(VectorBuilder &b,
                                                   const DotBlock &block,
                                                   Value blocks,
                                                   int64_t tail) {
  SmallVector<Value> sums(block.rows * block.panels,
                          b.number(b.f32Lanes(), 0));
  Value end = b.mul(blocks, b.index(kernel::sumBlock));
  if (getConstantIntValue(blocks) != 0)
    sums = b.loop(b.index(0), end, kernel::sumBlock, sums,
                  [&](Value first, ValueRange carried) {
                    return emitBlock(b, block, first, kernel::sumBlock,
                                     carried);
                  });
  if (tail)
    sums = emitBlock(b, block, end, tail, sums);
  return sums;
}
