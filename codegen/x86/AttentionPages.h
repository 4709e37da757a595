/// Softmax over pages of the cache: the part that kernel.attention and
/// kernel.attention_split share.
#ifndef LLMC_CODEGEN_X86_ATTENTIONPAGES_H
#define LLMC_CODEGEN_X86_ATTENTIONPAGES_H

#include "codegen/x86/KernelsToX86.h"
#include "codegen/x86/KvCacheLayout.h"

namespace llmc::codegen {

/// What both ops have.
struct AttentionOperands {
  Value query, rowSequence, positions, pageTable, blocks, keyCache, valueCache;
  int64_t heads; ///< Query heads.
  int64_t split; ///< Positions of a piece.
  double scale;
  int64_t window; ///< 0: none.
  double softcap; ///< 0: none.

  template <typename Op> static AttentionOperands of(Op op) {
    return {op.getQuery(),
            op.getRowSequence(),
            op.getPositions(),
            op.getPageTable(),
            op.getBlocks(),
            op.getKeyCache(),
            op.getValueCache(),
            int64_t(op.getHeads()),
            int64_t(op.getSplit()),
            op.getScale().convertToDouble(),
            int64_t(op.getWindow()),
            op.getSoftcap().convertToDouble()};
  }
};

/// Rows of one sequence, and the pages or pieces that one of them sees at least.
struct AttentionRows {
  Value sequence;    ///< Row of the page table.
  Value oldest;      ///< The first position that a row sees.
  Value last;        ///< The last one.
};

/// The lines being done, a line being one row and one query head: `rows` rows
/// from `row`, `heads` heads from `head`, all of cache head `cacheHead`.
struct AttentionLines {
  Value row;
  int64_t rows;
  Value head;
  int64_t heads;
  Value cacheHead;
  llvm::SmallVector<Value> positions; ///< i32, one per row.
  AttentionRows seen;

  int64_t count() const { return rows * heads; }
  Value rowOf(VectorBuilder &b, int64_t line) const {
    return b.add(row, b.index(line / heads));
  }
  Value headOf(VectorBuilder &b, int64_t line) const {
    return b.add(head, b.index(line % heads));
  }
};

/// What merging two softmaxes multiplies each by (kernel.attention: N, a, b).
/// All are scalars.
struct SoftmaxMerge {
  Value maximum, before, added;

  static SoftmaxMerge emit(VectorBuilder &b, Value before, Value added);
  /// fma(y, b, x * a) of scalars or vectors.
  Value apply(VectorBuilder &b, Value x, Value y) const;
};

/// A softmax on the stack.
struct SoftmaxState {
  Value maxima, sums; ///< [lines]
  Value outputs;      ///< [lines, vectors * 16]

  static SoftmaxState allocate(VectorBuilder &b, int64_t lines,
                               int64_t columns);
  /// Of the first `lines` lines: nothing seen yet.
  void clear(VectorBuilder &b, int64_t lines) const;
};

class AttentionPages {
public:
  AttentionPages(VectorBuilder &b, const AttentionOperands &op,
                 KvCacheLayout layout, const X86Level &level);

  /// What the rows [first, first + count) see; one sequence's.
  AttentionRows rowsFrom(Value first, Value count);
  /// Cuts rows [first, first + count) and the query heads of a cache head in
  /// lines that are done together.
  void forLines(Value first, Value count, Value cacheHead, Value sequence,
                llvm::function_ref<void(const AttentionLines &)> body);
  /// Copies the queries as f32, for pages that follow.
  void loadQueries(const AttentionLines &lines);
  /// The softmax of the piece `split` of these lines, in `state`; the pages
  /// that none of them sees are left out.
  void emitPiece(const AttentionLines &lines, Value split);

  SoftmaxState state;
  KvCacheLayout layout;
  int64_t mostLines() const { return headsAtOnce * rowsAtOnce; }

private:
  struct Page;
  void emitPage(const AttentionLines &lines, const Page &page);
  void emitScores(const AttentionLines &lines, const Page &page);
  void emitWeights(const AttentionLines &lines, const Page &page);
  void emitValues(const AttentionLines &lines, const Page &page);
  Value finishScore(Value score, Value firstPosition, Value position);
  Page describePage(Value slot, const AttentionLines &lines);
  AttentionLines linesAt(Value row, int64_t rows, Value head, Value cacheHead,
                         Value sequence);
  /// Widens `oldest` and `last` to what the row at `position` (i32) sees.
  void widen(AttentionRows &seen, Value position);

  /// Two vectors a register block where both come in pairs and fit.
  int64_t vectorsAtOnce(const AttentionLines &lines, int64_t vectors) const {
    return vectors % 2 == 0 && lines.count() * 2 <= blockSums ? 2 : 1;
  }
  Value at(Value memref, int64_t line) {
    return b.loadScalar(memref, b.index(line));
  }

  VectorBuilder &b;
  const AttentionOperands &op;
  int64_t group; ///< Query heads of a cache head.
  int64_t blockSums;
  int64_t headsAtOnce, rowsAtOnce;
  // On the stack, for the lines being done:
  Value queries; ///< [lines, vectors * 16]
  Value scores;  ///< [lines, page]: scores, then weights
  Value oldFactors, newFactors; ///< [lines]: how a page is merged
};

/// Checks what attention and attention_split have in common; an error on `op`
/// says what is wrong.
mlir::FailureOr<KvCacheLayout>
attentionLayout(mlir::Operation *op, const AttentionOperands &operands,
                int64_t headDim, int64_t page);
/// Checks that `rows` is [T, heads * headDim] of floats.
mlir::LogicalResult checkHeadRows(mlir::Operation *op, Value rows,
                                  int64_t columns);

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_X86_ATTENTIONPAGES_H
