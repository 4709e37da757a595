/// generateHere: lowering and emission in the calling process.
#include "codegen/Generate.h"

#include "mlir/IR/Diagnostics.h"

using namespace llmc;
using namespace llmc::codegen;

Result<std::string> llmc::codegen::generateHere(mlir::ModuleOp kernels,
                                                llvm::StringRef level,
                                                EmitKind kind) {
  LLMC_TRY(const Target *target, targetOfLevel(level));
  mlir::MLIRContext *context = kernels.getContext();
  mlir::DialectRegistry registry;
  target->registerDialects(registry);
  context->appendDialectRegistry(registry);
  context->loadAllAvailableDialects();

  // What the passes complain of becomes the error's reason.
  std::string complaints;
  mlir::ScopedDiagnosticHandler handler(
      context, [&](mlir::Diagnostic &diagnostic) {
        llvm::raw_string_ostream stream(complaints);
        stream << (complaints.empty() ? "" : "\n") << diagnostic;
        return mlir::success();
      });
  mlir::PassManager passes(context);
  target->addLoweringPasses(passes, level);
  if (mlir::failed(passes.run(kernels)))
    return Error{Code::KernelFailed,
                 "a kernel could not be lowered for " + level.str(), "",
                 complaints, ""};
  auto emitted = target->emit(kernels, level, kind);
  if (!emitted && !complaints.empty())
    emitted.error().why += (emitted.error().why.empty() ? "" : "\n") + complaints;
  return emitted;
}
