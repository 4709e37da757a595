#ifndef LLMC_PASSES_PASSES_TD
#define LLMC_PASSES_PASSES_TD

include "mlir/Pass/PassBase.td"

// raise: find the transformer in the graph

def SimplifyGraph : Pass<"llmc-simplify-graph", "::mlir::ModuleOp"> {
  let summary = "Compose reshapes and transposes, drop identities and dead ops.";
}
def RaiseEmbedding : Pass<"llmc-raise-embedding", "::mlir::ModuleOp"> {
  let summary = "Gather of a weight's rows by token ids -> llm.embedding.";
  let dependentDialects = ["::llmc::llm::LlmDialect"];
}
def RaiseLinear : Pass<"llmc-raise-linear", "::mlir::ModuleOp"> {
  let summary = "MatMul by a weight -> llm.linear.";
  let dependentDialects = ["::llmc::llm::LlmDialect", "::mlir::arith::ArithDialect"];
}
def RaiseColumns : Pass<"llmc-raise-columns", "::mlir::ModuleOp"> {
  let summary = "Ranges of the columns of rows -> llm.columns.";
  let dependentDialects = ["::llmc::llm::LlmDialect"];
}
def SplitHeads : Pass<"llmc-split-heads", "::mlir::ModuleOp"> {
  let summary = "Query, key and value that alternate in one linear -> three linears.";
  let dependentDialects = ["::llmc::llm::LlmDialect", "::mlir::arith::ArithDialect"];
}
def RaiseNorm : Pass<"llmc-raise-norm", "::mlir::ModuleOp"> {
  let summary = "Root-mean-square and layer normalisation -> llm.rms_norm, llm.layer_norm.";
  let dependentDialects = ["::llmc::llm::LlmDialect"];
}
def RaiseRope : Pass<"llmc-raise-rope", "::mlir::ModuleOp"> {
  let summary = "Rotations that depend on the position alone -> llm.rope.";
  let dependentDialects = ["::llmc::llm::LlmDialect"];
  let options = [
    Option<"maxContext", "max-context", "int64_t", "512", "Rows of the tables.">
  ];
}
def RaiseAttention : Pass<"llmc-raise-attention", "::mlir::ModuleOp"> {
  let summary = "Softmax attention and its cache -> llm.kv_append, llm.attention.";
  let dependentDialects = ["::llmc::llm::LlmDialect"];
  let options = [
    Option<"page", "page", "int64_t", "64", "Positions in a page of the cache.">
  ];
}
def RaiseMap : Pass<"llmc-raise-map", "::mlir::ModuleOp"> {
  let summary = "Elementwise ops over rows -> llm.map.";
  let dependentDialects = ["::llmc::llm::LlmDialect", "::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect"];
}
def RaiseStep : Pass<"llmc-raise-step", "::mlir::ModuleOp"> {
  let summary = "Graph over [batch, sequence] -> the decoder's step over rows.";
  let dependentDialects = ["::llmc::llm::LlmDialect", "::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect"];
}

// fusion

def MergeLinears : Pass<"llmc-merge-linears", "::mlir::ModuleOp"> {
  let summary = "Linears of one input -> one linear (QKV), or its parts (gate, up).";
  let dependentDialects = ["::llmc::llm::LlmDialect"];
}
def FuseMaps : Pass<"llmc-fuse-maps", "::mlir::ModuleOp"> {
  let summary = "llm.map into the llm.map that reads it.";
}
def FuseEpilogue : Pass<"llmc-fuse-epilogue", "::mlir::ModuleOp"> {
  let summary = "llm.map into the epilogue of the linear that it reads.";
}
def FuseResidualNorm : Pass<"llmc-fuse-residual-norm", "::mlir::ModuleOp"> {
  let summary = "An addition and the norm of its sum -> llm.add_rms_norm.";
}

// quant

def ConvertTypes : Pass<"llmc-convert-types", "::mlir::ModuleOp"> {
  let summary = "Weights in the wanted type, all else in f32.";
  let options = [
    Option<"dtype", "dtype", "std::string", "\"\"", "f32, f16, bf16, or empty: what the graph holds.">
  ];
}
def QuantizeWeights : Pass<"llmc-quantize-weights", "::mlir::ModuleOp"> {
  let summary = "Choose a scheme for the weights of linears.";
  let options = [
    Option<"scheme", "scheme", "std::string", "\"\"", "w8, or empty for none.">
  ];
}

def RoundInputs : Pass<"llmc-round-inputs", "::mlir::ModuleOp"> {
  let summary = "The inputs of linears with bf16 or f16 weights in that type.";
  let dependentDialects = ["::mlir::arith::ArithDialect"];
  let options = [
    Option<"dtype", "dtype", "std::string", "\"\"", "That of linears with integer weights: bf16, f16, or f32 or empty: as they are.">
  ];
}

// attention

def SelectCacheType : Pass<"llmc-select-cache-type", "::mlir::ModuleOp"> {
  let summary = "Decide the type of the cache's elements.";
  let options = [
    Option<"type", "type", "std::string", "\"\"", "f32, bf16, f16, i8, or empty: choose.">,
    Option<"dtype", "dtype", "std::string", "\"\"", "What integer weights count as: bf16, f16, or f32 or empty: f32.">
  ];
}
def SelectSplits : Pass<"llmc-select-splits", "::mlir::ModuleOp"> {
  let summary = "Decide where attention cuts the cache, and who does the pieces.";
  let options = [
    Option<"maxContext", "max-context", "int64_t", "512", "Positions of one sequence.">,
    Option<"split", "split", "int64_t", "0", "Positions of a piece; 0: choose.">,
    Option<"threads", "threads", "int64_t", "64", "Threads that should have work; 0: never split.">,
    Option<"work", "work", "int64_t", "1048576", "Multiply-adds of a row and cache head from which sharing pays.">,
    Option<"pieceBytes", "piece-bytes", "int64_t", "4194304", "Bound on a row's pieces.">,
    Option<"sharedBytes", "shared-bytes", "int64_t", "16777216", "Bound on the pieces of a step that shares them.">,
    Option<"shares", "shares", "int64_t", "0", "Tiles that shared pieces are divided among, the last to end merging; 0: as many as pieces, merged apart.">
  ];
}

// schedule

def SpecializeStep : Pass<"llmc-specialize-step", "::mlir::ModuleOp"> {
  let summary = "The step -> one function per bound on its rows.";
  let options = [
    Option<"chunk", "chunk", "int64_t", "128", "Largest number of rows.">,
    Option<"decodeRows", "decode-rows", "int64_t", "4", "Largest number of rows of the decode step.">,
    Option<"batchRows", "batch-rows", "int64_t", "0", "Largest number of rows of the batch step; 0: none.">
  ];
}
def ShareWeights : Pass<"llmc-share-weights", "::mlir::ModuleOp"> {
  let summary = "Store a table once that is the transpose of a linear's weight.";
}
def SelectLayouts : Pass<"llmc-select-layouts", "::mlir::ModuleOp"> {
  let summary = "Decide how weights lie in the file.";
}
def SelectTiles : Pass<"llmc-select-tiles", "::mlir::ModuleOp"> {
  let summary = "Decide the tiles of linears and attention.";
  let options = [
    Option<"tileRows", "tile-rows", "int64_t", "0", "Rows of a linear's tile; 0: choose.">,
    Option<"tilePanels", "tile-panels", "int64_t", "0", "Panels of a linear's tile; 0: choose.">,
    Option<"blockRows", "block-rows", "int64_t", "16", "Rows of an attention block.">
  ];
}
def FoldNorms : Pass<"llmc-fold-norms", "::mlir::ModuleOp"> {
  let summary = "A norm between linears -> a factor of both.";
  let dependentDialects = ["::mlir::arith::ArithDialect"];
  let options = [
    Option<"fewRows", "few-rows", "int64_t", "0", "In steps of more rows norms that make f16 stay; 0: nowhere.">
  ];
}
def SelectDeviceTiles : Pass<"llmc-select-device-tiles", "::mlir::ModuleOp"> {
  let summary = "Decide the tiles of linears and attention on a GPU.";
  let options = [
    Option<"gpu", "gpu", "std::string", "\"h200\"", "Whose figures to choose by, or a level.">,
    Option<"blockRows", "block-rows", "int64_t", "16", "Rows of an attention block.">
  ];
}
def SelectAppend : Pass<"llmc-select-append", "::mlir::ModuleOp"> {
  let summary = "Decide where rotations are done by the append to the cache.";
}
def SelectNorms : Pass<"llmc-select-norms", "::mlir::ModuleOp"> {
  let summary = "Decide where a norm is done by the residual sum behind it.";
}
def LowerToRt : Pass<"llmc-lower-to-rt", "::mlir::ModuleOp"> {
  let summary = "llm ops -> distinct kernels and the launches that use them.";
  let dependentDialects = ["::llmc::rt::RtDialect", "::llmc::kernel::KernelDialect",
                           "::mlir::memref::MemRefDialect"];
  let options = [
    Option<"choosesTokens", "choose-tokens", "bool", "false", "End the step with the choice of tokens.">];
}

def FindWaits : Pass<"llmc-find-waits", "::mlir::ModuleOp"> {
  let summary = "Write what each launch of a step waits for.";
}

// lowering

def LowerGraph : Pass<"llmc-lower-graph", "::mlir::ModuleOp"> {
  let summary = "Any graph of the onnx dialect -> a program of plain kernels.";
  let dependentDialects = ["::llmc::rt::RtDialect", "::llmc::kernel::KernelDialect",
                           "::llmc::llm::LlmDialect", "::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect"];
}

// memory

def PlanMemory : Pass<"llmc-plan-memory", "::mlir::ModuleOp"> {
  let summary = "Give every arena buffer its offset.";
}

#endif // LLMC_PASSES_PASSES_TD
