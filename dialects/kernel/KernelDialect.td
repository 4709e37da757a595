#ifndef LLMC_DIALECTS_KERNEL_KERNELDIALECT_TD
#define LLMC_DIALECTS_KERNEL_KERNELDIALECT_TD

include "mlir/IR/OpBase.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Kernel_Dialect : Dialect {
  let name = "kernel";
  let summary = "What a kernel computes, on memrefs, before any loop exists.";
  let description = [{
    A kernel is a `func.func` with the attribute `kernel.entry`. Its arguments
    are memrefs and index scalars, then two more indices: the half-open range of
    tiles to do. It holds one operation of this dialect (or, for an operator
    without one, loops) and calls nothing. Tiles of one launch are independent:
    any partition of the range over threads gives the same bits.

    Outputs of f16 take numbers beyond it as `llm` results do, at most 65504, but
    for what a region yields.

    Outputs come last among the memrefs. T stands for a dynamic number of rows.
    How a result depends on the tile sizes: not at all. Tile sizes and vector
    shapes are attributes that a pass of passes/schedule wrote; lowerings obey.
  }];
  let cppNamespace = "::llmc::kernel";
  let usePropertiesForAttributes = 1;
}

#endif // LLMC_DIALECTS_KERNEL_KERNELDIALECT_TD
