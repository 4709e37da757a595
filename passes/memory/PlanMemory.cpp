/// Gives every arena buffer of a program its offset.
///
/// A buffer lives from the launch that first names it to the last that does
/// (through views). Its size is that at the program's bound on rows. Buffers
/// are placed in descending order of size (ties: order of the program), each
/// at the lowest offset that overlaps no placed buffer alive at the same time:
/// "greedy by size" (Pisarchyk and Lee, Efficient Memory Management for Deep
/// Neural Net Inference, 2020). While the arena is above the lower bound, the
/// buffer that ended on top is placed first and all others anew, some hundred
/// times; the best plan counts. Writes `offset` on rt.buffer, `arena_bytes`
/// and, for comparison, `live_bytes` (the largest sum of buffers alive at one
/// launch, which no plan can beat) on rt.program.
#include "passes/Passes.h"

#include "passes/memory/Intervals.h"

namespace llmc {
#define GEN_PASS_DEF_PLANMEMORY
#include "passes/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

namespace {
struct PlanMemory : llmc::impl::PlanMemoryBase<PlanMemory> {
  void runOnOperation() override {
    for (auto program : getOperation().getOps<rt::ProgramOp>())
      if (failed(program.getKind() == "graph" ? planGraphMemory(program)
                                              : plan(program)))
        return signalPassFailure();
  }
  LogicalResult plan(rt::ProgramOp program);
};
} // namespace

std::optional<int64_t> llmc::sizeAt(rt::BufferOp buffer, int64_t rows) {
  auto type = cast<MemRefType>(buffer.getResult().getType());
  int64_t bytes = llvm::divideCeil(type.getElementTypeBitWidth(), 8);
  for (int64_t extent : type.getShape())
    if (llvm::MulOverflow(bytes, ShapedType::isDynamic(extent) ? rows : extent,
                          bytes))
      return std::nullopt;
  if (bytes > std::numeric_limits<int64_t>::max() - bufferAlignment)
    return std::nullopt;
  return llvm::alignTo(bytes, bufferAlignment);
}

bool llmc::sumFits(ArrayRef<Interval> intervals) {
  int64_t sum = 0;
  return llvm::none_of(intervals, [&](const Interval &interval) {
    return llvm::AddOverflow(sum, interval.bytes, sum);
  });
}

SmallVector<Interval> llmc::liveIntervals(rt::ProgramOp program) {
  llvm::MapVector<Operation *, Interval> intervals;
  int64_t time = 0;
  program.walk([&](Operation *op) {
    if (auto buffer = dyn_cast<rt::BufferOp>(op)) {
      if (buffer.getSpace() == rt::Space::Arena)
        intervals[op].buffer = buffer;
    } else if (isa<rt::LaunchOp>(op)) {
      for (Value operand : op->getOperands()) {
        while (auto view = operand.getDefiningOp<rt::ViewOp>())
          operand = view.getSource();
        auto found = intervals.find(operand.getDefiningOp());
        if (found == intervals.end())
          continue;
        Interval &interval = found->second;
        if (interval.first < 0)
          interval.first = time;
        interval.last = time;
      }
      ++time;
    }
  });
  SmallVector<Interval> used;
  for (auto &[op, interval] : intervals)
    if (interval.first >= 0)
      used.push_back(interval);
  return used;
}

/// Plans that are tried; each takes the square of the number of buffers.
static constexpr unsigned promotions = 300;

static void place(Interval &next, ArrayRef<Interval *> placed) {
  SmallVector<Interval *> rivals;
  for (Interval *other : placed)
    if (other->first <= next.last && next.first <= other->last)
      rivals.push_back(other);
  llvm::sort(rivals, [](Interval *a, Interval *b) {
    return std::pair(a->offset, a->bytes) < std::pair(b->offset, b->bytes);
  });
  for (Interval *rival : rivals) {
    if (next.offset + next.bytes <= rival->offset)
      break;
    next.offset = std::max(next.offset, rival->offset + rival->bytes);
  }
}

/// Places in this order, anew; returns the arena.
static int64_t placeInOrder(ArrayRef<Interval *> order) {
  int64_t arena = 0;
  for (auto [i, interval] : llvm::enumerate(order)) {
    interval->offset = 0;
    place(*interval, order.take_front(i));
    arena = std::max(arena, interval->offset + interval->bytes);
  }
  return arena;
}

int64_t llmc::placeAll(MutableArrayRef<Interval> intervals) {
  SmallVector<Interval *> order, best;
  for (Interval &interval : intervals)
    order.push_back(&interval);
  llvm::stable_sort(order, [](Interval *a, Interval *b) {
    return a->bytes > b->bytes;
  });
  int64_t bound = lowerBound(intervals), smallest = 0;
  for (unsigned round = 0; round < promotions; ++round) {
    int64_t arena = placeInOrder(order);
    if (best.empty() || arena < smallest) {
      best = order;
      smallest = arena;
    }
    auto top = llvm::find_if(order, [&](Interval *interval) {
      return interval->offset + interval->bytes == arena;
    });
    if (smallest == bound || top == order.end() || top == order.begin())
      break;
    // What ended on top comes first the next time.
    std::rotate(order.begin(), top, top + 1);
  }
  return placeInOrder(best);
}

int64_t llmc::lowerBound(ArrayRef<Interval> intervals) {
  int64_t bound = 0;
  for (const Interval &at : intervals) {
    int64_t live = 0;
    for (const Interval &other : intervals)
      if (other.first <= at.first && at.first <= other.last)
        live += other.bytes;
    bound = std::max(bound, live);
  }
  return bound;
}

LogicalResult PlanMemory::plan(rt::ProgramOp program) {
  SmallVector<Interval> intervals = liveIntervals(program);
  int64_t rows = llvm::alignTo(program.getMaxRows(), program.getPaddedRows());
  for (Interval &interval : intervals) {
    auto bytes = sizeAt(interval.buffer, rows);
    if (!bytes)
      return interval.buffer.emitError("is larger than 2^63 bytes at ")
             << program.getMaxRows() << " rows";
    interval.bytes = *bytes;
  }
  if (!sumFits(intervals))
    return program.emitError("needs more than 2^63 bytes");
  int64_t arena = placeAll(intervals);
  Builder builder(program.getContext());
  for (Interval &interval : intervals)
    interval.buffer.setOffset(interval.offset);
  program.setArenaBytes(arena);
  program->setAttr("live_bytes",
                   builder.getI64IntegerAttr(lowerBound(intervals)));
  return success();
}
