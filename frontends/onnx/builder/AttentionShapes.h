/// What the attention operators check of their operands.
#ifndef LLMC_FRONTENDS_ONNX_BUILDER_ATTENTIONSHAPES_H
#define LLMC_FRONTENDS_ONNX_BUILDER_ATTENTIONSHAPES_H

#include "frontends/onnx/builder/NodeContext.h"

namespace llmc::onnx {

/// [B, S, H*D] or [B, H, S, D] taken apart.
struct Heads {
  mlir::AffineExpr batch, sequence, heads, width;
};

/// The heads of \p x; \p heads may be 0 with rank 4. nullopt with a problem
/// recorded that speaks of \p what.
std::optional<Heads> headsOf(NodeContext &n, mlir::Value x, int64_t heads,
                             llvm::StringRef what);
/// Whether these inputs, where present, are floats of input 0's type.
bool oneFloatType(NodeContext &n, std::initializer_list<unsigned> inputs);
/// Past plus new, or new alone.
mlir::AffineExpr totalLength(NodeContext &n, unsigned past,
                             mlir::AffineExpr added);
/// Checks a past of [B, KV, P, D].
bool pastFits(NodeContext &n, unsigned past, const Heads &heads);
/// Checks a mask or bias that broadcasts to [B, H, S, L] from the right. Its
/// last extent may be shorter where \p padded allows that.
bool maskFits(NodeContext &n, unsigned mask, const Heads &query,
              mlir::AffineExpr length, bool padded);

} // namespace llmc::onnx

#endif // LLMC_FRONTENDS_ONNX_BUILDER_ATTENTIONSHAPES_H
