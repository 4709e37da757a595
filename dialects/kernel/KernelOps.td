#ifndef LLMC_DIALECTS_KERNEL_KERNELOPS_TD
#define LLMC_DIALECTS_KERNEL_KERNELOPS_TD

include "dialects/kernel/KernelDialect.td"
include "dialects/llm/LlmDialect.td"

class Kernel_Op<string mnemonic, list<Trait> traits = []>
    : Op<Kernel_Dialect, mnemonic, traits>;

def Kernel_EmbeddingOp : Kernel_Op<"embedding"> {
  let summary = "output[t, :] = table[tokens[t], :]. A tile is a row.";
  let description = [{
    tokens [T] i32, each checked by the caller; table [V, D]; output [T, D] f32
    or the table's type. With `panels` the table is a weight [D, V] as
    `kernel.linear` stores it, in `scheme`, and its column `token` is copied.
  }];
  let arguments = (ins AnyMemRef:$tokens, AnyMemRef:$table, AnyMemRef:$output,
                       Index:$begin, Index:$end, UnitAttr:$panels,
                       DefaultValuedAttr<StrAttr, "\"\"">:$scheme);
  let assemblyFormat = "operands attr-dict `:` type(operands)";
}

def Kernel_TakeRowsOp : Kernel_Op<"take_rows"> {
  let summary = "output[r, :] = input[rows[r], :]. A tile is a row of the output.";
  let arguments = (ins AnyMemRef:$input, AnyMemRef:$rows, AnyMemRef:$output,
                       Index:$begin, Index:$end);
  let assemblyFormat = "operands attr-dict `:` type(operands)";
}

def Kernel_QuantizeRowsOp : Kernel_Op<"quantize_rows"> {
  let summary = "Rows as bytes and a scale each. A tile is a row.";
  let description = [{
    input [T, K]; output [T, K rounded up to 4] i8, zero beyond K; terms [T, 2]
    i32: the bits of the row's f32 scale, and -128 times the sum of its bytes.
    With m = max |x|: scale m / 127, bytes round(x * (127 / m)), ties to even,
    within +-127; all 0 where m is 0.
  }];
  let arguments = (ins AnyMemRef:$input, AnyMemRef:$output, AnyMemRef:$terms,
                       Index:$begin, Index:$end);
  let assemblyFormat = "operands attr-dict `:` type(operands)";
}

def Kernel_LinearOp : Kernel_Op<"linear", [SingleBlock, AttrSizedOperandSegments]> {
  let summary = "outputs[t, n] = epilogue(input[t, :] . weight[:, n], extras). A tile is `tile_panels` panels.";
  let description = [{
    input [T, K]; weight in panels: f32 [N/16 * parts, K, 16], bf16 and f16
    [N/16 * parts, ceil(K/2), 16, 2], i8 (scheme "w8") [N/16 * parts,
    ceil(K/4) * 64 + 64] bytes: lines of [16][4], then 16 f32 scales. N/16 is
    rounded up; panel p of part i is panel p * parts + i. In a scheme of groups
    ("w4g32", GroupScheme) a panel is a row of bytes, group after group: 16 f32
    scales, 16 f32 zero points where the scheme has them, then lines of 16
    columns. A line of 4 bits has 8 of K: in the column's four bytes, byte j
    holds k = j in its low half and k = 4 + j in its high one. A line of 8 bits
    has 4 of K, unsigned. Extras and epilogue as
    in `llm.linear`; outputs [T, N].

    The sum over K has the canonical order: blocks of 32; in a block the even and
    the odd terms are summed apart, each from 0 by fused multiply-add in ascending
    order; accumulator += (even + odd). Denormals are flushed, but those of f16
    are f32's normal numbers. With w8 the sum is
    multiplied by the column's scale at the end. In a scheme of groups the terms
    are input times (weight - zero point), and accumulator = fma(scale, even +
    odd, accumulator).

    In the scheme "w8a8" input and `terms` are what `kernel.quantize_rows` made,
    K is that of the bytes, weights lie as with w8, and a sum of bytes, as f32,
    is multiplied by the column's scale and then by the row's.

    Processors with matrix registers do whole tiles of rows: the memory behind
    the input has T rounded up to `padded_rows`, whatever they hold. They may do
    K in blocks of `block_length` terms (0: all at once), for all rows one block
    after the other, and keep the sums between blocks in `scratch`, f32
    (i32 of bytes) [T, at least N/16 * parts * 16], its rows padded likewise.

    Rows may come unnormalised (`llmc-fold-norms`): then the sum over K is
    multiplied by 1 / sqrt(mean square + `norm_epsilon`), where the mean square of
    row t is the sum of `squares` [T, S] f32 over S, divided by K. A kernel whose
    first output such rows are has `partial_squares` [T, tiles] f32 besides, and
    writes there the sum over the tile's columns of that output's squares, before
    they are rounded.

    `engine` names what multiplies where a processor has several such: "wgmma", of
    NVIDIA's sm_90a. Empty: what the target takes for the type and the rows.

    1. The region has one f32 argument per part, then one per extra.
    2. `tile_rows`, `tile_panels` and `padded_rows` are positive.
    3. `block_length` is a multiple of 32; less than K, it has a scratch.
    4. `terms` are given exactly in the scheme "w8a8".
  }];
  let arguments = (ins AnyMemRef:$input, AnyMemRef:$weight,
                       Variadic<AnyMemRef>:$extras, Variadic<AnyMemRef>:$outputs,
                       Optional<AnyMemRef>:$scratch, Optional<AnyMemRef>:$terms,
                       Optional<AnyMemRef>:$squares,
                       Optional<AnyMemRef>:$partial_squares,
                       Index:$begin, Index:$end,
                       I64Attr:$parts, I64Attr:$tile_rows, I64Attr:$tile_panels,
                       DefaultValuedAttr<StrAttr, "\"\"">:$scheme,
                       DefaultValuedAttr<I64Attr, "1">:$padded_rows,
                       DefaultValuedAttr<I64Attr, "0">:$block_length,
                       DefaultValuedAttr<F32Attr, "0.0f">:$norm_epsilon,
                       DefaultValuedAttr<StrAttr, "\"\"">:$engine);
  let regions = (region SizedRegion<1>:$epilogue);
  let assemblyFormat = [{
    $input `,` $weight (`extras` `(` $extras^ `:` type($extras) `)`)?
    `outputs` `(` $outputs `:` type($outputs) `)`
    (`scratch` `(` $scratch^ `:` type($scratch) `)`)?
    (`terms` `(` $terms^ `:` type($terms) `)`)?
    (`squares` `(` $squares^ `:` type($squares) `)`)?
    (`partial_squares` `(` $partial_squares^ `:` type($partial_squares) `)`)?
    `tiles` `(` $begin `,` $end `)`
    attr-dict `:` type($input) `,` type($weight) $epilogue
  }];
  let hasVerifier = 1;
}

def Kernel_MapOp : Kernel_Op<"map", [SingleBlock, AttrSizedOperandSegments]> {
  let summary = "outputs[t, d] = body(inputs[t, d] or inputs[d] or inputs[0]). A tile is a row.";
  let description = [{
    1. The region has one argument per input and yields one value per output.
  }];
  let arguments = (ins Variadic<AnyMemRef>:$inputs, Variadic<AnyMemRef>:$outputs,
                       Index:$begin, Index:$end);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    (`inputs` `(` $inputs^ `:` type($inputs) `)`)?
    `outputs` `(` $outputs `:` type($outputs) `)` `tiles` `(` $begin `,` $end `)`
    attr-dict `do` $body
  }];
  let hasVerifier = 1;
}

def Kernel_RmsNormOp : Kernel_Op<"rms_norm"> {
  let summary = "As `llm.rms_norm`. A tile is a row.";
  let description = [{
    input [T, D], scale [D], output [T, D]; or input and output [T, H, D], each
    [D] for itself. The sum of squares: sixteen partial sums (lane d mod 16,
    ascending, fused multiply-add), then a halving tree.
  }];
  let arguments = (ins AnyMemRef:$input, AnyMemRef:$scale, AnyMemRef:$output,
                       Index:$begin, Index:$end, F32Attr:$epsilon, F32Attr:$offset);
  let assemblyFormat = "operands attr-dict `:` type(operands)";
}

def Kernel_AddRmsNormOp : Kernel_Op<"add_rms_norm"> {
  let summary = "As `llm.add_rms_norm`. A tile is a row.";
  let description = [{
    input, residual, sum, output [T, D]; sum may be the same memory as residual.
    With `input_scale` [D] the input is normalised first: `kernel.rms_norm` of it
    with the same epsilon and offset, rounded to the input's type, is what is added
    (for GPUs).
  }];
  let arguments = (ins AnyMemRef:$input, AnyMemRef:$residual, AnyMemRef:$scale,
                       AnyMemRef:$sum, AnyMemRef:$output,
                       Optional<AnyMemRef>:$input_scale,
                       Index:$begin, Index:$end, F32Attr:$epsilon, F32Attr:$offset);
  let assemblyFormat = "operands attr-dict `:` type(operands)";
}

def Kernel_LayerNormOp : Kernel_Op<"layer_norm"> {
  let summary = "As `llm.layer_norm`. A tile is a row.";
  let description = [{
    Two passes: the mean, then the mean of squared differences; both sums in the
    order of `kernel.rms_norm`.
  }];
  let arguments = (ins AnyMemRef:$input, AnyMemRef:$scale, AnyMemRef:$bias,
                       AnyMemRef:$output, Index:$begin, Index:$end, F32Attr:$epsilon);
  let assemblyFormat = "operands attr-dict `:` type(operands)";
}

def Kernel_RopeOp : Kernel_Op<"rope"> {
  let summary = "As `llm.rope`. A tile is a row.";
  let description = [{
    input, output [T, H * D] (may be the same memory), positions [T] i32, tables
    [P, rotary_dim/2] f32. `interleaved` is the pairing.
  }];
  let arguments = (ins AnyMemRef:$input, AnyMemRef:$positions, AnyMemRef:$cos,
                       AnyMemRef:$sin, AnyMemRef:$output, Index:$begin, Index:$end,
                       I64Attr:$heads, I64Attr:$head_dim, I64Attr:$rotary_dim,
                       BoolAttr:$interleaved);
  let assemblyFormat = "operands attr-dict `:` type(operands)";
}

def Kernel_KvAppendOp : Kernel_Op<"kv_append"> {
  let summary = "Writes rows of keys and values to cache pages. A tile is a row.";
  let description = [{
    key, value [T, KV * D]; row_sequence, positions [T] i32; page_table
    [sequences, pages] i32: position p of sequence s lies in page
    page_table[s, p / page], at p mod page.
    key_cache [pages, KV, page/16, D, 16]: element d of the key at offset o of a
    page is [o / 16, d, o mod 16]. value_cache [pages, KV, ceil(D/16), page, 16]:
    element d of the value at offset o is [d / 16, o, d mod 16]; lanes beyond D
    are never read as values but must hold numbers: they are written as 0.

    Caches of bf16 and f16 lie in pairs, D even. key_cache [pages, KV, page/16,
    D/2, 16, 2]: element d of the key at o is [o / 16, d / 2, o mod 16, d mod 2],
    16 lines of which are the second factor of a matrix tile: 32 d x 16 positions.
    value_cache [pages, KV, ceil(D/16), page/2, 16, 2]: element d of the value at
    o is [d / 16, o / 2, d mod 16, o mod 2]: 32 positions x 16 d. Keys and values
    are rounded to nearest even. Rows of one launch may be neighbours in a
    sequence: each element is written by itself.

    Caches of i8 lie in fours, D a multiple of 4, and a position has a scale of
    its own for each head's key and value. key_cache [pages, KV, page/16,
    D/4 + 2, 16, 4]: element d of the key at o is [o / 16, d / 4, o mod 16,
    d mod 4]; the four bytes at [o / 16, D/4, o mod 16] are the key's scale, an
    f32, and those of the line behind it the value's. value_cache [pages, KV,
    ceil(D/16), page/4, 16, 4]: element d of the value at o is [d / 16, o / 4,
    d mod 16, o mod 4]. Scale and bytes are those of `kernel.quantize_rows` for
    a row of the head's D elements.
  }];
  let arguments = (ins AnyMemRef:$key, AnyMemRef:$value, AnyMemRef:$row_sequence,
                       AnyMemRef:$positions, AnyMemRef:$page_table,
                       AnyMemRef:$key_cache, AnyMemRef:$value_cache,
                       Index:$begin, Index:$end, I64Attr:$head_dim, I64Attr:$page);
  let assemblyFormat = "operands attr-dict `:` type(operands)";
}

def Kernel_RopeAppendOp : Kernel_Op<"rope_append"> {
  let summary = "Rotates queries and keys, and writes keys and values to cache pages. A tile is a row.";
  let description = [{
    `kernel.rope` of `query` [T, H * D] to `output`, `kernel.rope` of `key`
    [T, KV * D], then `kernel.kv_append` of that and of `value` [T, KV * D]: the
    same numbers in one launch. `output` may be the same memory as `query`.

    With `scales`, of queries and of keys, each is normalised before it is rotated,
    as by `kernel.rms_norm` with `epsilon` and `offset`, and rounded to its rows'
    type: each head for itself where the scale is [D], all heads of a row as one
    where it is as long as the row.

    1. `scales` are none or two vectors of floats, [D] or [H * D] and [KV * D].
  }];
  let arguments = (ins AnyMemRef:$query, AnyMemRef:$key, AnyMemRef:$value,
                       AnyMemRef:$cos, AnyMemRef:$sin,
                       AnyMemRef:$row_sequence, AnyMemRef:$positions,
                       AnyMemRef:$page_table, AnyMemRef:$key_cache,
                       AnyMemRef:$value_cache, AnyMemRef:$output,
                       Variadic<AnyMemRef>:$scales,
                       Index:$begin, Index:$end, I64Attr:$heads,
                       I64Attr:$head_dim, I64Attr:$page, I64Attr:$rotary_dim,
                       BoolAttr:$interleaved,
                       DefaultValuedAttr<F32Attr, "0.0f">:$epsilon,
                       DefaultValuedAttr<F32Attr, "0.0f">:$offset);
  let assemblyFormat = "operands attr-dict `:` type(operands)";
  let hasVerifier = 1;
}

def Kernel_AttentionOp : Kernel_Op<"attention"> {
  let summary = "As `llm.attention`. A tile is one row block and one cache head.";
  let description = [{
    query, output [T, H * D]; row_sequence, positions [T] i32; page_table and
    caches as in `kernel.kv_append`; blocks [B, 2] i32: first row and number of
    rows, all of one sequence. Tile i is block i / KV, cache head i mod KV.

    The cache is cut at multiples of `split` positions. A piece is one softmax:
    its scores are a linear with K = D; the largest is m, the weights are
    exp(s - m) (0 where masked), their sum has the order of `kernel.rms_norm`'s
    lanes and tree; its values are a linear with K = split, from the piece's
    first position on, across its pages. Both linears have the canonical order
    of `kernel.linear`. So blocks of 32 positions of which nothing is seen add
    nothing and may be left out.

    Where the caches are bf16 or f16, queries are rounded to that type (to bf16
    where they are i8) before they are multiplied, and weights before they multiply
    values; a sum of weights is one of the unrounded. All else is f32. Bytes are
    multiplied as the integers that they are: a score is then multiplied by the
    key's scale, and a weight by the value's before it is rounded.

    Pieces (m, s, o) are merged in ascending order into a running (M, S, O) that
    begins as (-inf, 0, 0) and is divided by its sum at the end: N = max(M, m),
    a = exp(M - N), b = exp(m - N), then (N, fma(s, b, S * a), fma(o, b, O * a)).
    Merging into (-inf, 0, 0) gives (m, s, o), and merging a piece in which
    nothing is seen, (-inf, 0, 0), changes nothing: neither what a window does
    not reach nor the rows of a block show in the bits.

    1. `page` is a positive multiple of 32, `split` one of `page`.
    2. `split` is at most 16384: scores of a piece lie on the stack.
  }];
  let arguments = (ins AnyMemRef:$query, AnyMemRef:$row_sequence, AnyMemRef:$positions,
                       AnyMemRef:$page_table, AnyMemRef:$blocks,
                       AnyMemRef:$key_cache, AnyMemRef:$value_cache,
                       AnyMemRef:$output, Index:$begin, Index:$end,
                       I64Attr:$heads, I64Attr:$head_dim, I64Attr:$page,
                       I64Attr:$split,
                       F32Attr:$scale, I64Attr:$window, F32Attr:$softcap);
  let assemblyFormat = "operands attr-dict `:` type(operands)";
  let hasVerifier = 1;
}

def Kernel_AttentionSplitOp : Kernel_Op<"attention_split"> {
  let summary = "The pieces of `kernel.attention`, not merged. Tiles are shares of the work.";
  let description = [{
    Operands as in `kernel.attention`. maxima, sums [slots, T, H] f32 and partials
    [slots, T, H * D] f32 take (m, sum, output) of a row's piece c at slot
    c mod slots; slots is as many as the pieces that the rows of a block see, or
    more. Of pieces that no row of a block sees, nothing is read or written.

    The work is what there is: each block, cache head and piece that its rows
    see, in this order (the piece fastest), n in all. A launch has
    N = B * KV * slots tiles, and [begin, end) of them are the works
    [ceil(begin * n / N), ceil(end * n / N)): whatever the lengths of sequences,
    equal shares of tiles are equal shares of work.

    With `merging`, a counter for each block and cache head, [B, KV] i32, and the
    output [T, H * D] of `kernel.attention`, the last of a block's and cache head's
    pieces to end merges them all as `kernel.attention_merge` does. Counters are 0
    in front of a launch and behind it. A launch then has N = `shares` tiles where
    KV * slots is more than that, and tile t does the works t, t + N, ..., of which
    blocks and cache heads are the fastest.

    1. `page` is a positive multiple of 32, `split` one of `page`.
    2. `split` is at most 16384.
    3. `merging` is nothing, or counters and output with positive `shares`.
  }];
  let arguments = (ins AnyMemRef:$query, AnyMemRef:$row_sequence, AnyMemRef:$positions,
                       AnyMemRef:$page_table, AnyMemRef:$blocks,
                       AnyMemRef:$key_cache, AnyMemRef:$value_cache,
                       AnyMemRef:$maxima, AnyMemRef:$sums, AnyMemRef:$partials,
                       Variadic<AnyMemRef>:$merging, Index:$begin, Index:$end,
                       I64Attr:$heads, I64Attr:$head_dim, I64Attr:$page,
                       I64Attr:$split,
                       F32Attr:$scale, I64Attr:$window, F32Attr:$softcap,
                       DefaultValuedAttr<I64Attr, "0">:$shares);
  let assemblyFormat = "operands attr-dict `:` type(operands)";
  let hasVerifier = 1;
}

def Kernel_AttentionMergeOp : Kernel_Op<"attention_merge"> {
  let summary = "Merges what `kernel.attention_split` left. A tile is one row and one query head.";
  let description = [{
    Tile i is row i / H, head i mod H. With the same attributes both together
    give the bits of `kernel.attention`.

    1. `split` is a positive multiple of 32.
    2. `split` is at most 16384.
  }];
  let arguments = (ins AnyMemRef:$maxima, AnyMemRef:$sums, AnyMemRef:$partials,
                       AnyMemRef:$positions, AnyMemRef:$output,
                       Index:$begin, Index:$end,
                       I64Attr:$heads, I64Attr:$head_dim, I64Attr:$split,
                       I64Attr:$window);
  let assemblyFormat = "operands attr-dict `:` type(operands)";
  let hasVerifier = 1;
}

def Kernel_RowMaximaOp : Kernel_Op<"row_maxima"> {
  let summary = "The largest logit of each slice of a row. A tile is one row and one slice.";
  let description = [{
    logits [R, V] f32; maxima [C, S] i64, C at most R. Tile i is row i / S, slice
    i mod S: the columns [s * L, (s + 1) * L) with L = V / S, rounded up to 4. A
    maximum has the logit in its upper half, as bits that are ordered like floats
    (0 equals -0, NaN is above all), and the complement of its column in the lower
    one: the largest number is the largest logit of the lowest column. A slice
    beyond V has the least number of all.

    1. logits are [R, V] f32 with a static V, maxima [C, S] i64 with a static S.
    2. V is at most 2^22.
  }];
  let arguments = (ins AnyMemRef:$logits, AnyMemRef:$maxima,
                       Index:$begin, Index:$end);
  let assemblyFormat = "operands attr-dict `:` type(operands)";
  let hasVerifier = 1;
}

def Kernel_ChooseTokenOp : Kernel_Op<"choose_token"> {
  let summary = "The token that follows each row of logits. A tile is a row.";
  let description = [{
    logits, maxima as `kernel.row_maxima` has left them; choices [C, 8] i32 and
    what is computed of them: runtime/format/TokenChoice.h; tokens [C] i32. All
    but the products of floats that make a distance is done in integers, so every
    order of computation gives the same token.

    1. logits are [R, V] f32 with a static V, maxima [C, S] i64 with a static S,
       choices [C, 8] i32, tokens [C] i32.
    2. V is at most 2^22: sums of weights stay in 64 bits.
  }];
  let arguments = (ins AnyMemRef:$logits, AnyMemRef:$maxima, AnyMemRef:$choices,
                       AnyMemRef:$tokens, Index:$begin, Index:$end);
  let assemblyFormat = "operands attr-dict `:` type(operands)";
  let hasVerifier = 1;
}

#endif // LLMC_DIALECTS_KERNEL_KERNELOPS_TD
