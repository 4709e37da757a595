#include "codegen/nvptx/Wgmma.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace llmc::codegen;

using llvm::SmallVector;

/// Eight rows of 128 bytes, swizzled across 128 bytes; the offset between chunks is
/// not looked at (PTX ISA, matrix descriptor).
static constexpr uint64_t layoutBits =
    uint64_t(1) << 62 | uint64_t(1024 >> 4) << 32 | uint64_t(1) << 16;
static constexpr int64_t addressMask = 0x3fff0;

static SmallVector<Value> resultsOf(GpuBuilder &b, Operation *statement,
                                    size_t count) {
  if (count == 1)
    return {statement->getResult(0)};
  SmallVector<Value> values;
  for (size_t i = 0; i < count; ++i)
    values.push_back(
        LLVM::ExtractValueOp::create(b, statement->getResult(0), i));
  return values;
}

/// "=f,=f,…,0,1,…" of operands that are read and written.
static std::string tiedConstraints(ValueRange values) {
  std::string outputs, inputs;
  for (auto [i, value] : llvm::enumerate(values)) {
    outputs += value.getType().isF32() ? "=f," : "=r,";
    inputs += std::to_string(i) + ",";
  }
  return outputs + inputs;
}

static Type resultType(ValueRange values) {
  if (values.size() == 1)
    return values[0].getType();
  return LLVM::LLVMStructType::getLiteral(
      values[0].getContext(), SmallVector<Type>(values.getTypes()));
}

SmallVector<Value> Warpgroup::passThrough(StringRef text, ValueRange values) {
  std::string constraints = tiedConstraints(values) + "~{memory}";
  return resultsOf(
      b, b.statement(resultType(values), values, text, constraints),
      values.size());
}

Value Warpgroup::describe(Value address) {
  Value bits = LLVM::PtrToIntOp::create(b, b.getI32Type(), address);
  bits = b.shiftRight(b.bitAnd(bits, b.i32(addressMask)), 4);
  bits = arith::ExtUIOp::create(b, b.getI64Type(), bits);
  return b.bitOr(bits, b.integer(b.getI64Type(), int64_t(layoutBits)));
}

Value Warpgroup::further(Value descriptor, int64_t terms) {
  return terms ? b.add(descriptor, b.integer(b.getI64Type(), terms * 2 / 16))
               : descriptor;
}

SmallVector<Value> Warpgroup::fence(ValueRange registers) {
  return passThrough("wgmma.fence.sync.aligned;", registers);
}

void Warpgroup::multiply(Type element, ArrayRef<Value> a, Value descriptor,
                         MutableArrayRef<Value> sums, bool adds) {
  size_t count = sums.size();
  auto list = [](size_t from, size_t count) {
    std::string text = "{";
    for (size_t i = from; i < from + count; ++i)
      text += (i > from ? ", $" : "$") + std::to_string(i);
    return text + "}";
  };
  std::string type = element.isBF16() ? "bf16" : "f16";
  // Each sum is operand i and, tied to it, operand count + i.
  size_t factor = 2 * count;
  std::string text = "wgmma.mma_async.sync.aligned.m64n" +
                     std::to_string(2 * count) + "k16.f32." + type + "." + type +
                     " " + list(0, count) + ", " + list(factor, 4) + ", $" +
                     std::to_string(factor + 4) + ", $" +
                     std::to_string(factor + 5) + ", 1, 1, 0;";
  SmallVector<Value> operands(sums);
  llvm::append_range(operands, a);
  operands.push_back(descriptor);
  operands.push_back(b.integer(b.getI1Type(), adds));
  std::string constraints = tiedConstraints(sums) + "r,r,r,r,l,b,~{memory}";
  llvm::copy(resultsOf(b,
                       b.statement(resultType(sums), operands, text, constraints),
                       count),
             sums.begin());
}

void Warpgroup::commit() {
  b.intrinsic("llvm.nvvm.wgmma.commit_group.sync.aligned", {}, {});
}

void Warpgroup::wait(int64_t groups) {
  b.intrinsic("llvm.nvvm.wgmma.wait_group.sync.aligned", {},
              {b.integer(b.getI64Type(), groups)});
}

void Warpgroup::finish(MutableArrayRef<Value> sums) {
  llvm::copy(passThrough("wgmma.wait_group.sync.aligned 0;", sums), sums.begin());
}
