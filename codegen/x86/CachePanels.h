/// The caches as vectors.
#ifndef LLMC_CODEGEN_X86_CACHEPANELS_H
#define LLMC_CODEGEN_X86_CACHEPANELS_H

#include "codegen/llvm/KvCacheLayout.h"

namespace llmc::codegen {

/// A key or value cache as panels of vectors: sixteen positions a line, line k
/// for element k of the keys; or sixteen elements, line k for position k.
class CachePanels {
public:
  CachePanels(VectorBuilder &b, Value cache, const KvCacheLayout &layout);

  /// The sixteen lanes at k = `group` + j of a panel, as f32, bytes times
  /// byteFactor; group is a multiple of 4, 0 <= j < 4.
  Value at(VectorBuilder &b, Value page, Value head, Value panel, Value group,
           int64_t j) const;

  /// A line of sixteen scales (f32) of a panel of keys, that can be multiplied
  /// with what at() gives.
  Value scales(VectorBuilder &b, Value page, Value head, Value panel,
               int64_t line) const;

  /// Whether lines hold pairs that are widened as they lie (DotBlock): of f16.
  bool inPairs() const;
  /// At k = `group` + j and the k after it, by turns, the first or last eight
  /// lanes of at(); j is even.
  Value pairsAt(VectorBuilder &b, Value page, Value head, Value panel,
                Value group, int64_t j, bool last) const;

  /// The cache as lines of whole vectors, for tiles: in pairs,
  /// [pages, KV, panels, lines, 32].
  Value lines() const { return cache; }

private:
  Value cache; ///< [pages, KV, panels, lines, lanes of a line * pair]
  int64_t pair;
};

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_X86_CACHEPANELS_H
