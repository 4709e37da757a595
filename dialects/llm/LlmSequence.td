#ifndef LLMC_DIALECTS_LLM_LLMSEQUENCE_TD
#define LLMC_DIALECTS_LLM_LLMSEQUENCE_TD

include "dialects/llm/LlmBase.td"

def Llm_Half : I32EnumAttrCase<"Half", 0, "half">;
def Llm_Interleaved : I32EnumAttrCase<"Interleaved", 1, "interleaved">;
def Llm_Pairing : I32EnumAttr<"Pairing",
    "which elements of a head RoPE rotates together",
    [Llm_Half, Llm_Interleaved]> {
  let cppNamespace = "::llmc::llm";
  let description = [{
    half: i and i + rotary_dim/2 (GPT-NeoX, Hugging Face Llama);
    interleaved: 2i and 2i + 1 (GPT-J, the RoPE paper).
  }];
}

def Llm_PositionsOp : Llm_Op<"positions"> {
  let summary = "The position of each row in its sequence, from 0.";
  let description = [{
    In a graph of rows [B, S]: what the model computes as past length + 0..S-1 or
    takes as input. In a step, the argument `positions`.
  }];
  let results = (outs AnyTensor:$result);
  let assemblyFormat = "attr-dict `:` type($result)";
}

def Llm_RopeOp : Llm_Op<"rope"> {
  let summary = "Rotary position embedding of every head in the columns.";
  let description = [{
    For pair j of the first `rotary_dim` elements (a, b) of a head, with c and s
    at row `position` and column j of the tables [P, rotary_dim/2]:
    a' = a * c - b * s, b' = b * c + a * s. The other elements pass unchanged.

    1. The last dimension is heads * head_dim.
    2. `rotary_dim` is even and at most head_dim.
    3. The tables are [P, rotary_dim/2].
  }];
  let arguments = (ins AnyTensor:$input, AnyTensor:$positions, AnyTensor:$cos,
                       AnyTensor:$sin, I64Attr:$heads, I64Attr:$head_dim,
                       I64Attr:$rotary_dim,
                       EnumAttr<Llm_Dialect, Llm_Pairing, "pairing">:$pairing);
  let results = (outs AnyTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Llm_EmptyCacheOp : Llm_Op<"empty_cache"> {
  let summary = "The cache before the first row, for a model exported without one.";
  let results = (outs Llm_KvCacheType:$cache);
  let assemblyFormat = "attr-dict `:` type($cache)";
}

def Llm_CacheFromOp : Llm_Op<"cache_from"> {
  let summary = "A cache from a graph's past tensors [B, KV, P, D].";
  let description = [{
    P is the past length, or that of a buffer of which the first past-length
    positions count.
  }];
  let arguments = (ins AnyTensor:$key, AnyTensor:$value);
  let results = (outs Llm_KvCacheType:$cache);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Llm_CacheToOp : Llm_Op<"cache_to"> {
  let summary = "A graph's present tensors [B, KV, P + S, D] from a cache.";
  let description = [{
    Of a buffer [B, KV, P, D] what lies behind the cache's positions is 0.
  }];
  let arguments = (ins Llm_KvCacheType:$cache);
  let results = (outs AnyTensor:$key, AnyTensor:$value);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Llm_KvAppendOp : Llm_Op<"kv_append"> {
  let summary = "Appends the rows' keys and values to their sequences.";
  let description = [{
    Elements are rounded to the cache's type, to nearest even, as results are. A
    cache of i8 keeps, of each head's key and value, a scale m / 127, m = max |x|,
    and the integers x * (127 / m), rounded to nearest even.

    1. key and value have heads * head_dim columns.
  }];
  let arguments = (ins Llm_KvCacheType:$cache, AnyTensor:$key, AnyTensor:$value);
  let results = (outs Llm_KvCacheType:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Llm_AttentionOp : Llm_Op<"attention"> {
  let summary = "Causal attention of each row over its sequence up to its position.";
  let description = [{
    Query head h reads cache head h / (heads / cache heads). The score of a
    position is scale * (q . k); with softcap c > 0, c * tanh(score / c). A row
    at position p sees positions (p - window, p]; window 0 is all up to p.
    `bidirectional` rows see the whole sequence.

    With a cache of bf16 or f16 the query is rounded to that type before it is
    multiplied, and the weights exp(score - largest) before they multiply values;
    their sum is of the unrounded weights. With one of i8 both are rounded to bf16,
    weights as multiplied by the value's scale.

    1. The query has heads * head_dim columns, head_dim being the cache's.
    2. heads is a multiple of the cache's heads.
  }];
  let arguments = (ins AnyTensor:$query, Llm_KvCacheType:$cache, I64Attr:$heads,
                       F32Attr:$scale,
                       DefaultValuedAttr<I64Attr, "0">:$window,
                       DefaultValuedAttr<F32Attr, "0.0f">:$softcap,
                       DefaultValuedAttr<BoolAttr, "false">:$bidirectional);
  let results = (outs AnyTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

#endif // LLMC_DIALECTS_LLM_LLMSEQUENCE_TD
