#ifndef LLMC_DIALECTS_RT_RTOPS_TD
#define LLMC_DIALECTS_RT_RTOPS_TD

include "dialects/rt/RtDialect.td"

class Rt_Op<string mnemonic, list<Trait> traits = []>
    : Op<Rt_Dialect, mnemonic, traits>;

def Rt_ProgramOp : Rt_Op<"program", [Symbol, NoTerminator, SingleBlock]> {
  let summary = "One specialisation of a module's entry.";
  let description = [{
    `kind` is "step" (of a decoder, for min_rows <= T <= max_rows) or "graph".
    Kernels may read rows up to a multiple of `padded_rows`: buffers have them.
    `arena_bytes` is written by the memory plan.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, StrAttr:$kind,
                       DefaultValuedAttr<I64Attr, "0">:$min_rows,
                       DefaultValuedAttr<I64Attr, "0">:$max_rows,
                       DefaultValuedAttr<I64Attr, "1">:$padded_rows,
                       OptionalAttr<I64Attr>:$arena_bytes);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name attr-dict-with-keyword $body";
}

def Rt_SymbolOp : Rt_Op<"symbol", [Pure]> {
  let summary = "An integer that the caller gives: an extent of an argument.";
  let description = [{
    In a step: `T` rows, `R` rows whose logits are wanted, `S` sequences, `B`
    blocks of attention, `P` columns of the page table, `C` rows whose token is
    chosen (R or none). In a graph: a symbol of the ONNX model.
  }];
  let arguments = (ins StrAttr:$name);
  let results = (outs Index:$result);
  let assemblyFormat = "$name attr-dict";
}

def Rt_ShapeOp : Rt_Op<"shape", [Pure]> {
  let summary = "An integer computed from others by an affine map of one result.";
  let description = [{
    1. The map takes as many operands as there are, and gives one result.
  }];
  let arguments = (ins Variadic<Index>:$operands, AffineMapAttr:$map);
  let results = (outs Index:$result);
  let assemblyFormat = "$map `(` $operands `)` attr-dict";
  let hasVerifier = 1;
}

def Rt_Arena : I32EnumAttrCase<"Arena", 0, "arena">;
def Rt_Weight : I32EnumAttrCase<"Weight", 1, "weight">;
def Rt_Input : I32EnumAttrCase<"Input", 2, "input">;
def Rt_Output : I32EnumAttrCase<"Output", 3, "output">;
def Rt_KeyCache : I32EnumAttrCase<"KeyCache", 4, "key_cache">;
def Rt_ValueCache : I32EnumAttrCase<"ValueCache", 5, "value_cache">;
def Rt_Space : I32EnumAttr<"Space", "where a buffer lies",
    [Rt_Arena, Rt_Weight, Rt_Input, Rt_Output, Rt_KeyCache, Rt_ValueCache]> {
  let cppNamespace = "::llmc::rt";
}

def Rt_BufferOp : Rt_Op<"buffer", []> {
  let summary = "Memory of a type, with its dynamic extents.";
  let description = [{
    `arena`: `offset` (bytes, a multiple of 64) is written by the memory plan;
    `weight`: `name` is an `llm.weight` or `onnx.initializer` of the module;
    `input`, `output`: `name` is the argument's; caches: `layer` counts from 0.

    1. There is one extent per dynamic dimension of the result.
    2. Weights, inputs and outputs have a name.
  }];
  let arguments = (ins Rt_Space:$space,
                       Variadic<Index>:$extents,
                       DefaultValuedAttr<StrAttr, "\"\"">:$name,
                       DefaultValuedAttr<I64Attr, "0">:$layer,
                       OptionalAttr<I64Attr>:$offset);
  let results = (outs AnyMemRef:$result);
  let assemblyFormat = "$space `(` $extents `)` attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def Rt_ViewOp : Rt_Op<"view", [Pure]> {
  let summary = "Another type for a buffer's memory, `offset` elements further.";
  let description = [{
    Extents are the source's where the rank is the same and given where not.
  }];
  let arguments = (ins AnyMemRef:$source, Variadic<Index>:$extents,
                       DefaultValuedAttr<I64Attr, "0">:$offset);
  let results = (outs AnyMemRef:$result);
  let assemblyFormat = "$source `(` $extents `)` attr-dict `:` type($source) `to` type($result)";
}

def Rt_LaunchOp : Rt_Op<"launch", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "All tiles of a kernel, over the threads; then a barrier.";
  let description = [{
    `waits` (`llmc-find-waits`) says what a tile must have behind it where there is
    no barrier; a wait holds for what it waits for in turn.

    1. `kernel` is a `func.func` of the module with `kernel.entry`.
    2. The arguments have the types of the kernel's, without its last two (the
       range of tiles).
  }];
  let arguments = (ins FlatSymbolRefAttr:$kernel, Index:$tiles,
                       Variadic<AnyType>:$args,
                       OptionalAttr<TypedArrayAttrBase<Rt_WaitAttr, "waits">>:$waits);
  let assemblyFormat = "$kernel `tiles` `(` $tiles `)` `(` $args `)` attr-dict `:` type($args)";
}

#endif // LLMC_DIALECTS_RT_RTOPS_TD
