/// Where a position's key and value lie: see kernel.kv_append.
#ifndef LLMC_CODEGEN_X86_KVCACHELAYOUT_H
#define LLMC_CODEGEN_X86_KVCACHELAYOUT_H

#include "codegen/llvm/VectorBuilder.h"

namespace llmc::codegen {

/// The static shape that two cache memrefs share.
struct KvCacheLayout {
  int64_t heads;     ///< Cache heads, KV.
  int64_t headDim;   ///< D.
  int64_t page;      ///< Positions a page.
  int64_t vectors;   ///< Vectors of 16 lanes that hold a value: ceil(D/16).
  int64_t pair;      ///< Elements in a lane: 2 of bf16, 1 of f32.

  /// Checks key_cache and value_cache; an error on `op` says what differs.
  static mlir::FailureOr<KvCacheLayout> of(mlir::Operation *op, Value keys,
                                           Value values, int64_t headDim,
                                           int64_t page);
};

/// A key or value cache as panels of vectors: sixteen positions a line, line k
/// for element k of the keys; or sixteen elements, line k for position k.
class CachePanels {
public:
  CachePanels(VectorBuilder &b, Value cache, const KvCacheLayout &layout);

  /// The sixteen lanes at k = `group` + j of a panel, as f32; group is a
  /// multiple of 4, 0 <= j < 4.
  Value at(VectorBuilder &b, Value page, Value head, Value panel, Value group,
           int64_t j) const;

  /// The cache as lines of whole vectors, for tiles: of bf16,
  /// [pages, KV, panels, lines, 32].
  Value lines() const { return cache; }

private:
  Value cache; ///< [pages, KV, panels, lines, lanes of a line * pair]
  int64_t pair;
};

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_X86_KVCACHELAYOUT_H
