/// Writes the tile sizes of linears for a GPU (`kernel.tile_rows`,
/// `kernel.tile_panels`) and the rows of an attention block (`llm.block_rows` on
/// the module).
///
/// Up to 32 rows cost the reading of the weights alone. A block takes a pair of
/// panels, one 16-byte load of a thread each, or two where that still leaves each
/// multiprocessor two blocks, so that the inputs are read half as often. Of more
/// rows a block does 128 times 128 outputs.
#include "passes/Passes.h"
#include "passes/support/Regions.h"

#include "dialects/kernel/KernelDialect.h"

namespace llmc {
#define GEN_PASS_DEF_SELECTDEVICETILES
#include "passes/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

/// Rows up to which the reading of the weights is all that a linear costs.
static constexpr int64_t fewRows = 32;
/// A block of many rows: its sums fill the registers of its threads.
static constexpr int64_t manyRows = 128, manyPanels = 8;
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
        int64_t rows = bound.getInt(), taken = pair;
        if (rows > fewRows) {
          rows = manyRows;
          taken = std::max<int64_t>(1, manyPanels / int64_t(linear.getParts()));
        } else if (linear.getParts() == 1 &&
                   panels >= 2 * pair * 2 * processors) {
          taken = 2 * pair;
        }
        linear->setAttr("kernel.tile_rows", builder.getI64IntegerAttr(rows));
        linear->setAttr("kernel.tile_panels", builder.getI64IntegerAttr(taken));
      });
    }
  }
};
} // namespace
