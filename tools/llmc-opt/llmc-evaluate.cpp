/// Evaluates a decoder's step in doubles, with the weights as they will be stored:
/// what kernels are held against.
///
///   llmc compile MODEL --emit=llm -o step.mlir
///   llmc-evaluate step.mlir 1,5,9 logits.npy
#include "compiler/EvaluateStep.h"
#include "dialects/llm/LlmOps.h"
#include "dialects/onnx/OnnxOps.h"
#include "runtime/support/Npy.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/raw_ostream.h"

using namespace llmc;

static int fail(const std::string &why) {
  llvm::errs() << "error: " << why << "\n";
  return 1;
}

int main(int argc, char **argv) {
  if (argc != 4) {
    llvm::errs() << "usage: llmc-evaluate STEP.mlir IDS LOGITS.npy\n";
    return 2;
  }
  llvm::SmallVector<llvm::StringRef> words;
  llvm::StringRef(argv[2]).split(words, ',');
  llvm::SmallVector<int64_t> tokens;
  for (llvm::StringRef word : words)
    if (word.getAsInteger(10, tokens.emplace_back()))
      return fail("`" + word.str() + "` is no token id");

  mlir::DialectRegistry registry;
  registry.insert<mlir::arith::ArithDialect, mlir::func::FuncDialect,
                  mlir::math::MathDialect, llm::LlmDialect, onnx::OnnxDialect>();
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  auto module = mlir::parseSourceFile<mlir::ModuleOp>(argv[1], &context);
  if (!module)
    return 1;
  auto step = module->lookupSymbol<mlir::func::FuncOp>("step");
  if (!step)
    return fail("the module has no function step");
  std::string why;
  auto logits = evaluateStep(step, tokens, why);
  if (failed(logits))
    return fail(why);

  Tensor out;
  out.shape.assign(logits->shape().begin(), logits->shape().end());
  for (int64_t i = 0; i < logits->numElements(); ++i) {
    auto number = static_cast<float>(logits->getDouble(i));
    auto *bytes = reinterpret_cast<const std::byte *>(&number);
    out.data.insert(out.data.end(), bytes, bytes + sizeof number);
  }
  Status written = writeNpy(argv[3], out);
  return written ? 0 : fail(written.error().render());
}
