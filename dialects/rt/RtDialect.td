#ifndef LLMC_DIALECTS_RT_RTDIALECT_TD
#define LLMC_DIALECTS_RT_RTDIALECT_TD

include "mlir/IR/AttrTypeBase.td"
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
  let useDefaultAttributePrinterParser = 1;
}

class Rt_Attr<string name, string attrMnemonic>
    : AttrDef<Rt_Dialect, name> {
  let mnemonic = attrMnemonic;
}

def Rt_WaitAttr : Rt_Attr<"Wait", "wait"> {
  let summary = "What a tile waits for of an earlier launch.";
  let description = [{
    `launch` counts the program's launches from 0. Tile t may begin when the tiles
    [floor(t * mine / theirs), ceil((t + 1) * mine / theirs)) of that launch are
    done, as far as it has them; all of its tiles where `mine` is 0. `mine` and
    `theirs` are extents of a tile along a dimension that both divide.

    1. `launch`, `mine` and `theirs` are not negative; `theirs` is positive where
       `mine` is.
  }];
  let parameters = (ins "int64_t":$launch, DefaultValuedParameter<"int64_t", "0">:$mine,
                        DefaultValuedParameter<"int64_t", "0">:$theirs);
  let assemblyFormat = "`<` $launch (`,` $mine^ `:` $theirs)? `>`";
  let genVerifyDecl = 1;
}

#endif // LLMC_DIALECTS_RT_RTDIALECT_TD
