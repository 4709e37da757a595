#ifndef LLMC_DIALECTS_RT_RTDIALECT_TD
#define LLMC_DIALECTS_RT_RTDIALECT_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/IR/EnumAttr.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Rt_Dialect : Dialect {
  let name = "rt";
  let summary = "The static schedule: launches of named kernels on buffers.";
  let description = [{
    What the runtime executes, in order. A program is a specialisation of the
    step (or a whole graph); integers are computed once per step; a buffer is a
    memref in the arena, a weight, an argument or a cache; a launch names a
    kernel, its number of tiles and its arguments.
  }];
  let cppNamespace = "::llmc::rt";
  let usePropertiesForAttributes = 1;
}

#endif // LLMC_DIALECTS_RT_RTDIALECT_TD
