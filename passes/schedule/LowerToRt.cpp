/// Each specialisation of the step becomes a program of launches:
///
///   func @decode(%tokens, %positions, %rows, %cache0, ...)
///     %y = llm.linear %x, %w : (tensor<?x64xf32>, tensor<64x192xf32>) -> ...
///   ->
///   rt.program @decode {
///     %T = rt.symbol "T"
///     %y = rt.buffer arena(%T) : memref<?x192xf32>
///     %w = rt.buffer weight() {name = "w3"} : memref<12x64x16xf32>
///     rt.launch @linear_0 tiles(%n) (%x, %w, %y)
///   }
///   func @linear_0(memrefs..., begin, end) { kernel.linear ... }
///
/// Equal kernels are one function, whatever the layer. llm.columns is a view. With
/// `choose-tokens` a step ends with kernels that choose the tokens that follow.
/// Weights that nothing reads any more are erased. Nothing is decided here:
/// layouts and tiles were written before.
#include "passes/Passes.h"
#include "passes/schedule/StepLowering.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/ADT/StringSet.h"

namespace llmc {
#define GEN_PASS_DEF_LOWERTORT
#include "passes/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

/// Erases weights, and then initializers, that no program reads.
static void eraseUnusedWeights(ModuleOp module) {
  llvm::StringSet<> used;
  module.walk([&](rt::BufferOp buffer) {
    if (buffer.getSpace() == rt::Space::Weight)
      used.insert(buffer.getName());
  });
  for (auto weight : llvm::make_early_inc_range(module.getOps<llm::WeightOp>())) {
    if (!used.contains(weight.getSymName())) {
      weight.erase();
      continue;
    }
    for (std::optional<ArrayAttr> symbols :
         {weight.getSources(), weight.getScales(), weight.getZeros()})
      if (symbols)
        for (auto symbol : symbols->getAsRange<SymbolRefAttr>())
          used.insert(symbol.getRootReference());
  }
  for (auto initializer :
       llvm::make_early_inc_range(module.getOps<onnx::InitializerOp>()))
    if (!used.contains(initializer.getSymName()))
      initializer.erase();
}

namespace {
struct LowerToRt : llmc::impl::LowerToRtBase<LowerToRt> {
  using LowerToRtBase::LowerToRtBase;
  void runOnOperation() override {
    ModuleOp module = getOperation();
    KernelTable kernels(module);
    SmallVector<func::FuncOp> steps;
    for (auto function : module.getOps<func::FuncOp>())
      if (function->hasAttr("llm.max_rows"))
        steps.push_back(function);
    for (func::FuncOp step : steps) {
      if (failed(StepLowering(step, kernels).run(choosesTokens)))
        return signalPassFailure();
      step.erase();
    }
    eraseUnusedWeights(module);
  }
};
} // namespace
