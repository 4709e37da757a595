/// Writes the tile sizes of linears for a GPU (`kernel.tile_rows`,
/// `kernel.tile_panels`) and the rows of an attention block (`llm.block_rows` on
/// the module).
///
/// A block multiplies a tile's panels with up to 32 rows at once, which are four
/// fragments of a matrix instruction; more rows are more blocks. Panels are taken
/// in pairs, one 16-byte load of a thread each. A few rows cost the reading of the
/// weights alone: then blocks take two pairs where that still leaves each
/// multiprocessor two blocks, so that the inputs are read half as often.
#include "passes/Passes.h"
#include "passes/support/Regions.h"

#include "dialects/kernel/KernelDialect.h"

namespace llmc {
#define GEN_PASS_DEF_SELECTDEVICETILES
#include "passes/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

static constexpr int64_t mostRows = 32;
static constexpr int64_t pair = 2;

namespace {
struct SelectDeviceTiles : llmc::impl::SelectDeviceTilesBase<SelectDeviceTiles> {
  using SelectDeviceTilesBase::SelectDeviceTilesBase;
  void runOnOperation() override {
    Builder builder(&getContext());
    getOperation()->setAttr("llm.block_rows",
                            builder.getI64IntegerAttr(blockRows));
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      auto bound = function->getAttrOfType<IntegerAttr>("llm.max_rows");
      if (!bound)
        continue;
      function.walk([&](llm::LinearOp linear) {
        int64_t columns =
            cast<ShapedType>(linear.getResult(0).getType()).getShape().back();
        int64_t panels = llvm::divideCeil(columns, kernel::panelWidth);
        int64_t taken = linear.getParts() == 1 &&
                                panels >= 2 * pair * 2 * processors
                            ? 2 * pair
                            : pair;
        linear->setAttr("kernel.tile_rows",
                        builder.getI64IntegerAttr(
                            std::min<int64_t>(mostRows, bound.getInt())));
        linear->setAttr("kernel.tile_panels", builder.getI64IntegerAttr(taken));
      });
    }
  }
};
} // namespace
