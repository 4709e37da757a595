/// A subgraph that may be a rotary position embedding (see RaiseRope).
#ifndef LLMC_PASSES_RAISE_ROPEPROPOSAL_H
#define LLMC_PASSES_RAISE_ROPEPROPOSAL_H

#include "dialects/llm/LlmOps.h"
#include "dialects/onnx/OnnxOps.h"
#include "passes/raise/RopeTable.h"
#include "passes/support/Probe.h"

namespace llmc {

class RopeProposal {
public:
  RopeProposal(Probe &probe, mlir::Value result) : probe(probe), result(result) {}

  /// Walks back from the result: finds the rows, the factors and the heads.
  bool collect();
  /// Evaluates the factors for the positions [0, count).
  bool tabulate(int64_t count, RopeTables &tables);
  /// Whether the graph agrees with a rotation of this pairing.
  bool verify(llm::Pairing pairing);
  /// Why the last step failed, where the evaluator said so; for remarks.
  const std::string &reason() const { return why; }
  /// Puts llm.rope in the place of the result.
  void replace();

private:
  bool classify();

  Probe &probe;
  mlir::Value result; // [B, H, S, D], [B, S, H, D] or [B, S, H * D]
  mlir::Value source; // [B, S, H * D] or [B, S, H, D]
  mlir::SmallVector<mlir::Value> factors;
  mlir::Value fixedCos, fixedSin; // tables [P, rotary/2] of rotary_embedding
  bool headsFirst = false;        // the result is [B, H, S, D]
  int64_t heads = 0, headDim = 0, rotaryDim = 0, positions = 0;
  std::shared_ptr<RopeTable> cos, sin; // [positions, width]
  llm::Pairing pairing = llm::Pairing::Half;
  std::string why;
};

} // namespace llmc

#endif // LLMC_PASSES_RAISE_ROPEPROPOSAL_H
