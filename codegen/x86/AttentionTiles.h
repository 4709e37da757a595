/// The products of attention by matrix registers.
#ifndef LLMC_CODEGEN_X86_ATTENTIONTILES_H
#define LLMC_CODEGEN_X86_ATTENTIONTILES_H

#include "codegen/x86/AttentionLines.h"
#include "codegen/x86/Tiles.h"

#include <functional>

namespace llmc::codegen {

/// Whether tiles of a level do the products of an attention over such caches:
/// bytes, or pairs of a type that it has tiles of, whole blocks of 32 elements.
bool fitsTiles(mlir::MemRefType cache, int64_t headDim, const X86Level &level);

/// Scores and values of up to 32 lines, in blocks of 2 x 2 tiles of sums: 2 of
/// lines times 2 of positions, or times 2 of sixteen elements of values. Memory
/// has whole tiles of lines: rows beyond those that there are hold anything, and
/// so do their results. Bytes become bf16 on the stack, times byteFactor.
class AttentionTiles {
public:
  static constexpr int64_t mostLines = 2 * Tiles::rows;

  /// `keys` and `values` are the lines of both caches (CachePanels).
  AttentionTiles(VectorBuilder &b, const AttentionOperands &op,
                 const KvCacheLayout &layout, Value keys, Value values);

  /// Queries and weights are of the layout's `factor`.
  /// scores [lines, split] f32 = queries [lines, D] . keys of the part.
  void emitScores(const AttentionLines &lines, const PiecePart &part,
                  Value queries, Value scores);
  /// outputs [lines, D] f32 = weights [lines, split] . values of the part.
  void emitValues(const AttentionLines &lines, const PiecePart &part,
                  Value weights, Value outputs);

private:
  /// Calls `body` with the tiles of lines that there are, 1 or 2.
  void forTilesOf(const AttentionLines &lines,
                  llvm::function_ref<void(int64_t)> body);
  /// Sums of `count` tiles of lines times `columns` tiles over k in [from, to):
  /// [count, columns], tiles of left[lines, k] . right(k, column).
  llvm::SmallVector<Value>
  emitSums(int64_t count, int64_t columns, Value from, Value to, Value left,
           llvm::function_ref<std::function<Value(int64_t)>(Value)> right);

  /// Makes bf16 of `count` lines of a panel, from `line` on, in decoded[slot].
  void decode(Value cache, const CachePlace &place, Value head, Value panel,
              Value line, int64_t count, int64_t slot);

  VectorBuilder &b;
  const AttentionOperands &op;
  KvCacheLayout layout;
  Value keys, values;
  Value decoded; ///< [panels at once, lines of pairs, 32]; null without bytes
  Tiles tiles;
};

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_X86_ATTENTIONTILES_H
