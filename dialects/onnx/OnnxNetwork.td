#ifndef LLMC_DIALECTS_ONNX_ONNXNETWORK_TD
#define LLMC_DIALECTS_ONNX_ONNXNETWORK_TD

include "dialects/onnx/OnnxBase.td"

def Onnx_MatMulOp : Onnx_Op<"matmul"> {
  let summary = "ONNX MatMul (NumPy's rules); Gemm is imported as transpose, matmul, mul, add.";
  let arguments = (ins AnyTensor:$lhs, AnyTensor:$rhs);
  let results = (outs AnyTensor:$result);
}

def Onnx_MatMulNBitsOp : Onnx_Op<"matmul_nbits"> {
  let summary = "com.microsoft MatMulNBits: input times the transpose of blockwise quantized B.";
  let description = [{
    weight u8 [N, ceil(K / block), block * bits / 8], the first element in the
    low bits; scales [N * ceil(K / block)] or [N, ceil(K / block)]; zero points
    packed u8 per row, or of the scales' type, or none (then 2^(bits-1)).

    1. `bits` is 2, 4 or 8.
    2. `block_size` is a power of two and at least 16.
  }];
  let arguments = (ins AnyTensor:$input, AnyTensor:$weight, AnyTensor:$scales,
                       Onnx_OptionalTensor:$zero_points,
                       Onnx_OptionalTensor:$group_index, Onnx_OptionalTensor:$bias,
                       I64Attr:$k, I64Attr:$n, I64Attr:$bits, I64Attr:$block_size);
  let results = (outs AnyTensor:$result);
  let hasVerifier = 1;
}

def Onnx_GatherBlockQuantizedOp : Onnx_Op<"gather_block_quantized"> {
  let summary = "com.microsoft GatherBlockQuantized of a packed table: rows of blockwise quantized numbers.";
  let description = [{
    table u8 [V, D * bits / 8], the first element in the low bits; scales [V,
    ceil(D / block)]; zero points packed u8 [V, ceil(ceil(D / block) * bits /
    8)] or none (then 2^(bits-1)). The result has the indices' dimensions and D,
    and the scales' type. Other forms of the operator are imported as what they
    are made of.

    1. `bits` is 2, 4 or 8.
    2. `block_size` is a power of two and at least 16.
    3. The table has rank 2.
  }];
  let arguments = (ins AnyTensor:$table, AnyTensor:$indices, AnyTensor:$scales,
                       Onnx_OptionalTensor:$zero_points, I64Attr:$bits,
                       I64Attr:$block_size);
  let results = (outs AnyTensor:$result);
  let hasVerifier = 1;
}

def Onnx_LayerNormalizationOp : Onnx_Op<"layer_normalization"> {
  let summary = "ONNX LayerNormalization over the dimensions from axis on.";
  let arguments = (ins AnyTensor:$input, AnyTensor:$scale, Onnx_OptionalTensor:$bias,
                       I64Attr:$axis, F32Attr:$epsilon);
  let results = (outs AnyTensor:$result);
}
def Onnx_RmsNormalizationOp : Onnx_Op<"rms_normalization"> {
  let summary = "ONNX RMSNormalization, SimplifiedLayerNormalization.";
  let arguments = (ins AnyTensor:$input, AnyTensor:$scale, I64Attr:$axis, F32Attr:$epsilon);
  let results = (outs AnyTensor:$result);
}

def Onnx_RotaryEmbeddingOp : Onnx_Op<"rotary_embedding"> {
  let summary = "com.microsoft RotaryEmbedding, ONNX RotaryEmbedding (opset 23).";
  let description = [{
    Input [B, S, H*D] or [B, H, S, D]; tables [P, rotary/2] indexed by positions
    [B, S], or by positions [1] (one offset: com.microsoft), or, with none,
    tables [B, S, rotary/2].

    1. With an input of rank 3, `num_heads` is not 0.
  }];
  let arguments = (ins AnyTensor:$input, AnyTensor:$cos, AnyTensor:$sin,
                       Onnx_OptionalTensor:$positions, I64Attr:$num_heads,
                       I64Attr:$rotary_dim, BoolAttr:$interleaved);
  let results = (outs AnyTensor:$result);
  let hasVerifier = 1;
}

def Onnx_GroupQueryAttentionOp : Onnx_Op<"group_query_attention"> {
  let summary = "com.microsoft GroupQueryAttention.";
  let description = [{
    query [B, S, H*D], or packed [B, S, (H + 2*KV)*D] with key and value none;
    past [B, KV, P, D]; seqlens_k i32 [B]: total length - 1; total_length i32
    scalar: the largest. Rotary tables as in `onnx.rotary_embedding`. A
    `local_window` of -1 is none; a `softcap` of 0 is none; a `scale` of 0 is
    1 / sqrt(D). With `window_cache` the past holds the window only: raised, the
    cache is the compiler's; what runs the operator itself refuses it.
  }];
  let arguments = (ins AnyTensor:$query, Onnx_OptionalTensor:$key,
      Onnx_OptionalTensor:$value, Onnx_OptionalTensor:$past_key,
      Onnx_OptionalTensor:$past_value, AnyTensor:$seqlens_k,
      AnyTensor:$total_length, Onnx_OptionalTensor:$cos, Onnx_OptionalTensor:$sin,
      Onnx_OptionalTensor:$positions, Onnx_OptionalTensor:$bias,
      I64Attr:$num_heads, I64Attr:$kv_num_heads, F32Attr:$scale,
      BoolAttr:$do_rotary, BoolAttr:$rotary_interleaved, I64Attr:$local_window,
      F32Attr:$softcap, DefaultValuedAttr<BoolAttr, "false">:$window_cache);
  let results = (outs AnyTensor:$result, AnyTensor:$present_key,
                      AnyTensor:$present_value);
}

def Onnx_MultiHeadAttentionOp : Onnx_Op<"multi_head_attention"> {
  let summary = "com.microsoft MultiHeadAttention, with separate query, key, value.";
  let description = [{
    query [B, S, H*D]; key [B, L, H*D] or [B, H, L, D]; value alike; bias
    [3*H*D] or none; key_padding_mask [B, L] i32 or none; attention_bias
    [B or 1, H or 1, S, P+L] or none; past [B, H, P, D] or none.
    `unidirectional` masks later positions. A `scale` of 0 is 1 / sqrt(D).
  }];
  let arguments = (ins AnyTensor:$query, AnyTensor:$key, AnyTensor:$value,
      Onnx_OptionalTensor:$bias, Onnx_OptionalTensor:$key_padding_mask,
      Onnx_OptionalTensor:$attention_bias, Onnx_OptionalTensor:$past_key,
      Onnx_OptionalTensor:$past_value, I64Attr:$num_heads, F32Attr:$scale,
      BoolAttr:$unidirectional, F32Attr:$mask_filter_value);
  let results = (outs AnyTensor:$result, Onnx_OptionalTensor:$present_key,
                      Onnx_OptionalTensor:$present_value);
}

def Onnx_AttentionOp : Onnx_Op<"attention"> {
  let summary = "ONNX Attention (opsets 23 and 24).";
  let description = [{
    query [B, H, S, D] or [B, S, H*D]; key and value alike with KV heads; mask
    boolean or added, broadcast to [B, H, S, L], or none; past [B, KV, P, D] or
    none; nonpad_kv_seqlen i64 [B] or none. A `scale` of 0 is 1 / sqrt(D).

    1. With inputs of rank 3, both head counts are not 0.
  }];
  let arguments = (ins AnyTensor:$query, AnyTensor:$key, AnyTensor:$value,
      Onnx_OptionalTensor:$mask, Onnx_OptionalTensor:$past_key,
      Onnx_OptionalTensor:$past_value, Onnx_OptionalTensor:$nonpad_kv_seqlen,
      I64Attr:$q_num_heads, I64Attr:$kv_num_heads, F32Attr:$scale,
      BoolAttr:$is_causal, F32Attr:$softcap);
  let results = (outs AnyTensor:$result, Onnx_OptionalTensor:$present_key,
                      Onnx_OptionalTensor:$present_value);
  let hasVerifier = 1;
}

#endif // LLMC_DIALECTS_ONNX_ONNXNETWORK_TD
