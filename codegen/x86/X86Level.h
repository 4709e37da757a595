/// What a kernel's lowering needs to know of an x86-64 level.
#ifndef LLMC_CODEGEN_X86_X86LEVEL_H
#define LLMC_CODEGEN_X86_X86LEVEL_H

#include "llvm/ADT/StringRef.h"

#include <cstdint>

namespace llmc::codegen {

/// One instruction set. Levels differ in speed only, never in bits.
struct X86Level {
  llvm::StringRef name;     ///< "x86-64-v4".
  llvm::StringRef cpu;      ///< LLVM's name of the processor.
  llvm::StringRef features; ///< Beyond the processor's, as LLVM spells them.
  unsigned vectorBits;      ///< 256 or 512.
  /// How many sums of 16 lanes a register block holds: each has an even and an
  /// odd chain (two registers, or four of 256 bits), besides weights and a
  /// broadcast input.
  int64_t blockSums;
  bool byteDots = false; ///< AVX512-VNNI.
  bool tiles = false; ///< AMX, with products of bf16 and of bytes.
  bool halfTiles = false; ///< And of f16.
};

/// The level of this name, or null.
const X86Level *findX86Level(llvm::StringRef name);

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_X86_X86LEVEL_H
