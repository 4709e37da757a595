/// kernel.attention, page by page with online merging.
///
/// A tile's work is cut in lines: one row and one query head each. The query
/// heads of a cache head, and a few rows, are done together, so that they share
/// every load of keys and values. For a set of lines:
///
///   for each page from the first that a window reaches to the last position:
///     scores  = scale * q . k           sums over D, sixteen positions a vector
///               softcapped; -inf where a line must not look
///     weights = exp(scores - largest), their sum
///     values  = weights . v             sums over positions, sixteen d a vector
///     (m, sum, output) = merged with the page's
///   output / sum
///
/// State between pages lies on the stack. A page in which a line sees nothing
/// leaves its state as it is, bit by bit, so how rows are grouped in blocks
/// does not show. Positions after the last visible one are skipped in steps of
/// 32 (a block of the canonical sum): their terms would add zero.
#include "codegen/llvm/VectorMath.h"
#include "codegen/x86/CanonicalDot.h"
#include "codegen/x86/KernelsToX86.h"
#include "codegen/x86/KvCacheLayout.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;

using llvm::SmallVector;

/// Lines that share loads: more gain little and the code grows with them.
static constexpr int64_t mostLines = 8;
static constexpr int64_t mostRows = 4;
static constexpr int64_t width = VectorBuilder::width;

namespace {

/// The lines being done: `rows` rows from `row`, `heads` heads from `head`.
struct Lines {
  Value row;
  int64_t rows;
  Value head; ///< First query head.
  int64_t heads;
  SmallVector<Value> positions; ///< i32, one per row.

  int64_t count() const { return rows * heads; }
};

/// Where a page lies and how much of it is looked at.
struct Page {
  Value id;        ///< In the caches.
  Value cacheHead; ///< In the page.
  Value first;     ///< Position of its first key.
  Value panels;    ///< Vectors of 16 positions to score; covers `blocks`.
  Value blocks;    ///< Whole blocks of 32 positions of the value sums.
  int64_t tail;    ///< Positions after them.
};

class AttentionLowering {
public:
  AttentionLowering(kernel::AttentionOp op, KvCacheLayout layout,
                    const X86Level &level)
      : op(op), b(op.getLoc(), op), layout(layout),
        group(op.getHeads() / layout.heads), blockSums(level.blockSums) {
    headsAtOnce = std::min(group, mostLines);
    while (group % headsAtOnce)
      --headsAtOnce;
    rowsAtOnce = std::min(mostRows, mostLines / headsAtOnce);
  }
  void run();

private:
  void emitTile(Value tile);
  void emitLines(Value row, int64_t rows, Value head, Value cacheHead,
                 Value sequence);
  void emitStart(const Lines &lines);
  void emitPage(const Lines &lines, const Page &page);
  void emitScores(const Lines &lines, const Page &page);
  void emitWeights(const Lines &lines, const Page &page);
  void emitValues(const Lines &lines, const Page &page);
  void emitEnd(const Lines &lines);
  Value finishScore(Value score, Value firstPosition, Value position);
  Page describePage(Value slot, Value sequence, Value cacheHead, Value last);

  /// Two vectors a register block where both come in pairs and fit.
  int64_t vectorsAtOnce(const Lines &lines, int64_t vectors) const {
    return vectors % 2 == 0 && lines.count() * 2 <= blockSums ? 2 : 1;
  }
  Value at(Value memref, int64_t line) {
    return b.loadScalar(memref, b.index(line));
  }

  kernel::AttentionOp op;
  VectorBuilder b;
  KvCacheLayout layout;
  int64_t group; ///< Query heads of a cache head.
  int64_t blockSums;
  int64_t headsAtOnce, rowsAtOnce;
  // On the stack, for the lines being done:
  Value queries; ///< [lines, D]
  Value scores;  ///< [lines, page]: scores, then weights
  Value sums;    ///< [lines]
  Value maxima;  ///< [lines]
  Value oldFactors, newFactors; ///< [lines]: how a page is merged
  Value outputs; ///< [lines, vectors * 16]
};

} // namespace

void AttentionLowering::run() {
  int64_t lines = headsAtOnce * rowsAtOnce;
  Type f32 = b.getF32Type();
  queries = b.stack({lines, layout.vectors * width}, f32);
  scores = b.stack({lines, layout.page}, f32);
  outputs = b.stack({lines, layout.vectors * width}, f32);
  for (Value *perLine : {&sums, &maxima, &oldFactors, &newFactors})
    *perLine = b.stack({lines}, f32);
  b.loop(op.getBegin(), op.getEnd(), 1, [&](Value tile) { emitTile(tile); });
}

/// One row block and one cache head.
void AttentionLowering::emitTile(Value tile) {
  Value block = b.floorDiv(tile, layout.heads);
  Value cacheHead = b.remainder(tile, layout.heads);
  Value first = b.toIndex(b.loadScalar(op.getBlocks(), {block, b.index(0)}));
  Value count = b.toIndex(b.loadScalar(op.getBlocks(), {block, b.index(1)}));
  Value sequence = b.toIndex(b.loadScalar(op.getRowSequence(), {first}));
  Value firstHead = b.mul(cacheHead, b.index(group));
  b.loop(b.index(0), b.index(group), headsAtOnce, [&](Value part) {
    Value head = b.add(firstHead, part);
    Value end = b.add(first, count), done = first;
    if (rowsAtOnce > 1) {
      done = b.add(first, b.mul(b.floorDiv(count, rowsAtOnce),
                                b.index(rowsAtOnce)));
      b.loop(first, done, rowsAtOnce, [&](Value row) {
        emitLines(row, rowsAtOnce, head, cacheHead, sequence);
      });
    }
    b.loop(done, end, 1, [&](Value row) {
      emitLines(row, 1, head, cacheHead, sequence);
    });
  });
}

void AttentionLowering::emitLines(Value row, int64_t rows, Value head,
                                  Value cacheHead, Value sequence) {
  Lines lines{row, rows, head, headsAtOnce, {}};
  Value first, last;
  for (int64_t r = 0; r < rows; ++r) {
    Value position =
        b.loadScalar(op.getPositions(), {b.add(row, b.index(r))});
    lines.positions.push_back(position);
    Value at = b.toIndex(position);
    first = r ? b.minIndex(first, at) : at;
    last = r ? Value(arith::MaxSIOp::create(b, last, at)) : at;
  }
  emitStart(lines);
  Value firstSlot = b.index(0);
  if (int64_t window = op.getWindow()) {
    Value reach = b.sub(first, b.index(window - 1));
    firstSlot = b.floorDiv(arith::MaxSIOp::create(b, reach, b.index(0)),
                           layout.page);
  }
  Value endSlot = b.add(b.floorDiv(last, layout.page), b.index(1));
  b.loop(firstSlot, endSlot, 1, [&](Value slot) {
    emitPage(lines, describePage(slot, sequence, cacheHead, last));
  });
  emitEnd(lines);
}

/// Copies the queries as f32 and clears the state.
void AttentionLowering::emitStart(const Lines &lines) {
  Type f32 = b.getF32Type();
  for (int64_t l = 0; l < lines.count(); ++l) {
    Value line = b.index(l);
    Value row = b.add(lines.row, b.index(l / lines.heads));
    Value head = b.add(lines.head, b.index(l % lines.heads));
    Value start = b.mul(head, b.index(layout.headDim));
    b.columns(layout.headDim, [&](Value column, Value mask) {
      Value query = b.loadF32(op.getQuery(), {row, b.add(start, column)}, mask);
      b.store(query, queries, {line, column});
      b.store(b.number(b.f32Lanes(), 0), outputs, {line, column});
    });
    b.storeScalar(b.infinity(f32, true), maxima, line);
    b.storeScalar(b.number(f32, 0), sums, line);
  }
}

Page AttentionLowering::describePage(Value slot, Value sequence,
                                     Value cacheHead, Value last) {
  Page page;
  page.id = b.toIndex(b.loadScalar(op.getPageTable(), {sequence, slot}));
  page.cacheHead = cacheHead;
  page.first = b.mul(slot, b.index(layout.page));
  page.tail = layout.page % kernel::sumBlock;
  if (page.tail) {
    page.panels = b.index(layout.page / width);
    page.blocks = b.index(layout.page / kernel::sumBlock);
    return page;
  }
  Value seen = b.minIndex(b.sub(b.add(last, b.index(1)), page.first),
                          b.index(layout.page));
  page.blocks = b.ceilDiv(seen, kernel::sumBlock);
  page.panels = b.mul(page.blocks, b.index(kernel::sumBlock / width));
  return page;
}

void AttentionLowering::emitPage(const Lines &lines, const Page &page) {
  emitScores(lines, page);
  emitWeights(lines, page);
  emitValues(lines, page);
}

/// Scale, softcap and mask of sixteen positions' scores of one line.
Value AttentionLowering::finishScore(Value score, Value firstPosition,
                                     Value position) {
  Type f32 = score.getType();
  score = b.mul(score, b.number(f32, op.getScale().convertToDouble()));
  if (double cap = op.getSoftcap().convertToDouble(); cap > 0)
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
  if (int64_t window = op.getWindow()) {
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

void AttentionLowering::emitScores(const Lines &lines, const Page &page) {
  int64_t atOnce = vectorsAtOnce(lines, layout.page / width);
  b.loop(b.index(0), page.panels, atOnce, [&](Value panel) {
    forRegisterBlocks(
        lines.count(), atOnce, blockSums, [&](int64_t first, int64_t count) {
          DotBlock block;
          block.rows = count;
          block.panels = atOnce;
          block.input = [&](int64_t line, Value k) {
            return b.broadcast(
                b.loadScalar(queries, {b.index(first + line), k}));
          };
          block.weight = [&](int64_t p, Value k, int64_t j) {
            return b.loadF32(op.getKeyCache(),
                             {page.id, page.cacheHead,
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

/// -inf to 0, so that what is subtracted from -inf is a number.
static Value finite(VectorBuilder &b, Value maximum) {
  Value none = b.compare(arith::CmpFPredicate::OEQ, maximum,
                         b.infinity(maximum.getType(), true));
  return b.select(none, b.number(maximum.getType(), 0), maximum);
}

/// Softmax of the page alone, and how it is merged with the pages before it.
void AttentionLowering::emitWeights(const Lines &lines, const Page &page) {
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
    Value before = b.loadScalar(maxima, line);
    Value merged = b.maxOf(before, maximum);
    Value reference = finite(b, merged);
    Value oldFactor = emitExp(b, b.sub(before, reference));
    Value newFactor = emitExp(b, b.sub(maximum, reference));
    Value total = b.fma(sum, newFactor,
                        b.mul(b.loadScalar(sums, line), oldFactor));
    b.storeScalar(merged, maxima, line);
    b.storeScalar(total, sums, line);
    b.storeScalar(oldFactor, oldFactors, line);
    b.storeScalar(newFactor, newFactors, line);
  });
}

void AttentionLowering::emitValues(const Lines &lines, const Page &page) {
  int64_t atOnce = vectorsAtOnce(lines, layout.vectors);
  b.loop(b.index(0), b.index(layout.vectors), atOnce, [&](Value vector) {
    forRegisterBlocks(
        lines.count(), atOnce, blockSums, [&](int64_t first, int64_t count) {
          DotBlock block;
          block.rows = count;
          block.panels = atOnce;
          block.input = [&](int64_t line, Value k) {
            return b.broadcast(
                b.loadScalar(scores, {b.index(first + line), k}));
          };
          block.weight = [&](int64_t p, Value k, int64_t j) {
            return b.loadF32(op.getValueCache(),
                             {page.id, page.cacheHead,
                              b.add(vector, b.index(p)),
                              b.add(k, b.index(j)), b.index(0)});
          };
          auto dots = emitCanonicalDot(b, block, page.blocks, page.tail);
          for (int64_t i = 0; i < count * atOnce; ++i) {
            int64_t line = first + i / atOnce;
            Value column = b.mul(b.add(vector, b.index(i % atOnce)),
                                 b.index(width));
            Value before = b.load(outputs, {b.index(line), column});
            Value kept = b.mul(before, b.broadcast(at(oldFactors, line)));
            Value merged =
                b.fma(dots[i], b.broadcast(at(newFactors, line)), kept);
            b.store(merged, outputs, {b.index(line), column});
          }
        });
  });
}

void AttentionLowering::emitEnd(const Lines &lines) {
  Type element = cast<MemRefType>(op.getOutput().getType()).getElementType();
  for (int64_t l = 0; l < lines.count(); ++l) {
    Value row = b.add(lines.row, b.index(l / lines.heads));
    Value head = b.add(lines.head, b.index(l % lines.heads));
    Value start = b.mul(head, b.index(layout.headDim));
    Value sum = b.broadcast(at(sums, l));
    b.columns(layout.headDim, [&](Value column, Value mask) {
      Value value = b.div(b.load(outputs, {b.index(l), column}), sum);
      b.store(b.fromF32(value, element), op.getOutput(),
              {row, b.add(start, column)}, mask);
    });
  }
}

LogicalResult llmc::codegen::lowerAttention(kernel::AttentionOp op,
                                            const X86Level &level) {
  auto layout = KvCacheLayout::of(op, op.getKeyCache(), op.getValueCache(),
                                  op.getHeadDim(), op.getPage());
  if (failed(layout))
    return failure();
  int64_t heads = op.getHeads();
  if (heads <= 0 || heads % layout->heads)
    return op.emitOpError("has ")
           << heads << " heads for " << layout->heads << " cache heads";
  for (Value operand : {op.getQuery(), op.getOutput()}) {
    auto type = cast<MemRefType>(operand.getType());
    if (type.getRank() != 2 || type.getDimSize(1) != heads * layout->headDim ||
        !isa<FloatType>(type.getElementType()))
      return op.emitOpError("needs rows of heads * head_dim floats, not ")
             << type;
  }
  AttentionLowering(op, *layout, level).run();
  return success();
}
