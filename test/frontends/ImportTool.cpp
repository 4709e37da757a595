/// `onnx-import model.onnx`: prints the module that the builder makes of a
/// model, or the error. With several models, one line of outcome for each.
#include "frontends/onnx/builder/BuildModule.h"
#include "frontends/onnx/reader/OnnxReader.h"
#include "mlir/IR/MLIRContext.h"

#include <cstdio>
#include <string_view>

using namespace llmc;

namespace {

/// 0 for a module, 1 for an error.
int import(const char *path, bool quiet) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  auto model = onnx::readModel(path);
  if (!model) {
    std::fprintf(stderr, quiet ? "%s: read: %s\n" : "%s:\n%s", path,
                 quiet ? model.error().what.c_str()
                       : model.error().render().c_str());
    return 1;
  }
  auto module = onnx::buildModule(context, *model);
  if (!module) {
    std::fprintf(stderr, quiet ? "%s: build: %s: %s\n" : "%s:\n%s%s", path,
                 quiet ? module.error().what.c_str()
                       : module.error().render().c_str(),
                 quiet ? module.error().why.c_str() : "");
    return 1;
  }
  if (quiet)
    std::fprintf(stderr, "%s: ok\n", path);
  else
    (*module)->print(llvm::outs());
  return 0;
}

} // namespace

int main(int argc, char **argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: onnx-import model.onnx...\n");
    return 2;
  }
  int status = 0;
  for (int i = 1; i < argc; ++i)
    status |= import(argv[i], argc > 2);
  return status;
}
