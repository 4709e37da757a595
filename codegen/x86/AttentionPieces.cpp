/// A piece of the cache, for lines that share every load of keys and values:
///
///   scores  = q . k                     sums over D, sixteen positions a vector
///   scores  = scaled, softcapped; -inf where a line must not look
///   weights = exp(scores - largest), their sum
///   output  = weights . v               sums over positions, sixteen d a vector
///
/// All lie on the stack. Blocks of 32 positions in which no line sees anything
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

/// What is looked at of a piece, in whole blocks of 32 positions.
struct AttentionPieces::Part {
  Value start;    ///< The piece's first position.
  Value from, to; ///< Offsets in the piece; from = to where nothing is seen.
};

/// Where a position lies.
struct AttentionPieces::Place {
  Value page;   ///< In the caches.
  Value offset; ///< In the page.
};

static int64_t linesAtOnce(int64_t split) {
  int64_t fit = scoreBytes / (split * int64_t(sizeof(float)));
  return std::clamp<int64_t>(fit, 1, sharedLines);
}

AttentionPieces::AttentionPieces(VectorBuilder &b, const AttentionOperands &op,
                                 KvCacheLayout layout, const X86Level &level)
    : layout(layout),
      cutter(b, op, op.heads / layout.heads, linesAtOnce(op.split)), b(b),
      op(op), keys(b, op.keyCache, layout), values(b, op.valueCache, layout),
      blockSums(level.blockSums) {
  int64_t lines = cutter.mostLines(), columns = layout.vectors * width;
  queries = b.stack({lines, columns}, b.getF32Type());
  scores = b.stack({lines, op.split}, b.getF32Type());
  state = SoftmaxState::allocate(b, lines, columns);
}

Value AttentionPieces::rounded(Value factor) {
  return layout.pair > 1 ? b.toF32(b.fromF32(factor, b.getBF16Type())) : factor;
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

void AttentionPieces::emitPiece(const AttentionLines &lines, Value split) {
  Part part = seenPart(lines, split);
  emitScores(lines, part);
  emitWeights(lines, part);
  emitValues(lines, part);
}

AttentionPieces::Part AttentionPieces::seenPart(const AttentionLines &lines,
                                                Value split) {
  Value block = b.index(kernel::sumBlock);
  Part part{b.mul(split, b.index(op.split)), b.index(0), {}};
  if (op.window) {
    Value oldest =
        b.mul(b.floorDiv(lines.seen.oldest, kernel::sumBlock), block);
    part.from = b.maxIndex(b.sub(oldest, part.start), part.from);
  }
  Value seen =
      b.add(b.mul(b.floorDiv(lines.seen.last, kernel::sumBlock), block), block);
  Value end = b.minIndex(b.sub(seen, part.start), b.index(op.split));
  part.to = b.maxIndex(end, part.from);
  return part;
}

AttentionPieces::Place AttentionPieces::placeOf(const AttentionLines &lines,
                                                Value position) {
  Value slot = b.floorDiv(position, layout.page);
  return {b.toIndex(b.loadScalar(op.pageTable, {lines.seen.sequence, slot})),
          b.remainder(position, layout.page)};
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
                                 const Part &part) {
  int64_t atOnce =
      vectorsAtOnce(lines.count(), kernel::sumBlock / width, blockSums);
  b.loop(part.from, part.to, atOnce * width, [&](Value at) {
    Place place = placeOf(lines, b.add(part.start, at));
    Value panel = b.floorDiv(place.offset, width);
    forRegisterBlocks(
        lines.count(), atOnce, blockSums, [&](int64_t first, int64_t count) {
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
                                  const Part &part) {
  lines.forEach(b, [&](Value line) {
    Value position = b.loadScalar(op.positions, {lines.rowOf(b, line)});
    auto largest = b.loop(
        part.from, part.to, width, {b.infinity(b.f32Lanes(), true)},
        [&](Value at, ValueRange carried) {
          Value score = finishScore(b.load(scores, {line, at}),
                                    b.add(part.start, at), position);
          b.store(score, scores, {line, at});
          return SmallVector<Value>{b.maxOf(carried[0], score)};
        });
    Value maximum = b.maxLanes(largest[0]);
    Value base = b.broadcast(softmaxBase(b, maximum));
    auto partial = b.loop(
        part.from, part.to, width, {b.number(b.f32Lanes(), 0)},
        [&](Value at, ValueRange carried) {
          Value weight = emitExp(b, b.sub(b.load(scores, {line, at}), base));
          b.store(rounded(weight), scores, {line, at});
          return SmallVector<Value>{b.add(carried[0], weight)};
        });
    b.storeScalar(maximum, state.maxima, line);
    b.storeScalar(b.sumLanes(partial[0]), state.sums, line);
  });
}

void AttentionPieces::emitValues(const AttentionLines &lines,
                                 const Part &part) {
  int64_t atOnce = vectorsAtOnce(lines.count(), layout.vectors, blockSums);
  Value blocks = b.floorDiv(b.sub(part.to, part.from), kernel::sumBlock);
  b.loop(b.index(0), b.index(layout.vectors), atOnce, [&](Value vector) {
    forRegisterBlocks(
        lines.count(), atOnce, blockSums, [&](int64_t first, int64_t count) {
          Place place;
          Value inPlace; // Of the block's first position: its k.
          DotBlock block;
          block.rows = count;
          block.panels = atOnce;
          block.enter = [&](Value k) {
            place = placeOf(lines, b.add(part.start, b.add(part.from, k)));
            inPlace = k;
          };
          block.input = [&](int64_t line, Value k, int64_t j) {
            Value at = b.add(part.from, b.add(k, b.index(j)));
            return b.broadcast(
                b.loadScalar(scores, {b.index(first + line), at}));
          };
          block.weight = [&](int64_t p, Value k, int64_t j) {
            Value offset = b.add(place.offset, b.sub(k, inPlace));
            return values.at(b, place.page, lines.cacheHead,
                             b.add(vector, b.index(p)), offset, j);
          };
          auto dots = emitCanonicalDot(b, block, blocks, /*tail=*/0);
          for (int64_t i = 0; i < count * atOnce; ++i)
            b.store(dots[i], state.outputs,
                    {b.index(first + i / atOnce),
                     b.mul(b.add(vector, b.index(i % atOnce)),
                           b.index(width))});
        });
  });
}
