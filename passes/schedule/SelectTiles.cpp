/// Writes the tile sizes of linears (`kernel.tile_rows`, `kernel.tile_panels`)
/// and the rows of an attention block (`llm.block_rows` on the module).
///
/// A linear keeps rows x panels x parts pairs of even and odd sums in vector
/// registers, plus a panel's weights and a broadcast; the 32 registers of
/// AVX-512 hold 4 x 2 of one part and 4 x 1 of two. Fewer rows than the bound
/// on T are never useful. Results do not depend on tiles.
#include "passes/Passes.h"
#include "passes/support/Regions.h"

namespace llmc {
#define GEN_PASS_DEF_SELECTTILES
#include "passes/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

/// Pairs of sums that fit the registers beside weights and a broadcast.
static constexpr int64_t accumulatorPairs = 8;

namespace {
struct SelectTiles : llmc::impl::SelectTilesBase<SelectTiles> {
  using SelectTilesBase::SelectTilesBase;
  void runOnOperation() override {
    Builder builder(&getContext());
    getOperation()->setAttr("llm.block_rows",
                            builder.getI64IntegerAttr(blockRows));
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      auto bound = function->getAttrOfType<IntegerAttr>("llm.max_rows");
      if (!bound)
        continue;
      function.walk([&](llm::LinearOp linear) {
        int64_t rows = tileRows ? tileRows : std::min<int64_t>(4, bound.getInt());
        int64_t panels =
            tilePanels ? tilePanels
                       : std::max<int64_t>(
                             1, accumulatorPairs / (rows * linear.getParts()));
        linear->setAttr("kernel.tile_rows", builder.getI64IntegerAttr(rows));
        linear->setAttr("kernel.tile_panels",
                        builder.getI64IntegerAttr(std::min<int64_t>(panels, 4)));
      });
    }
  }
};
} // namespace
