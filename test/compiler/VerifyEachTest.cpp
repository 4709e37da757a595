/// --verify-each finds a pass that changes results, and names it.
#include "compiler/RunPipeline.h"
#include "compiler/VerifyEach.h"
#include "dialects/llm/LlmOps.h"
#include "frontends/onnx/builder/BuildModule.h"
#include "frontends/onnx/reader/OnnxReader.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "gtest/gtest.h"

using namespace llmc;

namespace {
/// Doubles the scale of every attention: a wrong pass that leaves valid IR.
struct SharpenAttention
    : mlir::PassWrapper<SharpenAttention, mlir::OperationPass<mlir::ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(SharpenAttention)
  llvm::StringRef getArgument() const override {
    return "test-sharpen-attention";
  }
  void runOnOperation() override {
    getOperation().walk([](llm::AttentionOp op) {
      op.setScale(op.getScale() + op.getScale());
    });
  }
};

/// Runs the decoder's pipeline with a fault planted behind \p where (nowhere,
/// if empty).
Status run(const std::string &where) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  context.loadDialect<llm::LlmDialect, mlir::arith::ArithDialect,
                      mlir::math::MathDialect>();
  auto model = onnx::readModel(std::string(LLMC_TEST_DATA) +
                               "/stories260K-optimum/model.onnx");
  if (!model)
    return model.takeError();
  auto module = onnx::buildModule(context, *model);
  if (!module)
    return module.takeError();
  VerifyEach verifier;
  LLMC_CHECK(verifier.begin(**module));
  std::vector<PipelineStep> steps = cpuPipeline({});
  for (size_t i = 0; i < steps.size(); ++i)
    if (steps[i].name == where) {
      PipelineStep fault{"raise", "test-sharpen-attention",
                         std::make_unique<SharpenAttention>()};
      steps.insert(steps.begin() + i + 1, std::move(fault));
      break;
    }
  DiagnosticLog log(context);
  return runPipeline(**module, steps, "", log,
                     [&](const PipelineStep &step, mlir::ModuleOp ir) -> Status {
                       LLMC_CHECK(verifier.check(step, ir));
                       return Status::ok();
                     });
}

TEST(VerifyEach, AcceptsThePipeline) {
  Status status = run("");
  EXPECT_TRUE(bool(status)) << status.error().render();
}

TEST(VerifyEach, NamesAPassThatIsWrongOnTheGraph) {
  Status status = run("llmc-raise-attention");
  ASSERT_FALSE(bool(status));
  EXPECT_EQ(status.error().code, Code::VerifyEachFailed);
  EXPECT_NE(status.error().what.find("test-sharpen-attention"),
            std::string::npos)
      << status.error().render();
}

TEST(VerifyEach, NamesAPassThatIsWrongOnTheStep) {
  Status status = run("llmc-merge-linears");
  ASSERT_FALSE(bool(status));
  EXPECT_EQ(status.error().code, Code::VerifyEachFailed);
  EXPECT_NE(status.error().what.find("test-sharpen-attention"),
            std::string::npos)
      << status.error().render();
}
} // namespace
