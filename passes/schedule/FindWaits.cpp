/// Writes what each launch of a step waits for: an alternative to the barrier
/// behind every launch, for schedules whose tiles run as soon as they can.
///
///   rt.launch @rms_norm_0 tiles(%t) (%x, %s, %y)
///   rt.launch @quantize_rows_0 tiles(%t) (%y, %q, %u)   {waits = [#rt.wait<0, 1 : 1>]}
///   rt.launch @linear_0 tiles(%c) (%q, %w, %z, %u)      {waits = [#rt.wait<1>]}
///
/// A launch waits for an earlier one where both touch the same memory and one of
/// them writes it: the same weight, argument or layer of a cache, or buffers of the
/// arena that overlap as the memory plan has laid them. It waits tile by tile where
/// all that they share is divided by both along the same dimension of the same
/// buffer (kernel/TileUses). What is waited for by way of another wait is left out.
/// Runs behind llmc-plan-memory; graphs keep their barriers.
#include "passes/Passes.h"

#include "dialects/kernel/KernelDialect.h"
#include "dialects/kernel/TileUses.h"
#include "passes/memory/Intervals.h"

#include "llvm/ADT/BitVector.h"

namespace llmc {
#define GEN_PASS_DEF_FINDWAITS
#include "passes/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

namespace {
/// Memory that is told apart from other memory.
struct Memory {
  rt::Space space;
  StringAttr name;              ///< Of inputs and outputs.
  int64_t first = 0, last = 0;  ///< Bytes of the arena; a layer.

  bool overlaps(const Memory &other) const {
    return space == other.space && name == other.name && first < other.last &&
           other.first < last;
  }
};

struct Use {
  Memory memory;
  Value buffer; ///< As the launch names it.
  kernel::TileUse tile;
};

struct Step {
  rt::LaunchOp launch;
  SmallVector<Use> uses;
  llvm::BitVector done;  ///< Launches that are over when a tile of this begins.
  llvm::BitVector after; ///< Those that are over when all of its tiles are done.
};

/// How one launch waits for another; `mine` is 0 for the whole of it.
struct Relation {
  bool any = false;
  int64_t mine = 0, theirs = 0;
};

struct FindWaits : llmc::impl::FindWaitsBase<FindWaits> {
  void runOnOperation() override {
    for (auto program : getOperation().getOps<rt::ProgramOp>())
      if (program.getKind() == "step" && failed(find(program)))
        return signalPassFailure();
  }
  LogicalResult find(rt::ProgramOp program);
  FailureOr<SmallVector<Use>> usesOf(rt::LaunchOp launch, int64_t rows);
};
} // namespace

static FailureOr<Memory> memoryOf(Value buffer, int64_t rows) {
  while (auto view = buffer.getDefiningOp<rt::ViewOp>())
    buffer = view.getSource();
  auto op = buffer.getDefiningOp<rt::BufferOp>();
  Memory memory{op.getSpace(), op.getNameAttr()};
  if (op.getSpace() != rt::Space::Arena) {
    memory.first = op.getLayer();
    memory.last = memory.first + 1;
    return memory;
  }
  auto bytes = sizeAt(op, rows);
  if (!op.getOffset() || !bytes)
    return op.emitError("has no place in the arena yet");
  memory.first = *op.getOffset();
  memory.last = memory.first + *bytes;
  return memory;
}

FailureOr<SmallVector<Use>> FindWaits::usesOf(rt::LaunchOp launch, int64_t rows) {
  auto function = getOperation().lookupSymbol<func::FuncOp>(launch.getKernel());
  Block &body = function.front();
  SmallVector<Use> uses;
  for (Operation &op : body.without_terminator()) {
    for (const kernel::TileUse &tile : kernel::tileUsesOf(&op)) {
      auto argument = dyn_cast<BlockArgument>(tile.operand);
      if (!argument || argument.getArgNumber() >= launch.getArgs().size())
        return launch.emitError("has a kernel that does more than one operation");
      Value buffer = launch.getArgs()[argument.getArgNumber()];
      auto memory = memoryOf(buffer, rows);
      if (failed(memory))
        return failure();
      if (memory->space != rt::Space::Weight)
        uses.push_back({*memory, buffer, tile});
    }
  }
  return uses;
}

static Relation relate(const Step &later, const Step &earlier) {
  Relation relation;
  for (const Use &mine : later.uses)
    for (const Use &theirs : earlier.uses) {
      if (!mine.memory.overlaps(theirs.memory) ||
          (!mine.tile.writes && !theirs.tile.writes))
        continue;
      int64_t a = mine.tile.perTile, b = theirs.tile.perTile;
      bool divided = mine.buffer == theirs.buffer && mine.tile.dimension >= 0 &&
                     mine.tile.dimension == theirs.tile.dimension;
      if (!divided || (relation.any && (relation.mine != a || relation.theirs != b)))
        return {true};
      relation = {true, a, b};
    }
  return relation;
}

LogicalResult FindWaits::find(rt::ProgramOp program) {
  int64_t rows = llvm::alignTo(program.getMaxRows(), program.getPaddedRows());
  SmallVector<Step> steps;
  for (auto launch : program.getOps<rt::LaunchOp>()) {
    auto uses = usesOf(launch, rows);
    if (failed(uses))
      return failure();
    steps.push_back({launch, *uses, {}, {}});
  }
  for (auto [number, step] : llvm::enumerate(steps)) {
    step.done.resize(steps.size());
    step.after.resize(steps.size());
    SmallVector<Attribute> waits;
    for (int64_t other = int64_t(number) - 1; other >= 0; --other) {
      if (step.done.test(other))
        continue;
      Relation relation = relate(step, steps[other]);
      if (!relation.any)
        continue;
      waits.push_back(rt::WaitAttr::get(&getContext(), other, relation.mine,
                                        relation.theirs));
      // Tiles that divide the same dimension have together waited for all of it.
      if (relation.mine) {
        step.done |= steps[other].done;
      } else {
        step.done |= steps[other].after;
        step.done.set(other);
      }
      step.after |= steps[other].after;
      step.after.set(other);
    }
    if (!waits.empty())
      step.launch.setWaitsAttr(ArrayAttr::get(&getContext(), waits));
  }
  return success();
}
