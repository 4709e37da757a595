/// NVIDIA GPUs by PTX.
#ifndef LLMC_CODEGEN_NVPTX_NVPTXTARGET_H
#define LLMC_CODEGEN_NVPTX_NVPTXTARGET_H

#include "codegen/Target.h"

namespace llmc::codegen {

/// An object is the text of a PTX module with one entry; its first line tells
/// the figures of a launch (KernelFigures).
class NvptxTarget final : public Target {
public:
  llvm::StringRef name() const override { return "nvptx"; }
  llvm::ArrayRef<llvm::StringRef> levels() const override;
  llvm::StringRef codeLevel(mlir::func::FuncOp kernel,
                            llvm::StringRef level) const override;
  bool isDevice() const override { return true; }
  void registerDialects(mlir::DialectRegistry &registry) const override;
  void addLoweringPasses(mlir::OpPassManager &passes,
                         llvm::StringRef level) const override;
  Result<std::string> emit(mlir::ModuleOp lowered, llvm::StringRef level,
                           EmitKind kind) const override;
};

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_NVPTX_NVPTXTARGET_H
