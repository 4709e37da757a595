#ifndef LLMC_DIALECTS_LLM_LLMBASE_TD
#define LLMC_DIALECTS_LLM_LLMBASE_TD

include "dialects/llm/LlmDialect.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"

class Llm_Op<string mnemonic, list<Trait> traits = []>
    : Op<Llm_Dialect, mnemonic, !listconcat([Pure], traits)>;

def Llm_WeightOp : Op<Llm_Dialect, "weight", [Symbol]> {
  let summary = "A weight and the transforms that it has yet to go through.";
  let description = [{
    Built while the artifact is written, one tensor at a time: each source (an
    `onnx.initializer`) is transposed where `transposed` says so, the results
    are concatenated along the last dimension, converted to the element type of
    `type`, multiplied by `factor`, and laid out as `layout` says. With
    `interleave`, the panels of the sources alternate (gate and up).

    Of a source, first `first_row` rows are left out (a table whose first rows
    are of no position), then columns are taken as `columns` says, four numbers
    for each source: start, width, stride, count. They are `count` ranges of
    `width` columns, the first at `start`, the others `stride` apart: the
    queries of a linear in which query, key and value alternate head by head.
    Empty: all columns of all sources.

    `rows`: row-major as `type` says. `panels`: a matrix [K, N] as panels of 16
    columns; in a panel K in groups of four bytes (1 f32, 2 bf16 or f16, 4 i8,
    8 i4), 16 columns a group; N and K zero-padded to whole panels and groups.
    With `scheme` = "w8": i8 per column, round to nearest, symmetric; the f32
    scales of a panel's 16 columns follow its lines. "w8a8" lies the same way;
    linears round their inputs as well (dialects/llm/README.md).
    With a scheme of groups (llm::GroupScheme, "w4g32"): few bits, and a
    scale for each group of K and column. Sources with `scales` arrive
    quantized, as com.microsoft's MatMulNBits has them: u8 [N, groups, size *
    bits / 8], scales [N, groups], and `zeros` where the scheme has zero points,
    packed u8 or of the scales' type. Others are rounded to nearest, the number
    of largest magnitude in a group at the lower end of the range.
    With `values`, the weight is small and stands in the IR (a table made by
    the compiler) and has no sources.

    1. `type` is a ranked tensor of static shape.
    2. There is one entry of `transposed` per source.
    3. `layout` is "rows" or "panels"; panels need rank 2.
    4. Sources or values, not both and not neither.
    5. `columns` is empty or has four numbers per source, start and stride from
       0, width and count from 1, stride at least width where count is above 1;
       the ranges make up the last dimension of `type`.
    6. `first_row` is at least 0, and 0 where there are no sources.
    7. `scheme` is empty, "w8", "w8a8" or a scheme of groups. `scales` are one per
       source, in a scheme of groups only; `zeros` likewise, beside scales,
       exactly where the scheme has zero points.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttr:$type,
                       OptionalAttr<SymbolRefArrayAttr>:$sources,
                       DefaultValuedAttr<DenseBoolArrayAttr, "{}">:$transposed,
                       DefaultValuedAttr<DenseI64ArrayAttr, "{}">:$columns,
                       DefaultValuedAttr<I64Attr, "0">:$first_row,
                       DefaultValuedAttr<StrAttr, "\"rows\"">:$layout,
                       DefaultValuedAttr<StrAttr, "\"\"">:$scheme,
                       OptionalAttr<SymbolRefArrayAttr>:$scales,
                       OptionalAttr<SymbolRefArrayAttr>:$zeros,
                       DefaultValuedAttr<BoolAttr, "false">:$interleave,
                       DefaultValuedAttr<F32Attr, "1.0f">:$factor,
                       OptionalAttr<ElementsAttr>:$values);
  let assemblyFormat = "$sym_name attr-dict";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// What is taken of source \p index, which has \p all columns; none where
    /// it does not have the columns.
    std::optional<ColumnRanges> columnsOf(unsigned index, int64_t all);
  }];
}

def Llm_GetWeightOp : Llm_Op<"get_weight"> {
  let summary = "The tensor of an `llm.weight`.";
  let arguments = (ins FlatSymbolRefAttr:$name);
  let results = (outs AnyTensor:$result);
  let assemblyFormat = "$name attr-dict `:` type($result)";
}

def Llm_YieldOp : Llm_Op<"yield", [Terminator, ReturnLike]> {
  let summary = "Ends an epilogue or a map: the scalars of one element.";
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "attr-dict ($values^ `:` type($values))?";
  let builders = [OpBuilder<(ins), [{}]>];
}

#endif // LLMC_DIALECTS_LLM_LLMBASE_TD
