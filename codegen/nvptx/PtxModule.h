/// Kernels of a GPU level as one PTX module, and what `ptxas` makes of it.
#ifndef LLMC_CODEGEN_NVPTX_PTXMODULE_H
#define LLMC_CODEGEN_NVPTX_PTXMODULE_H

#include "codegen/Generate.h"
#include "codegen/nvptx/KernelFigures.h"

#include <cstdint>
#include <string>
#include <vector>

namespace llmc::codegen {

/// A kernel of a module. Registers and spills are told by `ptxas`.
struct PtxEntry {
  std::string kernel; ///< Its name in the module of kernels.
  std::string symbol; ///< The `.visible .entry`.
  KernelFigures figures;
  std::string matrix; ///< "mma.sync", "wgmma": what multiplies; empty: no such.
  uint32_t registers = 0;  ///< Of a thread; 0: not known.
  uint32_t spillBytes = 0; ///< Stores and loads of a thread, and its local memory.
};

struct PtxModule {
  std::string level;
  std::string text;
  std::vector<PtxEntry> entries; ///< In the order of the objects.
  std::string cubin;             ///< Empty where there was no ptxas.
};

/// Joins the objects of one level (others are skipped): equal kernels once, one
/// header with the highest version, one declaration of the shared memory that
/// all have. Code::KernelFailed where an object is no PTX of this target, or two
/// define the same name.
Result<PtxModule> joinPtx(llvm::ArrayRef<KernelObject> objects,
                          llvm::StringRef level);

/// The assembler of a CUDA toolkit: $LLMC_PTXAS, else `ptxas` on the PATH, else
/// that of /usr/local/cuda; empty: there is none.
std::string findPtxas();

/// Adds the cubin, and the figures of each entry. Code::KernelFailed with what
/// ptxas says where it refuses the module.
Status assemble(PtxModule &module, const std::string &ptxas);

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_NVPTX_PTXMODULE_H
