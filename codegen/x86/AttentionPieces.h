/// The softmax of a piece of the cache: the part that kernel.attention and
/// kernel.attention_split share.
#ifndef LLMC_CODEGEN_X86_ATTENTIONPIECES_H
#define LLMC_CODEGEN_X86_ATTENTIONPIECES_H

#include "codegen/x86/AttentionLines.h"
#include "codegen/x86/AttentionTiles.h"
#include "codegen/x86/Softmax.h"

namespace llmc::codegen {

class AttentionPieces {
public:
  AttentionPieces(VectorBuilder &b, const AttentionOperands &op,
                  KvCacheLayout layout, const X86Level &level);

  /// Copies the queries, rounded as the cache needs it, for pieces that follow.
  void loadQueries(const AttentionLines &lines);
  /// The softmax of the piece `split` of these lines, in `state`. Positions
  /// that none of them sees are left out, in steps of 32.
  void emitPiece(const AttentionLines &lines, Value split);

  KvCacheLayout layout;
  LineCutter cutter;
  SoftmaxState state;

private:
  /// Copies the scales of the part's keys and values.
  void loadScales(const AttentionLines &lines, const PiecePart &part);
  void emitScores(const AttentionLines &lines, const PiecePart &part);
  void emitWeights(const AttentionLines &lines, const PiecePart &part);
  void emitValues(const AttentionLines &lines, const PiecePart &part);
  Value finishScore(Value score, Value firstPosition, Value position);
  /// What multiplies a cache of pairs or bytes is rounded to its factor's type.
  Value rounded(Value factor);

  VectorBuilder &b;
  const AttentionOperands &op;
  CachePanels keys, values;
  int64_t blockSums;
  std::optional<AttentionTiles> tiles; ///< Where they do the products.
  // On the stack, for the lines being done:
  Value queries; ///< [lines, vectors * 16]; of the layout's `factor` for tiles
  Value scores;  ///< [lines, split and more]
  Value weights; ///< [lines, split and more]; likewise for tiles, else `scores`
  Value keyScales, valueScales; ///< [split]; null without scales
};

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_X86_ATTENTIONPIECES_H
