#include "passes/lowering/LoopBuilder.h"

using namespace mlir;

namespace llmc {

using F = arith::CmpFPredicate;
using I = arith::CmpIPredicate;

bool isPlainElement(Type element) {
  if (element.isF32() || element.isF64() || element.isF16() || element.isBF16())
    return true;
  auto integer = dyn_cast<IntegerType>(element);
  return integer && (integer.getWidth() == 1 ||
                     (integer.getWidth() >= 8 && integer.getWidth() <= 64));
}

Kind kindOf(Type element) {
  if (element.isF64())
    return Kind::Double;
  if (isa<FloatType>(element))
    return Kind::Float;
  return element.isUnsignedInteger(64) ? Kind::Word : Kind::Integer;
}

Type computeType(Type element) {
  MLIRContext *context = element.getContext();
  switch (kindOf(element)) {
  case Kind::Float:
    return Float32Type::get(context);
  case Kind::Double:
    return Float64Type::get(context);
  default:
    return IntegerType::get(context, 64);
  }
}

Type elementOf(Value memref) {
  return cast<MemRefType>(memref.getType()).getElementType();
}

Value LoopBuilder::index(int64_t value) {
  return arith::ConstantIndexOp::create(*this, value);
}

Value LoopBuilder::integer(int64_t value) {
  return arith::ConstantOp::create(*this, getI64IntegerAttr(value));
}

Value LoopBuilder::number(Type type, double value) {
  if (isa<FloatType>(type))
    return arith::ConstantOp::create(*this, getFloatAttr(type, value));
  return arith::ConstantOp::create(*this, getIntegerAttr(type, int64_t(value)));
}

Value LoopBuilder::infinity(Type type, bool negative) {
  auto value = APFloat::getInf(cast<FloatType>(type).getFloatSemantics(), negative);
  return arith::ConstantOp::create(*this, FloatAttr::get(type, value));
}

Value LoopBuilder::add(Value a, Value b) {
  if (isa<FloatType>(a.getType()))
    return arith::AddFOp::create(*this, a, b);
  return arith::AddIOp::create(*this, a, b);
}

Value LoopBuilder::sub(Value a, Value b) {
  if (isa<FloatType>(a.getType()))
    return arith::SubFOp::create(*this, a, b);
  return arith::SubIOp::create(*this, a, b);
}

Value LoopBuilder::mul(Value a, Value b) {
  if (isa<FloatType>(a.getType()))
    return arith::MulFOp::create(*this, a, b);
  return arith::MulIOp::create(*this, a, b);
}

Value LoopBuilder::div(Value a, Value b, bool word) {
  Type type = a.getType();
  if (isa<FloatType>(type))
    return arith::DivFOp::create(*this, a, b);
  Value zero = number(type, 0), one = number(type, 1);
  Value none = equal(b, zero);
  if (word || type.isIndex())
    return select(none, zero,
                  arith::DivUIOp::create(*this, a, select(none, one, b)));
  // The least integer has no quotient by -1: negate instead, which wraps.
  Value opposite = equal(b, number(type, -1));
  Value quotient = arith::DivSIOp::create(
      *this, a, select(either(none, opposite), one, b));
  return select(none, zero, select(opposite, sub(zero, a), quotient));
}

Value LoopBuilder::rem(Value a, Value b, bool word) {
  return select(equal(b, number(b.getType(), 0)), number(b.getType(), 0),
                sub(a, mul(div(a, b, word), b)));
}

Value LoopBuilder::neg(Value a) {
  if (isa<FloatType>(a.getType()))
    return arith::NegFOp::create(*this, a);
  return sub(number(a.getType(), 0), a);
}

Value LoopBuilder::less(Value a, Value b, bool word) {
  if (isa<FloatType>(a.getType()))
    return arith::CmpFOp::create(*this, F::OLT, a, b);
  return arith::CmpIOp::create(*this, word ? I::ult : I::slt, a, b);
}

Value LoopBuilder::lessOrEqual(Value a, Value b, bool word) {
  if (isa<FloatType>(a.getType()))
    return arith::CmpFOp::create(*this, F::OLE, a, b);
  return arith::CmpIOp::create(*this, word ? I::ule : I::sle, a, b);
}

Value LoopBuilder::equal(Value a, Value b) {
  if (isa<FloatType>(a.getType()))
    return arith::CmpFOp::create(*this, F::OEQ, a, b);
  return arith::CmpIOp::create(*this, I::eq, a, b);
}

Value LoopBuilder::notEqual(Value a, Value b) {
  if (isa<FloatType>(a.getType()))
    return arith::CmpFOp::create(*this, F::UNE, a, b);
  return arith::CmpIOp::create(*this, I::ne, a, b);
}

Value LoopBuilder::both(Value a, Value b) {
  return arith::AndIOp::create(*this, a, b);
}

Value LoopBuilder::either(Value a, Value b) {
  return arith::OrIOp::create(*this, a, b);
}

Value LoopBuilder::isNot(Value condition) {
  return arith::XOrIOp::create(
      *this, condition, arith::ConstantOp::create(*this, getBoolAttr(true)));
}

Value LoopBuilder::isNan(Value a) {
  return arith::CmpFOp::create(*this, F::UNO, a, a);
}

Value LoopBuilder::select(Value condition, Value a, Value b) {
  return arith::SelectOp::create(*this, condition, a, b);
}

Value LoopBuilder::least(Value a, Value b, bool word) {
  if (isa<FloatType>(a.getType()))
    return arith::MinimumFOp::create(*this, a, b);
  return select(less(b, a, word), b, a);
}

Value LoopBuilder::most(Value a, Value b, bool word) {
  if (isa<FloatType>(a.getType()))
    return arith::MaximumFOp::create(*this, a, b);
  return select(less(a, b, word), b, a);
}

Value LoopBuilder::toIndex(Value integer) {
  return arith::IndexCastOp::create(*this, getIndexType(), integer);
}

Value LoopBuilder::toInteger(Value number) {
  if (number.getType().isIndex())
    return arith::IndexCastOp::create(*this, getI64Type(), number);
  if (number.getType().isInteger(1))
    return arith::ExtUIOp::create(*this, getI64Type(), number);
  return number;
}

/// A float within the range of the 64-bit integers, which all lie below the
/// bound; NaN is 0.
static Value saturate(LoopBuilder &b, Value value, bool word) {
  Type type = value.getType();
  double low = word ? 0 : -0x1p63;
  // The greatest float of the type below the bound.
  double high = (word ? 0x1p64 : 0x1p63) *
                (type.isF32() ? 1 - 0x1p-24 : 1 - 0x1p-53);
  Value bounded = b.least(b.most(value, b.number(type, low)),
                          b.number(type, high));
  return b.select(b.isNan(value), b.number(type, 0), bounded);
}

Value LoopBuilder::convert(Value value, Type type, bool fromWord, bool toWord) {
  Type from = value.getType();
  if (from == type)
    return value;
  bool toFloat = isa<FloatType>(type);
  if (isa<FloatType>(from)) {
    if (toFloat && type.getIntOrFloatBitWidth() > from.getIntOrFloatBitWidth())
      return arith::ExtFOp::create(*this, type, value);
    if (toFloat)
      return arith::TruncFOp::create(*this, type, value);
    Value bounded = saturate(*this, value, toWord);
    if (toWord)
      return arith::FPToUIOp::create(*this, type, bounded);
    return arith::FPToSIOp::create(*this, type, bounded);
  }
  if (!toFloat)
    return from.isIndex() || from.isInteger(1) ? toInteger(value) : value;
  Value integer = toInteger(value);
  if (fromWord)
    return arith::UIToFPOp::create(*this, type, integer);
  return arith::SIToFPOp::create(*this, type, integer);
}

/// The signless form of an unsigned integer, which arithmetic takes, and back.
static Value reinterpret(LoopBuilder &b, Value value, Type type) {
  if (value.getType() == type)
    return value;
  return UnrealizedConversionCastOp::create(b, type, value).getResult(0);
}

Value LoopBuilder::load(Value memref, ValueRange at) {
  Value raw = loadRaw(memref, at);
  Type element = raw.getType(), wide = computeType(element);
  if (element == wide)
    return raw;
  if (element.isBF16()) {
    // As integers: the scalar conversion would be a call.
    Value bits = arith::BitcastOp::create(*this, getI16Type(), raw);
    bits = arith::ExtUIOp::create(*this, getI32Type(), bits);
    Value sixteen = arith::ConstantOp::create(*this, getI32IntegerAttr(16));
    return arith::BitcastOp::create(
        *this, wide, arith::ShLIOp::create(*this, bits, sixteen));
  }
  if (isa<FloatType>(element))
    return arith::ExtFOp::create(*this, wide, raw);
  auto integer = cast<IntegerType>(element);
  Type plain = getIntegerType(integer.getWidth());
  raw = reinterpret(*this, raw, plain);
  if (plain == wide)
    return raw;
  if (integer.isUnsigned() || integer.getWidth() == 1)
    return arith::ExtUIOp::create(*this, wide, raw);
  return arith::ExtSIOp::create(*this, wide, raw);
}

/// Round to nearest even as integers; a NaN keeps its upper half, made quiet.
static Value toBrain(LoopBuilder &b, Value value) {
  auto word = [&](int64_t number) -> Value {
    return arith::ConstantOp::create(b, b.getI32IntegerAttr(int32_t(number)));
  };
  Value bits = arith::BitcastOp::create(b, b.getI32Type(), value);
  Value odd = arith::AndIOp::create(
      b, arith::ShRUIOp::create(b, bits, word(16)), word(1));
  Value rounded = b.add(b.add(bits, word(0x7fff)), odd);
  Value quiet = arith::OrIOp::create(b, bits, word(0x400000));
  Value kept = arith::ShRUIOp::create(
      b, b.select(b.isNan(value), quiet, rounded), word(16));
  Value half = arith::TruncIOp::create(b, b.getI16Type(), kept);
  return arith::BitcastOp::create(b, b.getBF16Type(), half);
}

void LoopBuilder::store(Value value, Value memref, ValueRange at) {
  Type element = elementOf(memref);
  value = convert(value, computeType(element));
  if (element.isBF16()) {
    value = toBrain(*this, value);
  } else if (isa<FloatType>(element)) {
    if (value.getType() != element)
      value = arith::TruncFOp::create(*this, element, value);
  } else {
    Type plain = getIntegerType(element.getIntOrFloatBitWidth());
    if (plain != value.getType())
      value = arith::TruncIOp::create(*this, plain, value);
    value = reinterpret(*this, value, element);
  }
  storeRaw(value, memref, at);
}

Value LoopBuilder::loadRaw(Value memref, ValueRange at) {
  return memref::LoadOp::create(*this, memref, at);
}

void LoopBuilder::storeRaw(Value value, Value memref, ValueRange at) {
  memref::StoreOp::create(*this, value, memref, at);
}

Value LoopBuilder::dim(Value memref, unsigned dimension) {
  auto type = cast<MemRefType>(memref.getType());
  if (!type.isDynamicDim(dimension))
    return index(type.getDimSize(dimension));
  return memref::DimOp::create(*this, memref, dimension);
}

SmallVector<Value> LoopBuilder::dims(Value memref) {
  SmallVector<Value> extents;
  for (int64_t i = 0; i < cast<MemRefType>(memref.getType()).getRank(); ++i)
    extents.push_back(dim(memref, i));
  return extents;
}

SmallVector<Value> LoopBuilder::delinearize(Value flat,
                                            ArrayRef<Value> extents) {
  SmallVector<Value> at(extents.size());
  for (size_t i = extents.size(); i-- > 0;) {
    if (i == 0) {
      at[0] = flat;
      break;
    }
    at[i] = arith::RemUIOp::create(*this, flat, extents[i]);
    flat = arith::DivUIOp::create(*this, flat, extents[i]);
  }
  return at;
}

Value LoopBuilder::wrapIndex(Value number, Value extent) {
  Value count = toInteger(extent), zero = integer(0);
  Value at = select(less(number, zero), add(number, count), number);
  at = least(at, sub(count, integer(1)));
  return toIndex(most(at, zero));
}

void LoopBuilder::loop(Value begin, Value end,
                       llvm::function_ref<void(Value)> body) {
  loop(begin, end, {}, [&](Value at, ValueRange) {
    body(at);
    return Carried();
  });
}

LoopBuilder::Carried
LoopBuilder::loop(Value begin, Value end, ValueRange initial,
                  llvm::function_ref<Carried(Value, ValueRange)> body) {
  auto loop = scf::ForOp::create(*this, begin, end, index(1), initial);
  InsertionGuard guard(*this);
  // Without carried values the op comes with its terminator.
  setInsertionPointToStart(loop.getBody());
  Carried next = body(loop.getInductionVar(), loop.getRegionIterArgs());
  if (!initial.empty())
    scf::YieldOp::create(*this, next);
  return Carried(loop.getResults());
}

void LoopBuilder::loops(ArrayRef<Value> extents,
                        llvm::function_ref<void(ArrayRef<Value>)> body) {
  loops(extents, {}, [&](ArrayRef<Value> at, ValueRange) {
    body(at);
    return Carried();
  });
}

LoopBuilder::Carried LoopBuilder::loops(
    ArrayRef<Value> extents, ValueRange initial,
    llvm::function_ref<Carried(ArrayRef<Value>, ValueRange)> body) {
  SmallVector<Value> at;
  std::function<Carried(ValueRange)> nest = [&](ValueRange carried) {
    if (at.size() == extents.size())
      return body(at, carried);
    return loop(index(0), extents[at.size()], carried,
                [&](Value position, ValueRange inner) {
                  at.push_back(position);
                  Carried next = nest(inner);
                  at.pop_back();
                  return next;
                });
  };
  return nest(initial);
}

void LoopBuilder::when(Value condition, llvm::function_ref<void()> body) {
  auto branch = scf::IfOp::create(*this, condition, /*withElse=*/false);
  InsertionGuard guard(*this);
  setInsertionPointToStart(branch.thenBlock());
  body();
}

Value LoopBuilder::choose(Value condition, Type type,
                          llvm::function_ref<Value()> yes,
                          llvm::function_ref<Value()> no) {
  auto branch = scf::IfOp::create(*this, TypeRange(type), condition,
                                  /*withElse=*/true);
  InsertionGuard guard(*this);
  setInsertionPointToStart(branch.thenBlock());
  scf::YieldOp::create(*this, yes());
  setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(*this, no());
  return branch.getResult(0);
}

} // namespace llmc
