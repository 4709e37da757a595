#include "codegen/x86/CachePanels.h"

#include "codegen/x86/PairLines.h"

using namespace mlir;
using namespace llmc::codegen;

using llvm::SmallVector;

static constexpr int64_t width = VectorBuilder::width;

CachePanels::CachePanels(VectorBuilder &b, Value cache,
                         const KvCacheLayout &layout)
    : cache(layout.pair > 1 ? withWholeLines(b, cache) : cache),
      pair(layout.pair) {}

Value CachePanels::at(VectorBuilder &b, Value page, Value head, Value panel,
                      Value group, int64_t j) const {
  Value line = b.add(b.floorDiv(group, pair), b.index(j / pair));
  SmallVector<Value> place = {page, head, panel, line, b.index(0)};
  if (pair == 1)
    return b.load(cache, place);
  if (pair == 4)
    return byteOfFour(b, b.load(cache, place, {}, width * pair), j);
  Type element = cast<MemRefType>(cache.getType()).getElementType();
  return halfOfPair(b, loadLine(b, cache, place), element, j % pair);
}

bool CachePanels::inPairs() const {
  return elementOf(cache.getType()).isF16();
}

Value CachePanels::pairsAt(VectorBuilder &b, Value page, Value head,
                           Value panel, Value group, int64_t j,
                           bool last) const {
  Value line = b.add(b.floorDiv(group, 2), b.index(j / 2));
  Value lane = b.index(last * VectorBuilder::width);
  return b.loadF32(cache, {page, head, panel, line, lane});
}

Value CachePanels::scales(VectorBuilder &b, Value page, Value head, Value panel,
                          int64_t line) const {
  Value scales =
      loadLine(b, cache, {page, head, panel, b.index(line), b.index(0)});
  return b.mul(b.bitcast(scales, b.getF32Type()),
               b.number(b.f32Lanes(), 1 / byteFactor));
}
