/// What a round leaves in shared memory is read behind one barrier of the team; the
/// next round writes elsewhere, and what the round behind that overwrites has been
/// read by then: whoever reads late has not come to the barrier between.
#include "codegen/nvptx/HeadParts.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;
using namespace llmc::codegen::nvptx;

/// Of a part: more outputs and queries leave no registers for what is loaded.
static constexpr int64_t mostSteps = 4;
static constexpr int64_t quadBytes = 16;

HeadParts::HeadParts(GpuBuilder &b, int64_t headDim, int64_t products)
    : b(b), headDim(headDim), quads(products / 4) {
  int64_t steps = llvm::divideCeil(headDim, stepElements);
  parts = std::min<int64_t>(
      llvm::PowerOf2Ceil(llvm::divideCeil(steps, mostSteps)), blockWarps);
  partSteps = llvm::divideCeil(steps, parts);
  if (parts > 1)
    exchanged = b.shared("products", 2 * blockThreads * quads * quadBytes);
}

bool HeadParts::exact() const {
  return parts * partSteps * stepElements == headDim;
}

Value HeadParts::team() {
  return b.shiftRight(b.warp(), llvm::Log2_64(parts));
}

Value HeadParts::part() { return b.bitAnd(b.warp(), b.i32(parts - 1)); }

Value HeadParts::first(int64_t scale) {
  return b.mul(part(), b.i32(partSteps * scale));
}

void HeadParts::meet() {
  // Barrier 0 is the block's.
  b.barrier(b.add(team(), b.i32(1)), parts * warpThreads);
}

void HeadParts::begin() {
  if (parts > 1)
    meet();
}

/// A butterfly: each round adds what a partner has by then, and which of the two is
/// added to the other does not show in the bits.
void HeadParts::add(MutableArrayRef<Value> products, Value turn) {
  auto four = b.f32Lanes(4);
  int64_t bytes = warpThreads * quads * quadBytes; // Of a warp.
  int64_t rounds = llvm::Log2_64(parts);
  Value warp = b.warp(), lane = b.shiftLeft(b.lane(), 4);
  for (int64_t round = 0; round < rounds; ++round) {
    Value number = b.add(b.mul(turn, b.i32(rounds)), b.i32(round));
    Value region = b.offset(exchanged, b.mul(b.bitAnd(number, b.i32(1)),
                                             b.i32(blockWarps * bytes)));
    auto quadOf = [&](Value warp, int64_t quad) {
      Value at = b.add(b.mul(warp, b.i32(bytes)), lane);
      return b.offset(b.offset(region, at), quad * warpThreads * quadBytes);
    };
    for (int64_t quad = 0; quad < quads; ++quad)
      b.storeAt(vector::FromElementsOp::create(
                    b, four, ValueRange(products).slice(4 * quad, 4)),
                quadOf(warp, quad));
    meet();
    Value partner = b.bitXor(warp, b.i32(int64_t(1) << round));
    for (int64_t quad = 0; quad < quads; ++quad) {
      Value loaded = b.loadAt(four, quadOf(partner, quad));
      for (int64_t i = 0; i < 4; ++i) {
        Value &product = products[4 * quad + i];
        product = b.add(product, vector::ExtractOp::create(b, loaded, i));
      }
    }
  }
}
