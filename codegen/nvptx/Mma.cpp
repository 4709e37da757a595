#include "codegen/nvptx/Mma.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace llmc::codegen;

using llvm::SmallVector;

SmallVector<Value, 4> llmc::codegen::emitMma(GpuBuilder &b, Type element,
                                             ValueRange left, ValueRange right,
                                             ValueRange sums) {
  StringRef name = element.isBF16() ? "llvm.nvvm.mma.m16n8k16.row.col.bf16"
                   : element.isF16()
                       ? "llvm.nvvm.mma.m16n8k16.row.col.f32.f32"
                       : "llvm.nvvm.mma.m16n8k32.row.col.s8";
  SmallVector<Value> operands(left);
  llvm::append_range(operands, right);
  if (element.isF16())
    for (Value &operand : operands)
      operand = LLVM::BitcastOp::create(b, b.lanes(element, 2), operand);
  llvm::append_range(operands, sums);
  Type number = sums[0].getType();
  auto four = LLVM::LLVMStructType::getLiteral(
      b.getContext(), {number, number, number, number});
  Value result = b.intrinsic(name, four, operands);
  SmallVector<Value, 4> next;
  for (int64_t i = 0; i < 4; ++i)
    next.push_back(LLVM::ExtractValueOp::create(b, result, i));
  return next;
}
