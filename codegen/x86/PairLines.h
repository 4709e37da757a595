/// Lines of 64 bytes in which sixteen lanes hold pairs of bf16 or f16.
#ifndef LLMC_CODEGEN_X86_PAIRLINES_H
#define LLMC_CODEGEN_X86_PAIRLINES_H

#include "codegen/llvm/VectorBuilder.h"

namespace llmc::codegen {

/// [..., 16, 2] as [..., 32]: a line is one vector. Only the first extent may be
/// dynamic, and no stride.
Value withWholeLines(VectorBuilder &b, Value memref);

/// Loads 64 bytes as sixteen i32.
Value loadLine(VectorBuilder &b, Value memref, ValueRange at);

/// The lower or upper half of each lane of `line` (sixteen i32), numbers of type
/// `element` (bf16 or f16), as f32.
Value halfOfPair(VectorBuilder &b, Value line, Type element, bool upper);

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_X86_PAIRLINES_H
