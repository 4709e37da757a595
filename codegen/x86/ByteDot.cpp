#include "codegen/x86/ByteDot.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace llmc::codegen;

using llvm::SmallVector;

/// Lines an iteration of the loop: enough to hide it.
static constexpr int64_t linesAtOnce = 4;

static Value as(VectorBuilder &b, Value value, Type element, int64_t count) {
  return vector::BitCastOp::create(b, b.lanes(element, count), value);
}

static Value call(VectorBuilder &b, StringRef intrinsic, ValueRange arguments,
                  int64_t lanes) {
  return LLVM::CallIntrinsicOp::create(b, b.lanes(b.getI32Type(), lanes),
                                       b.getStringAttr(intrinsic), arguments)
      .getResult(0);
}

/// The bytes of even or odd places of 64, sign-extended to 16 bits.
static Value widenBytes(VectorBuilder &b, Value words, bool odd) {
  Value eight = b.integer(words.getType(), 8);
  if (!odd)
    words = arith::ShLIOp::create(b, words, eight);
  return arith::ShRSIOp::create(b, words, eight);
}

/// The sums of neighbouring pairs of products of 32 words.
static Value multiplyWords(VectorBuilder &b, Value x, Value y, bool wide) {
  if (wide)
    return call(b, "llvm.x86.avx512.pmaddw.d.512", {x, y}, 16);
  auto half = [&](Value words, int64_t first) -> Value {
    SmallVector<int64_t> lanes(16);
    std::iota(lanes.begin(), lanes.end(), first);
    return vector::ShuffleOp::create(b, words, words, lanes);
  };
  SmallVector<int64_t> all(16);
  std::iota(all.begin(), all.end(), 0);
  Value low = call(b, "llvm.x86.avx2.pmadd.wd", {half(x, 0), half(y, 0)}, 8);
  Value high = call(b, "llvm.x86.avx2.pmadd.wd", {half(x, 16), half(y, 16)}, 8);
  return vector::ShuffleOp::create(b, low, high, all);
}

namespace {

/// Prepared once per line and used for all products with it.
struct Factor {
  Value bytes;        // For VNNI.
  Value words[2];     // Else: even and odd places.
};

class Emitter {
public:
  Emitter(VectorBuilder &b, const X86Level &level, const ByteBlock &block)
      : b(b), level(level), block(block) {}
  SmallVector<Value> emitLine(Value line, ValueRange sums);
  SmallVector<Value> initial();

private:
  Factor prepare(Value bytes, bool isWeight);
  Value multiply(const Factor &weight, const Factor &input, Value sum);

  VectorBuilder &b;
  const X86Level &level;
  const ByteBlock &block;
};

} // namespace

SmallVector<Value> Emitter::initial() {
  SmallVector<Value> sums;
  for (int64_t row = 0; row < block.rows; ++row) {
    Value start = level.byteDots ? b.broadcast(block.correction(row))
                                 : b.integer(b.lanes(b.getI32Type()), 0);
    sums.append(block.panels, start);
  }
  return sums;
}

Factor Emitter::prepare(Value bytes, bool isWeight) {
  Factor factor;
  if (level.byteDots) {
    if (isWeight)
      bytes = arith::XOrIOp::create(b, bytes, b.integer(bytes.getType(), -128));
    factor.bytes = bytes;
    return factor;
  }
  Value words = as(b, bytes, b.getI16Type(), 32);
  for (bool odd : {false, true})
    factor.words[odd] = widenBytes(b, words, odd);
  return factor;
}

Value Emitter::multiply(const Factor &weight, const Factor &input, Value sum) {
  if (level.byteDots)
    return call(b, "llvm.x86.avx512.vpdpbusd.512",
                {sum, weight.bytes, input.bytes}, 16);
  for (int odd : {0, 1})
    sum = b.add(sum, multiplyWords(b, weight.words[odd], input.words[odd],
                                   level.vectorBits == 512));
  return sum;
}

SmallVector<Value> Emitter::emitLine(Value line, ValueRange sums) {
  SmallVector<Factor> weights;
  for (int64_t panel = 0; panel < block.panels; ++panel)
    weights.push_back(prepare(block.weight(panel, line), /*isWeight=*/true));
  SmallVector<Value> next;
  for (int64_t row = 0; row < block.rows; ++row) {
    Value bytes = as(b, block.input(row, line), b.getI8Type(), 64);
    Factor input = prepare(bytes, /*isWeight=*/false);
    for (int64_t panel = 0; panel < block.panels; ++panel)
      next.push_back(multiply(weights[panel], input,
                              sums[row * block.panels + panel]));
  }
  return next;
}

SmallVector<Value> llmc::codegen::emitByteDot(VectorBuilder &b,
                                              const X86Level &level,
                                              const ByteBlock &block,
                                              int64_t lines) {
  Emitter emitter(b, level, block);
  SmallVector<Value> sums = emitter.initial();
  int64_t whole = lines / linesAtOnce * linesAtOnce;
  if (whole)
    sums = b.loop(b.index(0), b.index(whole), linesAtOnce, sums,
                  [&](Value first, ValueRange carried) {
                    SmallVector<Value> next(carried);
                    for (int64_t j = 0; j < linesAtOnce; ++j)
                      next = emitter.emitLine(b.add(first, b.index(j)), next);
                    return next;
                  });
  for (int64_t line = whole; line < lines; ++line)
    sums = emitter.emitLine(b.index(line), sums);
  return sums;
}
