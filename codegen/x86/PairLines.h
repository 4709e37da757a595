/// Lines of 64 bytes in which sixteen lanes hold pairs of bf16 or f16, or fours of
/// bytes.
#ifndef LLMC_CODEGEN_X86_PAIRLINES_H
#define LLMC_CODEGEN_X86_PAIRLINES_H

#include "codegen/llvm/VectorBuilder.h"

namespace llmc::codegen {

/// [..., 16, 2] as [..., 32], [..., 16, 4] as [..., 64]: a line is one vector. Only the first extent may be
/// dynamic, and no stride.
Value withWholeLines(VectorBuilder &b, Value memref);

/// Loads 64 bytes as sixteen i32.
Value loadLine(VectorBuilder &b, Value memref, ValueRange at);

/// The lower or upper half of each lane of `line` (sixteen i32), numbers of type
/// `element` (bf16 or f16), as f32.
Value halfOfPair(VectorBuilder &b, Value line, Type element, bool upper);

/// What bytes are multiplied with by where they lie in 32 bits. A power of two:
/// all sums are scaled exactly (while below 2^104), and whoever multiplies with
/// scales takes it back.
constexpr double byteFactor = 0x1p+24;
/// Byte j of each lane of `line` (64 signed bytes) times byteFactor, as f32.
Value byteOfFour(VectorBuilder &b, Value line, int64_t j);

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_X86_PAIRLINES_H
