/// Gives kernels the calling convention of runtime/format/KernelAbi.h.
///
///   func.func @k(%a: memref<?x8xf32>, %n: index, %begin: index, %end: index)
/// becomes
///   func.func @k(%buffers: !llvm.ptr, %scalars: !llvm.ptr, %begin: i64, %end: i64)
/// whose first block loads a's pointer, a's extent and n, and builds the
/// memref's descriptor from them. Strides are static, or those of a dense memref.
/// Numbers do not change.
#include "codegen/llvm/KernelAbi.h"

#include "dialects/kernel/KernelDialect.h"

#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Pass/Pass.h"

using namespace mlir;
using namespace llmc::codegen;

namespace {

struct KernelAbi : PassWrapper<KernelAbi, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(KernelAbi)
  StringRef getArgument() const override { return "llmc-kernel-abi"; }
  StringRef getDescription() const override {
    return "Give kernels the runtime's calling convention";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<LLVM::LLVMDialect, arith::ArithDialect>();
  }

  void runOnOperation() override {
    LLVMTypeConverter converter(&getContext());
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (function->hasAttr(llmc::kernel::entryAttr) &&
          failed(convert(function, converter)))
        return signalPassFailure();
  }

  LogicalResult convert(func::FuncOp function, LLVMTypeConverter &converter);
};

} // namespace

/// The memref's descriptor from its pointer and dynamic extents.
static FailureOr<Value> describe(func::FuncOp function, MemRefType type,
                                 OpBuilder &b, const ArgumentSource &source,
                                 const LLVMTypeConverter &converter) {
  SmallVector<int64_t> strides;
  int64_t offset;
  Location loc = function.getLoc();
  // Without a layout of its own, a memref's strides follow from its extents.
  bool dense = type.getLayout().isIdentity();
  if (failed(type.getStridesAndOffset(strides, offset)) ||
      (!dense && llvm::any_of(strides, ShapedType::isDynamic)))
    return function.emitError("kernel argument ")
           << type << " has strides that are not static";
  if (offset != 0 && !ShapedType::isDynamic(offset))
    return function.emitError("kernel argument ")
           << type << " has an offset, which the caller adds to the pointer";
  Value pointer = source.nextPointer();
  auto descriptor =
      MemRefDescriptor::poison(b, loc, converter.convertType(type));
  descriptor.setAllocatedPtr(b, loc, pointer);
  descriptor.setAlignedPtr(b, loc, pointer);
  descriptor.setConstantOffset(b, loc, 0);
  SmallVector<Value> extents;
  auto number = [&](int64_t value) -> Value {
    return LLVM::ConstantOp::create(b, loc, b.getI64Type(), value);
  };
  for (int64_t i = 0; i < type.getRank(); ++i) {
    extents.push_back(type.isDynamicDim(i) ? source.nextScalar()
                                           : number(type.getDimSize(i)));
    descriptor.setSize(b, loc, i, extents[i]);
  }
  Value dynamicStride;
  for (int64_t i = type.getRank() - 1; i >= 0; --i) {
    Value stride = ShapedType::isDynamic(strides[i]) ? dynamicStride
                                                     : number(strides[i]);
    descriptor.setStride(b, loc, i, stride);
    dynamicStride = LLVM::MulOp::create(b, loc, stride, extents[i]);
  }
  return UnrealizedConversionCastOp::create(b, loc, type, Value(descriptor))
      .getResult(0);
}

LogicalResult llmc::codegen::replaceArguments(
    func::FuncOp function, const LLVMTypeConverter &converter,
    ArrayRef<Type> inputs,
    llvm::function_ref<ArgumentSource(OpBuilder &, ValueRange)> makeSource) {
  FunctionType type = function.getFunctionType();
  unsigned count = type.getNumInputs();
  if (type.getNumResults() || count < 2 || !type.getInput(count - 1).isIndex() ||
      !type.getInput(count - 2).isIndex())
    return function.emitError(
        "a kernel takes a range of tiles last and returns nothing");
  Block &entry = function.front();
  OpBuilder b = OpBuilder::atBlockBegin(&entry);
  Location loc = function.getLoc();
  for (Type input : inputs)
    entry.addArgument(input, loc);
  ValueRange given = entry.getArguments().drop_front(count);
  ArgumentSource source = makeSource(b, given);
  for (unsigned i = 0; i < count; ++i) {
    BlockArgument argument = entry.getArgument(i);
    Value value;
    if (auto memref = dyn_cast<MemRefType>(argument.getType())) {
      auto described = describe(function, memref, b, source, converter);
      if (failed(described))
        return failure();
      value = *described;
    } else if (argument.getType().isIndex()) {
      Value number = i >= count - 2 ? given.take_back(2)[i - (count - 2)]
                                    : source.nextScalar();
      value = arith::IndexCastOp::create(b, loc, b.getIndexType(), number);
    } else {
      return function.emitError("kernel argument of type ")
             << argument.getType() << " is neither memref nor index";
    }
    argument.replaceAllUsesWith(value);
  }
  entry.eraseArguments(0, count);
  function.setType(b.getFunctionType(inputs, {}));
  function.removeArgAttrsAttr();
  return success();
}

LogicalResult KernelAbi::convert(func::FuncOp function,
                                 LLVMTypeConverter &converter) {
  OpBuilder types(&getContext());
  Type pointer = LLVM::LLVMPointerType::get(&getContext());
  Type i64 = types.getI64Type();
  Type inputs[] = {pointer, pointer, i64, i64};
  auto source = [&](OpBuilder &b, ValueRange given) -> ArgumentSource {
    auto reader = [&b, loc = function.getLoc()](Value array, Type type) {
      // From the array's start, one after the other.
      return [&b, loc, array, type, at = 0]() mutable -> Value {
        Value address = LLVM::GEPOp::create(b, loc, array.getType(), type, array,
                                            ArrayRef<LLVM::GEPArg>{at++});
        auto load = LLVM::LoadOp::create(b, loc, type, address);
        load.setInvariant(true);
        return load;
      };
    };
    return {reader(given[0], pointer), reader(given[1], i64)};
  };
  return replaceArguments(function, converter, inputs, source);
}

std::unique_ptr<Pass> llmc::codegen::createKernelAbiPass() {
  return std::make_unique<KernelAbi>();
}
