/// kernel.choose_token: a block does a row. Without a temperature the maxima of
/// slices hold the token; with one, a pass over the row for each digit of what
/// filters keep, and one for the draw (RowChoice). Rows lie in L2 after the head.
#include "codegen/nvptx/ChoiceNumbers.h"
#include "codegen/nvptx/KernelsToNvptx.h"
#include "codegen/nvptx/RowChoice.h"

#include "runtime/format/TokenChoice.h"

#include <limits>

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;

using llvm::SmallVector;
using I = arith::CmpIPredicate;

namespace {

/// The choice of one row.
struct Chooser {
  GpuBuilder &b;
  kernel::ChooseTokenOp op;
  const nvptx::RowChoice::Regions &regions;
  Value row; ///< An index.

  Value choiceWord(int64_t number) {
    return b.loadScalar(op.getChoices(), {row, b.index(number)});
  }
  Value choiceNumber(int64_t number) {
    auto wide = [&](Value half) {
      return arith::ExtUIOp::create(b, b.getI64Type(), half);
    };
    Value upper = b.shiftLeft(wide(choiceWord(number + 1)), 32);
    return b.bitOr(upper, wide(choiceWord(number)));
  }
  Value isNot(Value value, int64_t number) {
    return b.compare(I::ne, value, b.integer(value.getType(), number));
  }

  Value largestOfSlices();
  Value draw(Value largest, Value inverseTemperature);
  Value token();
};

} // namespace

/// Every warp looks at all of them.
Value Chooser::largestOfSlices() {
  int64_t slices = extent(op.getMaxima(), 1);
  Value least =
      b.integer(b.getI64Type(), std::numeric_limits<int64_t>::min());
  Value largest = b.loopBy(
      b.lane(), b.i32(slices), b.i32(warpThreads), {least},
      [&](Value slice, ValueRange carried) {
        Value one = b.loadScalar(op.getMaxima(), {row, b.asIndex(slice)});
        return SmallVector<Value>{b.maximum(carried[0], one)};
      })[0];
  return b.maxOfLanes(largest);
}

Value Chooser::draw(Value largest, Value inverseTemperature) {
  nvptx::RowChoice rowChoice(b, regions, nvptx::LogitRow(b, op.getLogits(), row),
                             largest, inverseTemperature);
  Type i64 = b.getI64Type();
  Value zero = b.integer(i64, 0);
  Value topK = choiceWord(choice::topKWord);
  Value furthest = b.choose(
      isNot(topK, 0),
      [&] {
        auto one = [&](Value, Value) { return b.integer(i64, 1); };
        auto wanted = [&](Value) -> Value {
          return arith::ExtUIOp::create(b, i64, topK);
        };
        return SmallVector<Value>{rowChoice.reach(one, wanted).distance};
      },
      [&] { return SmallVector<Value>{b.i32(choice::beyond)}; })[0];
  auto weight = [&](Value distance, Value) {
    Value kept = b.compare(I::sle, distance, furthest);
    return b.select(kept, nvptx::weightOf(b, distance), zero);
  };

  Value topP = choiceNumber(choice::topPWord);
  auto cut = b.choose(
      isNot(topP, 0),
      [&] {
        auto place = rowChoice.reach(weight, [&](Value total) -> Value {
          Value share = nvptx::highProduct64(b, total, topP);
          return arith::MaxUIOp::create(b, share, b.integer(i64, 1));
        });
        // Of those that are as near as the last, the first that reach the sum.
        auto equal = [&](Value distance, Value column) {
          Value is = b.compare(I::eq, distance, place.distance);
          return b.select(is, weight(distance, column), zero);
        };
        Value last = rowChoice.pick(equal, [&](Value) {
          return b.sub(b.sub(place.wanted, place.before), b.integer(i64, 1));
        });
        return SmallVector<Value>{place.distance, last};
      },
      [&] {
        Value any = b.i32(std::numeric_limits<int32_t>::max());
        return SmallVector<Value>{furthest, any};
      });

  Value least = choiceNumber(choice::leastWeightWord);
  Value random = choiceNumber(choice::randomWord);
  auto kept = [&](Value distance, Value column) {
    Value isNearer = b.less(distance, cut[0]);
    Value isLast = b.both(b.compare(I::eq, distance, cut[0]),
                          b.compare(I::sle, column, cut[1]));
    Value all = nvptx::weightOf(b, distance);
    Value isKept = b.both(b.bitOr(isNearer, isLast),
                          b.compare(I::uge, all, least));
    return b.select(isKept, all, zero);
  };
  return rowChoice.pick(
      kept, [&](Value total) { return nvptx::highProduct64(b, total, random); });
}

Value Chooser::token() {
  Type i32 = b.getI32Type();
  Value largest = largestOfSlices();
  Value bits = arith::TruncIOp::create(b, i32, b.shiftRight(largest, 32));
  Value column = b.bitXor(arith::TruncIOp::create(b, i32, largest), b.i32(-1));
  constexpr int64_t infinity = 0x7F800000;
  Value isNumber = b.both(b.less(b.i32(-infinity), bits),
                          b.less(bits, b.i32(infinity)));
  auto only = [](Value value) { return SmallVector<Value>{value}; };
  return b.choose(
      isNumber,
      [&] {
        Value word = choiceWord(0);
        return b.choose(
            isNot(word, 0),
            [&] {
              return only(draw(nvptx::fromOrderedBits(b, bits),
                               b.bitcast(word, b.getF32Type())));
            },
            [&] { return only(column); });
      },
      [&] { return only(b.i32(choice::noToken)); })[0];
}

LogicalResult nvptx::lowerChooseToken(kernel::ChooseTokenOp op) {
  GpuBuilder b(op);
  RowChoice::Regions regions(b);
  b.forTiles(op.getBegin(), op.getEnd(), [&](Value row) {
    Value token = Chooser{b, op, regions, row}.token();
    b.when(b.compare(I::eq, b.thread(), b.i32(0)),
           [&] { b.storeScalar(token, op.getTokens(), {row}); });
  });
  return success();
}
