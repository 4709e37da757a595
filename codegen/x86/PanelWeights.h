/// Packed weights of every type as vectors of f32.
#ifndef LLMC_CODEGEN_X86_PANELWEIGHTS_H
#define LLMC_CODEGEN_X86_PANELWEIGHTS_H

#include "codegen/llvm/PanelLayout.h"
#include "codegen/llvm/VectorBuilder.h"
#include "codegen/x86/X86Level.h"

namespace llmc::codegen {

/// Reads panels of 16 outputs as `kernel.linear` lays them out.
class PanelWeights {
public:
  using Kind = PanelLayout::Kind;

  /// Checks the weight's type and shape against K and the number of panels;
  /// an error on `op` says what does not fit. Instructions of `level` are used
  /// where it is given; they change no bits.
  static mlir::FailureOr<PanelWeights> of(mlir::Operation *op, Value weight,
                                          llvm::StringRef scheme,
                                          int64_t length, int64_t panels,
                                          const X86Level *level = nullptr);

  /// Terms of K that a line has at most: 4, or 8 of 4 bits.
  int64_t step() const {
    return kind == Kind::Groups && scheme.bits == 4 ? 8 : 4;
  }
  /// The 16 weights at k = group + j; group is a multiple of step(), 0 <= j <
  /// step(). Those of W8 come times a power of two that scales() divides by,
  /// those of groups less their zero point and without their scale.
  Value at(VectorBuilder &b, Value panel, Value group, int64_t j) const;
  /// Whether lines hold pairs that are widened as they lie (DotBlock): of f16,
  /// which one instruction widens, without a shuffle.
  bool inPairs() const;
  /// At k = group + j and the k after it, by turns, the weights of the first or
  /// last eight outputs of a panel; j is even.
  Value pairsAt(VectorBuilder &b, Value panel, Value group, int64_t j,
                bool last) const;
  /// Lane \p lane (an index) of at(), as a scalar and scaled.
  Value element(VectorBuilder &b, Value panel, Value group, int64_t j,
                Value lane) const;
  /// Asks for lines that follow those of k in [group, group + 4) by 1 KiB, as
  /// many as hold these. One row over f32 and bf16 weights of 128 MiB ran 3 to
  /// 7 % faster with it (Zen 4, one core, 4 streams; 512 B the same, 4 KiB
  /// slower).
  void prefetch(VectorBuilder &b, Value panel, Value group) const;
  /// What the finished sum is multiplied with; null for none.
  Value scales(VectorBuilder &b, Value panel) const;
  /// Of pairs or bytes (W8), a memref of lines made before `op`: [panels, K/2,
  /// 32] or [panels, K/4, 64].
  Value lines(mlir::Operation *op) const;
  /// Of W8: the scales of a panel's columns as they are stored.
  Value columnScales(VectorBuilder &b, Value panel) const;
  bool hasGroups() const { return kind == Kind::Groups; }
  bool ofIntegers() const { return kind == Kind::W8 || hasGroups(); }
  /// What the terms from k on are multiplied with, in a scheme of groups.
  Value groupScales(VectorBuilder &b, Value panel, Value k) const;

private:
  PanelWeights(Value weight, Kind kind, int64_t length)
      : weight(weight), kind(kind), length(length) {}
  /// Where k's group starts in a panel, in bytes.
  Value groupStart(VectorBuilder &b, Value k) const;
  /// Where the line that holds k starts.
  Value groupLine(VectorBuilder &b, Value k) const;
  Value zeroPoints(VectorBuilder &b, Value panel, Value k) const;
  Value groupWeight(VectorBuilder &b, Value panel, Value group,
                    int64_t j) const;

  Value weight;
  Kind kind;
  int64_t length; ///< K.
  llm::GroupScheme scheme; ///< Of Groups.
  bool lookup = false; ///< 4 bits choose one of 16 floats in one instruction.
};

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_X86_PANELWEIGHTS_H
