#include "codegen/x86/AttentionLines.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;

using llvm::SmallVector;

/// Rows that share loads: more gain little and the code grows with them.
static constexpr int64_t sharedRows = 4;

LineCutter::LineCutter(VectorBuilder &b, const AttentionOperands &op,
                       int64_t group, int64_t lines)
    : b(b), op(op), group(group), headsAtOnce(std::min(group, lines)) {
  while (group % headsAtOnce)
    --headsAtOnce;
  rowsAtOnce = std::min(sharedRows, lines / headsAtOnce);
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

AttentionLines LineCutter::linesAt(Value row, int64_t rows, Value head,
                                   Value cacheHead, Value sequence) {
  AttentionLines lines{row, rows, head, headsAtOnce, cacheHead,
                       {sequence, {}, {}}};
  for (int64_t r = 0; r < rows; ++r)
    widen(lines.seen, b.add(row, b.index(r)));
  return lines;
}

void LineCutter::forLines(
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
