/// Writes the tile sizes of linears (`kernel.tile_rows`, `kernel.tile_panels`,
/// and `kernel.padded_rows`, `kernel.block_length` for matrix registers) and the
/// rows of an attention block (`llm.block_rows` on the module).
///
/// A linear keeps rows x panels x parts pairs of even and odd sums in vector
/// registers, plus a panel's weights and a broadcast; the 32 registers of
/// AVX-512 hold 4 x 2 of one part and 4 x 1 of two. Fewer rows than the bound
/// on T are never useful. Results do not depend on tiles.
///
/// Matrix registers do bf16 times bf16, f16 times f16 and bytes times bytes where
/// T may be more than a few rows; a few are done by vectors, which read weights as fast as memory gives them.
/// Each two panels meet all rows, whose inputs are to stay in L2 meanwhile: if a
/// block of K is longer than that, it is cut, for the price of writing and
/// reading the sums once more.
#include "passes/Passes.h"
#include "passes/support/Regions.h"

#include "dialects/kernel/KernelDialect.h"
#include "dialects/llm/GroupScheme.h"

namespace llmc {
#define GEN_PASS_DEF_SELECTTILES
#include "passes/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

/// Pairs of sums that fit the registers beside weights and a broadcast.
static constexpr int64_t accumulatorPairs = 8;
/// Rows up to which vectors are as fast as matrix registers (four measured with
/// bf16 and AMX: 93 and 90 % of the read bandwidth).
static constexpr int64_t vectorRows = 4;
static constexpr int64_t matrixRows = 16;
/// What a tile of bytes takes of K; one of pairs takes half.
static constexpr int64_t blockTerms = 64;
/// Of inputs that are to stay in an L2 of 2 MiB, beside weights and sums.
static constexpr int64_t inputBytes = 1 << 20;
/// More than this for sums between blocks of K is not worth it.
static constexpr int64_t mostScratchBytes = 64 << 20;

static bool multipliesBytes(llm::LinearOp linear) {
  llm::WeightOp weight = weightOf(linear.getWeight());
  return weight && llm::quantizesInputs(weight.getScheme());
}

static bool multipliesPairs(llm::LinearOp linear) {
  llm::WeightOp weight = weightOf(linear.getWeight());
  Type element = getElementTypeOrSelf(linear.getWeight().getType());
  return (element.isBF16() || element.isF16()) &&
         getElementTypeOrSelf(linear.getInput().getType()) == element &&
         weight && weight.getScheme().empty();
}

/// Terms of K that are done at once for `rows` rows; 0 for all.
static int64_t chooseBlockLength(llm::LinearOp linear, int64_t rows) {
  auto result = cast<RankedTensorType>(linear.getResult(0).getType());
  auto encoding = dyn_cast_or_null<AffineMapAttr>(result.getEncoding());
  // The rows that are wanted of a step are few: their bound says nothing.
  bool isWanted = encoding && encoding.getValue().getResult(0) ==
                                  getAffineSymbolExpr(1, result.getContext());
  int64_t length =
      cast<ShapedType>(linear.getInput().getType()).getShape().back();
  int64_t columns = result.getShape().back() * linear.getParts();
  int64_t bytes = multipliesBytes(linear) ? 1 : 2;
  if (isWanted || length * rows * bytes <= inputBytes ||
      columns * rows * 4 > mostScratchBytes)
    return 0;
  int64_t most = std::max<int64_t>(512, inputBytes / (bytes * rows));
  int64_t blocks = llvm::divideCeil(length, most);
  int64_t block = llvm::alignTo(llvm::divideCeil(length, blocks), blockTerms);
  return block < length ? block : 0;
}

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
        // Sums of bytes have one chain each.
        int64_t sums = accumulatorPairs * (multipliesBytes(linear) ? 2 : 1);
        int64_t panels =
            tilePanels ? tilePanels
                       : std::max<int64_t>(
                             1, sums / (rows * linear.getParts()));
        linear->setAttr("kernel.tile_rows", builder.getI64IntegerAttr(rows));
        linear->setAttr("kernel.tile_panels",
                        builder.getI64IntegerAttr(std::min<int64_t>(panels, 4)));
        if (bound.getInt() <= vectorRows ||
            !(multipliesPairs(linear) || multipliesBytes(linear)))
          return;
        linear->setAttr("kernel.padded_rows",
                        builder.getI64IntegerAttr(matrixRows));
        if (int64_t block = chooseBlockLength(linear, bound.getInt()))
          linear->setAttr("kernel.block_length",
                          builder.getI64IntegerAttr(block));
      });
    }
  }
};
} // namespace
