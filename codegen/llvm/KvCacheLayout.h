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
  int64_t pair;      ///< Elements in a lane: 2 of bf16 and f16, 1 of f32.

  /// Checks key_cache and value_cache; an error on `op` says what differs.
  static mlir::FailureOr<KvCacheLayout> of(mlir::Operation *op, Value keys,
                                           Value values, int64_t headDim,
                                           int64_t page);
};

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_LLVM_KVCACHELAYOUT_H
