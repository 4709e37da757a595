/// The NVIDIA side of the target seam.
#include "codegen/nvptx/NvptxTarget.h"

#include "codegen/llvm/Backend.h"
#include "codegen/llvm/ScalarMath.h"
#include "codegen/llvm/ToLlvm.h"
#include "codegen/nvptx/GpuAbi.h"
#include "codegen/nvptx/KernelFigures.h"
#include "codegen/nvptx/KernelsToNvptx.h"
#include "codegen/nvptx/LinearByMma.h"
#include "codegen/nvptx/TensorTiles.h"

#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "llvm/Support/TargetSelect.h"

#include <mutex>

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;

static constexpr NvptxLevel table[] = {
    {"sm_80", "+ptx70", 99 << 10},
    {"sm_90a", "+ptx80", 227 << 10, /*warpgroups=*/true},
    {"sm_100a", "+ptx86", 99 << 10}};

const NvptxLevel *llmc::codegen::findNvptxLevel(StringRef name) {
  for (const NvptxLevel &level : table)
    if (level.name == name)
      return &level;
  return nullptr;
}

ArrayRef<StringRef> NvptxTarget::levels() const {
  static const auto names = [] {
    SmallVector<StringRef> names;
    for (const NvptxLevel &level : table)
      names.push_back(level.name);
    return names;
  }();
  return names;
}

/// Kernels whose products are by warpgroups have code of their own. Of all others
/// drivers compile the PTX of sm_80 for whatever follows.
StringRef NvptxTarget::codeLevel(func::FuncOp kernel, StringRef level) const {
  return nvptx::wantsWarpgroups(kernel) ? level : table[0].name;
}

void NvptxTarget::registerDialects(DialectRegistry &registry) const {
  registry.insert<arith::ArithDialect, cf::ControlFlowDialect,
                  func::FuncDialect, kernel::KernelDialect, llm::LlmDialect,
                  LLVM::LLVMDialect, math::MathDialect, memref::MemRefDialect,
                  scf::SCFDialect, vector::VectorDialect>();
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
}

void NvptxTarget::addLoweringPasses(OpPassManager &passes, StringRef) const {
  passes.addPass(createKernelsToNvptxPass());
  passes.addPass(createScalarMathPass());
  passes.addPass(createGpuAbiPass());
  passes.addPass(createToLlvmPass());
}

static int64_t figure(ModuleOp lowered, StringRef attribute) {
  int64_t largest = 0;
  for (auto function : lowered.getOps<LLVM::LLVMFuncOp>())
    if (auto number = function->getAttrOfType<IntegerAttr>(attribute))
      largest = std::max(largest, number.getInt());
  return largest;
}

Result<std::string> NvptxTarget::emit(ModuleOp lowered, StringRef level,
                                      EmitKind kind) const {
  static std::once_flag initialized;
  std::call_once(initialized, [] {
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
  });
  KernelFigures figures{blockThreads, figure(lowered, sharedBytesAttr),
                        figure(lowered, rowsPerBlockAttr),
                        {}};
  for (auto function : lowered.getOps<LLVM::LLVMFuncOp>())
    for (TensorTile &tile : tensorTilesOf(function))
      figures.tensors.push_back(std::move(tile));
  if (figures.sharedBytes > findNvptxLevel(level)->mostSharedBytes)
    return Error{Code::KernelFailed, "the kernel needs too much shared memory",
                 "", std::to_string(figures.sharedBytes) + " bytes", ""};
  if (figure(lowered, nvptx::warpgroupsAttr) && !findNvptxLevel(level)->warpgroups)
    return Error{Code::KernelFailed, level.str() + " has no wgmma", "",
                 "the kernel asks for it", ""};
  BackendOptions options;
  options.triple = "nvptx64-nvidia-cuda";
  options.cpu = level;
  options.features = findNvptxLevel(level)->features;
  options.blockThreads = blockThreads;
  options.blocksTogether =
      std::max<int64_t>(1, figure(lowered, nvptx::blocksTogetherAttr));
  LLMC_TRY(std::string text, emitWithLlvm(lowered, options, kind));
  return kind == EmitKind::LlvmIr ? text : figures.text() + text;
}
