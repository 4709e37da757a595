/// What a factor of a rotary position embedding is at every position.
///
/// The rotations of all layers mostly have the same factors, and a table is
/// large (32 MiB for 131072 positions of heads of 64): it is evaluated once.
/// Measured 2026-11-21 on Llama 3.2 1B's shape as Optimum exports it, 32
/// rotations: 14.6 s of processor time for all passes before, 1.3 s after.
#ifndef LLMC_PASSES_RAISE_ROPETABLE_H
#define LLMC_PASSES_RAISE_ROPETABLE_H

#include "dialects/llm/LlmOps.h"
#include "passes/support/Probe.h"

#include <deque>

namespace llmc {

/// A factor over the positions [0, count).
class RopeTable {
public:
  RopeTable(mlir::Value factor, int64_t count, reference::Tensor values)
      : factor(factor), count(count), values(std::move(values)) {}

  /// Angles of a position; twice the pairs where each is there twice.
  int64_t width() const { return values.shape().back(); }
  /// The factor of a pair of elements.
  double at(int64_t position, int64_t pair, int64_t rotaryDim,
            llm::Pairing pairing) const;
  /// The table as a weight f32 [positions, rotaryDim / 2].
  llm::WeightOp weight(mlir::ModuleOp module, int64_t positions,
                       int64_t rotaryDim, llm::Pairing pairing);

  const mlir::Value factor;
  const int64_t count;
  const reference::Tensor values; // [..., width]

private:
  llm::WeightOp made;
  int64_t madePositions = 0, madeDim = 0;
  llm::Pairing madePairing = llm::Pairing::Half;
};

/// The tables that were asked for last.
class RopeTables {
public:
  /// The table of \p factor; the probe has begun with {1, count, 0}. Fails as
  /// the evaluation does; its rank may be any.
  mlir::FailureOr<std::shared_ptr<RopeTable>> get(mlir::Value factor,
                                                  int64_t count, Probe &probe);

private:
  std::deque<std::shared_ptr<RopeTable>> tables;
};

} // namespace llmc

#endif // LLMC_PASSES_RAISE_ROPETABLE_H
