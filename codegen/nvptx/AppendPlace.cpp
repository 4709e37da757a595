#include "codegen/nvptx/AppendPlace.h"

#include "codegen/llvm/ByteScale.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;
using namespace llmc::codegen::nvptx;

using llvm::SmallVector;

static constexpr int64_t width = VectorBuilder::width;

void AppendPlace::storeKey(Value head, Value element, Value numbers) {
  auto type = cast<MemRefType>(keyCache.getType());
  numbers = b.narrow(numbers, type.getElementType());
  int64_t count = cast<VectorType>(numbers.getType()).getNumElements();
  int64_t together = std::gcd(count, layout.pair);
  for (int64_t i = 0; i < count; i += together) {
    Value at = i ? b.add(element, b.index(i)) : element;
    SmallVector<Value> place = {page, head, b.floorDiv(offset, width),
                                b.floorDiv(at, layout.pair),
                                b.remainder(offset, width)};
    if (layout.pair > 1)
      place.push_back(b.remainder(at, layout.pair));
    b.storeRow(b.part(numbers, i, together),
               keyCache, place);
  }
}

void AppendPlace::copyKeys(Value keys, Value row) {
  int64_t pair = layout.pair, groups = layout.headDim / pair;
  // Heads are whole pairs, but rows may begin anywhere.
  int64_t lanes = rowLanes(keys, pair);
  b.forThreads(layout.heads * groups, [&](Value number) {
    Value at = b.asIndex(number);
    Value head = b.floorDiv(at, groups), group = b.remainder(at, groups);
    for (int64_t i = 0; i < pair; i += lanes) {
      Value first = b.index(i);
      Value column = b.add(b.mul(at, b.index(pair)), first);
      storeKey(head, b.add(b.mul(group, b.index(pair)), first),
               b.loadRowF32(keys, {row, column}, lanes));
    }
  });
}

void AppendPlace::copyValues(Value values, Value row) {
  auto type = cast<MemRefType>(valueCache.getType());
  int64_t columns = layout.vectors * width, headDim = layout.headDim;
  b.forThreads(layout.heads * columns, [&](Value number) {
    Value at = b.asIndex(number);
    Value head = b.floorDiv(at, columns), d = b.remainder(at, columns);
    // What is beyond reads the last element and drops it.
    Value column = b.add(b.mul(head, b.index(headDim)),
                         b.minimum(d, b.index(headDim - 1)));
    Value value = b.toF32(b.loadScalar(values, {row, column}));
    if (columns != headDim)
      value = b.select(b.less(d, b.index(headDim)), value,
                       b.number(b.getF32Type(), 0));
    SmallVector<Value> place = {page, head, b.floorDiv(d, width),
                                b.floorDiv(offset, layout.pair),
                                b.remainder(d, width)};
    if (layout.pair > 1)
      place.push_back(b.remainder(offset, layout.pair));
    b.storeScalar(b.narrow(value, type.getElementType()), valueCache, place);
  });
}

void AppendPlace::appendBytes(int64_t line, Walk walk, StoreBytes store) {
  Value zero = b.number(b.getF32Type(), 0);
  b.loopBy(b.warp(), b.i32(layout.heads), b.i32(blockWarps), {},
           [&](Value number, ValueRange) {
             Value head = b.asIndex(number);
             Value most = walk(
                 head, zero, [&](Value, Value numbers, Value carried) {
                   Value largest = b.largestOf(emitMagnitude(b, numbers));
                   return b.maxOf(carried, largest);
                 });
             auto scale = ByteScale::of(b, b.maxOfLanes(most));
             b.when(b.compare(arith::CmpIPredicate::eq, b.lane(), b.i32(0)), [&] {
               Value bytes =
                   vector::BitCastOp::create(b, b.lanes(b.getI8Type(), 4),
                                             b.broadcast(scale.scale, 1));
               b.storeRow(bytes, keyCache,
                          {page, head, b.floorDiv(offset, width), b.index(line),
                           b.remainder(offset, width), b.index(0)});
             });
             walk(head, zero, [&](Value element, Value numbers, Value carried) {
               Value integers = scale.integers(b, numbers);
               auto type = cast<VectorType>(integers.getType());
               store(head, element,
                     arith::TruncIOp::create(
                         b, b.lanes(b.getI8Type(), type.getNumElements()),
                         integers));
               return carried;
             });
             return SmallVector<Value>();
           });
}

void AppendPlace::appendKeyBytes(Walk walk) {
  appendBytes(layout.scaleLine(), walk, [&](Value head, Value element, Value bytes) {
    int64_t count = cast<VectorType>(bytes.getType()).getNumElements();
    int64_t together = std::gcd(count, layout.pair);
    for (int64_t i = 0; i < count; i += together) {
      Value at = i ? b.add(element, b.index(i)) : element;
      b.storeRow(b.part(bytes, i, together), keyCache,
                 {page, head, b.floorDiv(offset, width),
                  b.floorDiv(at, layout.pair), b.remainder(offset, width),
                  b.remainder(at, layout.pair)});
    }
  });
}

Value AppendPlace::walkRow(Value rows, Value row, Value head, Value carried,
                           Rotation::Visit visit) {
  int64_t headDim = layout.headDim, lanes = rowLanes(rows, headDim);
  return b.loopBy(b.lane(), b.i32(headDim / lanes), b.i32(warpThreads), carried,
                  [&](Value chunk, ValueRange before) {
                    Value element = b.mul(b.asIndex(chunk), b.index(lanes));
                    Value column =
                        b.add(b.mul(head, b.index(headDim)), element);
                    return SmallVector<Value>{
                        visit(element, b.loadRowF32(rows, {row, column}, lanes),
                              before[0])};
                  })[0];
}

void AppendPlace::appendValueBytes(Value values, Value row) {
  auto store = [&](Value head, Value element, Value byte) {
    b.storeScalar(byte, valueCache,
                  {page, head, b.floorDiv(element, width),
                   b.floorDiv(offset, layout.pair), b.remainder(element, width),
                   b.remainder(offset, layout.pair)});
  };
  appendBytes(
      layout.scaleLine() + 1,
      [&](Value head, Value carried, Rotation::Visit visit) {
        return walkRow(values, row, head, carried, visit);
      },
      [&](Value head, Value element, Value bytes) {
        int64_t count = cast<VectorType>(bytes.getType()).getNumElements();
        for (int64_t i = 0; i < count; ++i)
          store(head, i ? b.add(element, b.index(i)) : element,
                vector::ExtractOp::create(b, bytes, i));
      });
  int64_t beyond = layout.vectors * width - layout.headDim;
  if (!beyond)
    return;
  b.forThreads(layout.heads * beyond, [&](Value number) {
    Value at = b.asIndex(number);
    store(b.floorDiv(at, beyond),
          b.add(b.remainder(at, beyond), b.index(layout.headDim)),
          b.integer(b.getI8Type(), 0));
  });
}
