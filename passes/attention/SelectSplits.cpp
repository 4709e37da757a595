/// Decides where attention cuts the cache into pieces (`kernel.split`, on every
/// llm.attention of a step), and in which specialisations the pieces of one
/// sequence are work for several threads (`kernel.split_slots`: pieces that one
/// row has at most).
///
///   llm.attention %q, %c {heads = 32, ...}
///   -> llm.attention %q, %c {heads = 32, kernel.split = 256, kernel.split_slots = 16, ...}
///
/// The piece is 256 positions, doubled while a row's pieces (a head's output,
/// largest score and sum, in f32) take more than `piece-bytes`: 4 MiB, which 32
/// heads of 128 reach beyond 64k positions; a kernel takes at most 16384. It is
/// part of the canonical order: a function of the operator and the context
/// alone, not of rows or threads, so it is the same in all specialisations, and
/// so are the bits.
///
/// Without sharing, a step has a tile for each cache head and block of rows;
/// the fewest are those of rows of one sequence. How many threads there will be
/// is not known. The pieces are shared where
///   1. a row can have more than one piece,
///   2. ceil(max_rows / block_rows) * KV is below `threads` (64): a large
///      machine would have idle threads,
///   3. a row and cache head is at the full context at least `work` (2^20)
///      multiply-adds, some 20 us of a core: a second launch costs 1 us, and
///      small models are faster without (who gives `split` gets it all the same),
///   4. the pieces of max_rows rows fit in `shared-bytes` (16 MiB; on GPUs 128,
///      that batches of 32 rows do): decode steps do, chunks of prefill do not
///      and need it less.
/// With `shares`, for processors on which a launch costs more than counting, the
/// piece that ends last merges them all (`kernel.split_shares`), and however many
/// pieces a full context would have, no more tiles look for those that there are.
/// Numbers depend on `kernel.split` only.
#include "dialects/kernel/KernelDialect.h"
#include "passes/Passes.h"
#include "passes/support/Regions.h"

namespace llmc {
#define GEN_PASS_DEF_SELECTSPLITS
#include "passes/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

/// Pieces are no shorter: merging would show.
static constexpr int64_t leastSplit = 256;
/// Rows that a piece's length is chosen by: those of a decode step of a CPU.
static constexpr int64_t sharedRows = 4;

namespace {
struct SelectSplits : llmc::impl::SelectSplitsBase<SelectSplits> {
  using SelectSplitsBase::SelectSplitsBase;
  void runOnOperation() override;
  void select(llm::AttentionOp op, int64_t rows);
  /// Pieces that the rows of one block can see.
  int64_t slotsOf(llm::AttentionOp op, int64_t length, int64_t rows) const;
  int64_t context = 0, blockRows = 1;
};
} // namespace

int64_t SelectSplits::slotsOf(llm::AttentionOp op, int64_t length,
                              int64_t rows) const {
  int64_t slots = llvm::divideCeil(context, length);
  // window + rows - 1 neighbouring positions, wherever they begin.
  if (int64_t window = op.getWindow(); window && window < context)
    slots = std::min<int64_t>(
        slots, llvm::divideCeil(window + rows - 2, length) + 1);
  return slots;
}

void SelectSplits::select(llm::AttentionOp op, int64_t rows) {
  auto cache = cast<llm::KvCacheType>(op.getCache().getType());
  int64_t headDim = cache.getHeadDim(), kvHeads = cache.getHeads();
  int64_t pieceRow = op.getHeads() * (headDim + 2) * 4;
  int64_t length = split;
  if (!length) {
    length = llvm::alignTo(leastSplit, cache.getPage());
    while (length < context && 2 * length <= kernel::mostSplit &&
           slotsOf(op, length, sharedRows) > pieceBytes / pieceRow)
      length *= 2;
  }
  Builder builder(op.getContext());
  op->setAttr("kernel.split", builder.getI64IntegerAttr(length));

  int64_t slots = slotsOf(op, length, std::min(rows, blockRows));
  int64_t tiles = llvm::divideCeil(rows, blockRows) * kvHeads;
  int64_t seen = context;
  if (int64_t window = op.getWindow())
    seen = std::min(seen, window);
  int64_t terms = seen * 2 * headDim * (op.getHeads() / kvHeads);
  if (slots > 1 && tiles < threads && (split || terms >= work) &&
      slots * rows <= sharedBytes / pieceRow) {
    op->setAttr("kernel.split_slots", builder.getI64IntegerAttr(slots));
    if (shares)
      op->setAttr("kernel.split_shares", builder.getI64IntegerAttr(shares));
  }
}

void SelectSplits::runOnOperation() {
  context = maxContext;
  if (auto limit =
          getOperation()->getAttrOfType<IntegerAttr>("llm.max_positions"))
    context = std::min(context, limit.getInt());
  if (auto rows = getOperation()->getAttrOfType<IntegerAttr>("llm.block_rows"))
    blockRows = rows.getInt();
  for (auto function : getOperation().getOps<func::FuncOp>()) {
    auto bound = function->getAttrOfType<IntegerAttr>("llm.max_rows");
    if (!bound)
      continue;
    auto walked = function.walk([&](llm::AttentionOp op) {
      int64_t page = cast<llm::KvCacheType>(op.getCache().getType()).getPage();
      if (split > kernel::mostSplit) {
        op.emitError("a split of ") << split.getValue()
                                    << " positions is more than "
                                    << kernel::mostSplit;
        return WalkResult::interrupt();
      }
      if (split < 0 || split % page != 0) {
        op.emitError("a split of ") << split.getValue()
                                    << " positions is no multiple of the page "
                                       "of "
                                    << page;
        return WalkResult::interrupt();
      }
      select(op, bound.getInt());
      return WalkResult::advance();
    });
    if (walked.wasInterrupted())
      return signalPassFailure();
  }
}
