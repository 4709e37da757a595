/// A piece of the cache, for lines that share every load of keys and values:
///
///   scores  = q . k                     sums over D, sixteen positions a vector
///   scores  = scaled, softcapped; -inf where a line must not look
///   weights = exp(scores - largest), their sum
///   output  = weights . v               sums over positions, sixteen d a vector
///
/// Over caches of bytes, keys' scales multiply scores, and values' scales the
/// weights that multiply values. All lie on the stack. Both products are done by vectors, or by tiles
/// (AttentionTiles), with the same bits; the rest is common to them. Blocks of 32 positions in which no line sees anything
/// are left out: their weights would be 0 and add nothing, so how rows are
/// grouped does not show in the bits.
#include "codegen/x86/AttentionPieces.h"

#include "codegen/llvm/VectorMath.h"
#include "codegen/x86/CanonicalDot.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;

using llvm::SmallVector;

static constexpr int64_t width = VectorBuilder::width;
/// Lines that share loads: more gain little and the code grows with them.
static constexpr int64_t sharedLines = 8;
/// What the scores of a piece may take of the stack.
static constexpr int64_t scoreBytes = 256 << 10;

static int64_t linesAtOnce(int64_t split, bool tiles) {
  int64_t fit = scoreBytes / (split * int64_t(sizeof(float)));
  return tiles ? std::clamp(fit, Tiles::rows, AttentionTiles::mostLines)
               : std::clamp<int64_t>(fit, 1, sharedLines);
}

static bool useTiles(const AttentionOperands &op, const KvCacheLayout &layout,
                     const X86Level &level) {
  auto cache = cast<MemRefType>(op.keyCache.getType());
  return fitsTiles(cache, layout.headDim, level);
}

AttentionPieces::AttentionPieces(VectorBuilder &b, const AttentionOperands &op,
                                 KvCacheLayout layout, const X86Level &level)
    : layout(layout),
      cutter(b, op, op.heads / layout.heads,
             linesAtOnce(op.split, useTiles(op, layout, level)),
             /*counted=*/!useTiles(op, layout, level)),
      b(b), op(op), keys(b, op.keyCache, layout),
      values(b, op.valueCache, layout), blockSums(level.blockSums) {
  int64_t lines = cutter.mostLines(), columns = layout.vectors * width;
  Type f32 = b.getF32Type(), element = layout.factor;
  if (useTiles(op, layout, level)) {
    // Whole tiles of lines. Rows lie a line of the cache more than a power of
    // two apart: tiles are columns of them.
    lines = llvm::alignTo(lines, Tiles::rows);
    queries = b.stack({lines, columns + 2 * width}, element);
    scores = b.stack({lines, op.split + width}, f32);
    weights = b.stack({lines, op.split + 2 * width}, element);
    tiles.emplace(b, op, layout, keys.lines(), values.lines());
  } else {
    queries = b.stack({lines, columns}, f32);
    weights = scores = b.stack({lines, op.split}, f32);
  }
  if (layout.hasScales()) {
    keyScales = b.stack({op.split}, f32);
    valueScales = b.stack({op.split}, f32);
  }
  state = SoftmaxState::allocate(b, lines, columns);
}

Value AttentionPieces::rounded(Value factor) {
  if (layout.pair == 1)
    return factor;
  Value narrow = b.narrow(factor, layout.factor);
  return tiles ? narrow : b.toF32(narrow);
}

void AttentionPieces::loadQueries(const AttentionLines &lines) {
  lines.forEach(b, [&](Value line) {
    Value row = lines.rowOf(b, line);
    Value start = b.mul(lines.headOf(b, line), b.index(layout.headDim));
    b.columns(layout.headDim, [&](Value column, Value mask) {
      Value query = b.loadF32(op.query, {row, b.add(start, column)}, mask);
      b.store(rounded(query), queries, {line, column});
    });
  });
}

void AttentionPieces::loadScales(const AttentionLines &lines,
                                 const PiecePart &part) {
  b.loop(part.from, part.to, width, [&](Value at) {
    auto place = CachePlace::of(b, op, layout.page, lines,
                                b.add(part.start, at));
    Value panel = b.floorDiv(place.offset, width);
    for (int64_t i = 0; i < 2; ++i)
      b.store(keys.scales(b, place.page, lines.cacheHead, panel,
                          layout.scaleLine() + i),
              i ? valueScales : keyScales, {at});
  });
}

void AttentionPieces::emitPiece(const AttentionLines &lines, Value split) {
  PiecePart part = PiecePart::of(b, op, lines, split);
  if (layout.hasScales())
    loadScales(lines, part);
  if (tiles)
    tiles->emitScores(lines, part, queries, scores);
  else
    emitScores(lines, part);
  emitWeights(lines, part);
  if (tiles)
    tiles->emitValues(lines, part, weights, state.outputs);
  else
    emitValues(lines, part);
}

/// Cuts `count` lines into register blocks of `panels` vectors.
static void forRegisterBlocks(int64_t count, int64_t panels, int64_t sums,
                              llvm::function_ref<void(int64_t first,
                                                      int64_t lines)> body) {
  int64_t atOnce = std::max<int64_t>(1, sums / panels);
  for (int64_t first = 0; first < count; first += atOnce)
    body(first, std::min(atOnce, count - first));
}

/// Two vectors a register block where both come in pairs and fit.
static int64_t vectorsAtOnce(int64_t lines, int64_t vectors, int64_t sums) {
  return vectors % 2 == 0 && lines * 2 <= sums ? 2 : 1;
}

void AttentionPieces::emitScores(const AttentionLines &lines,
                                 const PiecePart &part) {
  int64_t atOnce =
      vectorsAtOnce(lines.most(), kernel::sumBlock / width, blockSums);
  b.loop(part.from, part.to, atOnce * width, [&](Value at) {
    auto place = CachePlace::of(b, op, layout.page, lines,
                                b.add(part.start, at));
    Value panel = b.floorDiv(place.offset, width);
    forRegisterBlocks(
        lines.most(), atOnce, blockSums, [&](int64_t first, int64_t count) {
          DotBlock block;
          block.rows = count;
          block.panels = atOnce;
          block.input = [&](int64_t line, Value k, int64_t j) {
            return b.broadcast(b.loadScalar(
                queries, {b.index(first + line), b.add(k, b.index(j))}));
          };
          block.weight = [&](int64_t p, Value k, int64_t j) {
            return keys.at(b, place.page, lines.cacheHead,
                           b.add(panel, b.index(p)), k, j);
          };
          if (keys.inPairs()) {
            block.inputPair = [&](int64_t line, Value k, int64_t j) {
              return b.broadcastPair(
                  queries, {b.index(first + line), b.add(k, b.index(j))});
            };
            block.weightPair = [&](int64_t p, Value k, int64_t j, bool last) {
              return keys.pairsAt(b, place.page, lines.cacheHead,
                                  b.add(panel, b.index(p)), k, j, last);
            };
          }
          auto dots = emitCanonicalDot(
              b, block, b.index(layout.headDim / kernel::sumBlock),
              layout.headDim % kernel::sumBlock);
          for (int64_t i = 0; i < count * atOnce; ++i)
            b.store(dots[i], scores,
                    {b.index(first + i / atOnce),
                     b.add(at, b.index(i % atOnce * width))});
        });
  });
}

/// Scale, softcap and mask of sixteen positions' scores of one line.
Value AttentionPieces::finishScore(Value score, Value firstPosition,
                                   Value position) {
  Type f32 = score.getType();
  score = b.mul(score, b.number(f32, op.scale));
  if (double cap = op.softcap; cap > 0)
    score = b.mul(emitTanh(b, b.div(score, b.number(f32, cap))),
                  b.number(f32, cap));
  auto integers = b.lanes(b.getI32Type());
  SmallVector<int32_t> count(width);
  for (int32_t i = 0; i < width; ++i)
    count[i] = i;
  Value lane = arith::ConstantOp::create(
      b, DenseElementsAttr::get(integers, ArrayRef(count)));
  Value key = b.add(b.broadcast(arith::IndexCastOp::create(b, b.getI32Type(),
                                                           firstPosition)),
                    lane);
  Value row = b.broadcast(position);
  Value seen = b.compare(arith::CmpIPredicate::sle, key, row);
  if (int64_t window = op.window) {
    Value oldest = b.sub(row, b.integer(integers, window));
    seen = arith::AndIOp::create(
        b, seen, b.compare(arith::CmpIPredicate::sgt, key, oldest));
  }
  return b.select(seen, score, b.infinity(f32, true));
}

void AttentionPieces::emitWeights(const AttentionLines &lines,
                                  const PiecePart &part) {
  lines.forEach(b, [&](Value line) {
    Value position = b.loadScalar(op.positions, {lines.rowOf(b, line)});
    auto largest = b.loop(
        part.from, part.to, width, {b.infinity(b.f32Lanes(), true)},
        [&](Value at, ValueRange carried) {
          Value score = b.load(scores, {line, at});
          if (keyScales)
            score = b.mul(score, b.load(keyScales, {at}));
          score = finishScore(score, b.add(part.start, at), position);
          b.store(score, scores, {line, at});
          return SmallVector<Value>{b.maxOf(carried[0], score)};
        });
    Value maximum = b.maxLanes(largest[0]);
    Value base = b.broadcast(softmaxBase(b, maximum));
    auto partial = b.loop(
        part.from, part.to, width, {b.number(b.f32Lanes(), 0)},
        [&](Value at, ValueRange carried) {
          Value weight = emitExp(b, b.sub(b.load(scores, {line, at}), base));
          Value factor = weight;
          if (valueScales)
            factor = b.mul(factor, b.load(valueScales, {at}));
          b.store(rounded(factor), weights, {line, at});
          return SmallVector<Value>{b.add(carried[0], weight)};
        });
    b.storeScalar(maximum, state.maxima, line);
    b.storeScalar(b.sumLanes(partial[0]), state.sums, line);
  });
}

void AttentionPieces::emitValues(const AttentionLines &lines,
                                 const PiecePart &part) {
  int64_t atOnce = vectorsAtOnce(lines.most(), layout.vectors, blockSums);
  Value blocks = b.floorDiv(b.sub(part.to, part.from), kernel::sumBlock);
  b.loop(b.index(0), b.index(layout.vectors), atOnce, [&](Value vector) {
    forRegisterBlocks(
        lines.most(), atOnce, blockSums, [&](int64_t first, int64_t count) {
          CachePlace place;
          Value inPlace; // Of the block's first position: its k.
          DotBlock block;
          block.rows = count;
          block.panels = atOnce;
          block.enter = [&](Value k, int64_t) {
            place = CachePlace::of(b, op, layout.page, lines,
                                   b.add(part.start, b.add(part.from, k)));
            inPlace = k;
          };
          block.input = [&](int64_t line, Value k, int64_t j) {
            Value at = b.add(part.from, b.add(k, b.index(j)));
            return b.broadcast(
                b.loadScalar(weights, {b.index(first + line), at}));
          };
          block.weight = [&](int64_t p, Value k, int64_t j) {
            Value offset = b.add(place.offset, b.sub(k, inPlace));
            return values.at(b, place.page, lines.cacheHead,
                             b.add(vector, b.index(p)), offset, j);
          };
          if (values.inPairs()) {
            block.inputPair = [&](int64_t line, Value k, int64_t j) {
              Value at = b.add(part.from, b.add(k, b.index(j)));
              return b.broadcastPair(weights, {b.index(first + line), at});
            };
            block.weightPair = [&](int64_t p, Value k, int64_t j, bool last) {
              Value offset = b.add(place.offset, b.sub(k, inPlace));
              return values.pairsAt(b, place.page, lines.cacheHead,
                                    b.add(vector, b.index(p)), offset, j, last);
            };
          }
          auto dots = emitCanonicalDot(b, block, blocks, /*tail=*/0);
          for (int64_t i = 0; i < count * atOnce; ++i)
            b.store(dots[i], state.outputs,
                    {b.index(first + i / atOnce),
                     b.mul(b.add(vector, b.index(i % atOnce)),
                           b.index(width))});
        });
  });
}
