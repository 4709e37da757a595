/// The distinct kernels of a module: equal kernels are made once.
#ifndef LLMC_PASSES_SCHEDULE_KERNELTABLE_H
#define LLMC_PASSES_SCHEDULE_KERNELTABLE_H

#include "dialects/kernel/KernelOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"

namespace llmc {

class KernelTable {
public:
  explicit KernelTable(mlir::ModuleOp module) : module(module) {}

  /// Fills a kernel: gets a builder in its body, its memref and index
  /// arguments, and the range of tiles.
  using Body = llvm::function_ref<void(mlir::OpBuilder &, mlir::ValueRange args,
                                       mlir::Value begin, mlir::Value end)>;

  /// The kernel of this body and these argument types; `family` begins its
  /// name (`linear` -> `linear_0`).
  mlir::func::FuncOp get(llvm::StringRef family,
                         llvm::ArrayRef<mlir::Type> types, Body body);

private:
  mlir::ModuleOp module;
  llvm::StringMap<mlir::func::FuncOp> byText;
  llvm::StringMap<unsigned> counters;
};

} // namespace llmc

#endif // LLMC_PASSES_SCHEDULE_KERNELTABLE_H
