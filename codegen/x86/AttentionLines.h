/// Rows and query heads of attention, and how they are cut in lines.
#ifndef LLMC_CODEGEN_X86_ATTENTIONLINES_H
#define LLMC_CODEGEN_X86_ATTENTIONLINES_H

#include "codegen/llvm/AttentionOperands.h"
#include "codegen/x86/KernelsToX86.h"
#include "codegen/x86/CachePanels.h"

namespace llmc::codegen {

/// Rows of one sequence, and what one of them sees at least.
struct AttentionRows {
  Value sequence; ///< Row of the page table.
  Value oldest;   ///< The first position that a row sees.
  Value last;     ///< The last one.
};

/// The lines being done, a line being one row and one query head: `rows` rows
/// from `row`, `heads` heads from `head`, all of cache head `cacheHead`. Line l
/// is row l / heads and head l mod heads of these.
struct AttentionLines {
  Value row;
  Value rows;
  int64_t mostRows; ///< `rows` itself, where lines are counted at compile time.
  Value head;
  int64_t heads;
  Value cacheHead;
  AttentionRows seen;

  int64_t most() const { return mostRows * heads; }
  Value count(VectorBuilder &b) const { return b.mul(rows, b.index(heads)); }
  Value rowOf(VectorBuilder &b, Value line) const {
    return b.add(row, b.floorDiv(line, heads));
  }
  Value headOf(VectorBuilder &b, Value line) const {
    return b.add(head, b.remainder(line, heads));
  }
  /// Calls `body` with every line.
  void forEach(VectorBuilder &b, llvm::function_ref<void(Value)> body) const {
    b.loop(b.index(0), count(b), 1, body);
  }
};

/// What is looked at of a piece, in whole blocks of 32 positions.
struct PiecePart {
  Value start;    ///< The piece's first position.
  Value from, to; ///< Offsets in the piece; from = to where nothing is seen.

  static PiecePart of(VectorBuilder &b, const AttentionOperands &op,
                      const AttentionLines &lines, Value split);
};

/// Where a position lies.
struct CachePlace {
  Value page;   ///< In the caches.
  Value offset; ///< In the page.

  static CachePlace of(VectorBuilder &b, const AttentionOperands &op,
                       int64_t page, const AttentionLines &lines,
                       Value position);
};

/// Cuts blocks of rows in lines.
class LineCutter {
public:
  /// `group` query heads read a cache head; at most `lines` lines are done
  /// together. With `counted`, the rows of all lines are known at compile time:
  /// what is left of a block is done row by row.
  LineCutter(VectorBuilder &b, const AttentionOperands &op, int64_t group,
             int64_t lines, bool counted);

  /// What the rows [first, first + count) see; one sequence's.
  AttentionRows rowsFrom(Value first, Value count);
  /// Cuts rows [first, first + count) and the query heads of a cache head in
  /// lines that are done together.
  void forLines(Value first, Value count, Value cacheHead,
                llvm::function_ref<void(const AttentionLines &)> body);
  int64_t mostLines() const { return headsAtOnce * rowsAtOnce; }

private:
  /// Widens `oldest` and `last` to what `row` sees.
  void widen(AttentionRows &seen, Value row);

  VectorBuilder &b;
  const AttentionOperands &op;
  int64_t group;
  bool counted;
  int64_t headsAtOnce, rowsAtOnce;
};

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_X86_ATTENTIONLINES_H
