/// Matrix registers of AMX, for products of bf16 and of bytes.
#ifndef LLMC_CODEGEN_X86_TILES_H
#define LLMC_CODEGEN_X86_TILES_H

#include "codegen/llvm/VectorBuilder.h"

namespace llmc::codegen {

/// Builds operations on tiles of 16 rows of 64 bytes (Intel SDM volume 1,
/// chapter 18). There are eight registers; more live tiles are spilled by LLVM
/// without a word.
///
/// A product adds, to each of 16 x 16 sums, 32 terms of bf16 in the canonical
/// order of kernel.linear: even and odd terms apart from zero, then even + odd;
/// or 64 terms of signed bytes, exactly.
class Tiles {
public:
  static constexpr int64_t rows = 16;
  static constexpr int64_t rowBytes = 64;
  static constexpr int64_t terms = 32; ///< Of bf16 in a row.

  explicit Tiles(VectorBuilder &b) : b(b) {}

  /// 16 x 16 sums of f32 or i32, zero.
  Value zero(Type element);
  /// Sixteen rows of 64 bytes from `at` on, of inputs, of a panel's lines, or of
  /// sums; rows are the stride of the second-to-last dimension apart.
  Value load(Value memref, ValueRange at);
  void store(Value sums, Value memref, ValueRange at);
  /// sums + a . b
  Value multiply(Value a, Value b, Value sums);

private:
  VectorBuilder &b;
};

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_X86_TILES_H
