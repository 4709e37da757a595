#ifndef LLMC_CODEGEN_X86_X86TARGET_H
#define LLMC_CODEGEN_X86_X86TARGET_H

#include "codegen/Target.h"

namespace llmc::codegen {

/// x86-64 processors with AVX2 and FMA ("x86-64-v3"), AVX-512 ("x86-64-v4"), and
/// with AVX512-VNNI ("x86-64-v4-vnni"), AMX ("x86-64-amx") and AMX-FP16
/// ("x86-64-amx-fp16") besides.
class X86Target final : public Target {
public:
  llvm::StringRef name() const override { return "x86"; }
  llvm::ArrayRef<llvm::StringRef> levels() const override;
  llvm::StringRef codeLevel(mlir::func::FuncOp kernel,
                            llvm::StringRef level) const override;
  void registerDialects(mlir::DialectRegistry &registry) const override;
  void addLoweringPasses(mlir::OpPassManager &passes,
                         llvm::StringRef level) const override;
  Result<std::string> emit(mlir::ModuleOp lowered, llvm::StringRef level,
                           EmitKind kind) const override;
};

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_X86_X86TARGET_H
