/// Matrix registers of AMX, for products of bf16, of f16 and of bytes.
#ifndef LLMC_CODEGEN_X86_TILES_H
#define LLMC_CODEGEN_X86_TILES_H

#include "codegen/llvm/VectorBuilder.h"
#include "codegen/x86/X86Level.h"

namespace llmc::codegen {

/// Builds operations on tiles of 16 rows of 64 bytes (Intel SDM volume 1,
/// chapter 18). There are eight registers; more live tiles are spilled by LLVM
/// without a word.
///
/// A product adds, to each of 16 x 16 sums, 32 terms of bf16 or f16 in the
/// canonical order of kernel.linear: even and odd terms apart from zero, then
/// even + odd; or 64 terms of signed bytes, exactly. Sums are f32, rounded to
/// nearest even, denormals flushed, whatever MXCSR says. Denormals of f16 are
/// taken as the numbers that they are, as vcvtph2ps does; those of bf16 are f32's
/// and count as 0 (SDM volume 2, TDPBF16PS and TDPFP16PS).
class Tiles {
public:
  static constexpr int64_t rows = 16;
  static constexpr int64_t rowBytes = 64;
  static constexpr int64_t terms = 32; ///< Of bf16 or f16 in a row.

  /// Whether a level has products of tiles of two factors of this type.
  static bool multiply(Type element, const X86Level &level);

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
