/// kernel.linear for many rows by wgmma: one warpgroup has tiles of tensors brought
/// to shared memory, the other multiplies them.
///
///   stage      64 terms: of each panel its lines as they are, of each row 128 bytes;
///              both swizzled, what lies beyond weights or rows zero
///   producer   one thread: waits until stage i is free, asks for two tiles, goes on
///   consumer   waits for stage i; loads the weights into fragments, decoding them;
///              64 x 16 times 16 x rows, two such a step; frees stage i - 1
///
/// A warp of the consumer has a pair of panels, 32 outputs: two products of 64 x 16
/// are 8 panels. So a block has 128 outputs times up to 128 rows, its sums take 128
/// registers, and two blocks fill a multiprocessor: one multiplies while the other
/// ends. In a scheme of groups the sums of a group are registers of their own, for
/// half as many rows.
///
/// The consumer alone ends a place (LinearSums), in the stages' memory: it frees the
/// last stages behind that. Sums are over K in order, 16 terms at once, in groups
/// over the group's; neither the rows of a launch nor its grid show in the bits.
#include "codegen/nvptx/LinearByMma.h"

#include "codegen/nvptx/LinearProducts.h"
#include "codegen/nvptx/WarpgroupFragments.h"
#include "codegen/nvptx/WarpgroupRing.h"
#include "codegen/nvptx/Wgmma.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;
using namespace llmc::codegen::nvptx;

using llvm::SmallVector;
using Kind = PanelLayout::Kind;

static constexpr int64_t tileRows = LinearProducts::tileRows;
static constexpr int64_t stageTerms = WarpgroupFragments::stageTerms;
static constexpr int64_t productTerms = WarpgroupFragments::productTerms;
static constexpr int64_t mostStreams = 8, mostRows = 128, mostGroupedRows = 64;
/// Registers of a thread: together those of two threads at the start of a kernel of
/// which a multiprocessor holds two blocks.
static constexpr int64_t producerRegisters = 40, consumerRegisters = 216;
/// Groups of products that go on while the next fragments are loaded. With two the
/// registers do not suffice.
static constexpr int64_t productsAhead = 1;

namespace {

class WarpgroupLowering {
public:
  explicit WarpgroupLowering(const LinearShape &shape);
  LogicalResult run();

private:
  void produce();
  LogicalResult consume();
  SmallVector<Value> emitSums(const LinearPlace &place, Turn &turn);
  /// The products of a step into `sums`, which begin with it where `fresh`;
  /// releases the slot before where `releases` (i1) says so.
  void multiplyStage(Turn turn, Value releases, MutableArrayRef<Value> sums,
                     int64_t firstProduct, int64_t products, bool fresh);
  void addGroups(const LinearPlace &place, Value group, MutableArrayRef<Value> part,
                 MutableArrayRef<Value> sums);
  int64_t stepsTogether() const {
    return grouped ? std::max<int64_t>(1, layout.scheme.size / stageTerms) : 1;
  }

  const LinearShape &shape;
  const PanelLayout &layout;
  GpuBuilder b;
  Warpgroup warpgroup;
  bool grouped;
  int64_t rows, steps;
  std::optional<WarpgroupRing> ring;
  std::optional<LinearProducts> products;
  std::optional<WarpgroupFragments> fragments;
  Value stream; ///< Of this thread, i32.
};

} // namespace

bool nvptx::fitsWarpgroups(const LinearShape &shape) {
  kernel::LinearOp op = shape.op;
  const PanelLayout &layout = shape.weights;
  Type input = shape.inputElement();
  bool types = layout.kind == Kind::Pair ? input == layout.element
                                         : input.isBF16() || input.isF16();
  bool groups = layout.kind != Kind::Groups ||
                (!layout.scheme.zeros && layout.scheme.size <= 256 &&
                 llvm::isPowerOf2_64(layout.scheme.size));
  // Tensor tiles want addresses and strides of whole 16 bytes.
  return layout.kind != Kind::F32 && types && groups && !op.getTerms() &&
         layout.length % 8 == 0 && shape.inputLanes == 8 &&
         shape.streams <= mostStreams && isa<BlockArgument>(op.getInput()) &&
         isa<BlockArgument>(op.getWeight());
}

WarpgroupLowering::WarpgroupLowering(const LinearShape &shape)
    : shape(shape), layout(shape.weights), b(shape.op), warpgroup(b),
      grouped(layout.kind == Kind::Groups) {
  kernel::LinearOp op = shape.op;
  rows = std::min<int64_t>(llvm::alignTo(op.getTileRows(), tileRows),
                           grouped ? mostGroupedRows : mostRows);
  steps = llvm::alignTo(llvm::divideCeil(layout.length, stageTerms),
                        stepsTogether());
  ring.emplace(b, shape, rows, steps);
}

void WarpgroupLowering::produce() {
  giveRegisters(b, producerRegisters);
  b.when(b.compare(arith::CmpIPredicate::eq, b.thread(), b.i32(0)), [&] {
    forLinearPlaces(
        b, shape, rows, ring->first().values(),
        [&](const LinearPlace &place, ValueRange carried) {
          return b.loopBy(b.i32(0), b.i32(steps), b.i32(1), carried,
                          [&](Value step, ValueRange values) {
                            ring->copy(place, step, Turn(values));
                            return ring->after(Turn(values)).values();
                          });
        });
  });
}

void WarpgroupLowering::multiplyStage(Turn turn, Value releases,
                                      MutableArrayRef<Value> sums,
                                      int64_t firstProduct, int64_t count,
                                      bool fresh) {
  Value weights = ring->weightsOf(turn);
  Value descriptor = warpgroup.describe(ring->rowsOf(turn));
  size_t half = sums.size() / 2;
  for (int64_t i = 0; i < count; ++i) {
    int64_t number = firstProduct + i;
    // The fragments of a stage's products have registers of their own, so those
    // of the stage before may still be read.
    warpgroup.wait(productsAhead);
    if (number == productsAhead)
      ring->release(ring->before(turn.slot), releases);
    auto left = fragments->fragments(weights, stream, number);
    SmallVector<Value> registers(left[0]);
    llvm::append_range(registers, left[1]);
    registers = warpgroup.fence(registers);
    Value right = warpgroup.further(descriptor, number * productTerms);
    for (int64_t j = 0; j < 2; ++j)
      warpgroup.multiply(products->weights.element(),
                         ArrayRef(registers).slice(4 * j, 4), right,
                         sums.slice(j * half, half), !fresh || i > 0);
    warpgroup.commit();
  }
}

/// The sums of a group, scaled, to those of the place.
void WarpgroupLowering::addGroups(const LinearPlace &place, Value group,
                                  MutableArrayRef<Value> part,
                                  MutableArrayRef<Value> sums) {
  int64_t groups = llvm::divideCeil(layout.length, layout.scheme.size);
  Value at = b.mul(b.asIndex(b.minimum(group, b.i32(groups - 1))),
                   b.index(layout.scheme.bytes()));
  Value panel = streamPointer(b, shape, place.tile, stream);
  Value quad = b.asIndex(b.shiftLeft(products->lane.quad(b), 4));
  SmallVector<Value> scales;
  products->loadScales(b.offset(panel, b.add(at, quad)), scales);
  warpgroup.finish(part);
  products->addScaled(scales, part, {}, sums);
}

SmallVector<Value> WarpgroupLowering::emitSums(const LinearPlace &place,
                                               Turn &turn) {
  SmallVector<Value> initial = turn.values();
  size_t count = products->zeroSums().size();
  llvm::append_range(initial, products->zeroSums());
  if (grouped)
    llvm::append_range(initial, products->zeroSums());
  int64_t together = stepsTogether();
  SmallVector<Value> last = b.loopBy(
      b.i32(0), b.i32(steps), b.i32(together), initial,
      [&](Value first, ValueRange carried) {
        Turn at(carried);
        SmallVector<Value> sums(carried.slice(2, count));
        SmallVector<Value> part(carried.drop_front(2 + count));
        for (int64_t i = 0; i < together; ++i) {
          Value step = b.add(first, b.i32(i));
          ring->wait(at);
          // The last stages are freed behind the place's end.
          Value releases = b.both(
              b.less(b.i32(0), step),
              b.less(step, b.i32(steps - ring->slots() + 1)));
          int64_t inStage = stageTerms / productTerms;
          int64_t perGroup =
              grouped ? std::min(layout.scheme.size, stageTerms) / productTerms
                      : inStage;
          for (int64_t number = 0; number < inStage; number += perGroup) {
            multiplyStage(at, releases, grouped ? part : sums, number, perGroup,
                          grouped && i == 0);
            if (grouped && i + 1 == together) {
              Value term = b.add(b.mul(step, b.i32(stageTerms)),
                                 b.i32(number * productTerms));
              addGroups(place,
                        b.shiftRight(term, llvm::Log2_64(layout.scheme.size)),
                        part, sums);
            }
          }
          at = ring->after(at);
        }
        SmallVector<Value> next = at.values();
        llvm::append_range(next, sums);
        llvm::append_range(next, part);
        return next;
      });
  turn = Turn(ValueRange(last));
  SmallVector<Value> sums(ValueRange(last).slice(2, count));
  warpgroup.finish(sums);
  return sums;
}

LogicalResult WarpgroupLowering::consume() {
  takeRegisters(b, consumerRegisters);
  b.team = {warpgroupThreads, warpgroupThreads, /*barrier=*/1};
  products.emplace(b, shape, /*pairs=*/1, rows / tileRows);
  products->lane = FragmentLane(b, /*crossed=*/true);
  fragments.emplace(b, layout, products->weights, products->lane);
  Value first = b.shiftLeft(b.warp(), 1);
  stream = b.minimum(b.add(first, products->lane.panel(b)),
                     b.i32(shape.streams - 1));
  LinearSums ends(b, shape, rows, /*warps=*/1, ring->bytes());
  LogicalResult result = success();
  forLinearPlaces(b, shape, rows, ring->first().values(),
                  [&](const LinearPlace &place, ValueRange carried) {
                    Turn turn(carried);
                    SmallVector<Value> sums = emitSums(place, turn);
                    // All stages are read; the sums go there.
                    b.barrier();
                    products->put(ends, sums, b.i32(0), first, b.i32(0));
                    result = ends.finish(place);
                    fenceSharedProxy(b);
                    for (int64_t slot = 0; slot < ring->slots(); ++slot)
                      ring->release(b.i32(slot));
                    return turn.values();
                  });
  return result;
}

LogicalResult WarpgroupLowering::run() {
  auto function = shape.op->getParentOfType<func::FuncOp>();
  function->setAttr(blocksTogetherAttr, b.getI64IntegerAttr(2));
  function->setAttr(warpgroupsAttr, b.getI64IntegerAttr(1));
  // The sums go where the stages were.
  ring->init(LinearSums::bytes(shape, rows, 1));
  LogicalResult result = success();
  Value isProducer = b.less(b.thread(), b.i32(warpgroupThreads));
  b.choose(
      isProducer,
      [&] {
        produce();
        return SmallVector<Value>();
      },
      [&] {
        result = consume();
        return SmallVector<Value>();
      });
  return result;
}

LogicalResult nvptx::lowerLinearByWarpgroups(const LinearShape &shape) {
  return WarpgroupLowering(shape).run();
}
