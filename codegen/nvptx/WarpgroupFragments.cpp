#include "codegen/nvptx/WarpgroupFragments.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace llmc::codegen;

using llvm::SmallVector;

/// Terms that lie together in the rows.
static constexpr int64_t eightTerms = 8;

WarpgroupFragments::WarpgroupFragments(GpuBuilder &b, const PanelLayout &layout,
                                       const WeightFragments &weights,
                                       const FragmentLane &lane)
    : b(b), layout(layout), weights(weights), lane(lane) {}

Value WarpgroupFragments::load(Value stage, Value panel, int64_t eight) const {
  int64_t lines = eightTerms / layout.lineTerms();
  Value line = b.i32(eight * lines);
  if (lines > 1)
    line = b.add(line, lines == 4 ? lane.t : b.shiftRight(lane.t, 1));
  Value at = b.add(b.mul(panel, b.i32(panelBytes())),
                   b.add(b.shiftLeft(line, 6), b.shiftLeft(lane.quad(b), 4)));
  // Bits from 4 on are crossed with bits from 7 on: three of each, or two.
  int64_t crossed = tileLine(layout) - 16;
  at = b.bitXor(at, b.bitAnd(b.shiftRight(at, 3), b.i32(crossed)));
  return b.loadAt(b.lanes(b.getI32Type(), 4), b.offset(stage, at));
}

Value WarpgroupFragments::pairOf(Value word) const {
  if (layout.kind == PanelLayout::Kind::Pair)
    return word;
  Value odd = b.bitAnd(lane.t, b.i32(1));
  if (layout.lineTerms() == 8) // Threads 2 and 3 have the high halves of bytes.
    word = arith::ShRUIOp::create(
        b, word, b.shiftLeft(b.shiftRight(lane.t, 1), 2));
  // Bytes 0 and 1, or 2 and 3, each with a byte of zeros.
  Value selector = b.add(b.i32(0x4140), b.mul(odd, b.i32(0x0202)));
  word = b.intrinsic("llvm.nvvm.prmt", b.getI32Type(), {word, b.i32(0), selector});
  return weights.decode(word, 0, 0);
}

SmallVector<SmallVector<Value>>
WarpgroupFragments::fragments(Value stage, Value panel, int64_t number) const {
  SmallVector<SmallVector<Value>> result(2);
  for (int64_t half = 0; half < 2; ++half) {
    Value loaded = load(stage, panel, 2 * number + half);
    for (int64_t output = 0; output < 4; ++output)
      result[output / 2].push_back(
          pairOf(vector::ExtractOp::create(b, loaded, output)));
  }
  return result;
}
