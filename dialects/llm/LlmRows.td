#ifndef LLMC_DIALECTS_LLM_LLMROWS_TD
#define LLMC_DIALECTS_LLM_LLMROWS_TD

include "dialects/llm/LlmBase.td"

def Llm_EmbeddingOp : Llm_Op<"embedding"> {
  let summary = "Row `token` of a table [V, D] for each token.";
  let description = [{
    With `columns`, column `token` of a matrix [D, V]: the weight of a linear
    that serves as the table as well.

    1. tokens [rows...] of integers; the result has their dimensions and D.
  }];
  let arguments = (ins AnyTensor:$tokens, AnyTensor:$table,
                       UnitAttr:$columns);
  let results = (outs AnyTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Llm_LinearOp : Llm_Op<"linear", [SingleBlockImplicitTerminator<"YieldOp">]> {
  let summary = "input [rows..., K] times weight [K, N], and an epilogue.";
  let description = [{
    The epilogue maps, for each row and column n, the sums (f32) and the extras'
    elements to the results' elements, with scalar ops of arith and math. Weights
    that share the input and the epilogue are `parts`: the region sees one sum of
    each part (gate and up of a gated MLP), and each part has N columns: the
    weight is [K, parts * N], its panels interleaved.

    An extra is [rows..., N] (one element per row and column) or [N] (one per
    column).

    1. The weight is a matrix of K rows, K being the input's last dimension.
    2. The weight has parts * N columns, N being the results' last dimension.
    3. The region has one f32 argument per part, then one per extra of its
       element type; it yields one value per result of its element type.
    4. Extras are [N] or have the results' shape.
  }];
  let arguments = (ins AnyTensor:$input, AnyTensor:$weight,
                       Variadic<AnyTensor>:$extras,
                       DefaultValuedAttr<I64Attr, "1">:$parts);
  let results = (outs Variadic<AnyTensor>:$results);
  let regions = (region SizedRegion<1>:$epilogue);
  let assemblyFormat = [{
    $input `,` $weight (`extras` `(` $extras^ `)`)? attr-dict `:`
    functional-type(operands, results) $epilogue
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Builds `input * weight` with an epilogue that only converts the sum.
    static LinearOp createPlain(::mlir::OpBuilder &builder, ::mlir::Location loc,
                                ::mlir::Type result, ::mlir::Value input,
                                ::mlir::Value weight);
    /// Whether the epilogue only converts the sum to the result's type.
    bool isPlain();
  }];
}

def Llm_MapOp : Llm_Op<"map", [SingleBlockImplicitTerminator<"YieldOp">]> {
  let summary = "Element by element over rows: scalar ops of arith and math.";
  let description = [{
    Inputs are [rows..., D], [D], or of one element.

    1. The region has one argument per input of its element type and yields one
       value per result of its element type.
    2. Every input has the results' shape, their last dimension alone, or one
       element.
  }];
  let arguments = (ins Variadic<AnyTensor>:$inputs);
  let results = (outs Variadic<AnyTensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $inputs attr-dict `:` functional-type(operands, results) $body
  }];
  let hasVerifier = 1;
}

def Llm_RmsNormOp : Llm_Op<"rms_norm"> {
  let summary = "input / sqrt(mean(input^2) + epsilon) * scale, over the last dimension.";
  let description = [{
    With `offset`, the factor is offset + scale. Sums in f32. With `heads` > 1,
    each of so many equal ranges of the columns is normalised for itself, all
    with one scale (a norm of queries or keys).

    1. `scale` is [D / heads], D being the input's last dimension.
  }];
  let arguments = (ins AnyTensor:$input, AnyTensor:$scale, F32Attr:$epsilon,
                       DefaultValuedAttr<F32Attr, "0.0f">:$offset,
                       DefaultValuedAttr<I64Attr, "1">:$heads);
  let results = (outs AnyTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Llm_AddRmsNormOp : Llm_Op<"add_rms_norm"> {
  let summary = "sum = input + residual, and its rms_norm.";
  let description = [{
    1. `scale` is [D], D being the input's last dimension.
  }];
  let arguments = (ins AnyTensor:$input, AnyTensor:$residual, AnyTensor:$scale,
                       F32Attr:$epsilon, DefaultValuedAttr<F32Attr, "0.0f">:$offset);
  let results = (outs AnyTensor:$sum, AnyTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Llm_LayerNormOp : Llm_Op<"layer_norm"> {
  let summary = "(input - mean) / sqrt(variance + epsilon) * scale + bias, over the last dimension.";
  let description = [{
    1. `scale` and `bias` are [D], D being the input's last dimension.
  }];
  let arguments = (ins AnyTensor:$input, AnyTensor:$scale, AnyTensor:$bias, F32Attr:$epsilon);
  let results = (outs AnyTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Llm_ColumnsOp : Llm_Op<"columns"> {
  let summary = "Columns [offset, offset + D') of the last dimension; never a copy.";
  let description = [{
    1. The range lies within the input's last dimension.
  }];
  let arguments = (ins AnyTensor:$input, I64Attr:$offset);
  let results = (outs AnyTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
}

def Llm_TakeRowsOp : Llm_Op<"take_rows"> {
  let summary = "Rows `rows` [R] of input [T, D].";
  let arguments = (ins AnyTensor:$input, AnyTensor:$rows);
  let results = (outs AnyTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

#endif // LLMC_DIALECTS_LLM_LLMROWS_TD
