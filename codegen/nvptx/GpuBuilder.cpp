#include "codegen/nvptx/GpuBuilder.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

#include <numeric>

using namespace mlir;
using namespace llmc::codegen;

using llvm::SmallVector;
using I = arith::CmpIPredicate;

GpuBuilder::GpuBuilder(Operation *op)
    : VectorBuilder(op->getLoc(), op),
      function(op->getParentOfType<func::FuncOp>()) {}

Value GpuBuilder::intrinsic(StringRef name, Type result, ValueRange operands) {
  if (!result) {
    LLVM::CallIntrinsicOp::create(*this, getStringAttr(name), operands);
    return {};
  }
  return LLVM::CallIntrinsicOp::create(*this, result, getStringAttr(name),
                                       operands)
      .getResult(0);
}

Operation *GpuBuilder::statement(Type result, ValueRange operands, StringRef text,
                                 StringRef constraints) {
  return LLVM::InlineAsmOp::create(
      *this, result ? TypeRange(result) : TypeRange(), operands, text, constraints,
      /*has_side_effects=*/true, /*is_align_stack=*/false,
      LLVM::TailCallKind::None, LLVM::AsmDialectAttr(), ArrayAttr());
}

Value GpuBuilder::thread() {
  Value number = intrinsic("llvm.nvvm.read.ptx.sreg.tid.x", getI32Type(), {});
  return team.first ? sub(number, i32(team.first)) : number;
}
Value GpuBuilder::threadAnew() {
  Value number =
      statement(getI32Type(), {}, "mov.u32 $0, %tid.x;", "=r")->getResult(0);
  return team.first ? sub(number, i32(team.first)) : number;
}
Value GpuBuilder::warp() { return shiftRight(thread(), 5); }
Value GpuBuilder::lane() { return bitAnd(thread(), i32(warpThreads - 1)); }

Value GpuBuilder::asIndex(Value number) {
  if (number.getType().isIndex())
    return number;
  return arith::IndexCastOp::create(*this, getIndexType(), number);
}

Value GpuBuilder::bitAnd(Value a, Value b) {
  return arith::AndIOp::create(*this, a, b);
}
Value GpuBuilder::bitOr(Value a, Value b) {
  return arith::OrIOp::create(*this, a, b);
}
Value GpuBuilder::bitXor(Value a, Value b) {
  return arith::XOrIOp::create(*this, a, b);
}
Value GpuBuilder::shiftLeft(Value a, int64_t count) {
  return arith::ShLIOp::create(*this, a, integer(a.getType(), count));
}
Value GpuBuilder::shiftRight(Value a, int64_t count) {
  return arith::ShRUIOp::create(*this, a, integer(a.getType(), count));
}
Value GpuBuilder::less(Value a, Value b) { return compare(I::slt, a, b); }
Value GpuBuilder::minimum(Value a, Value b) {
  return arith::MinSIOp::create(*this, a, b);
}
Value GpuBuilder::maximum(Value a, Value b) {
  return arith::MaxSIOp::create(*this, a, b);
}

SmallVector<Value> GpuBuilder::loopBy(Value begin, Value end, Value step,
                                      ValueRange initial, LoopBody body) {
  auto loop = scf::ForOp::create(*this, begin, end, step, initial);
  OpBuilder::InsertionGuard guard(*this);
  Block *block = loop.getBody();
  // Without carried values the loop has its terminator already.
  if (initial.empty())
    setInsertionPoint(block->getTerminator());
  else
    setInsertionPointToEnd(block);
  SmallVector<Value> next = body(loop.getInductionVar(), loop.getRegionIterArgs());
  if (!initial.empty())
    scf::YieldOp::create(*this, next);
  return SmallVector<Value>(loop.getResults());
}

SmallVector<Value> GpuBuilder::rolledLoopBy(Value begin, Value end, Value step,
                                            ValueRange initial, LoopBody body) {
  SmallVector<Value> results = loopBy(begin, end, step, initial, body);
  auto unroll = LLVM::LoopUnrollAttr::get(getContext(), getBoolAttr(true), {}, {},
                                          {}, {}, {}, {});
  results.front().getDefiningOp()->setAttr(
      "loop_annotation",
      LLVM::LoopAnnotationAttr::get(getContext(), {}, {}, {}, unroll, {}, {}, {},
                                    {}, {}, {}, {}, {}, {}, {}, {}));
  return results;
}

Value GpuBuilder::special(StringRef name) {
  return asIndex(intrinsic(("llvm.nvvm.read.ptx.sreg." + name).str(),
                           getI32Type(), {}));
}

void GpuBuilder::forTiles(Value begin, Value end,
                          llvm::function_ref<void(Value)> body) {
  forTiles(begin, end, {}, [&](Value tile, ValueRange) {
    body(tile);
    return SmallVector<Value>();
  });
}

SmallVector<Value> GpuBuilder::forTiles(Value begin, Value end,
                                        ValueRange initial, LoopBody body) {
  return loopBy(add(begin, special("ctaid.x")), end, special("nctaid.x"),
                initial, body);
}

SmallVector<Value> GpuBuilder::forRowBlocks(Value count, ValueRange initial,
                                            LoopBody body) {
  return loopBy(special("ctaid.y"), count, special("nctaid.y"), initial, body);
}

void GpuBuilder::forThreads(int64_t count, llvm::function_ref<void(Value)> body,
                            Value first) {
  if (!first)
    first = thread();
  if (count % team.count == 0 && count / team.count <= 4) {
    for (int64_t i = 0; i < count; i += team.count)
      body(i ? add(first, i32(i)) : first);
    return;
  }
  if (count < team.count)
    return when(less(first, i32(count)), [&] { body(first); });
  loopBy(first, i32(count), i32(team.count), {}, [&](Value number, ValueRange) {
    body(number);
    return SmallVector<Value>();
  });
}

SmallVector<Value> GpuBuilder::forThreads(int64_t count, ValueRange initial,
                                          LoopBody body) {
  return loopBy(thread(), i32(count), i32(team.count), initial, body);
}

void GpuBuilder::when(Value condition, llvm::function_ref<void()> body) {
  auto branch = scf::IfOp::create(*this, condition, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPoint(branch.getThenRegion().front().getTerminator());
  body();
}

SmallVector<Value> GpuBuilder::choose(
    Value condition, llvm::function_ref<SmallVector<Value>()> then,
    llvm::function_ref<SmallVector<Value>()> otherwise) {
  auto branch = scf::IfOp::create(
      *this, condition,
      [&](OpBuilder &builder, Location) {
        OpBuilder::InsertionGuard guard(*this);
        restoreInsertionPoint(builder.saveInsertionPoint());
        scf::YieldOp::create(*this, then());
      },
      [&](OpBuilder &builder, Location) {
        OpBuilder::InsertionGuard guard(*this);
        restoreInsertionPoint(builder.saveInsertionPoint());
        scf::YieldOp::create(*this, otherwise());
      });
  return SmallVector<Value>(branch.getResults());
}

Value GpuBuilder::pointer(Value memref) {
  Value address =
      memref::ExtractAlignedPointerAsIndexOp::create(*this, memref);
  address = arith::IndexCastOp::create(*this, getI64Type(), address);
  return LLVM::IntToPtrOp::create(
      *this, LLVM::LLVMPointerType::get(getContext()), address);
}

Value GpuBuilder::offset(Value pointer, Value bytes) {
  if (bytes.getType().isIndex())
    bytes = arith::IndexCastOp::create(*this, getI64Type(), bytes);
  return LLVM::GEPOp::create(*this, pointer.getType(), getI8Type(), pointer,
                             ArrayRef<LLVM::GEPArg>{bytes});
}

Value GpuBuilder::offset(Value pointer, int64_t bytes) {
  if (!bytes)
    return pointer;
  return LLVM::GEPOp::create(*this, pointer.getType(), getI8Type(), pointer,
                             ArrayRef<LLVM::GEPArg>{int32_t(bytes)});
}

static unsigned bytesOf(Type type) {
  unsigned bytes = elementOf(type).getIntOrFloatBitWidth() / 8;
  if (auto vector = dyn_cast<VectorType>(type))
    bytes *= vector.getNumElements();
  return bytes;
}

/// More than 16 bytes are several accesses.
static unsigned alignmentOf(Type type) { return std::min(bytesOf(type), 16u); }

Value GpuBuilder::loadAt(Type type, Value pointer) {
  return LLVM::LoadOp::create(*this, type, pointer, alignmentOf(type));
}

Value GpuBuilder::loadConstant(Type type, Value pointer) {
  auto load = LLVM::LoadOp::create(*this, type, pointer, alignmentOf(type));
  load.setInvariant(true);
  return load;
}

void GpuBuilder::storeAt(Value value, Value pointer) {
  LLVM::StoreOp::create(*this, value, pointer, alignmentOf(value.getType()));
}

Value GpuBuilder::loadRow(Value memref, ValueRange at, int64_t count) {
  Type type = lanes(cast<MemRefType>(memref.getType()).getElementType(), count);
  return vector::LoadOp::create(*this, type, memref, at, /*nontemporal=*/false,
                                llvm::MaybeAlign(alignmentOf(type)));
}

void GpuBuilder::storeRow(Value value, Value memref, ValueRange at) {
  vector::StoreOp::create(*this, value, memref, at, /*nontemporal=*/false,
                          llvm::MaybeAlign(alignmentOf(value.getType())));
}

int64_t GpuBuilder::sharedBytes() const {
  auto bytes = function->getAttrOfType<IntegerAttr>(sharedBytesAttr);
  return bytes ? bytes.getInt() : 0;
}

Value GpuBuilder::shared(StringRef name, int64_t bytes) {
  int64_t start = sharedBytes();
  function->setAttr(sharedBytesAttr,
                    getI64IntegerAttr(start + llvm::alignTo(bytes, 16)));
  SmallVector<Attribute> regions;
  if (auto known = function->getAttrOfType<ArrayAttr>(sharedRegionsAttr))
    llvm::append_range(regions, known);
  regions.push_back(getStringAttr(name + " " + llvm::Twine(bytes)));
  function->setAttr(sharedRegionsAttr, getArrayAttr(regions));

  auto module = function->getParentOfType<ModuleOp>();
  if (!module.lookupSymbol(sharedSymbol)) {
    OpBuilder::InsertionGuard guard(*this);
    setInsertionPointToStart(module.getBody());
    LLVM::GlobalOp::create(*this, LLVM::LLVMArrayType::get(getI8Type(), 0),
                           /*isConstant=*/false, LLVM::Linkage::External,
                           sharedSymbol, Attribute(), /*alignment=*/1024,
                           /*addrSpace=*/3);
  }
  Value base = LLVM::AddressOfOp::create(
      *this, LLVM::LLVMPointerType::get(getContext(), 3), sharedSymbol);
  return offset(base, start);
}

Value GpuBuilder::part(Value vector, int64_t first, int64_t count) {
  SmallVector<int64_t> elements(count);
  std::iota(elements.begin(), elements.end(), first);
  return vector::ShuffleOp::create(*this, vector, vector, elements);
}

void GpuBuilder::barrier() {
  if (team.count == blockThreads)
    intrinsic("llvm.nvvm.barrier.cta.sync.aligned.all", {}, {i32(0)});
  else
    barrier(i32(team.barrier), team.count);
}

void GpuBuilder::barrier(Value number, int64_t threads) {
  intrinsic("llvm.nvvm.barrier.cta.sync.aligned.count", {}, {number, i32(threads)});
}

void GpuBuilder::warpBarrier() {
  intrinsic("llvm.nvvm.bar.warp.sync", {}, {i32(-1)});
}

/// A shuffle moves 32 bits; 64 are two of them.
static Value shuffle(GpuBuilder &b, StringRef kind, Value value, Value lane) {
  Type i32 = b.getI32Type();
  if (value.getType().isInteger(64)) {
    Value low = arith::TruncIOp::create(b, i32, value);
    Value high = arith::TruncIOp::create(b, i32, b.shiftRight(value, 32));
    auto wide = [&](Value half) {
      return arith::ExtUIOp::create(b, b.getI64Type(), shuffle(b, kind, half, lane));
    };
    Value upper = b.shiftLeft(wide(high), 32);
    return b.bitOr(upper, wide(low));
  }
  StringRef type = value.getType().isF32() ? ".f32" : ".i32";
  return b.intrinsic(("llvm.nvvm.shfl.sync." + kind + type).str(),
                     value.getType(),
                     {b.i32(-1), value, lane, b.i32(warpThreads - 1)});
}

Value GpuBuilder::shuffleXor(Value value, int64_t mask) {
  return shuffle(*this, "bfly", value, i32(mask));
}

Value GpuBuilder::shuffleFrom(Value value, Value from) {
  return shuffle(*this, "idx", value, from);
}

Value GpuBuilder::sumOfLanes(Value value, int64_t from, int64_t to) {
  for (int64_t mask = to / 2; mask >= from; mask /= 2)
    value = add(value, shuffleXor(value, mask));
  return value;
}

Value GpuBuilder::maxOfLanes(Value value, int64_t from, int64_t to) {
  for (int64_t mask = to / 2; mask >= from; mask /= 2) {
    Value other = shuffleXor(value, mask);
    value = value.getType().isF32() ? maxOf(value, other) : maximum(value, other);
  }
  return value;
}

Value GpuBuilder::minOfLanes(Value number) {
  for (int64_t mask = warpThreads / 2; mask; mask /= 2)
    number = minimum(number, shuffleXor(number, mask));
  return number;
}

Value GpuBuilder::reduceBlock(Value value, Value region,
                              llvm::function_ref<Value(Value, Value)> combine) {
  // Nobody may still read the region.
  barrier();
  when(compare(I::eq, lane(), i32(0)),
       [&] { storeAt(value, offset(region, shiftLeft(warp(), 2))); });
  barrier();
  Value result;
  auto four = lanes(value.getType(), 4);
  for (int64_t i = 0; i < warps(); i += 4) {
    Value part = loadAt(four, offset(region, 4 * i));
    for (int64_t j = 0; j < 4; ++j) {
      Value one = vector::ExtractOp::create(*this, part, j);
      result = result ? combine(result, one) : one;
    }
  }
  return result;
}

Value GpuBuilder::sumOfBlock(Value value, Value region) {
  return reduceBlock(sumOfLanes(value), region,
                     [&](Value a, Value b) { return add(a, b); });
}

Value GpuBuilder::maxOfBlock(Value value, Value region) {
  return reduceBlock(maxOfLanes(value), region,
                     [&](Value a, Value b) { return maxOf(a, b); });
}

static Value foldElements(GpuBuilder &b, Value vector,
                          llvm::function_ref<Value(Value, Value)> combine) {
  Value result;
  for (int64_t i = 0; i < cast<VectorType>(vector.getType()).getNumElements();
       ++i) {
    Value element = vector::ExtractOp::create(b, vector, i);
    result = result ? combine(result, element) : element;
  }
  return result;
}

Value GpuBuilder::sumOf(Value vector) {
  return foldElements(*this, vector,
                      [&](Value a, Value b) { return add(a, b); });
}

Value GpuBuilder::largestOf(Value vector) {
  return foldElements(*this, vector,
                      [&](Value a, Value b) { return maxOf(a, b); });
}

Value GpuBuilder::fromF32(Value value, Type element) {
  if (element.isF32())
    return value;
  return arith::TruncFOp::create(*this, withElement(value.getType(), element),
                                 value);
}

Value GpuBuilder::toF32(Value value) {
  auto type = dyn_cast<VectorType>(value.getType());
  if (!type || !type.getElementType().isBF16() || type.getNumElements() % 2)
    return VectorBuilder::toF32(value);
  int64_t pairs = type.getNumElements() / 2;
  Value words = LLVM::BitcastOp::create(*this, lanes(getI32Type(), pairs), value);
  SmallVector<Value> numbers;
  for (int64_t i = 0; i < pairs; ++i) {
    Value word = vector::ExtractOp::create(*this, words, i);
    for (Value half : {shiftLeft(word, 16),
                       bitAnd(word, i32(int32_t(0xffff0000)))})
      numbers.push_back(bitcast(half, getF32Type()));
  }
  return vector::FromElementsOp::create(*this, f32Lanes(2 * pairs), numbers);
}

Value GpuBuilder::exp2Approx(Value x) {
  return intrinsic("llvm.nvvm.ex2.approx.ftz.f", getF32Type(), {x});
}
