/// Matrix registers of AMX, for kernels that multiply pairs of bf16.
#ifndef LLMC_CODEGEN_X86_TILES_H
#define LLMC_CODEGEN_X86_TILES_H

#include "codegen/llvm/VectorBuilder.h"

namespace llmc::codegen {

/// Builds operations on tiles of 16 rows of 64 bytes (Intel SDM volume 1,
/// chapter 18). There are eight registers; more live tiles are spilled by LLVM
/// without a word.
///
/// A product adds, to each of 16 x 16 sums, 32 terms in the canonical order of
/// kernel.linear: even and odd terms apart from zero, then even + odd.
class Tiles {
public:
  static constexpr int64_t rows = 16;
  static constexpr int64_t terms = 32; ///< Of bf16 in a row.

  explicit Tiles(VectorBuilder &b) : b(b) {}

  /// 16 x 16 sums of f32, zero.
  Value zero();
  /// Sixteen rows of 32 bf16 (inputs) or of 16 pairs (weights, from a panel's
  /// lines) from `at` on; rows are the stride of the second-to-last dimension
  /// apart.
  Value loadPairs(Value memref, ValueRange at);
  Value loadSums(Value memref, ValueRange at);
  void storeSums(Value sums, Value memref, ValueRange at);
  /// sums + a . b
  Value multiply(Value a, Value b, Value sums);

private:
  Type pairs();
  Type sums();

  VectorBuilder &b;
};

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_X86_TILES_H
