/// Where a position's key and value lie: see kernel.kv_append.
#ifndef LLMC_CODEGEN_LLVM_KVCACHELAYOUT_H
#define LLMC_CODEGEN_LLVM_KVCACHELAYOUT_H

#include "codegen/llvm/VectorBuilder.h"

namespace llmc::codegen {

/// The static shape that two cache memrefs share.
struct KvCacheLayout {
  int64_t heads;     ///< Cache heads, KV.
  int64_t headDim;   ///< D.
  int64_t page;      ///< Positions a page.
  int64_t vectors;   ///< Vectors of 16 lanes that hold a value: ceil(D/16).
  int64_t pair;      ///< Elements in a lane: 4 of i8, 2 of bf16 and f16, 1 of f32.
  Type factor;       ///< What multiplies elements: theirs, bf16 of i8.

  /// Whether each head of a position has a scale for its key and one for its
  /// value: those of i8.
  bool hasScales() const { return pair == 4; }
  /// The line of a panel of keys that has its positions' scales of keys; those of
  /// values are in the next.
  int64_t scaleLine() const { return headDim / pair; }
  int64_t keyLines() const { return headDim / pair + (hasScales() ? 2 : 0); }

  /// Checks key_cache and value_cache; an error on `op` says what differs.
  static mlir::FailureOr<KvCacheLayout> of(mlir::Operation *op, Value keys,
                                           Value values, int64_t headDim,
                                           int64_t page);
};

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_LLVM_KVCACHELAYOUT_H
