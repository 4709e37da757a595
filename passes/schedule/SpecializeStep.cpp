/// The step becomes one function per range of T, its number of rows:
///
///   @step  ->  @decode {llm.min_rows = 1, llm.max_rows = D}
///              @batch {llm.min_rows = D + 1, llm.max_rows = B}
///              @prefill {llm.min_rows = B + 1, llm.max_rows = chunk}
///
/// A step has no more rows than a sequence has positions (`llm.max_positions`).
///
/// There is a batch only where B is more than D: processors that do a few rows
/// in one way and some tens in another.
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
    int64_t done = 0, limit = chunk;
    if (auto positions =
            getOperation()->getAttrOfType<IntegerAttr>("llm.max_positions"))
      limit = std::min(limit, std::max<int64_t>(positions.getInt(), 1));
    auto upTo = [&](StringRef name, int64_t rows) {
      int64_t most = std::min(rows, limit);
      if (most > done)
        specialize(name, done + 1, most);
      done = std::max(done, most);
    };
    upTo("decode", decodeRows);
    upTo("batch", batchRows);
    upTo("prefill", chunk);
    step.erase();
  }
};
} // namespace
