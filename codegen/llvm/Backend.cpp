/// See the header. Errors are values; what LLVM aborts on ends the process,
/// which is why kernels are generated in workers (codegen/Generate.h).
#include "codegen/llvm/Backend.h"

#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Verifier.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/InstCombine/InstCombine.h"
#include "llvm/Transforms/Scalar/EarlyCSE.h"
#include "llvm/Transforms/Scalar/InferAddressSpaces.h"
#include "llvm/Transforms/Scalar/LICM.h"
#include "llvm/Transforms/Scalar/LoopPassManager.h"
#include "llvm/Transforms/Scalar/LoopRotation.h"
#include "llvm/Transforms/Scalar/SROA.h"
#include "llvm/Transforms/Scalar/SimplifyCFG.h"

using namespace llmc;
using namespace llmc::codegen;

static Error failed(std::string what, std::string why) {
  return {Code::KernelFailed, std::move(what), "", std::move(why), ""};
}

static Result<std::unique_ptr<llvm::TargetMachine>>
createMachine(const BackendOptions &options) {
  std::string message;
  llvm::Triple triple(options.triple);
  auto *target = llvm::TargetRegistry::lookupTarget(triple, message);
  if (!target)
    return failed("LLVM has no back end for " + triple.str(), message);
  llvm::TargetOptions targetOptions;
  targetOptions.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  std::unique_ptr<llvm::TargetMachine> machine(target->createTargetMachine(
      triple, options.cpu, options.features, targetOptions, llvm::Reloc::PIC_,
      llvm::CodeModel::Small, llvm::CodeGenOptLevel::Aggressive));
  if (!machine)
    return failed("LLVM refused the processor " + options.cpu.str(), "");
  return machine;
}

static void setAttributes(llvm::Module &module, const BackendOptions &options) {
  for (llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    if (options.blockThreads) {
      function.setCallingConv(llvm::CallingConv::PTX_Kernel);
      function.addFnAttr("nvvm.reqntid", std::to_string(options.blockThreads));
      // Without it ptxas may spill to have room for more.
      function.addFnAttr("nvvm.minctasm", std::to_string(options.blocksTogether));
      // What is passed by value is read where it lies.
      for (llvm::Argument &argument : function.args())
        if (argument.hasByValAttr())
          argument.addAttr(llvm::Attribute::get(module.getContext(),
                                                "nvvm.grid_constant"));
      // As the CPU's kernels run (runtime/format/KernelAbi.h).
      function.addFnAttr("denormal-fp-math-f32", "preserve-sign,preserve-sign");
    } else {
      function.setVisibility(llvm::GlobalValue::HiddenVisibility);
      function.setDSOLocal(true);
    }
    function.addFnAttr(llvm::Attribute::NoUnwind);
    function.addFnAttr("no-builtins");
    function.addFnAttr("target-cpu", options.cpu);
    if (!options.features.empty())
      function.addFnAttr("target-features", options.features);
    if (options.vectorBits) {
      std::string bits = std::to_string(options.vectorBits);
      function.addFnAttr("prefer-vector-width", bits);
      function.addFnAttr("min-legal-vector-width", bits);
    }
  }
}

/// Whether a lowering has made vectors already.
static bool hasVectors(const llvm::Module &module) {
  for (const llvm::Function &function : module)
    for (const llvm::Instruction &instruction : llvm::instructions(function))
      if (instruction.getType()->isVectorTy())
        return true;
  return false;
}

/// What is left to do for kernels that come as blocked vector code: folding
/// what conversion left behind, and moving addresses out of loops. Linears and
/// attention run as fast as with -O3 (within 2 %, Zen 4), which takes 2 to 3
/// times as long to compile and unrolls what is unrolled enough.
static llvm::ModulePassManager tidyingPipeline(bool addressSpaces) {
  llvm::LoopPassManager loops;
  loops.addPass(llvm::LoopRotatePass());
  loops.addPass(llvm::LICMPass(llvm::LICMOptions()));
  llvm::FunctionPassManager functions;
  functions.addPass(llvm::SROAPass(llvm::SROAOptions::ModifyCFG));
  functions.addPass(llvm::EarlyCSEPass(/*UseMemorySSA=*/true));
  functions.addPass(llvm::InstCombinePass());
  if (addressSpaces)
    functions.addPass(llvm::InferAddressSpacesPass());
  functions.addPass(llvm::SimplifyCFGPass());
  functions.addPass(llvm::createFunctionToLoopPassAdaptor(
      std::move(loops), /*UseMemorySSA=*/true));
  functions.addPass(llvm::EarlyCSEPass(/*UseMemorySSA=*/true));
  functions.addPass(llvm::InstCombinePass());
  functions.addPass(llvm::SimplifyCFGPass());
  llvm::ModulePassManager modules;
  modules.addPass(llvm::createModuleToFunctionPassAdaptor(std::move(functions)));
  return modules;
}

static void optimize(llvm::Module &module, llvm::TargetMachine &machine,
                     bool gpu) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager graphs;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(&machine);
  llvm::TargetLibraryInfoImpl library(machine.getTargetTriple());
  library.disableAllFunctions();
  functions.registerPass([&] { return llvm::TargetLibraryAnalysis(library); });
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(graphs);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, graphs, modules);
  llvm::ModulePassManager pipeline =
      gpu || hasVectors(module)
          ? tidyingPipeline(/*addressSpaces=*/gpu)
          : builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O3);
  pipeline.run(module, modules);
}

Result<std::string> llmc::codegen::emitWithLlvm(mlir::ModuleOp source,
                                                const BackendOptions &options,
                                                EmitKind kind) {
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module =
      mlir::translateModuleToLLVMIR(source, context, "kernels");
  if (!module)
    return failed("the kernel could not be translated to LLVM IR", "");
  LLMC_TRY(std::unique_ptr<llvm::TargetMachine> machine,
           createMachine(options));
  module->setTargetTriple(machine->getTargetTriple());
  module->setDataLayout(machine->createDataLayout());
  setAttributes(*module, options);
  std::string message;
  llvm::raw_string_ostream messages(message);
  if (llvm::verifyModule(*module, &messages))
    return failed("the kernel's LLVM IR is not valid", message);
  optimize(*module, *machine, options.blockThreads != 0);

  std::string text;
  llvm::raw_string_ostream out(text);
  if (kind == EmitKind::LlvmIr) {
    module->print(out, nullptr);
    return text;
  }
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  llvm::legacy::PassManager passes;
  if (machine->addPassesToEmitFile(passes, stream, nullptr,
                                   kind == EmitKind::Assembly ||
                                           options.blockThreads
                                       ? llvm::CodeGenFileType::AssemblyFile
                                       : llvm::CodeGenFileType::ObjectFile))
    return failed("LLVM cannot emit this kind of file", "");
  passes.run(*module);
  return std::string(bytes.begin(), bytes.end());
}
