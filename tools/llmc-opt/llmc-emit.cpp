/// Prints what a target emits for a module of kernels: assembly or PTX.
///
///   llmc-emit sm_80 kernels.mlir      (- for standard input)
#include "codegen/Generate.h"

#include "mlir/Parser/Parser.h"
#include "llvm/Support/raw_ostream.h"

using namespace llmc;

static int fail(const Error &error) {
  llvm::errs() << error.render();
  return 1;
}

int main(int argc, char **argv) {
  if (argc != 3) {
    llvm::errs() << "usage: llmc-emit LEVEL FILE\n";
    return 2;
  }
  auto target = codegen::targetOfLevel(argv[1]);
  if (!target)
    return fail(target.error());
  mlir::DialectRegistry registry;
  (*target)->registerDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  auto module = mlir::parseSourceFile<mlir::ModuleOp>(argv[2], &context);
  if (!module)
    return 1;
  auto text =
      codegen::generateHere(*module, argv[1], codegen::EmitKind::Assembly);
  if (!text)
    return fail(text.error());
  llvm::outs() << *text;
  return 0;
}
