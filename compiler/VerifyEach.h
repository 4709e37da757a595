/// --verify-each: the program is evaluated after every pass.
#ifndef LLMC_COMPILER_VERIFYEACH_H
#define LLMC_COMPILER_VERIFYEACH_H

#include "compiler/Pipelines.h"
#include "compiler/reference/Evaluator.h"
#include "runtime/support/Error.h"

#include <optional>

namespace llmc {

/// Compares the logits of a few sample tokens, with an empty cache, before and
/// after each pass, on the reference evaluator: the graph `main` first, then
/// the step and its specialisations. What the evaluator does not know (the rt
/// and kernel dialects) ends the checks; reference tests cover kernels.
///
/// Tolerance: 1e-4 of the largest logit per pass, for a graph in f32; a graph in
/// f16 or bf16 rounds after every operator, in another place after every pass:
/// 1e-2 and 6e-2. The passes that choose types
/// and quantization move results by design: they may move them by 10 % and set
/// the comparison anew.
class VerifyEach {
public:
  /// The result before the first pass. Error: Internal where the graph cannot
  /// be evaluated.
  Status begin(mlir::ModuleOp module);
  /// Whether \p module still holds what the evaluator knows, so that the pass
  /// was checked. Error: VerifyEachFailed, naming the pass.
  Result<bool> check(const PipelineStep &step, mlir::ModuleOp module);

private:
  std::optional<reference::Tensor> expected; // [rows, vocabulary]
  double tolerance = 0; // of the largest logit, for the graph's types
};

} // namespace llmc

#endif // LLMC_COMPILER_VERIFYEACH_H
