/// Sums are exact integers, so threads may add in any order. A sum over distances is
/// found by its digits, from the top: first 16 bins of half a binade, in which the
/// numbers of a row crowd, so every thread has bins of its own; then 11 bits at a
/// time of the bin that reaches the sum, by shared atomics: there digits are spread.
#include "codegen/nvptx/RowChoice.h"

#include "codegen/nvptx/ChoiceNumbers.h"
#include "runtime/format/TokenChoice.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;
using namespace llmc::codegen::nvptx;

using llvm::SmallVector;
using I = arith::CmpIPredicate;

static constexpr int64_t wordBytes = 8;
static constexpr int64_t coarseBins = 16, coarseBits = 22;
/// Bin i > 0 begins at the distance with the bits (coarseFirst + i) << coarseBits:
/// bin 1 at 0.25, the last at 32. Bin 0 and the last are 30 bits wide.
static constexpr int64_t coarseFirst = (0x3E800000 >> coarseBits) - 1, wideBits = 30;
static_assert((coarseFirst + coarseBins - 1) << coarseBits == choice::weightless);
static constexpr int64_t fineBits = 11, fineBins = 1 << fineBits;
static constexpr int64_t binsOfThread = fineBins / blockThreads;

RowChoice::Regions::Regions(GpuBuilder &b)
    : sums(b.shared("sums", coarseBins * blockThreads * wordBytes)),
      warps(b.shared("sums of warps", blockWarps * wordBytes)),
      result(b.shared("result", 2 * wordBytes)) {
  static_assert(fineBins <= coarseBins * blockThreads);
}

RowChoice::RowChoice(GpuBuilder &b, const Regions &regions, LogitRow row,
                     Value largest, Value inverseTemperature)
    : b(b), regions(regions), row(std::move(row)), largest(largest),
      inverseTemperature(inverseTemperature) {}

Value RowChoice::word(Value region, Value number) {
  return b.offset(region, b.mul(number, b.i32(wordBytes)));
}

Value RowChoice::distance(Value logit, Value valid) {
  return b.select(valid, distanceOf(b, logit, largest, inverseTemperature),
                  b.i32(choice::beyond));
}

void RowChoice::forRow(llvm::function_ref<void(Value, Value)> body) {
  row.walk(b.i32(0), b.i32(row.columns()), row.columns(), b.thread(),
           blockThreads, {},
           [&](Value logit, Value column, Value valid, ValueRange) {
             body(distance(logit, valid), column);
             return SmallVector<Value>();
           });
}

Value RowChoice::scanOfLanes(Value value) {
  Value lane = b.lane();
  for (int64_t step = 1; step < warpThreads; step *= 2) {
    Value before = b.shuffleFrom(value, b.sub(lane, b.i32(step)));
    Value has = b.compare(I::sge, lane, b.i32(step));
    value = b.add(value, b.select(has, before, zero()));
  }
  return value;
}

std::pair<Value, Value> RowChoice::scanOfBlock(Value value) {
  value = scanOfLanes(value);
  b.when(b.compare(I::eq, b.lane(), b.i32(warpThreads - 1)),
         [&] { b.storeAt(value, word(regions.warps, b.warp())); });
  b.barrier();
  Value total = zero(), before = zero(), warp = b.warp();
  for (int64_t i = 0; i < blockWarps; ++i) {
    Value one = b.loadAt(b.getI64Type(), b.offset(regions.warps, i * wordBytes));
    before = b.select(b.compare(I::eq, warp, b.i32(i)), total, before);
    total = b.add(total, one);
  }
  return {b.add(value, before), total};
}

std::pair<Value, Value> RowChoice::tell(Value isIt, Value first, Value second) {
  Value other = b.offset(regions.result, wordBytes);
  b.when(isIt, [&] {
    b.storeAt(first, regions.result);
    b.storeAt(second, other);
  });
  b.barrier();
  Type i64 = b.getI64Type();
  return {b.loadAt(i64, regions.result), b.loadAt(i64, other)};
}

RowChoice::Range RowChoice::coarseRange(Measure measure, Wanted wanted,
                                        Value &goal) {
  Type i64 = b.getI64Type();
  auto bin = [&](Value number, Value thread) {
    return word(regions.sums,
                b.add(b.mul(number, b.i32(blockThreads)), thread));
  };
  b.barrier(); // Nobody may still read the region.
  for (int64_t i = 0; i < coarseBins; ++i)
    b.storeAt(zero(), bin(b.i32(i), b.thread()));
  forRow([&](Value distance, Value column) {
    Value digit = b.sub(b.shiftRight(distance, coarseBits), b.i32(coarseFirst));
    digit = b.minimum(b.maximum(digit, b.i32(0)), b.i32(coarseBins - 1));
    Value place = bin(digit, b.thread());
    b.storeAt(b.add(b.loadAt(i64, place), measure(distance, column)), place);
  });
  b.barrier();
  // A warp adds up two bins, and leaves their sums behind the first of each.
  for (int64_t i = 0; i < coarseBins / blockWarps; ++i) {
    Value number = b.add(b.mul(b.warp(), b.i32(coarseBins / blockWarps)), b.i32(i));
    Value sum = zero();
    for (int64_t from = 0; from < blockThreads; from += warpThreads)
      sum = b.add(sum, b.loadAt(i64, bin(number, b.add(b.lane(), b.i32(from)))));
    sum = b.sumOfLanes(sum);
    b.when(b.compare(I::eq, b.lane(), b.i32(0)),
           [&] { b.storeAt(sum, bin(number, b.i32(0))); });
  }
  b.barrier();
  SmallVector<Value> sums; // Of this bin and all before it.
  for (int64_t i = 0; i < coarseBins; ++i) {
    Value one = b.loadAt(i64, bin(b.i32(i), b.i32(0)));
    sums.push_back(i ? b.add(sums.back(), one) : one);
  }
  goal = wanted(sums.back());
  Value number = b.i32(0), before = zero();
  for (int64_t i = 0; i + 1 < coarseBins; ++i) {
    Value isBelow = b.compare(I::ult, sums[i], goal);
    number = b.select(isBelow, b.i32(i + 1), number);
    before = b.select(isBelow, sums[i], before);
  }
  auto is = [&](int64_t i) { return b.compare(I::eq, number, b.i32(i)); };
  Value low = b.shiftLeft(b.add(number, b.i32(coarseFirst)), coarseBits);
  low = b.select(is(0), b.i32(0), low);
  Value width = b.select(b.bitOr(is(0), is(coarseBins - 1)), b.i32(wideBits),
                         b.i32(coarseBits));
  return {low, width, before};
}

/// The range of the next digit.
RowChoice::Range RowChoice::narrowed(const Range &range, Measure measure,
                                     Value goal) {
  Type i64 = b.getI64Type();
  Value shift = b.maximum(b.sub(range.width, b.i32(fineBits)), b.i32(0));
  b.barrier(); // Nobody may still read the region.
  b.forThreads(fineBins,
               [&](Value bin) { b.storeAt(zero(), word(regions.sums, bin)); });
  b.barrier();
  forRow([&](Value distance, Value column) {
    Value inRange = b.sub(distance, range.low);
    Value size = arith::ShLIOp::create(b, b.i32(1), range.width);
    b.when(b.compare(I::ult, inRange, size), [&] {
      Value bin = arith::ShRUIOp::create(b, inRange, shift);
      LLVM::AtomicRMWOp::create(b, LLVM::AtomicBinOp::add, word(regions.sums, bin),
                                measure(distance, column),
                                LLVM::AtomicOrdering::monotonic, "block");
    });
  });
  b.barrier();
  Value first = b.mul(b.thread(), b.i32(binsOfThread));
  SmallVector<Value> sums; // Of this thread's bins, this one and all before it.
  for (int64_t i = 0; i < binsOfThread; ++i) {
    Value one = b.loadAt(i64, word(regions.sums, b.add(first, b.i32(i))));
    sums.push_back(i ? b.add(sums.back(), one) : one);
  }
  Value upTo = b.add(range.before, scanOfBlock(sums.back()).first);
  Value before = b.sub(upTo, sums.back());
  Value isIt = b.both(b.compare(I::ult, before, goal),
                      b.compare(I::uge, upTo, goal));
  Value bin = first, below = before;
  for (int64_t i = 0; i + 1 < binsOfThread; ++i) {
    Value sum = b.add(before, sums[i]);
    Value isBelow = b.compare(I::ult, sum, goal);
    bin = b.select(isBelow, b.add(first, b.i32(i + 1)), bin);
    below = b.select(isBelow, sum, below);
  }
  auto [told, nearer] =
      tell(isIt, arith::ExtUIOp::create(b, i64, bin), below);
  Value offset = arith::ShLIOp::create(
      b, arith::TruncIOp::create(b, b.getI32Type(), told), shift);
  return {b.add(range.low, offset), shift, nearer};
}

RowChoice::Place RowChoice::reach(Measure measure, Wanted wanted) {
  Value goal;
  Range range = coarseRange(measure, wanted, goal);
  Value digits = b.select(b.less(b.i32(2 * fineBits), range.width), b.i32(3),
                          b.i32(2));
  auto end = b.loopBy(
      b.i32(0), digits, b.i32(1), {range.low, range.width, range.before},
      [&](Value, ValueRange carried) {
        Range next =
            narrowed({carried[0], carried[1], carried[2]}, measure, goal);
        return SmallVector<Value>{next.low, next.width, next.before};
      });
  return {end[0], end[2], goal};
}

/// The segment in which the sum exceeds what is wanted, and what is wanted of it.
/// There are as many segments as threads; a warp sums up one after the other.
std::pair<Value, Value> RowChoice::segmentOf(Measure measure, Wanted wanted) {
  int64_t length = row.sliceLength(blockThreads);
  Type i64 = b.getI64Type();
  b.barrier(); // Nobody may still read the region.
  Value first = b.mul(b.warp(), b.i32(warpThreads));
  b.loopBy(b.i32(0), b.i32(warpThreads), b.i32(1), {}, [&](Value i, ValueRange) {
    Value segment = b.add(first, i);
    Value begin = b.mul(segment, b.i32(length));
    Value end = b.minimum(b.add(begin, b.i32(length)), b.i32(row.columns()));
    Value sum = row.walk(
        begin, end, length, b.lane(), warpThreads, {zero()},
        [&](Value logit, Value column, Value valid, ValueRange carried) {
          return SmallVector<Value>{
              b.add(carried[0], measure(distance(logit, valid), column))};
        })[0];
    sum = b.sumOfLanes(sum);
    b.when(b.compare(I::eq, b.lane(), b.i32(0)),
           [&] { b.storeAt(sum, word(regions.sums, segment)); });
    return SmallVector<Value>();
  });
  b.barrier();
  Value sum = b.loadAt(i64, word(regions.sums, b.thread()));
  auto [upTo, total] = scanOfBlock(sum);
  Value goal = wanted(total), before = b.sub(upTo, sum);
  Value isIt = b.both(b.compare(I::ule, before, goal),
                      b.compare(I::ult, goal, upTo));
  auto [segment, rest] =
      tell(isIt, arith::ExtUIOp::create(b, i64, b.thread()), b.sub(goal, before));
  return {arith::TruncIOp::create(b, b.getI32Type(), segment), rest};
}

/// Every warp walks the segment, a lane a column.
Value RowChoice::pick(Measure measure, Wanted wanted) {
  auto [segment, rest] = segmentOf(measure, wanted);
  int64_t length = row.sliceLength(blockThreads);
  Value begin = b.mul(segment, b.i32(length));
  Value end = b.minimum(b.add(begin, b.i32(length)), b.i32(row.columns()));
  auto found = b.loopBy(
      begin, end, b.i32(warpThreads), {b.i32(-1), zero()},
      [&](Value base, ValueRange carried) {
        Value column = b.add(base, b.lane());
        Value valid = b.less(column, end);
        Value logit = row.logitAt(b.select(valid, column, begin));
        Value sum = measure(distance(logit, valid), column);
        Value upTo = b.add(carried[1], scanOfLanes(sum));
        Value isIt = b.both(b.compare(I::ule, b.sub(upTo, sum), rest),
                            b.compare(I::ult, rest, upTo));
        Value here = b.maxOfLanes(b.select(isIt, column, b.i32(-1)));
        return SmallVector<Value>{b.maximum(carried[0], here),
                                  b.shuffleFrom(upTo, b.i32(warpThreads - 1))};
      });
  return found[0];
}
