/// The list of targets: adding one edits this file and CMakeLists.txt.
#include "codegen/Target.h"

#include "codegen/nvptx/NvptxTarget.h"
#include "codegen/x86/X86Target.h"
#include "dialects/kernel/KernelDialect.h"

using namespace llmc;
using namespace llmc::codegen;

Target::~Target() = default;

llvm::ArrayRef<const Target *> llmc::codegen::allTargets() {
  static const X86Target x86;
  static const NvptxTarget nvptx;
  static const Target *const targets[] = {&x86, &nvptx};
  return targets;
}

std::vector<std::string> llmc::codegen::usefulLevels(mlir::ModuleOp kernels) {
  std::vector<std::string> levels;
  for (const Target *target : allTargets()) {
    if (target->isDevice())
      continue;
    for (llvm::StringRef level : target->levels()) {
      auto isOwn = [&](mlir::func::FuncOp function) {
        return function->hasAttr(kernel::entryAttr) &&
               target->codeLevel(function, level) == level;
      };
      if (level == target->levels().front() ||
          llvm::any_of(kernels.getOps<mlir::func::FuncOp>(), isOwn))
        levels.push_back(level.str());
    }
  }
  return levels;
}

Result<const Target *> llmc::codegen::targetOfLevel(llvm::StringRef level) {
  std::string known;
  for (const Target *target : allTargets())
    for (llvm::StringRef name : target->levels()) {
      if (name == level)
        return target;
      known += (known.empty() ? "" : ", ") + name.str();
    }
  return Error{Code::BadTarget, "there is no target '" + level.str() + "'", "",
               "", "one of: " + known};
}
