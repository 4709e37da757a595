#include "codegen/x86/AttentionLines.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;

using llvm::SmallVector;

/// Rows that share loads of vectors: more gain little and the code grows with
/// them.
static constexpr int64_t sharedRows = 4;

PiecePart PiecePart::of(VectorBuilder &b, const AttentionOperands &op,
                        const AttentionLines &lines, Value split) {
  Value block = b.index(kernel::sumBlock);
  PiecePart part{b.mul(split, b.index(op.split)), b.index(0), {}};
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

CachePlace CachePlace::of(VectorBuilder &b, const AttentionOperands &op,
                          int64_t page, const AttentionLines &lines,
                          Value position) {
  Value slot = b.floorDiv(position, page);
  return {b.toIndex(b.loadScalar(op.pageTable, {lines.seen.sequence, slot})),
          b.remainder(position, page)};
}

LineCutter::LineCutter(VectorBuilder &b, const AttentionOperands &op,
                       int64_t group, int64_t lines, bool counted)
    : b(b), op(op), group(group), counted(counted),
      headsAtOnce(std::min(group, lines)) {
  while (group % headsAtOnce)
    --headsAtOnce;
  rowsAtOnce = lines / headsAtOnce;
  if (counted)
    rowsAtOnce = std::min(sharedRows, rowsAtOnce);
}

void LineCutter::widen(AttentionRows &seen, Value row) {
  Value last = b.toIndex(b.loadScalar(op.positions, {row}));
  Value oldest = b.index(0);
  if (op.window)
    oldest = b.maxIndex(b.sub(last, b.index(op.window - 1)), b.index(0));
  seen.oldest = seen.oldest ? b.minIndex(seen.oldest, oldest) : oldest;
  seen.last = seen.last ? b.maxIndex(seen.last, last) : last;
}

AttentionRows LineCutter::rowsFrom(Value first, Value count) {
  AttentionRows seen;
  seen.sequence = b.toIndex(b.loadScalar(op.rowSequence, {first}));
  widen(seen, first);
  auto carried = b.loop(
      b.add(first, b.index(1)), b.add(first, count), 1,
      {seen.oldest, seen.last}, [&](Value row, ValueRange carried) {
        AttentionRows wider{seen.sequence, carried[0], carried[1]};
        widen(wider, row);
        return SmallVector<Value>{wider.oldest, wider.last};
      });
  return {seen.sequence, carried[0], carried[1]};
}

void LineCutter::forLines(
    Value first, Value count, Value cacheHead,
    llvm::function_ref<void(const AttentionLines &)> body) {
  Value firstHead = b.mul(cacheHead, b.index(group));
  b.loop(b.index(0), b.index(group), headsAtOnce, [&](Value part) {
    Value head = b.add(firstHead, part);
    auto linesAt = [&](Value row, Value rows, int64_t most) {
      return AttentionLines{row,         rows,      most,
                            head,        headsAtOnce, cacheHead,
                            rowsFrom(row, rows)};
    };
    Value end = b.add(first, count);
    if (!counted) {
      b.loop(first, end, rowsAtOnce, [&](Value row) {
        Value rows = b.minIndex(b.sub(end, row), b.index(rowsAtOnce));
        body(linesAt(row, rows, rowsAtOnce));
      });
      return;
    }
    Value done = first;
    if (rowsAtOnce > 1) {
      done = b.add(first, b.mul(b.floorDiv(count, rowsAtOnce),
                                b.index(rowsAtOnce)));
      b.loop(first, done, rowsAtOnce, [&](Value row) {
        body(linesAt(row, b.index(rowsAtOnce), rowsAtOnce));
      });
    }
    b.loop(done, end, 1,
           [&](Value row) { body(linesAt(row, b.index(1), 1)); });
  });
}
