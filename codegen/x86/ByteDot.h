/// Exact sums of products of bytes, for linears that quantize their inputs.
#ifndef LLMC_CODEGEN_X86_BYTEDOT_H
#define LLMC_CODEGEN_X86_BYTEDOT_H

#include "codegen/llvm/VectorBuilder.h"
#include "codegen/x86/X86Level.h"

#include <functional>

namespace llmc::codegen {

/// A register block: `rows` inputs times `panels` vectors of 16 outputs.
struct ByteBlock {
  int64_t rows = 1;
  int64_t panels = 1;
  /// Four bytes of a row, those of a line, in every lane (vector<16xi32>).
  std::function<Value(int64_t row, Value line)> input;
  /// A line of a panel: four signed bytes for each of 16 outputs (vector<64xi8>).
  std::function<Value(int64_t panel, Value line)> weight;
  /// -128 times the sum of a row's bytes (i32).
  std::function<Value(int64_t row)> correction;
};

/// Emits the sums over `lines` lines: rows * panels vectors of 16 i32, row by
/// row. Sums are exact modulo 2^32, so their order does not matter. VNNI takes
/// one factor unsigned (Intel SDM volume 2, VPDPBUSD): weights are given 128
/// more, and `correction` takes that back. Other levels widen to 16 bits, where
/// pairs of products fit 32 (VPMADDWD).
llvm::SmallVector<Value> emitByteDot(VectorBuilder &b, const X86Level &level,
                                     const ByteBlock &block, int64_t lines);

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_X86_BYTEDOT_H
