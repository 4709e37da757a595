/// Sixteen lines against 32 positions at a time, nothing but registers between
/// the products:
///
///   scores  = q . k       lines x positions; keys are panels of 16 positions, as
///                         weights are panels of 16 outputs (WeightFragments)
///   weights = exp2(scores - largest), rescaling what came before
///   outputs += weights . v
///
/// Thread t has of the scores the positions 8t … 8t + 7, which are the terms that
/// it needs of weights for the second product: nothing is exchanged. Queries and
/// weights are rounded to the type that multiplies the caches' (KvCacheLayout); sums
/// of weights are of the unrounded. Heads of more than 128 are done by several warps,
/// each with its elements of keys and values; scores alone are exchanged (HeadParts).
///
/// Bytes become bf16 times a factor, in an order of terms of their own
/// (WeightFragments). Keys' scales multiply scores, values' scales the weights
/// before they are rounded.
#include "codegen/nvptx/AttentionByMma.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;
using namespace llmc::codegen::nvptx;

using llvm::SmallVector;

static constexpr int64_t step = WeightFragments::stepTerms;
static constexpr int64_t products = 4; ///< Columns of 8 in 32.

static PanelLayout panelsOf(GpuBuilder &b, const KvCacheLayout &cache,
                            int64_t length, int64_t panels) {
  if (cache.hasScales())
    return {PanelLayout::Kind::W8, b.getI8Type(), length, panels, {}};
  return {PanelLayout::Kind::Pair, cache.factor, length, panels, {}};
}

SmallVector<Value> TileSoftmax::flat() const {
  SmallVector<Value> values = {maxima[0], maxima[1], sums[0], sums[1]};
  llvm::append_range(values, outputs);
  return values;
}

TileSoftmax TileSoftmax::of(ValueRange values) {
  TileSoftmax state{{values[0], values[1]}, {values[2], values[3]}, {}};
  llvm::append_range(state.outputs, values.drop_front(4));
  return state;
}

AttentionByMma::AttentionByMma(GpuBuilder &b, AttentionMemory &memory)
    : lane(b), parts(b, memory.layout.headDim, products * 4), b(b),
      memory(memory), element(memory.layout.factor),
      scoreOp(memory.op),
      keyLayout(panelsOf(b, memory.layout, memory.layout.headDim, 2)),
      valueLayout(panelsOf(b, memory.layout, memory.layout.page,
                           memory.layout.vectors)),
      keys(b, keyLayout, element), values(b, valueLayout, element),
      queries(b, keys, memory.queryElement(), memory.queryLanes()) {
  scoreOp.scale /= keys.factor();
}

LineTile AttentionByMma::enter(const AttentionWork &work, Value tile) {
  LineTile lines;
  Value count = memory.lineCount(work);
  Value first = b.add(b.shiftLeft(tile, 4), lane.g);
  for (int64_t i = 0; i < 2; ++i) {
    Value line = i ? b.add(first, b.i32(8)) : first;
    lines.inside[i] = b.less(line, count);
    lines.line[i] = b.minimum(line, b.sub(count, b.i32(1)));
    lines.row[i] = memory.rowOf(work, lines.line[i]);
    lines.head[i] = memory.headOf(work, lines.line[i]);
    lines.position[i] = memory.positionOf(lines.row[i]);
    lines.query[i] = memory.queryPointer(lines.row[i], lines.head[i]);
  }
  for (int64_t i = 0; i < parts.steps(); ++i)
    lines.factors.push_back(queryFactors(lines, i));
  return lines;
}

/// Both halves' fragments, 4 i32 each, of 32 elements of the queries.
SmallVector<Value> AttentionByMma::queryFactors(const LineTile &lines,
                                                int64_t at) {
  SmallVector<Value> factors(8);
  auto four = b.lanes(b.getI32Type(), 4);
  for (int64_t i = 0; i < 2; ++i) {
    Value k = elementAt(at);
    Value query =
        queries.loadBounded(lines.query[i], k, memory.layout.headDim);
    query = b.toF32(query);
    if (keys.strided())
      query = vector::ShuffleOp::create(
          b, query, query, ArrayRef<int64_t>{0, 2, 1, 3, 4, 6, 5, 7});
    query = b.narrow(query, element);
    Value words = LLVM::BitcastOp::create(b, four, query);
    for (int64_t word = 0; word < 4; ++word)
      factors[word / 2 * 4 + word % 2 * 2 + i] =
          vector::ExtractOp::create(b, words, word);
  }
  return factors;
}

/// The first of the thread's eight elements of a step.
Value AttentionByMma::elementAt(int64_t at) {
  Value element = b.add(b.shiftLeft(lane.t, 3), b.i32(at * step));
  return parts.count() > 1 ? b.add(element, parts.first(step)) : element;
}

/// The lines of 32 elements of the keys; beyond the head's width the last again,
/// where queries are zero.
SmallVector<Value> AttentionByMma::loadKeys(Value pointer, int64_t at) {
  int64_t pair = memory.layout.pair;
  int64_t lines = memory.layout.headDim / pair, first = at * step / pair;
  if (parts.stepsTo(at) * step <= memory.layout.headDim) {
    if (parts.count() > 1)
      pointer = b.offset(pointer, parts.first(keys.stepBytes()));
    return keys.load(pointer, at * keys.stepBytes());
  }
  SmallVector<Value> loaded;
  Value mine = b.mul(lane.t, b.i32(keys.loads()));
  for (int64_t i = 0; i < keys.loads(); ++i) {
    // The pointer is of the thread's first line already.
    Value line = b.add(mine, b.i32(first + i));
    if (parts.count() > 1)
      line = b.add(line, parts.first(step / pair));
    line = b.minimum(b.i32(lines - 1), line);
    Value bytes = b.shiftLeft(b.sub(line, mine), 6);
    loaded.push_back(b.loadConstant(b.lanes(b.getI32Type(), 4),
                                    b.offset(pointer, bytes)));
  }
  return loaded;
}

/// The lines of 32 positions of two panels of values; of the last panel where there
/// is no other.
SmallVector<Value> AttentionByMma::loadValues(Value pointer, int64_t at) {
  Value panel = b.add(lane.panel(b), b.i32(2 * at));
  if (parts.count() > 1)
    panel = b.add(panel, parts.first(2));
  if (2 * parts.stepsTo(at) > memory.layout.vectors)
    panel = b.minimum(panel, b.i32(memory.layout.vectors - 1));
  Value bytes = b.mul(panel, b.i32(memory.valuePanelBytes()));
  return values.load(b.offset(pointer, bytes), 0);
}

SmallVector<Value> AttentionByMma::loadScales(Value pointer, int64_t line) {
  Value panel = b.mul(b.shiftRight(lane.t, 1), b.i32(memory.keyPanelBytes()));
  Value inLine = b.shiftLeft(b.bitAnd(lane.t, b.i32(1)), 5);
  pointer = b.offset(b.offset(pointer, b.add(panel, inLine)),
                     line * PanelLayout::lineBytes);
  SmallVector<Value> scales;
  for (int64_t i = 0; i < 2; ++i) {
    Value four = b.loadConstant(b.f32Lanes(4), b.offset(pointer, 16 * i));
    for (int64_t j = 0; j < 4; ++j)
      scales.push_back(vector::ExtractOp::create(b, four, j));
  }
  return scales;
}

/// Two weights, rounded, in one register.
static Value packed(GpuBuilder &b, Type element, Value low, Value high) {
  Value two = vector::FromElementsOp::create(b, b.f32Lanes(2),
                                             ValueRange{low, high});
  return LLVM::BitcastOp::create(b, b.getI32Type(),
                                 b.fromF32(two, element));
}

TileSoftmax AttentionByMma::add(const AttentionWork &work,
                                const LineTile &lines, Value position,
                                int64_t stride, const TileSoftmax &before) {
  Type f32 = b.getF32Type();
  auto [keyPointer, valuePointer] = memory.cachePointers(work, position);
  SmallVector<Value> keyScales, valueScales;
  if (memory.layout.hasScales()) {
    keyScales = loadScales(keyPointer, memory.layout.scaleLine());
    valueScales = loadScales(keyPointer, memory.layout.scaleLine() + 1);
  }
  Value mine = keys.laneOffset(lane);
  keyPointer = b.offset(
      keyPointer,
      b.add(mine, b.mul(lane.panel(b), b.i32(memory.keyPanelBytes()))));
  valuePointer = b.offset(valuePointer, mine);

  SmallVector<Value> scores(products * 4, b.number(f32, 0));
  auto multiply = [&](MutableArrayRef<Value> sums, int64_t j, ValueRange left,
                      ArrayRef<Value> loaded, int64_t half) {
    // Keys and values are decoded alike.
    SmallVector<Value> right;
    for (int64_t pair = 0; pair < 2; ++pair)
      right.push_back(keys.pairOf(loaded, half, j, pair));
    auto into = sums.slice(4 * j, 4);
    llvm::copy(emitMma(b, element, left, right, into), into.begin());
  };
  for (int64_t at = 0; at < parts.steps(); ++at) {
    SmallVector<Value> loaded = loadKeys(keyPointer, at);
    ArrayRef<Value> factors = lines.factors[at];
    for (int64_t half = 0; half < 2; ++half)
      for (int64_t j = 0; j < products; ++j)
        multiply(scores, j, factors.slice(4 * half, 4), loaded, half);
  }
  if (parts.count() > 1)
    parts.add(scores, arith::DivUIOp::create(b, position,
                                             b.i32(stride * chunkPositions)));

  // Register r of product j is of line r / 2, position 8t + 4 (r mod 2) + j.
  Value first = b.add(position, b.shiftLeft(lane.t, 3));
  TileSoftmax after = before;
  SmallVector<Value> weights(products * 4);
  for (int64_t line = 0; line < 2; ++line) {
    Value largest;
    for (int64_t r = 2 * line; r < 2 * line + 2; ++r)
      for (int64_t j = 0; j < products; ++j) {
        Value &score = scores[4 * j + r];
        if (!keyScales.empty())
          score = b.mul(score, keyScales[4 * (r % 2) + j]);
        score = finishScore(b, scoreOp, score,
                            b.add(first, b.i32(4 * (r % 2) + j)),
                            lines.position[line]);
        largest = largest ? b.maxOf(largest, score) : score;
      }
    largest = b.maxOf(before.maxima[line],
                      b.maxOfLanes(largest, /*from=*/1, /*to=*/4));
    Value base = finiteMaximum(b, largest);
    Value factor = b.exp2Approx(b.sub(before.maxima[line], base));
    Value sum = b.mul(before.sums[line], factor);
    for (int64_t r = 2 * line; r < 2 * line + 2; ++r)
      for (int64_t j = 0; j < products; ++j) {
        Value weight = b.exp2Approx(b.sub(scores[4 * j + r], base));
        sum = b.add(sum, weight);
        if (!valueScales.empty())
          weight = b.mul(weight, valueScales[4 * (r % 2) + j]);
        weights[4 * j + r] = weight;
      }
    after.maxima[line] = largest;
    after.sums[line] = sum;
    for (size_t i = 0; i < after.outputs.size(); ++i)
      if (int64_t(i) % 4 / 2 == line)
        after.outputs[i] = b.mul(after.outputs[i], factor);
  }

  // Of four positions, a pair has two neighbours, or two that are two apart.
  int64_t apart = values.strided() ? 2 : 1;
  SmallVector<Value> factors; // Of both halves.
  for (int64_t half = 0; half < 2; ++half)
    for (int64_t pair = 0; pair < 2; ++pair)
      for (int64_t line = 0; line < 2; ++line) {
        int64_t first = 4 * (apart == 2 ? pair : 2 * pair) + 2 * line + half;
        factors.push_back(
            packed(b, element, weights[first], weights[first + 4 * apart]));
      }
  for (int64_t at = 0; at < parts.steps(); ++at) {
    SmallVector<Value> loaded = loadValues(valuePointer, at);
    auto sums = MutableArrayRef(after.outputs).slice(at * products * 4, products * 4);
    for (int64_t half = 0; half < 2; ++half)
      for (int64_t j = 0; j < products; ++j)
        multiply(sums, j, ArrayRef(factors).slice(4 * half, 4), loaded, half);
  }
  return after;
}

TileSoftmax AttentionByMma::run(const AttentionWork &work,
                                const LineTile &lines, Value from, Value to,
                                int64_t stride) {
  Type f32 = b.getF32Type();
  Value none = b.infinity(f32, true), zero = b.number(f32, 0);
  TileSoftmax state{{none, none}, {zero, zero}, {}};
  state.outputs.assign(parts.steps() * products * 4, zero);
  parts.begin();
  state = TileSoftmax::of(
      b.loopBy(from, to, b.i32(stride * chunkPositions), state.flat(),
               [&](Value position, ValueRange carried) {
                 return add(work, lines, position, stride,
                            TileSoftmax::of(carried))
                     .flat();
               }));
  for (Value &sum : state.sums)
    sum = b.sumOfLanes(sum, /*from=*/1, /*to=*/4);
  return state;
}

Value AttentionByMma::outputsOf(const TileSoftmax &state, int64_t at,
                                int64_t line, int64_t half) {
  SmallVector<Value> numbers;
  for (int64_t j = 0; j < products; ++j)
    numbers.push_back(state.outputs[(at * products + j) * 4 + 2 * line + half]);
  Value four = vector::FromElementsOp::create(b, b.f32Lanes(4), numbers);
  if (values.factor() != 1)
    four = b.mul(four, b.number(four.getType(), 1 / values.factor()));
  return four;
}

void AttentionByMma::forOutputs(
    const TileSoftmax &state,
    llvm::function_ref<void(int64_t, Value, Value)> body) {
  for (int64_t line = 0; line < 2; ++line)
    for (int64_t at = 0; at < parts.steps(); ++at)
      for (int64_t half = 0; half < 2; ++half)
        body(line, b.add(elementAt(at), b.i32(4 * half)),
             outputsOf(state, at, line, half));
}
