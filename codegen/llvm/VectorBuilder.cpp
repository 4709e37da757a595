/// See the header. Nothing here knows a target.
#include "codegen/llvm/VectorBuilder.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace llmc::codegen;

using llvm::APFloat;
using llvm::SmallVector;

Type llmc::codegen::elementOf(Type type) {
  return getElementTypeOrSelf(type);
}

Type llmc::codegen::withElement(Type type, Type element) {
  if (auto vector = dyn_cast<VectorType>(type))
    return VectorType::get(vector.getShape(), element);
  return element;
}

int64_t llmc::codegen::extent(Value memref, unsigned dimension) {
  return cast<MemRefType>(memref.getType()).getDimSize(dimension);
}

static TypedAttr filled(Type type, Attribute value) {
  if (auto vector = dyn_cast<VectorType>(type))
    return DenseElementsAttr::get(vector, value);
  return cast<TypedAttr>(value);
}

Value VectorBuilder::index(int64_t value) {
  return arith::ConstantIndexOp::create(*this, value);
}

Value VectorBuilder::number(Type type, double value) {
  return arith::ConstantOp::create(
      *this, filled(type, getFloatAttr(elementOf(type), value)));
}

Value VectorBuilder::integer(Type type, int64_t value) {
  return arith::ConstantOp::create(
      *this, filled(type, getIntegerAttr(elementOf(type), value)));
}

Value VectorBuilder::infinity(Type type, bool negative) {
  auto element = cast<FloatType>(elementOf(type));
  return arith::ConstantOp::create(
      *this, filled(type, getFloatAttr(element, APFloat::getInf(
                              element.getFloatSemantics(), negative))));
}

Value VectorBuilder::nan(Type type) {
  auto element = cast<FloatType>(elementOf(type));
  return arith::ConstantOp::create(
      *this, filled(type, getFloatAttr(element, APFloat::getQNaN(
                              element.getFloatSemantics()))));
}

static bool isFloat(Value value) {
  return isa<FloatType>(elementOf(value.getType()));
}

Value VectorBuilder::add(Value a, Value b) {
  if (isFloat(a))
    return arith::AddFOp::create(*this, a, b);
  return arith::AddIOp::create(*this, a, b);
}

Value VectorBuilder::sub(Value a, Value b) {
  if (isFloat(a))
    return arith::SubFOp::create(*this, a, b);
  return arith::SubIOp::create(*this, a, b);
}

Value VectorBuilder::mul(Value a, Value b) {
  if (isFloat(a))
    return arith::MulFOp::create(*this, a, b);
  return arith::MulIOp::create(*this, a, b);
}

Value VectorBuilder::div(Value a, Value b) {
  return arith::DivFOp::create(*this, a, b);
}

Value VectorBuilder::fma(Value a, Value b, Value c) {
  return math::FmaOp::create(*this, a, b, c);
}

Value VectorBuilder::neg(Value a) { return arith::NegFOp::create(*this, a); }

Value VectorBuilder::compare(arith::CmpFPredicate predicate, Value a, Value b) {
  return arith::CmpFOp::create(*this, predicate, a, b);
}

Value VectorBuilder::compare(arith::CmpIPredicate predicate, Value a, Value b) {
  return arith::CmpIOp::create(*this, predicate, a, b);
}

Value VectorBuilder::select(Value condition, Value a, Value b) {
  return arith::SelectOp::create(*this, condition, a, b);
}

Value VectorBuilder::maxOf(Value a, Value b) {
  return select(compare(arith::CmpFPredicate::OGT, a, b), a, b);
}

Value VectorBuilder::minOf(Value a, Value b) {
  return select(compare(arith::CmpFPredicate::OLT, a, b), a, b);
}

Value VectorBuilder::floorDiv(Value a, int64_t b) {
  return arith::DivUIOp::create(*this, a, index(b));
}

Value VectorBuilder::ceilDiv(Value a, int64_t b) {
  return floorDiv(add(a, index(b - 1)), b);
}

Value VectorBuilder::remainder(Value a, int64_t b) {
  return arith::RemUIOp::create(*this, a, index(b));
}

Value VectorBuilder::minIndex(Value a, Value b) {
  return arith::MinSIOp::create(*this, a, b);
}

Value VectorBuilder::maxIndex(Value a, Value b) {
  return arith::MaxSIOp::create(*this, a, b);
}

Value VectorBuilder::toIndex(Value integer) {
  return arith::IndexCastOp::create(*this, getIndexType(), integer);
}

Value VectorBuilder::broadcast(Value scalar, int64_t count) {
  return vector::BroadcastOp::create(*this, lanes(scalar.getType(), count),
                                     scalar);
}

Value VectorBuilder::broadcastPair(Value memref, ValueRange at) {
  Value pair = load(memref, at, {}, 2);
  pair = vector::BitCastOp::create(*this, lanes(getF64Type(), 1), pair);
  Value both = broadcast(vector::ExtractOp::create(*this, pair, 0), width / 2);
  return vector::BitCastOp::create(*this, f32Lanes(), both);
}

Value VectorBuilder::bitcast(Value value, Type element) {
  return arith::BitcastOp::create(*this, withElement(value.getType(), element),
                                  value);
}

Value VectorBuilder::toF32(Value value) {
  Type element = elementOf(value.getType());
  if (element.isF32())
    return value;
  Type result = withElement(value.getType(), getF32Type());
  if (!element.isBF16())
    return arith::ExtFOp::create(*this, result, value);
  // As integers: no level before the ones with AVX512-BF16 has more, and the
  // scalar conversion would be a call.
  Type wide = withElement(value.getType(), getI32Type());
  Value bits = arith::ExtUIOp::create(*this, wide, bitcast(value, getI16Type()));
  return bitcast(arith::ShLIOp::create(*this, bits, integer(wide, 16)),
                 getF32Type());
}

Value VectorBuilder::fromF32(Value value, Type element) {
  if (element.isF32())
    return value;
  if (!element.isBF16())
    return arith::TruncFOp::create(*this, withElement(value.getType(), element),
                                   value);
  // Round to nearest even: add half of the last kept bit less one, and that
  // bit. A NaN keeps its upper half and becomes quiet.
  Type wide = withElement(value.getType(), getI32Type());
  Value bits = bitcast(value, getI32Type());
  Value sixteen = integer(wide, 16);
  Value odd = arith::AndIOp::create(
      *this, arith::ShRUIOp::create(*this, bits, sixteen), integer(wide, 1));
  Value rounded = add(add(bits, integer(wide, 0x7fff)), odd);
  Value quiet = arith::OrIOp::create(*this, bits, integer(wide, 0x400000));
  Value isNan = compare(arith::CmpFPredicate::UNO, value, value);
  Value kept = arith::ShRUIOp::create(*this, select(isNan, quiet, rounded),
                                      sixteen);
  Value half = arith::TruncIOp::create(
      *this, withElement(value.getType(), getI16Type()), kept);
  return bitcast(half, element);
}

Value VectorBuilder::narrow(Value value, Type element) {
  if (element.isF16()) {
    Value most = number(value.getType(), 65504);
    value = maxOf(neg(most), minOf(most, value));
  }
  return fromF32(value, element);
}

Value VectorBuilder::prefixMask(int64_t count, int64_t of) {
  if (count >= of)
    return {};
  SmallVector<bool> bits(of, false);
  std::fill_n(bits.begin(), count, true);
  return arith::ConstantOp::create(
      *this, DenseElementsAttr::get(lanes(getI1Type(), of), bits));
}

Value VectorBuilder::load(Value memref, ValueRange at, Value mask,
                          int64_t count) {
  Type element = cast<MemRefType>(memref.getType()).getElementType();
  VectorType type = lanes(element, count);
  if (!mask)
    return vector::LoadOp::create(*this, type, memref, at);
  Value zero = isa<FloatType>(element) ? number(type, 0) : integer(type, 0);
  return vector::MaskedLoadOp::create(*this, type, memref, at, mask, zero);
}

void VectorBuilder::store(Value vector, Value memref, ValueRange at,
                          Value mask) {
  if (mask)
    vector::MaskedStoreOp::create(*this, memref, at, mask, vector);
  else
    vector::StoreOp::create(*this, vector, memref, at);
}

Value VectorBuilder::loadScalar(Value memref, ValueRange at) {
  return memref::LoadOp::create(*this, memref, at);
}

void VectorBuilder::storeScalar(Value scalar, Value memref, ValueRange at) {
  memref::StoreOp::create(*this, scalar, memref, at);
}

SmallVector<Value> VectorBuilder::loop(Value begin, Value end, int64_t step,
                                       ValueRange initial, LoopBody body) {
  auto loop = scf::ForOp::create(*this, begin, end, index(step), initial);
  InsertionGuard guard(*this);
  // With nothing carried, the op has made its terminator already.
  if (initial.empty()) {
    setInsertionPointToStart(loop.getBody());
    body(loop.getInductionVar(), {});
    return {};
  }
  setInsertionPointToEnd(loop.getBody());
  SmallVector<Value> next =
      body(loop.getInductionVar(), loop.getRegionIterArgs());
  scf::YieldOp::create(*this, next);
  return SmallVector<Value>(loop.getResults());
}

void VectorBuilder::loop(Value begin, Value end, int64_t step,
                         llvm::function_ref<void(Value)> body) {
  loop(begin, end, step, {}, [&](Value at, ValueRange) {
    body(at);
    return SmallVector<Value>();
  });
}

SmallVector<Value> VectorBuilder::columns(int64_t length, ValueRange initial,
                                          ColumnsBody body) {
  int64_t full = length / width * width;
  SmallVector<Value> carried(initial);
  if (full == width)
    carried = body(index(0), {}, carried);
  else if (full)
    carried = loop(index(0), index(full), width, carried,
                   [&](Value column, ValueRange values) {
                     return body(column, {}, values);
                   });
  if (full != length)
    carried = body(index(full), prefixMask(length - full), carried);
  return carried;
}

void VectorBuilder::columns(int64_t length,
                            llvm::function_ref<void(Value, Value)> body) {
  columns(length, {}, [&](Value column, Value mask, ValueRange) {
    body(column, mask);
    return SmallVector<Value>();
  });
}

/// Splits a vector in its lower and upper half.
static std::pair<Value, Value> halves(VectorBuilder &b, Value vector) {
  int64_t half = cast<VectorType>(vector.getType()).getNumElements() / 2;
  SmallVector<int64_t> low(half), high(half);
  for (int64_t i = 0; i < half; ++i)
    low[i] = i, high[i] = half + i;
  return {vector::ShuffleOp::create(b, vector, vector, low),
          vector::ShuffleOp::create(b, vector, vector, high)};
}

Value VectorBuilder::sumLanes(Value vector) {
  while (cast<VectorType>(vector.getType()).getNumElements() > 1) {
    auto [low, high] = halves(*this, vector);
    vector = add(low, high);
  }
  return vector::ExtractOp::create(*this, vector, int64_t(0));
}

Value VectorBuilder::maxLanes(Value vector) {
  while (cast<VectorType>(vector.getType()).getNumElements() > 1) {
    auto [low, high] = halves(*this, vector);
    vector = maxOf(low, high);
  }
  return vector::ExtractOp::create(*this, vector, int64_t(0));
}

Value VectorBuilder::stack(llvm::ArrayRef<int64_t> shape, Type element) {
  InsertionGuard guard(*this);
  auto function = getInsertionBlock()->getParentOp();
  if (!isa<func::FuncOp>(function))
    function = function->getParentOfType<func::FuncOp>();
  setInsertionPointToStart(&cast<func::FuncOp>(function).front());
  return memref::AllocaOp::create(*this, MemRefType::get(shape, element),
                                  getI64IntegerAttr(64));
}
