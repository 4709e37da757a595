/// The step becomes one function per range of T, its number of rows:
///
///   @step  ->  @decode {llm.min_rows = 1, llm.max_rows = D}
///              @prefill {llm.min_rows = D + 1, llm.max_rows = chunk}
///
/// Each gets its own tiles, kernels and memory plan over the same weights and
/// caches. Results do not depend on which one is taken: every kernel keeps the
/// canonical order of summation.
#include "passes/Passes.h"

namespace llmc {
#define GEN_PASS_DEF_SPECIALIZESTEP
#include "passes/Passes.h.inc"
} // namespace llmc

using namespace mlir;

namespace {
struct SpecializeStep : llmc::impl::SpecializeStepBase<SpecializeStep> {
  using SpecializeStepBase::SpecializeStepBase;
  void runOnOperation() override {
    auto step = getOperation().lookupSymbol<func::FuncOp>("step");
    if (!step)
      return;
    if (chunk < 1 || decodeRows < 1) {
      step.emitError("chunk and decode-rows must be positive, not ")
          << chunk.getValue() << " and " << decodeRows.getValue();
      return signalPassFailure();
    }
    OpBuilder builder(step);
    auto specialize = [&](StringRef name, int64_t from, int64_t to) {
      auto clone = cast<func::FuncOp>(builder.clone(*step));
      clone.setSymName(name);
      clone->setAttr("llm.min_rows", builder.getI64IntegerAttr(from));
      clone->setAttr("llm.max_rows", builder.getI64IntegerAttr(to));
    };
    int64_t few = std::min<int64_t>(decodeRows, chunk);
    specialize("decode", 1, few);
    if (chunk > few)
      specialize("prefill", few + 1, chunk);
    step.erase();
  }
};
} // namespace
