/// A piece of the cache, page by page with online merging.
///
/// The query heads of a cache head, and a few rows, are done together, so that
/// they share every load of keys and values. For a set of lines:
///
///   for each page of the piece from the first that a window reaches to the
///   last position:
///     scores  = scale * q . k           sums over D, sixteen positions a vector
///               softcapped; -inf where a line must not look
///     weights = exp(scores - largest), their sum
///     values  = weights . v             sums over positions, sixteen d a vector
///     (m, sum, output) = merged with the page's
///
/// State between pages lies on the stack. A page in which a line sees nothing
/// leaves its state as it is, bit by bit, so how rows are grouped in blocks
/// does not show. Positions after the last visible one are skipped in steps of
/// 32 (a block of the canonical sum): their terms would add zero.
#include "codegen/x86/AttentionPages.h"

#include "codegen/llvm/VectorMath.h"
#include "codegen/x86/CanonicalDot.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;

using llvm::SmallVector;

/// Lines that share loads: more gain little and the code grows with them.
static constexpr int64_t sharedLines = 8;
static constexpr int64_t sharedRows = 4;
static constexpr int64_t width = VectorBuilder::width;

/// Where a page lies and how much of it is looked at.
struct AttentionPages::Page {
  Value id;        ///< In the caches.
  Value first;     ///< Position of its first key.
  Value panels;    ///< Vectors of 16 positions to score; covers `blocks`.
  Value blocks;    ///< Whole blocks of 32 positions of the value sums.
  int64_t tail;    ///< Positions after them.
};

/// -inf to 0, so that what is subtracted from -inf is a number.
static Value finite(VectorBuilder &b, Value maximum) {
  Value none = b.compare(arith::CmpFPredicate::OEQ, maximum,
                         b.infinity(maximum.getType(), true));
  return b.select(none, b.number(maximum.getType(), 0), maximum);
}

SoftmaxMerge SoftmaxMerge::emit(VectorBuilder &b, Value before, Value added) {
  Value maximum = b.maxOf(before, added);
  Value reference = finite(b, maximum);
  return {maximum, emitExp(b, b.sub(before, reference)),
          emitExp(b, b.sub(added, reference))};
}

Value SoftmaxMerge::apply(VectorBuilder &b, Value x, Value y) const {
  if (!isa<VectorType>(x.getType()))
    return b.fma(y, added, b.mul(x, before));
  return b.fma(y, b.broadcast(added), b.mul(x, b.broadcast(before)));
}

SoftmaxState SoftmaxState::allocate(VectorBuilder &b, int64_t lines,
                                    int64_t columns) {
  Type f32 = b.getF32Type();
  return {b.stack({lines}, f32), b.stack({lines}, f32),
          b.stack({lines, columns}, f32)};
}

void SoftmaxState::clear(VectorBuilder &b, int64_t lines) const {
  Type f32 = b.getF32Type();
  int64_t length = cast<MemRefType>(outputs.getType()).getDimSize(1);
  for (int64_t l = 0; l < lines; ++l) {
    Value line = b.index(l);
    b.columns(length, [&](Value column, Value) {
      b.store(b.number(b.f32Lanes(), 0), outputs, {line, column});
    });
    b.storeScalar(b.infinity(f32, true), maxima, line);
    b.storeScalar(b.number(f32, 0), sums, line);
  }
}

AttentionPages::AttentionPages(VectorBuilder &b, const AttentionOperands &op,
                               KvCacheLayout layout, const X86Level &level)
    : layout(layout), b(b), op(op), group(op.heads / layout.heads),
      blockSums(level.blockSums) {
  headsAtOnce = std::min(group, sharedLines);
  while (group % headsAtOnce)
    --headsAtOnce;
  rowsAtOnce = std::min(sharedRows, sharedLines / headsAtOnce);
  int64_t lines = mostLines(), columns = layout.vectors * width;
  Type f32 = b.getF32Type();
  queries = b.stack({lines, columns}, f32);
  scores = b.stack({lines, layout.page}, f32);
  for (Value *perLine : {&oldFactors, &newFactors})
    *perLine = b.stack({lines}, f32);
  state = SoftmaxState::allocate(b, lines, columns);
}

void AttentionPages::widen(AttentionRows &seen, Value position) {
  Value last = b.toIndex(position), oldest = b.index(0);
  if (op.window)
    oldest = arith::MaxSIOp::create(b, b.sub(last, b.index(op.window - 1)),
                                    b.index(0));
  seen.oldest = seen.oldest ? b.minIndex(seen.oldest, oldest) : oldest;
  seen.last =
      seen.last ? Value(arith::MaxSIOp::create(b, seen.last, last)) : last;
}

AttentionRows AttentionPages::rowsFrom(Value first, Value count) {
  AttentionRows seen;
  seen.sequence = b.toIndex(b.loadScalar(op.rowSequence, {first}));
  widen(seen, b.loadScalar(op.positions, {first}));
  auto carried = b.loop(
      b.add(first, b.index(1)), b.add(first, count), 1,
      {seen.oldest, seen.last}, [&](Value row, ValueRange carried) {
        AttentionRows wider{seen.sequence, carried[0], carried[1]};
        widen(wider, b.loadScalar(op.positions, {row}));
        return SmallVector<Value>{wider.oldest, wider.last};
      });
  return {seen.sequence, carried[0], carried[1]};
}

AttentionLines AttentionPages::linesAt(Value row, int64_t rows, Value head,
                                       Value cacheHead, Value sequence) {
  AttentionLines lines{row,       rows, head, headsAtOnce,
                       cacheHead, {},   {sequence, {}, {}}};
  for (int64_t r = 0; r < rows; ++r) {
    Value position = b.loadScalar(op.positions, {b.add(row, b.index(r))});
    lines.positions.push_back(position);
    widen(lines.seen, position);
  }
  return lines;
}

void AttentionPages::forLines(
    Value first, Value count, Value cacheHead, Value sequence,
    llvm::function_ref<void(const AttentionLines &)> body) {
  Value firstHead = b.mul(cacheHead, b.index(group));
  b.loop(b.index(0), b.index(group), headsAtOnce, [&](Value part) {
    Value head = b.add(firstHead, part);
    Value end = b.add(first, count), done = first;
    if (rowsAtOnce > 1) {
      done = b.add(first, b.mul(b.floorDiv(count, rowsAtOnce),
                                b.index(rowsAtOnce)));
      b.loop(first, done, rowsAtOnce, [&](Value row) {
        body(linesAt(row, rowsAtOnce, head, cacheHead, sequence));
      });
    }
    b.loop(done, end, 1, [&](Value row) {
      body(linesAt(row, 1, head, cacheHead, sequence));
    });
  });
}

void AttentionPages::loadQueries(const AttentionLines &lines) {
  for (int64_t l = 0; l < lines.count(); ++l) {
    Value row = lines.rowOf(b, l);
    Value start = b.mul(lines.headOf(b, l), b.index(layout.headDim));
    b.columns(layout.headDim, [&](Value column, Value mask) {
      Value query = b.loadF32(op.query, {row, b.add(start, column)}, mask);
      b.store(query, queries, {b.index(l), column});
    });
  }
}

void AttentionPages::emitPiece(const AttentionLines &lines, Value split) {
  state.clear(b, lines.count());
  int64_t pages = op.split / layout.page;
  Value first = b.mul(split, b.index(pages));
  Value end = b.minIndex(b.add(first, b.index(pages)),
                         b.add(b.floorDiv(lines.seen.last, layout.page),
                               b.index(1)));
  if (op.window)
    first = arith::MaxSIOp::create(
        b, first, b.floorDiv(lines.seen.oldest, layout.page));
  b.loop(first, end, 1, [&](Value slot) {
    emitPage(lines, describePage(slot, lines));
  });
}

AttentionPages::Page AttentionPages::describePage(Value slot,
                                                  const AttentionLines &lines) {
  Page page;
  page.id = b.toIndex(b.loadScalar(op.pageTable, {lines.seen.sequence, slot}));
  page.first = b.mul(slot, b.index(layout.page));
  page.tail = layout.page % kernel::sumBlock;
  if (page.tail) {
    page.panels = b.index(layout.page / width);
    page.blocks = b.index(layout.page / kernel::sumBlock);
    return page;
  }
  Value seen =
      b.minIndex(b.sub(b.add(lines.seen.last, b.index(1)), page.first),
                 b.index(layout.page));
  page.blocks = b.ceilDiv(seen, kernel::sumBlock);
  page.panels = b.mul(page.blocks, b.index(kernel::sumBlock / width));
  return page;
}

void AttentionPages::emitPage(const AttentionLines &lines, const Page &page) {
  emitScores(lines, page);
  emitWeights(lines, page);
  emitValues(lines, page);
}

/// Scale, softcap and mask of sixteen positions' scores of one line.
Value AttentionPages::finishScore(Value score, Value firstPosition,
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

/// Cuts `count` lines into register blocks of `panels` vectors.
static void forRegisterBlocks(int64_t count, int64_t panels, int64_t sums,
                              llvm::function_ref<void(int64_t first,
                                                      int64_t lines)> body) {
  int64_t atOnce = std::max<int64_t>(1, sums / panels);
  for (int64_t first = 0; first < count; first += atOnce)
    body(first, std::min(atOnce, count - first));
}

void AttentionPages::emitScores(const AttentionLines &lines, const Page &page) {
  int64_t atOnce = vectorsAtOnce(lines, layout.page / width);
  b.loop(b.index(0), page.panels, atOnce, [&](Value panel) {
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
            return b.loadF32(op.keyCache,
                             {page.id, lines.cacheHead,
                              b.add(panel, b.index(p)), b.add(k, b.index(j)),
                              b.index(0)});
          };
          auto dots = emitCanonicalDot(
              b, block, b.index(layout.headDim / kernel::sumBlock),
              layout.headDim % kernel::sumBlock);
          for (int64_t i = 0; i < count * atOnce; ++i) {
            int64_t line = first + i / atOnce;
            Value offset = b.mul(b.add(panel, b.index(i % atOnce)),
                                 b.index(width));
            Value score =
                finishScore(dots[i], b.add(page.first, offset),
                            lines.positions[line / lines.heads]);
            b.store(score, scores, {b.index(line), offset});
          }
        });
  });
}

/// Softmax of the page alone, and how it is merged with the pages before it.
void AttentionPages::emitWeights(const AttentionLines &lines, const Page &page) {
  Value end = b.mul(page.panels, b.index(width));
  Value zero = b.number(b.f32Lanes(), 0);
  b.loop(b.index(0), b.index(lines.count()), 1, [&](Value line) {
    auto largest = b.loop(
        b.index(0), end, width, {b.infinity(b.f32Lanes(), true)},
        [&](Value at, ValueRange carried) {
          Value score = b.load(scores, {line, at});
          return SmallVector<Value>{b.maxOf(carried[0], score)};
        });
    Value maximum = b.maxLanes(largest[0]);
    Value base = b.broadcast(finite(b, maximum));
    auto partial =
        b.loop(b.index(0), end, width, {zero},
               [&](Value at, ValueRange carried) {
                 Value score = b.load(scores, {line, at});
                 Value weight = emitExp(b, b.sub(score, base));
                 b.store(weight, scores, {line, at});
                 return SmallVector<Value>{b.add(carried[0], weight)};
               });
    Value sum = b.sumLanes(partial[0]);
    auto merge =
        SoftmaxMerge::emit(b, b.loadScalar(state.maxima, line), maximum);
    Value total = merge.apply(b, b.loadScalar(state.sums, line), sum);
    b.storeScalar(merge.maximum, state.maxima, line);
    b.storeScalar(total, state.sums, line);
    b.storeScalar(merge.before, oldFactors, line);
    b.storeScalar(merge.added, newFactors, line);
  });
}

void AttentionPages::emitValues(const AttentionLines &lines, const Page &page) {
  int64_t atOnce = vectorsAtOnce(lines, layout.vectors);
  b.loop(b.index(0), b.index(layout.vectors), atOnce, [&](Value vector) {
    forRegisterBlocks(
        lines.count(), atOnce, blockSums, [&](int64_t first, int64_t count) {
          DotBlock block;
          block.rows = count;
          block.panels = atOnce;
          block.input = [&](int64_t line, Value k, int64_t j) {
            return b.broadcast(b.loadScalar(
                scores, {b.index(first + line), b.add(k, b.index(j))}));
          };
          block.weight = [&](int64_t p, Value k, int64_t j) {
            return b.loadF32(op.valueCache,
                             {page.id, lines.cacheHead,
                              b.add(vector, b.index(p)),
                              b.add(k, b.index(j)), b.index(0)});
          };
          auto dots = emitCanonicalDot(b, block, page.blocks, page.tail);
          for (int64_t i = 0; i < count * atOnce; ++i) {
            int64_t line = first + i / atOnce;
            Value column = b.mul(b.add(vector, b.index(i % atOnce)),
                                 b.index(width));
            SoftmaxMerge merge{{}, at(oldFactors, line), at(newFactors, line)};
            Value merged = merge.apply(
                b, b.load(state.outputs, {b.index(line), column}), dots[i]);
            b.store(merged, state.outputs, {b.index(line), column});
          }
        });
  });
}

FailureOr<KvCacheLayout>
llmc::codegen::attentionLayout(Operation *op, const AttentionOperands &operands,
                               int64_t headDim, int64_t page) {
  auto layout = KvCacheLayout::of(op, operands.keyCache, operands.valueCache,
                                  headDim, page);
  if (failed(layout))
    return failure();
  if (operands.heads <= 0 || operands.heads % layout->heads)
    return op->emitOpError("has ") << operands.heads << " heads for "
                                   << layout->heads << " cache heads";
  if (failed(checkHeadRows(op, operands.query, operands.heads * headDim)))
    return failure();
  return layout;
}

LogicalResult llmc::codegen::checkHeadRows(Operation *op, Value rows,
                                           int64_t columns) {
  auto type = cast<MemRefType>(rows.getType());
  if (type.getRank() == 2 && type.getDimSize(1) == columns &&
      isa<FloatType>(type.getElementType()))
    return success();
  return op->emitOpError("needs rows of heads * head_dim floats, not ") << type;
}
