#include "frontends/onnx/builder/FinishModule.h"

#include "dialects/onnx/OnnxOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Dominance.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/CSE.h"

using namespace mlir;

namespace llmc::onnx {

void setModuleAttributes(ModuleOp module, const Model &model,
                         const Symbols &symbols) {
  Builder builder(module.getContext());
  SmallVector<mlir::Attribute> files, names, equalities, assumptions;
  for (const ModelFile &file : model.files)
    files.push_back(builder.getStringAttr(file.path));
  for (const std::string &name : symbols.names())
    names.push_back(builder.getStringAttr(name));
  unsigned count = symbols.names().size();
  auto map = [&](ArrayRef<AffineExpr> results) {
    return AffineMapAttr::get(
        AffineMap::get(0, count, results, module.getContext()));
  };
  for (const auto &[a, b] : symbols.equalities())
    equalities.push_back(map({a, b}));
  for (AffineExpr expr : symbols.assumptions())
    assumptions.push_back(map(expr));
  module->setAttr("onnx.files", builder.getArrayAttr(files));
  module->setAttr("onnx.symbols", builder.getArrayAttr(names));
  module->setAttr("onnx.opset", builder.getI64IntegerAttr(
                                    model.opsetVersion("").value_or(0)));
  if (!equalities.empty())
    module->setAttr("onnx.equal_dims", builder.getArrayAttr(equalities));
  if (!assumptions.empty())
    module->setAttr("onnx.non_negative", builder.getArrayAttr(assumptions));
}

void removeDeadCode(ModuleOp module) {
  for (auto function : module.getOps<func::FuncOp>()) {
    auto sweep = [&] {
      for (Block &block : function.getBody())
        for (Operation &op :
             llvm::make_early_inc_range(llvm::reverse(block.getOperations())))
          if (isOpTriviallyDead(&op))
            op.erase();
    };
    sweep();
    IRRewriter rewriter(function.getContext());
    DominanceInfo dominance(function);
    eliminateCommonSubExpressions(rewriter, dominance, function);
    sweep();
  }
  llvm::DenseSet<StringAttr> read;
  module.walk(
      [&](GetInitializerOp op) { read.insert(op.getNameAttr().getAttr()); });
  for (auto initializer :
       llvm::make_early_inc_range(module.getOps<InitializerOp>()))
    if (!read.contains(initializer.getSymNameAttr()))
      initializer.erase();
}

} // namespace llmc::onnx
