/// The seam between the compiler and what is particular to a target.
#ifndef LLMC_CODEGEN_TARGET_H
#define LLMC_CODEGEN_TARGET_H

#include "runtime/support/Error.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <string>
#include <vector>

namespace llmc::codegen {

/// What Target::emit makes of a lowered module.
enum class EmitKind {
  Object,   ///< What the target's linker or driver takes (ELF, PTX, …).
  Assembly, ///< For people.
  LlvmIr,   ///< For people, after optimisation.
};

/// A family of processors. A level is one instruction set of the family; a
/// kernel is generated once per level, and all levels give the same bits.
///
/// Targets are stateless: their methods may be called from worker processes.
class Target {
public:
  virtual ~Target();

  /// "x86".
  virtual llvm::StringRef name() const = 0;

  /// Levels from the least to the most capable: "x86-64-v3", "x86-64-v4".
  virtual llvm::ArrayRef<llvm::StringRef> levels() const = 0;

  /// Whether its processors sit beside the CPU: a level then has a schedule and
  /// kernels of its own, which are in a file only where they are asked for.
  virtual bool isDevice() const { return false; }

  /// The least level whose code a kernel has on `level`: a level adds
  /// instructions that few kernels use, and the others need not be generated
  /// again.
  virtual llvm::StringRef codeLevel(mlir::func::FuncOp kernel,
                                    llvm::StringRef level) const {
    return level;
  }

  /// Registers all dialects, interfaces and translations that the lowering
  /// passes and emit() need, the input's dialects included.
  virtual void registerDialects(mlir::DialectRegistry &registry) const = 0;

  /// Adds the passes from kernels (`func.func` with `kernel.entry`, holding one
  /// kernel.* operation) to the LLVM dialect, for a builtin.module.
  virtual void addLoweringPasses(mlir::OpPassManager &passes,
                                 llvm::StringRef level) const = 0;

  /// Translates and optimises a lowered module. Fails with
  /// Code::KernelFailed; a defect of LLVM can also end the process.
  virtual Result<std::string> emit(mlir::ModuleOp lowered,
                                   llvm::StringRef level,
                                   EmitKind kind) const = 0;
};

/// The targets of this build.
llvm::ArrayRef<const Target *> allTargets();

/// The levels of the CPU, without those on which every kernel of the module has
/// the code of a lesser one.
std::vector<std::string> usefulLevels(mlir::ModuleOp kernels);

/// The target that has this level, or Code::BadTarget with a list of all.
Result<const Target *> targetOfLevel(llvm::StringRef level);

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_TARGET_H
