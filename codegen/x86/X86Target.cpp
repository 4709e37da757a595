/// The x86 side of the target seam.
#include "codegen/x86/X86Target.h"

#include "codegen/llvm/Backend.h"
#include "codegen/llvm/KernelAbi.h"
#include "codegen/llvm/ScalarMath.h"
#include "codegen/llvm/ToLlvm.h"
#include "codegen/x86/AttentionTiles.h"
#include "codegen/x86/LinearToTiles.h"

#include "mlir/Dialect/AMX/AMXDialect.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/TargetSelect.h"

#include <mutex>

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;

/// blockSums: 12 sums fill 24 of 32 registers with chains; 3 sums fill 12 of
/// the 16 halves of AVX2. Processors with AMX have vcvtneps2bf16 as well, which
/// is not used: it flushes denormals, so other levels would give other bits.
/// Those with AMX-FP16 have AVX512-FP16, which is not used either: its products
/// have sums of f16.
static constexpr X86Level table[] = {
    {"x86-64-v3", "x86-64-v3", "", 256, 3},
    {"x86-64-v4", "x86-64-v4", "", 512, 12},
    {"x86-64-v4-vnni", "x86-64-v4", "+avx512vnni", 512, 12, /*byteDots=*/true},
    {"x86-64-amx", "x86-64-v4", "+avx512vnni,+amx-tile,+amx-bf16,+amx-int8", 512,
     12, /*byteDots=*/true, /*tiles=*/true},
    {"x86-64-amx-fp16", "x86-64-v4",
     "+avx512vnni,+amx-tile,+amx-bf16,+amx-int8,+amx-fp16", 512, 12,
     /*byteDots=*/true, /*tiles=*/true, /*halfTiles=*/true},
};

const X86Level *llmc::codegen::findX86Level(StringRef name) {
  for (const X86Level &level : table)
    if (level.name == name)
      return &level;
  return nullptr;
}

ArrayRef<StringRef> X86Target::levels() const {
  static const auto names = [] {
    SmallVector<StringRef> names;
    for (const X86Level &level : table)
      names.push_back(level.name);
    return names;
  }();
  return names;
}

/// Whether the op is lowered to tiles on this level.
static bool hasTiles(Operation *op, const X86Level &level) {
  auto ofAttention = [&](auto op) {
    return fitsTiles(cast<MemRefType>(op.getKeyCache().getType()),
                     op.getHeadDim(), level);
  };
  return llvm::TypeSwitch<Operation *, bool>(op)
      .Case([&](kernel::LinearOp op) { return fitsTiles(op, level); })
      .Case<kernel::AttentionOp, kernel::AttentionSplitOp>(ofAttention)
      .Default(false);
}

StringRef X86Target::codeLevel(func::FuncOp kernel, StringRef level) const {
  bool usesBytes = false;
  kernel.walk([&](kernel::LinearOp linear) {
    usesBytes |= llm::quantizesInputs(linear.getScheme());
  });
  auto usesTiles = [&](const X86Level &level) {
    auto walked = kernel.walk([&](Operation *op) {
      return hasTiles(op, level) ? WalkResult::interrupt()
                                 : WalkResult::advance();
    });
    return walked.wasInterrupted();
  };
  // Whether a level changes what the one before it does.
  auto changes = [&](const X86Level &level) {
    const X86Level &before = *(&level - 1);
    if (level.tiles)
      return usesTiles(level) && !usesTiles(before);
    return !level.byteDots || usesBytes;
  };
  const X86Level *found = findX86Level(level);
  while (found && found != table && !changes(*found))
    --found;
  return found ? found->name : level;
}

void X86Target::registerDialects(DialectRegistry &registry) const {
  registry.insert<amx::AMXDialect, arith::ArithDialect, cf::ControlFlowDialect,
                  func::FuncDialect, kernel::KernelDialect, llm::LlmDialect,
                  LLVM::LLVMDialect, math::MathDialect, memref::MemRefDialect,
                  scf::SCFDialect, vector::VectorDialect>();
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
}

void X86Target::addLoweringPasses(OpPassManager &passes,
                                  StringRef level) const {
  passes.addPass(createKernelsToX86Pass(*findX86Level(level)));
  passes.addPass(createScalarMathPass());
  passes.addPass(createKernelAbiPass());
  passes.addPass(createToLlvmPass());
}

Result<std::string> X86Target::emit(ModuleOp lowered, StringRef level,
                                    EmitKind kind) const {
  static std::once_flag initialized;
  std::call_once(initialized, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
  });
  const X86Level *found = findX86Level(level);
  return emitWithLlvm(lowered,
                      {"x86_64-unknown-linux-gnu", found->cpu, found->features,
                       found->vectorBits},
                      kind);
}
