/// How packed weights lie in memory, for every target.
#ifndef LLMC_CODEGEN_LLVM_PANELLAYOUT_H
#define LLMC_CODEGEN_LLVM_PANELLAYOUT_H

#include "dialects/kernel/KernelDialect.h"
#include "dialects/llm/GroupScheme.h"

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Operation.h"

namespace llmc::codegen {

/// Panels of 16 outputs, as `kernel.linear` lays them out. Each is a range of
/// bytes of its own, one behind the other; a line of 64 bytes has 4 for each
/// output.
struct PanelLayout {
  enum class Kind {
    F32,    ///< [panels, K, 16]
    Pair,   ///< bf16 or f16 [panels, ceil(K/2), 16, 2]
    W8,     ///< i8 [panels, ceil(K/4) * 64 + 64]: lines [16][4], 16 f32 scales
    Groups, ///< i8 [panels, groups * bytes of one] (llm::GroupScheme)
  };
  static constexpr int64_t lineBytes = 64;

  Kind kind;
  mlir::Type element;
  int64_t length; ///< K.
  int64_t panels;
  llm::GroupScheme scheme; ///< Of Groups.

  /// Checks the weight's type and shape against K and the number of panels;
  /// an error on `op` says what does not fit.
  static mlir::FailureOr<PanelLayout> of(mlir::Operation *op,
                                         mlir::MemRefType weight,
                                         llvm::StringRef scheme,
                                         int64_t length, int64_t panels);

  /// Terms of K that four bytes hold: 1, 2, 4 or 8.
  int64_t lineTerms() const;
  /// Lines of a panel or, in groups, of a group.
  int64_t lines() const;
  int64_t panelBytes() const;
};

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_LLVM_PANELLAYOUT_H
