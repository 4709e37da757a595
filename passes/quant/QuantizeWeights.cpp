/// Chooses a scheme for the weights that linears multiply by: writes `scheme`
/// on llm.weight. What the numbers become is the business of the packer and of
/// the kernel that the scheme selects.
///
///   w8: 8 bits per weight, symmetric, one f32 scale per output channel, round
///       to nearest.
///   w8a8: the same weights; linears round their inputs to 8 bits as well, with a
///       scale per row (kernel.quantize_rows). K beyond what 32 bits can sum
///       keeps w8.
///   w4g128 and the like: 4 or 8 bits, symmetric, one f32 scale per group of
///       inputs and output (llm::GroupScheme).
///
/// Activations stay f32, but for w8a8 and what RoundInputs is asked to round.
/// Weights that the graph holds quantized keep their bits.
///
/// Refused: an unknown scheme. Weights in the IR (tables) keep their type.
#include "passes/Passes.h"
#include "passes/support/Regions.h"

#include "dialects/llm/GroupScheme.h"

namespace llmc {
#define GEN_PASS_DEF_QUANTIZEWEIGHTS
#include "passes/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

namespace {
struct QuantizeWeights : llmc::impl::QuantizeWeightsBase<QuantizeWeights> {
  using QuantizeWeightsBase::QuantizeWeightsBase;
  /// Sums of bytes over a longer K would not fit 32 bits.
  StringRef schemeFor(llm::LinearOp linear) {
    int64_t length =
        cast<ShapedType>(linear.getInput().getType()).getShape().back();
    bool fits = length <= llm::longestByteSum;
    return llm::quantizesInputs(scheme) && !fits ? "w8" : StringRef(scheme);
  }
  void runOnOperation() override {
    if (scheme.empty())
      return;
    auto groups = llm::parseGroupScheme(scheme);
    if (!llm::hasScaledColumns(scheme) && (!groups || groups->zeros)) {
      getOperation().emitError("unknown quantization scheme '") << scheme << "'";
      return signalPassFailure();
    }
    getOperation().walk([&](llm::LinearOp linear) {
      if (llm::WeightOp weight = weightOf(linear.getWeight()))
        if (weight.getSources() && weight.getScheme().empty())
          weight.setScheme(schemeFor(linear));
    });
  }
};
} // namespace
