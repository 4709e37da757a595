/// Writes the tile sizes of linears for a GPU (`kernel.tile_rows`,
/// `kernel.tile_panels`) and the rows of an attention block (`llm.block_rows` on
/// the module). What is there already stays: choices can be made by hand.
///
///   llm.linear %x, %w
///   -> llm.linear %x, %w {kernel.tile_panels = 2, kernel.tile_rows = 8}
///
/// Of up to 32 rows a block does all. Of more it does 128. How many panels it
/// does is what costs least by gpuLinearSeconds, with the figures of `gpu` (GpuTable):
/// many read the inputs less often, few leave no multiprocessor idle.
///
/// On sm_90a warpgroups multiply more than 32 rows (`kernel.engine` = "wgmma") where
/// their types can: rows of bf16 or f16 with weights of their type, bytes or groups
/// without zero points. Their blocks do eight panels; the model chooses between
/// 128 and 64 rows. Groups, whose sums take twice the registers, have 64.
#include "passes/Passes.h"
#include "passes/schedule/GpuLinearCost.h"
#include "passes/support/Regions.h"
#include "passes/support/StoredWeight.h"

#include "dialects/kernel/KernelDialect.h"
#include "dialects/llm/GroupScheme.h"

namespace llmc {
#define GEN_PASS_DEF_SELECTDEVICETILES
#include "passes/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

/// Rows up to which a block does all, and those beside which groups' sums leave
/// room for more than two panels.
static constexpr int64_t fewRows = 32, groupRows = 8;
/// A block of many rows: with eight panels its sums fill its threads' registers.
static constexpr int64_t manyRows = 128;
static constexpr int64_t fewPanels[] = {4, 2, 1}, manyPanels[] = {8, 4, 2};
/// A block of warpgroups.
static constexpr int64_t warpgroupPanels = 8, warpgroupRows[] = {128, 64};
/// Terms that a copied piece of a row has: the lengths of rows are multiples.
static constexpr int64_t copiedTerms = 8;

namespace {
struct SelectDeviceTiles : llmc::impl::SelectDeviceTilesBase<SelectDeviceTiles> {
  using SelectDeviceTilesBase::SelectDeviceTilesBase;
  void runOnOperation() override;
  void select(llm::LinearOp linear, int64_t rows, const GpuFigures &figures);
};
} // namespace

static void setIfAbsent(Operation *op, StringRef name, int64_t value) {
  if (!op->hasAttr(name))
    op->setAttr(name, Builder(op->getContext()).getI64IntegerAttr(value));
}

/// Whether warpgroups can multiply these rows and weights.
static bool fitsWarpgroups(llm::LinearOp linear, llm::WeightOp weight) {
  auto input = cast<ShapedType>(linear.getInput().getType());
  StringRef scheme = weight.getScheme();
  auto groups = llm::parseGroupScheme(scheme);
  if (input.getShape().back() % copiedTerms || llm::quantizesInputs(scheme) ||
      (groups && groups->zeros))
    return false;
  auto type = cast<ShapedType>(weight.getType());
  return input.getElementTypeBitWidth() == 16 &&
         (!scheme.empty() || input.getElementType() == type.getElementType());
}

/// Writes the tiles of a linear of warpgroups.
static void selectWarpgroups(llm::LinearOp linear, GpuLinear shape, bool groups,
                             const GpuFigures &figures) {
  shape.warpgroups = true;
  int64_t panels = std::max<int64_t>(1, warpgroupPanels / shape.parts), best = 0;
  double least = 0;
  for (int64_t rows : ArrayRef(warpgroupRows).drop_front(groups)) {
    double seconds = gpuLinearSeconds(figures, shape, panels, rows);
    if (!best || seconds < least) {
      best = rows;
      least = seconds;
    }
  }
  linear->setAttr(kernel::engineAttr,
                  StringAttr::get(linear.getContext(), "wgmma"));
  setIfAbsent(linear, "kernel.tile_rows", best);
  setIfAbsent(linear, "kernel.tile_panels", panels);
}

void SelectDeviceTiles::select(llm::LinearOp linear, int64_t rows,
                               const GpuFigures &figures) {
  llm::WeightOp weight = weightOf(linear.getWeight());
  auto input = cast<ShapedType>(linear.getInput().getType());
  MemRefType bytes = storedType(weight);
  int64_t parts = linear.getParts(), all = bytes.getDimSize(0);
  GpuLinear shape{rows,
                  input.getShape().back(),
                  all / parts,
                  parts,
                  bytes.getNumElements() / all *
                      bytes.getElementTypeBitWidth() / 8,
                  input.getElementTypeBitWidth() / 8};
  // Products of bytes have no kernel of many rows.
  StringRef scheme = weight.getScheme();
  bool many = rows > fewRows && !llm::quantizesInputs(scheme);
  if (many && figures.level == "sm_90a" && !linear->hasAttr(kernel::engineAttr) &&
      fitsWarpgroups(linear, weight))
    return selectWarpgroups(linear, shape,
                            llm::parseGroupScheme(scheme).has_value(), figures);
  int64_t atOnce = many ? manyRows : std::min(rows, fewRows);
  ArrayRef<int64_t> choices = many ? ArrayRef(manyPanels) : ArrayRef(fewPanels);
  if (!many && rows > groupRows && llm::parseGroupScheme(scheme))
    choices = choices.drop_front();
  int64_t best = 0;
  double least = 0;
  for (int64_t panels : choices) {
    panels = std::max<int64_t>(1, panels / parts);
    double seconds = gpuLinearSeconds(figures, shape, panels, atOnce);
    if (!best || seconds < least) {
      best = panels;
      least = seconds;
    }
  }
  setIfAbsent(linear, "kernel.tile_rows", atOnce);
  setIfAbsent(linear, "kernel.tile_panels", best);
}

void SelectDeviceTiles::runOnOperation() {
  const GpuFigures *figures = findGpu(gpu);
  if (!figures) {
    getOperation().emitError("there are no figures of a GPU ") << gpu;
    return signalPassFailure();
  }
  setIfAbsent(getOperation(), "llm.block_rows", blockRows);
  for (auto function : getOperation().getOps<func::FuncOp>())
    if (auto bound = function->getAttrOfType<IntegerAttr>("llm.max_rows"))
      function.walk([&](llm::LinearOp linear) {
        select(linear, bound.getInt(), *figures);
      });
}
