/// Integers become bf16 by their bits: 0x4300 | n is 128 + n for n below 128, and
/// 0x4380 | n is 256 + 2n, so a mask, an or and one fma make two weights, twice
/// as large as they are: LLVM would make an addition of a product by 1, which sm_80
/// has for f32 only. To f16 they become by 0x6400 | n, 1024 + n for n below 1024,
/// and one subtraction. All is exact, as are the summands of a number that is split.
#include "codegen/nvptx/WeightFragments.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace llmc::codegen;

using llvm::SmallVector;
using Kind = PanelLayout::Kind;

static constexpr int64_t loadBytes = 16;
static constexpr int64_t inputTerms = 8; ///< Of a thread in a step.

WeightFragments::WeightFragments(GpuBuilder &b, const PanelLayout &layout,
                                 Type input)
    : b(b), layout(layout), product(b.getBF16Type()) {
  if (input.isInteger(8))
    product = input;
  else if (input.isF16() && (layout.element.isF16() || strided()))
    product = input;
}

int64_t WeightFragments::loads() const { return 8 / layout.lineTerms(); }

int64_t WeightFragments::terms() const {
  return layout.element.isF16() && !product.isF16() ? 2 : 1;
}

bool WeightFragments::strided() const {
  return layout.kind != Kind::Pair && !product.isInteger(8);
}

Value WeightFragments::laneOffset(const FragmentLane &lane) const {
  return b.add(b.mul(lane.t, b.i32(loads() * PanelLayout::lineBytes)),
               b.mul(lane.quad(b), b.i32(loadBytes)));
}

SmallVector<Value> WeightFragments::load(Value pointer, int64_t bytes) const {
  SmallVector<Value> loaded;
  auto type = b.lanes(b.getI32Type(), 4);
  for (int64_t i = 0; i < loads(); ++i)
    loaded.push_back(b.loadConstant(
        type, b.offset(pointer, bytes + i * PanelLayout::lineBytes)));
  return loaded;
}

Value WeightFragments::word(Value load, int64_t output) const {
  return vector::ExtractOp::create(b, load, output);
}

static Value bitsOf(GpuBuilder &b, Value pair) {
  return LLVM::BitcastOp::create(b, b.getI32Type(), pair);
}

/// Two numbers of bits that a mask selects of a word, behind an exponent.
static Value behind(GpuBuilder &b, Type pair, Value word, int64_t mask,
                    int64_t exponent) {
  exponent |= exponent << 16;
  return LLVM::BitcastOp::create(
      b, pair, b.bitOr(b.bitAnd(word, b.i32(mask)), b.i32(exponent)));
}

Value WeightFragments::decode(Value word, int64_t half, int64_t pair) const {
  auto two = b.lanes(product, 2);
  bool nibbles = layout.kind == Kind::Groups && layout.scheme.bits == 4;
  int64_t shift = nibbles ? 8 * pair + 4 * half : 8 * pair;
  if (shift)
    word = b.shiftRight(word, shift);
  if (product.isF16()) {
    // Signed bytes count from 128 like unsigned ones once their sign is turned.
    if (layout.kind == Kind::W8)
      word = b.bitXor(word, b.i32(0x00800080));
    double middle = nibbles ? layout.scheme.middle() : 128;
    Value number = behind(b, two, word, nibbles ? 0x000f000f : 0x00ff00ff, 0x6400);
    return bitsOf(b, b.sub(number, b.number(two, 1024 + middle)));
  }
  if (nibbles) {
    double middle = 2 * (128 + layout.scheme.middle());
    return bitsOf(b, b.fma(behind(b, two, word, 0x000f000f, 0x4300),
                           b.number(two, 2), b.number(two, -middle)));
  }
  // The highest bit counts -128, or 0 where bytes are unsigned and 128 is their
  // middle: then that of a byte below it counts.
  Value low = behind(b, two, word, 0x007f007f, 0x4380);
  if (layout.kind == Kind::Groups)
    word = b.bitXor(word, b.i32(0x00800080));
  Value high = behind(b, two, word, 0x00800080, 0x4300);
  return bitsOf(b, b.fma(high, b.number(two, -2), low));
}

Value WeightFragments::pairOf(ArrayRef<Value> loaded, int64_t half,
                              int64_t output, int64_t pair) const {
  if (layout.kind == Kind::Pair)
    return word(loaded[2 * half + pair], output);
  Value load = loaded[loads() == 1 ? 0 : half];
  return decode(word(load, output), half, pair);
}

SmallVector<SmallVector<Value>>
WeightFragments::fragments(ArrayRef<Value> loaded, int64_t half,
                           int64_t j) const {
  SmallVector<SmallVector<Value>> result(terms());
  for (int64_t pair = 0; pair < 2; ++pair)
    for (int64_t output = 2 * j; output < 2 * j + 2; ++output) {
      if (product.isInteger(8)) {
        result[0].push_back(word(loaded[pair], output));
        continue;
      }
      Value bits = pairOf(loaded, half, output, pair);
      if (terms() == 1) {
        result[0].push_back(bits);
        continue;
      }
      Value numbers = b.toF32(
          LLVM::BitcastOp::create(b, b.lanes(layout.element, 2), bits));
      for (int64_t term = 0; term < terms(); ++term) {
        Value part = b.fromF32(numbers, b.getBF16Type());
        result[term].push_back(bitsOf(b, part));
        if (term + 1 < terms())
          numbers = b.sub(numbers, b.toF32(part));
      }
    }
  return result;
}

Value InputFragments::load(Value pointer, int64_t bytes) const {
  int64_t size = input.getIntOrFloatBitWidth() / 8;
  SmallVector<Value> elements;
  for (int64_t i = 0; i < inputTerms; i += lanes) {
    Value part = b.loadAt(b.lanes(input, lanes),
                          b.offset(pointer, bytes + i * size));
    if (lanes == inputTerms)
      return part;
    for (int64_t j = 0; j < lanes; ++j)
      elements.push_back(vector::ExtractOp::create(b, part, j));
  }
  return vector::FromElementsOp::create(b, b.lanes(input, inputTerms),
                                        elements);
}

Value InputFragments::loadBounded(Value row, Value k, int64_t length) const {
  int64_t size = input.getIntOrFloatBitWidth() / 8;
  int64_t atOnce = std::gcd(lanes, length);
  SmallVector<Value> elements;
  for (int64_t i = 0; i < inputTerms; i += atOnce) {
    Value at = i ? b.add(k, b.i32(i)) : k;
    Value last = b.minimum(at, b.i32(length - atOnce));
    Value part = b.loadAt(b.lanes(input, atOnce),
                          b.offset(row, b.mul(last, b.i32(size))));
    auto type = part.getType();
    Value zero = isa<FloatType>(input) ? b.number(type, 0) : b.integer(type, 0);
    part = b.select(b.less(at, b.i32(length)), part, zero);
    for (int64_t j = 0; j < atOnce; ++j)
      elements.push_back(vector::ExtractOp::create(b, part, j));
  }
  return vector::FromElementsOp::create(b, b.lanes(input, inputTerms),
                                        elements);
}

int64_t InputFragments::terms() const {
  if (input == weights.element())
    return 1;
  return input.isF32() ? 3 : input.isF16() ? 2 : 1;
}

SmallVector<SmallVector<Value>> InputFragments::fragments(Value loaded) const {
  SmallVector<SmallVector<Value>> result(terms());
  auto words = [&](Value numbers, SmallVector<Value> &into) {
    int64_t count = input.isInteger(8) ? 2 : 4;
    Value bits = LLVM::BitcastOp::create(
        b, b.lanes(b.getI32Type(), count), numbers);
    for (int64_t i = 0; i < count; ++i)
      into.push_back(vector::ExtractOp::create(b, bits, i));
  };
  if (input == weights.element()) {
    words(loaded, result[0]);
    if (!weights.strided())
      return result;
    // (0, 1) and (2, 3) to (0, 2) and (1, 3).
    SmallVector<Value> natural = result[0];
    for (int64_t i = 0; i < 4; ++i)
      result[0][i] = b.intrinsic(
          "llvm.nvvm.prmt", b.getI32Type(),
          {natural[i / 2 * 2], natural[i / 2 * 2 + 1],
           b.i32(i % 2 ? 0x7632 : 0x5410)});
    return result;
  }
  Value numbers = b.toF32(loaded);
  if (weights.strided())
    numbers = vector::ShuffleOp::create(
        b, numbers, numbers, ArrayRef<int64_t>{0, 2, 1, 3, 4, 6, 5, 7});
  for (int64_t term = 0; term < terms(); ++term) {
    Value part = b.fromF32(numbers, b.getBF16Type());
    words(part, result[term]);
    if (term + 1 < terms())
      numbers = b.sub(numbers, b.toF32(part));
  }
  return result;
}
