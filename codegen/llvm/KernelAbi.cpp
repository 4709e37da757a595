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

namespace {

/// Reads the arrays `buffers` and `scalars` from their starts.
struct ArgumentReader {
  OpBuilder &b;
  Location loc;
  Value buffers, scalars;
  unsigned buffer = 0, scalar = 0;

  Value loadAt(Value array, unsigned at, Type type) {
    auto pointer = LLVM::LLVMPointerType::get(b.getContext());
    Value address = LLVM::GEPOp::create(b, loc, pointer, type, array,
                                        ArrayRef<LLVM::GEPArg>{int32_t(at)});
    auto load = LLVM::LoadOp::create(b, loc, type, address);
    load.setInvariant(true);
    return load;
  }
  Value nextPointer() {
    return loadAt(buffers, buffer++, LLVM::LLVMPointerType::get(b.getContext()));
  }
  Value nextScalar() { return loadAt(scalars, scalar++, b.getI64Type()); }
};

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
                                 ArgumentReader &reader,
                                 const LLVMTypeConverter &converter) {
  SmallVector<int64_t> strides;
  int64_t offset;
  // Without a layout of its own, a memref's strides follow from its extents.
  bool dense = type.getLayout().isIdentity();
  if (failed(type.getStridesAndOffset(strides, offset)) ||
      (!dense && llvm::any_of(strides, ShapedType::isDynamic)))
    return function.emitError("kernel argument ")
           << type << " has strides that are not static";
  if (offset != 0 && !ShapedType::isDynamic(offset))
    return function.emitError("kernel argument ")
           << type << " has an offset, which the caller adds to the pointer";
  OpBuilder &b = reader.b;
  Value pointer = reader.nextPointer();
  auto descriptor = MemRefDescriptor::poison(b, reader.loc,
                                             converter.convertType(type));
  descriptor.setAllocatedPtr(b, reader.loc, pointer);
  descriptor.setAlignedPtr(b, reader.loc, pointer);
  descriptor.setConstantOffset(b, reader.loc, 0);
  SmallVector<Value> extents;
  auto number = [&](int64_t value) -> Value {
    return LLVM::ConstantOp::create(b, reader.loc, b.getI64Type(), value);
  };
  for (int64_t i = 0; i < type.getRank(); ++i) {
    extents.push_back(type.isDynamicDim(i) ? reader.nextScalar()
                                           : number(type.getDimSize(i)));
    descriptor.setSize(b, reader.loc, i, extents[i]);
  }
  Value dynamicStride;
  for (int64_t i = type.getRank() - 1; i >= 0; --i) {
    Value stride = ShapedType::isDynamic(strides[i]) ? dynamicStride
                                                     : number(strides[i]);
    descriptor.setStride(b, reader.loc, i, stride);
    dynamicStride = LLVM::MulOp::create(b, reader.loc, stride, extents[i]);
  }
  return UnrealizedConversionCastOp::create(b, reader.loc, type,
                                            Value(descriptor))
      .getResult(0);
}

LogicalResult KernelAbi::convert(func::FuncOp function,
                                 LLVMTypeConverter &converter) {
  FunctionType type = function.getFunctionType();
  unsigned count = type.getNumInputs();
  if (type.getNumResults() || count < 2 || !type.getInput(count - 1).isIndex() ||
      !type.getInput(count - 2).isIndex())
    return function.emitError(
        "a kernel takes a range of tiles last and returns nothing");
  Block &entry = function.front();
  OpBuilder b = OpBuilder::atBlockBegin(&entry);
  Location loc = function.getLoc();
  auto pointer = LLVM::LLVMPointerType::get(&getContext());
  SmallVector<Type> inputs = {pointer, pointer, b.getI64Type(), b.getI64Type()};
  for (Type input : inputs)
    entry.addArgument(input, loc);
  ArgumentReader reader{b, loc, entry.getArgument(count),
                        entry.getArgument(count + 1)};
  for (unsigned i = 0; i < count; ++i) {
    BlockArgument argument = entry.getArgument(i);
    Value value;
    if (auto memref = dyn_cast<MemRefType>(argument.getType())) {
      auto described = describe(function, memref, reader, converter);
      if (failed(described))
        return failure();
      value = *described;
    } else if (argument.getType().isIndex()) {
      Value number = i >= count - 2 ? entry.getArgument(i + 4)
                                    : reader.nextScalar();
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

std::unique_ptr<Pass> llmc::codegen::createKernelAbiPass() {
  return std::make_unique<KernelAbi>();
}
