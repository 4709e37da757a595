/// kernel.linear for up to 32 rows at once by matrix instructions, weights going
/// from global memory straight into fragments.
///
/// The warps of a block share K: chunks of a few steps of 32 terms, chunk c
/// belonging to warp c mod 8. While a chunk is multiplied, the next one's weights
/// are on their way. The end of K that fills no chunk is done by one warp, with
/// zeros beyond. Then the warps' sums are added in ascending order (LinearSums).
/// What is summed in which order depends on K, the types of weights and rows, and
/// the tile.
///
/// In a scheme of groups the sum of a group's (or a chunk's, if that is less)
/// terms is multiplied by the scale and added. Zero points: the terms are input *
/// (weight - middle), and (middle - zero) times the sum of the inputs, which a
/// product with ones gives, is added to the sum before it is scaled.
#include "codegen/nvptx/LinearByMma.h"

#include "codegen/nvptx/LinearProducts.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;
using namespace llmc::codegen::nvptx;

using llvm::SmallVector;

static constexpr int64_t tileRows = LinearProducts::tileRows;
static constexpr int64_t stepTerms = WeightFragments::stepTerms;
/// Loads of 16 bytes that a thread has on their way, and steps that they are for.
static constexpr int64_t vectorsAhead = 8, mostSteps = 4;
/// The loads with groups where parts of many rows' sums, or sums of inputs for zero
/// points, take the room.
static constexpr int64_t fewerAhead = 6;
/// Registers of inputs that may be loaded ahead, of all that is, and of that where
/// the last inputs come late; with zero points.
static constexpr int64_t inputsAhead = 32, registersAhead = 48, partlyAhead = 44,
                         besideZeros = 28;
/// Registers of sums that a thread may hold.
static constexpr int64_t mostSums = 64;

namespace {

/// What a chunk loads.
struct Chunk {
  SmallVector<Value> weights; ///< [pair, step, load]
  SmallVector<Value> scales;  ///< [pair, group, scales or zeros]
  SmallVector<Value> inputs;  ///< [step, tile], of the steps whose come early.
  Value number;               ///< i32
  bool tail = false;
};

class MmaLowering {
public:
  explicit MmaLowering(const LinearShape &shape);
  LogicalResult run();

private:
  int64_t chooseSteps() const;
  int64_t vectorsOf(int64_t steps) const;
  int64_t chooseEarlySteps() const;
  int64_t inputRegisters() const { return tiles * shape.inputBytes() * 2; }
  int64_t perGroup() const { return LinearProducts::perGroup(layout); }
  int64_t stepsPerGroup() const { return layout.scheme.size / stepTerms; }
  int64_t groupsPerChunk() const {
    return grouped ? std::max<int64_t>(1, steps / stepsPerGroup()) : 0;
  }
  void enter(const LinearPlace &place);
  SmallVector<Value> emitSums();
  Chunk load(Value chunk);
  Chunk loadTail(Value chunk);
  void loadScales(Chunk &into, Value group, Value header);
  Value loadInput(const Chunk &chunk, int64_t step, int64_t tile);
  void loadInputs(Chunk &into);
  SmallVector<Value> multiply(const Chunk &chunk, ValueRange sums);
  void multiplyStep(const Chunk &chunk, int64_t step, MutableArrayRef<Value> sums,
                    MutableArrayRef<Value> inputSums);
  SmallVector<Value> flat(const Chunk &chunk);
  Chunk chunkOf(ValueRange values, const Chunk &like);

  const LinearShape &shape;
  const PanelLayout &layout;
  GpuBuilder b;
  int64_t pairs, tiles = 1, rows = 1, steps = 1;
  int64_t earlySteps = 0; ///< Whose inputs are loaded with the weights.
  bool grouped;
  std::optional<LinearProducts> products;
  // Of the place being done:
  SmallVector<Value> panels;    ///< Of each pair: the thread's first load.
  SmallVector<Value> headers;   ///< Of each pair: the thread's first scale.
  SmallVector<Value> inputRows; ///< Of each tile of rows: the thread's row.
};

} // namespace

/// Tiles of rows at once: fewer than asked for where their sums would not fit.
static int64_t tilesFor(kernel::LinearOp op, int64_t pairs) {
  int64_t wanted = std::min<int64_t>(op.getTileRows(), mmaRows);
  int64_t tiles = llvm::divideCeil(wanted, tileRows);
  tiles = tiles == 3 ? 4 : tiles;
  return std::clamp<int64_t>(mostSums / (pairs * 8), 1, tiles);
}

MmaLowering::MmaLowering(const LinearShape &shape)
    : shape(shape), layout(shape.weights), b(shape.op),
      pairs(llvm::divideCeil(shape.streams, 2)),
      grouped(layout.kind == PanelLayout::Kind::Groups) {
  tiles = tilesFor(shape.op, pairs);
  rows = tiles * tileRows;
  steps = chooseSteps();
  earlySteps = chooseEarlySteps();
}

/// As many as there is room for, if that is more than half of them.
int64_t MmaLowering::chooseEarlySteps() const {
  // Three products beside the scales and zero points of some groups leave no room.
  if (steps * inputRegisters() > inputsAhead ||
      (shape.inputElement().isF32() && groupsPerChunk() * perGroup() > 2))
    return 0;
  int64_t weights = vectorsOf(steps) * 4;
  bool zeros = grouped && layout.scheme.zeros;
  if (steps * inputRegisters() + weights <= (zeros ? besideZeros : registersAhead))
    return steps;
  int64_t fit = ((zeros ? besideZeros : partlyAhead) - weights) / inputRegisters();
  return 2 * fit > steps ? fit : 0;
}

/// Loads of 16 bytes, weights and scales, of a chunk of so many steps.
int64_t MmaLowering::vectorsOf(int64_t steps) const {
  int64_t vectors = pairs * steps * (8 / layout.lineTerms());
  if (!grouped)
    return vectors;
  int64_t groups = std::max<int64_t>(1, steps / stepsPerGroup());
  return vectors + pairs * groups * perGroup();
}

/// Steps of a chunk: what keeps memory busy, but leaves each warp a chunk and fits
/// registers; with groups, one divides the other.
int64_t MmaLowering::chooseSteps() const {
  int64_t all = llvm::divideCeil(layout.length, stepTerms);
  int64_t wanted = std::clamp<int64_t>(all / blockWarps, 1, mostSteps);
  auto fits = [&] {
    if (grouped && stepsPerGroup() % wanted && wanted % stepsPerGroup())
      return false;
    // Beside scales of more than two groups ptxas spills; three steps would leave an
    // end of K to one warp almost always.
    bool products = tiles > 2 && shape.inputElement().isF32();
    if (grouped && wanted / stepsPerGroup() > (products ? 2 / perGroup() : 2))
      return false;
    bool narrow = grouped && (tiles > 2 || layout.scheme.zeros);
    return vectorsOf(wanted) <= (narrow ? fewerAhead : vectorsAhead);
  };
  while (wanted > 1 && !fits())
    --wanted;
  return wanted;
}

void MmaLowering::enter(const LinearPlace &place) {
  products.emplace(b, shape, pairs, tiles);
  const FragmentLane &lane = products->lane;
  panels.clear();
  headers.clear();
  inputRows.clear();
  for (int64_t pair = 0; pair < pairs; ++pair) {
    Value stream = b.add(lane.panel(b), b.i32(2 * pair));
    Value panel = streamPointer(b, shape, place.tile, stream);
    headers.push_back(b.offset(panel, b.mul(lane.quad(b), b.i32(16))));
    panel = b.offset(panel, products->weights.laneOffset(lane));
    panels.push_back(grouped ? b.offset(panel, layout.scheme.headerBytes())
                             : panel);
  }
  for (int64_t tile = 0; tile < tiles; ++tile)
    inputRows.push_back(rowPointer(
        b, shape, place, b.add(lane.g, b.i32(tile * tileRows))));
}

/// The vector as words, or as it is where its elements are no less.
static VectorType inWords(Type type) {
  auto vector = cast<VectorType>(type);
  int64_t bits = vector.getNumElements() * vector.getElementTypeBitWidth();
  if (vector.getElementTypeBitWidth() >= 32 || bits % 32)
    return vector;
  return VectorType::get({bits / 32}, IntegerType::get(type.getContext(), 32));
}

/// Word by word: LLVM makes one load at the loop's head of two whose vectors a loop
/// carries, and nothing would be loaded ahead. Bytes would each take a register.
SmallVector<Value> MmaLowering::flat(const Chunk &chunk) {
  SmallVector<Value> values;
  for (const SmallVector<Value> *list :
       {&chunk.weights, &chunk.scales, &chunk.inputs})
    for (Value vector : *list) {
      VectorType words = inWords(vector.getType());
      Value whole = b.createOrFold<vector::BitCastOp>(words, vector);
      for (int64_t i = 0; i < words.getNumElements(); ++i)
        values.push_back(vector::ExtractOp::create(b, whole, i));
    }
  values.push_back(chunk.number);
  return values;
}

/// The chunk of what flat() made of one like `like`.
Chunk MmaLowering::chunkOf(ValueRange values, const Chunk &like) {
  Chunk chunk;
  auto take = [&](const SmallVector<Value> &vectors, SmallVector<Value> &into) {
    for (Value vector : vectors) {
      VectorType words = inWords(vector.getType());
      Value whole = vector::FromElementsOp::create(
          b, words, values.take_front(words.getNumElements()));
      into.push_back(b.createOrFold<vector::BitCastOp>(vector.getType(), whole));
      values = values.drop_front(words.getNumElements());
    }
  };
  take(like.weights, chunk.weights);
  take(like.scales, chunk.scales);
  take(like.inputs, chunk.inputs);
  chunk.number = values.back();
  return chunk;
}

void MmaLowering::loadScales(Chunk &into, Value group, Value header) {
  Value at = b.mul(b.asIndex(group), b.index(layout.scheme.bytes()));
  products->loadScales(b.offset(header, at), into.scales);
}

/// A chunk (i32) that K fills.
Chunk MmaLowering::load(Value chunk) {
  Chunk loaded;
  Value first = b.mul(chunk, b.i32(steps));
  for (int64_t pair = 0; pair < pairs; ++pair) {
    Value start;
    if (grouped) {
      Value group = arith::DivUIOp::create(b, first, b.i32(stepsPerGroup()));
      Value in = arith::RemUIOp::create(b, first, b.i32(stepsPerGroup()));
      start = b.add(b.mul(b.asIndex(group), b.index(layout.scheme.bytes())),
                    b.mul(b.asIndex(in), b.index(products->weights.stepBytes())));
      for (int64_t i = 0; i < groupsPerChunk(); ++i)
        loadScales(loaded, b.add(group, b.i32(i)), headers[pair]);
    } else {
      start = b.mul(b.asIndex(first), b.index(products->weights.stepBytes()));
    }
    Value panel = b.offset(panels[pair], start);
    for (int64_t step = 0; step < steps; ++step) {
      int64_t bytes = step * products->weights.stepBytes();
      if (grouped)
        bytes = step / stepsPerGroup() * layout.scheme.bytes() +
                step % stepsPerGroup() * products->weights.stepBytes();
      llvm::append_range(loaded.weights, products->weights.load(panel, bytes));
    }
  }
  loaded.number = chunk;
  loadInputs(loaded);
  return loaded;
}

void MmaLowering::loadInputs(Chunk &into) {
  for (int64_t step = 0; step < earlySteps; ++step)
    for (int64_t tile = 0; tile < tiles; ++tile)
      into.inputs.push_back(loadInput(into, step, tile));
}

Value MmaLowering::loadInput(const Chunk &chunk, int64_t step, int64_t tile) {
  Value first = b.mul(chunk.number, b.i32(steps * stepTerms));
  Value k = b.add(first, b.shiftLeft(products->lane.t, 3));
  if (chunk.tail)
    return products->inputs.loadBounded(inputRows[tile],
                              b.add(k, b.i32(step * stepTerms)), layout.length);
  int64_t size = shape.inputBytes();
  Value start = b.offset(inputRows[tile], b.mul(b.asIndex(k), b.index(size)));
  return products->inputs.load(start, step * stepTerms * size);
}

/// The chunk in which K ends: lines beyond the end are the last one again, and
/// inputs zero.
Chunk MmaLowering::loadTail(Value chunk) {
  Chunk loaded;
  Value first = b.mul(chunk, b.i32(steps));
  int64_t lastGroup = grouped ? llvm::divideCeil(layout.length,
                                                 layout.scheme.size) - 1 : 0;
  for (int64_t pair = 0; pair < pairs; ++pair) {
    for (int64_t i = 0; i < groupsPerChunk(); ++i) {
      Value group = b.add(
          arith::DivUIOp::create(b, first, b.i32(stepsPerGroup())), b.i32(i));
      loadScales(loaded, b.minimum(group, b.i32(lastGroup)), headers[pair]);
    }
    for (int64_t step = 0; step < steps; ++step) {
      Value at = b.add(first, b.i32(step));
      if (grouped) {
        at = b.minimum(at, b.i32((lastGroup + 1) * stepsPerGroup() - 1));
        Value group = arith::DivUIOp::create(b, at, b.i32(stepsPerGroup()));
        Value in = arith::RemUIOp::create(b, at, b.i32(stepsPerGroup()));
        Value start =
            b.add(b.mul(b.asIndex(group), b.index(layout.scheme.bytes())),
                  b.mul(b.asIndex(in), b.index(products->weights.stepBytes())));
        llvm::append_range(loaded.weights,
                           products->weights.load(b.offset(panels[pair], start), 0));
        continue;
      }
      Value line = b.add(b.mul(at, b.i32(4 * products->weights.loads())),
                         b.mul(products->lane.t, b.i32(products->weights.loads())));
      for (int64_t i = 0; i < products->weights.loads(); ++i) {
        Value bounded = b.minimum(b.add(line, b.i32(i)),
                                  b.i32(layout.lines() - 1));
        Value bytes = b.mul(b.asIndex(bounded), b.index(PanelLayout::lineBytes));
        loaded.weights.push_back(b.loadConstant(
            b.lanes(b.getI32Type(), 4), b.offset(headers[pair], bytes)));
      }
    }
  }
  loaded.number = chunk;
  loaded.tail = true;
  loadInputs(loaded);
  return loaded;
}

void MmaLowering::multiplyStep(const Chunk &chunk, int64_t step,
                               MutableArrayRef<Value> sums,
                               MutableArrayRef<Value> inputSums) {
  int64_t loads = products->weights.loads();
  SmallVector<Value> loaded, inputs;
  for (int64_t pair = 0; pair < pairs; ++pair)
    llvm::append_range(loaded, ArrayRef(chunk.weights)
                                   .slice((pair * steps + step) * loads, loads));
  for (int64_t tile = 0; tile < tiles; ++tile)
    inputs.push_back(step < earlySteps ? chunk.inputs[step * tiles + tile]
                                       : loadInput(chunk, step, tile));
  products->multiply(loaded, inputs, sums, inputSums);
}

SmallVector<Value> MmaLowering::multiply(const Chunk &chunk, ValueRange before) {
  SmallVector<Value> sums(before);
  if (!grouped) {
    for (int64_t step = 0; step < steps; ++step)
      multiplyStep(chunk, step, sums, {});
    return sums;
  }
  int64_t together = std::min(steps, stepsPerGroup());
  for (int64_t group = 0; group < groupsPerChunk(); ++group) {
    SmallVector<Value> part = products->zeroSums(), scales;
    SmallVector<Value> inputSums = products->zeroInputSums();
    for (int64_t step = 0; step < together; ++step)
      multiplyStep(chunk, group * together + step, part, inputSums);
    for (int64_t pair = 0; pair < pairs; ++pair)
      llvm::append_range(
          scales, ArrayRef(chunk.scales)
                      .slice((pair * groupsPerChunk() + group) * perGroup(),
                             perGroup()));
    products->addScaled(scales, part, inputSums, sums);
  }
  return sums;
}

/// This warp's sums over its part of K.
SmallVector<Value> MmaLowering::emitSums() {
  int64_t full = layout.length / (steps * stepTerms);
  Value warp = b.warp();
  SmallVector<Value> sums = products->zeroSums();
  if (full) {
    // The loop carries the sums and the chunk to be multiplied.
    Value start = full < blockWarps ? b.minimum(warp, b.i32(full - 1)) : warp;
    Chunk first = load(start);
    SmallVector<Value> initial = sums;
    size_t count = sums.size();
    llvm::append_range(initial, flat(first));
    SmallVector<Value> last = initial;
    auto multiplyCarried = [&](ValueRange carried) {
      return multiply(chunkOf(carried.drop_front(count), first),
                      carried.take_front(count));
    };
    if (full > blockWarps)
      last = b.rolledLoopBy(warp, b.i32(full - blockWarps), b.i32(blockWarps),
                      initial, [&](Value number, ValueRange carried) {
                        Chunk next = load(b.add(number, b.i32(blockWarps)));
                        SmallVector<Value> result = multiplyCarried(carried);
                        llvm::append_range(result, flat(next));
                        return result;
                      });
    ValueRange carried(last);
    auto finish = [&] {
      return multiplyCarried(carried);
    };
    sums = full >= blockWarps
               ? finish()
               : b.choose(b.less(warp, b.i32(full)), finish, [&] {
                   return SmallVector<Value>(carried.take_front(count));
                 });
  }
  if (layout.length % (steps * stepTerms) == 0)
    return sums;
  Value mine = b.compare(arith::CmpIPredicate::eq, warp,
                         b.i32(full % blockWarps));
  return b.choose(
      mine, [&] { return multiply(loadTail(b.i32(full)), sums); },
      [&] { return sums; });
}

LogicalResult MmaLowering::run() {
  // Few rows are all reading: twice as much is on its way. More sums need more
  // registers than two blocks have.
  if (tiles * pairs == 1 && !layout.element.isF16())
    kernel::LinearOp(shape.op)->getParentOfType<func::FuncOp>()->setAttr(
        blocksTogetherAttr, b.getI64IntegerAttr(2));
  LinearSums ends(b, shape, rows, blockWarps);
  LogicalResult result = success();
  forLinearPlaces(b, shape, rows, [&](const LinearPlace &place) {
    enter(place);
    products->put(ends, emitSums(), b.warp(), b.i32(0), b.i32(0));
    result = ends.finish(place);
  });
  return result;
}

LogicalResult nvptx::lowerLinearByMma(const LinearShape &shape) {
  return MmaLowering(shape).run();
}
