/// Chooses a scheme for the weights that linears multiply by: writes `scheme`
/// on llm.weight. What the numbers become is the business of the packer and of
/// the kernel that the scheme selects.
///
///   w8: 8 bits per weight, symmetric, one f32 scale per output channel, round
///       to nearest; activations stay f32.
///   w4g128 and the like: 4 or 8 bits, symmetric, one f32 scale per group of
///       inputs and output (llm::GroupScheme); activations stay f32.
///
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
  void runOnOperation() override {
    if (scheme.empty())
      return;
    auto groups = llm::parseGroupScheme(scheme);
    if (scheme != "w8" && (!groups || groups->zeros)) {
      getOperation().emitError("unknown quantization scheme '") << scheme << "'";
      return signalPassFailure();
    }
    getOperation().walk([&](llm::LinearOp linear) {
      if (llm::WeightOp weight = weightOf(linear.getWeight()))
        if (weight.getSources() && weight.getScheme().empty())
          weight.setScheme(scheme);
    });
  }
};
} // namespace
