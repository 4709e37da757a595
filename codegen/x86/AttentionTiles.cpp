/// A block of sums lives in four tile registers, its factors in three others.
/// Sums of scores run over D and are stored for each 32 positions; those of values
/// run over all positions of the part.
#include "codegen/x86/AttentionTiles.h"

#include "codegen/x86/PairLines.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;

using llvm::SmallVector;

static constexpr int64_t width = VectorBuilder::width;

bool llmc::codegen::fitsTiles(MemRefType cache, int64_t headDim,
                              const X86Level &level) {
  Type element = cache.getElementType();
  if (element.isInteger(8))
    element = BFloat16Type::get(cache.getContext());
  return Tiles::multiply(element, level) && headDim % Tiles::terms == 0;
}

/// Panels of keys, and most panels of values, that are multiplied at once.
static constexpr int64_t keyPanels = 2, valuePanels = 4;

AttentionTiles::AttentionTiles(VectorBuilder &b, const AttentionOperands &op,
                               const KvCacheLayout &layout, Value keys,
                               Value values)
    : b(b), op(op), layout(layout), keys(keys), values(values), tiles(b) {
  if (layout.hasScales())
    decoded = b.stack({valuePanels, std::max(layout.headDim / 2, Tiles::rows),
                       Tiles::terms},
                      b.getBF16Type());
}

void AttentionTiles::decode(Value cache, const CachePlace &place, Value head,
                            Value panel, Value line, int64_t count,
                            int64_t slot) {
  Type wide = b.lanes(b.getI32Type());
  b.loop(b.index(0), b.index(count), 1, [&](Value i) {
    Value bytes = b.load(
        cache, {place.page, head, panel, b.add(line, i), b.index(0)}, {}, 64);
    for (int64_t pair = 0; pair < 2; ++pair) {
      // Exact: the lower half of each f32 is zero.
      Value low = b.bitcast(byteOfFour(b, bytes, 2 * pair), b.getI32Type());
      Value high = b.bitcast(byteOfFour(b, bytes, 2 * pair + 1), b.getI32Type());
      Value both = arith::OrIOp::create(
          b, arith::ShRUIOp::create(b, low, b.integer(wide, 16)), high);
      Value numbers = vector::BitCastOp::create(
          b, b.lanes(b.getBF16Type(), Tiles::terms), both);
      b.store(numbers, decoded,
              {b.index(slot), b.add(b.mul(i, b.index(2)), b.index(pair)),
               b.index(0)});
    }
  });
}

void AttentionTiles::forTilesOf(const AttentionLines &lines,
                                llvm::function_ref<void(int64_t)> body) {
  if (lines.most() <= Tiles::rows)
    return body(1);
  Value many = b.compare(arith::CmpIPredicate::sgt, lines.count(b),
                         b.index(Tiles::rows));
  auto branch = scf::IfOp::create(b, many, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(&branch.getThenRegion().front());
  body(2);
  b.setInsertionPointToStart(&branch.getElseRegion().front());
  body(1);
}

SmallVector<Value> AttentionTiles::emitSums(
    int64_t count, int64_t columns, Value from, Value to, Value left,
    llvm::function_ref<std::function<Value(int64_t)>(Value)> right) {
  SmallVector<Value> sums;
  for (int64_t i = 0; i < count * columns; ++i)
    sums.push_back(tiles.zero(b.getF32Type()));
  return b.loop(
      from, to, Tiles::terms, sums, [&](Value k, ValueRange carried) {
        SmallVector<Value> factors, next(carried);
        for (int64_t m = 0; m < count; ++m)
          factors.push_back(
              tiles.load(left, {b.index(m * Tiles::rows), k}));
        auto column = right(k);
        // One right factor at a time: with the sums, few registers are left.
        for (int64_t i = 0; i < columns; ++i) {
          Value factor = column(i);
          for (int64_t m = 0; m < count; ++m)
            next[m * columns + i] = tiles.multiply(
                factors[m], factor, carried[m * columns + i]);
        }
        return next;
      });
}

void AttentionTiles::emitScores(const AttentionLines &lines,
                                const PiecePart &part, Value queries,
                                Value scores) {
  constexpr int64_t panels = keyPanels;
  forTilesOf(lines, [&](int64_t count) {
    b.loop(part.from, part.to, panels * width, [&](Value at) {
      auto place = CachePlace::of(b, op, layout.page, lines,
                                  b.add(part.start, at));
      Value panel = b.floorDiv(place.offset, width);
      for (int64_t i = 0; decoded && i < panels; ++i)
        decode(keys, place, lines.cacheHead, b.add(panel, b.index(i)),
               b.index(0), layout.scaleLine(), i);
      auto sums = emitSums(
          count, panels, b.index(0), b.index(layout.headDim), queries,
          [&](Value d) {
            return [&, d](int64_t i) {
              if (decoded)
                return tiles.load(decoded, {b.index(i), b.floorDiv(d, 2),
                                            b.index(0)});
              return tiles.load(
                  keys, {place.page, lines.cacheHead, b.add(panel, b.index(i)),
                         b.floorDiv(d, 2), b.index(0)});
            };
          });
      for (int64_t m = 0; m < count; ++m)
        for (int64_t i = 0; i < panels; ++i)
          tiles.store(sums[m * panels + i], scores,
                          {b.index(m * Tiles::rows),
                           b.add(at, b.index(i * width))});
    });
  });
}

void AttentionTiles::emitValues(const AttentionLines &lines,
                                const PiecePart &part, Value weights,
                                Value outputs) {
  forTilesOf(lines, [&](int64_t count) {
    // Each sum waits for the one before: four hide what two cannot.
    int64_t vectors =
        count == 1 && layout.vectors % valuePanels == 0 ? valuePanels : 2;
    b.loop(b.index(0), b.index(layout.vectors), vectors, [&](Value vector) {
      auto sums = emitSums(
          count, vectors, part.from, part.to, weights, [&](Value at) {
            auto place = CachePlace::of(b, op, layout.page, lines,
                                        b.add(part.start, at));
            return [&, place](int64_t i) {
              Value panel = b.add(vector, b.index(i));
              Value line = b.floorDiv(place.offset, layout.pair);
              if (decoded) {
                decode(values, place, lines.cacheHead, panel, line,
                       Tiles::terms / layout.pair, i);
                return tiles.load(decoded, {b.index(i), b.index(0), b.index(0)});
              }
              return tiles.load(values, {place.page, lines.cacheHead, panel, line,
                                         b.index(0)});
            };
          });
      for (int64_t m = 0; m < count; ++m)
        for (int64_t i = 0; i < vectors; ++i)
          tiles.store(sums[m * vectors + i], outputs,
                          {b.index(m * Tiles::rows),
                           b.mul(b.add(vector, b.index(i)), b.index(width))});
    });
  });
}
