/// Numbers as signed bytes with one scale, as kernel.quantize_rows makes them.
#ifndef LLMC_CODEGEN_LLVM_BYTESCALE_H
#define LLMC_CODEGEN_LLVM_BYTESCALE_H

#include "codegen/llvm/VectorBuilder.h"

namespace llmc::codegen {

/// What `most`, the largest magnitude, makes of the numbers that share it.
struct ByteScale {
  Value scale;   ///< f32: most / 127.
  Value inverse; ///< f32: 127 / most, 0 where most is 0.

  static ByteScale of(VectorBuilder &b, Value most);
  /// Numbers (a vector of f32) as integers within +-127 (a vector of i32),
  /// rounded to nearest even.
  Value integers(VectorBuilder &b, Value numbers) const;
};

/// |x| of f32, by its bits.
Value emitMagnitude(VectorBuilder &b, Value x);

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_LLVM_BYTESCALE_H
