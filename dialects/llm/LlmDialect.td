#ifndef LLMC_DIALECTS_LLM_LLMDIALECT_TD
#define LLMC_DIALECTS_LLM_LLMDIALECT_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"

def Llm_Dialect : Dialect {
  let name = "llm";
  let summary = "What a decoder is made of, on tensors.";
  let description = [{
    Operators work on the last dimension, D; the dimensions before it are rows,
    `[B, S, D]` as a graph has them or `[T, D]` in a step. Row-wise operators
    know nothing of sequences. Only `llm.kv_append` and `llm.attention` do: which
    rows belong to which sequence, and what is cached of it, is the step's batch
    descriptor, an implicit argument of the function.

    Head h of H heads occupies the columns [h * head_dim, (h + 1) * head_dim).

    Results of f16 take what is beyond it, infinities included, as its largest
    number, 65504; what is no number stays none. Weights, and what a
    region yields, are taken as they are.

    Sums have one canonical order, a function of their length and type alone,
    that every kernel keeps (dialects/llm/README.md).
  }];
  let cppNamespace = "::llmc::llm";
  let usePropertiesForAttributes = 1;
  let useDefaultTypePrinterParser = 1;
}

class Llm_Type<string name, string typeMnemonic> : TypeDef<Llm_Dialect, name> {
  let mnemonic = typeMnemonic;
}

def Llm_KvCacheType : Llm_Type<"KvCache", "kv_cache"> {
  let summary = "Keys and values of one layer, for all sequences of a step.";
  let description = [{
    Paged: `page` positions a page. A value that is threaded through
    `llm.kv_append` and updated in place.
  }];
  let parameters = (ins "int64_t":$heads, "int64_t":$headDim, "int64_t":$page,
                        "::mlir::Type":$elementType);
  let assemblyFormat = "`<` $heads `x` $headDim `,` `page` `=` $page `,` $elementType `>`";
}

#endif // LLMC_DIALECTS_LLM_LLMDIALECT_TD
