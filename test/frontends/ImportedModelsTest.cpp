/// Whole exports, imported and evaluated: the logits of the prompt are the ones
/// that were recorded with ONNX Runtime.
#include "compiler/reference/FileWeights.h"
#include "dialects/onnx/SymbolicShape.h"
#include "frontends/onnx/builder/BuildModule.h"
#include "frontends/onnx/reader/OnnxReader.h"
#include "mlir/IR/MLIRContext.h"
#include "runtime/support/Npy.h"
#include "gtest/gtest.h"

#include <cmath>
#include <cstring>

using namespace llmc;

namespace {

template <typename T> std::vector<T> readArray(const std::string &path) {
  auto tensor = readNpy(path);
  if (!tensor) {
    ADD_FAILURE() << tensor.error().render();
    return {};
  }
  std::vector<T> values(tensor->data.size() / sizeof(T));
  std::memcpy(values.data(), tensor->data.data(), values.size() * sizeof(T));
  return values;
}

/// One per folder of test/data.
class ImportedModel : public ::testing::TestWithParam<const char *> {
protected:
  mlir::MLIRContext context{mlir::MLIRContext::Threading::DISABLED};
};

/// The step on \p ids without a cache: every symbol has its usual meaning.
mlir::SmallVector<reference::Tensor>
promptInputs(mlir::ModuleOp module, mlir::func::FuncOp function,
             const std::vector<int64_t> &ids) {
  mlir::SmallVector<int64_t> symbols;
  for (llvm::StringRef name : onnx::symbolNames(module))
    symbols.push_back(name.contains("past")    ? 0
                      : name.contains("batch") ? 1
                                               : int64_t(ids.size()));
  mlir::SmallVector<reference::Tensor> inputs;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    auto type = cast<mlir::RankedTensorType>(function.getArgument(i).getType());
    auto shape = onnx::evaluateShape(type, symbols);
    auto name = function.getArgAttrOfType<mlir::StringAttr>(i, "onnx.name");
    if (!shape || !name) {
      ADD_FAILURE() << "argument " << i;
      return inputs;
    }
    mlir::Type elem = type.getElementType();
    if (name.getValue() == "input_ids")
      inputs.push_back(reference::Tensor::fromInts(elem, *shape, ids));
    else if (name.getValue() == "attention_mask")
      inputs.push_back(reference::Tensor::splat(elem, *shape, 1));
    else if (name.getValue() == "position_ids")
      inputs.push_back(reference::Tensor::iota(elem, *shape));
    else
      inputs.push_back(reference::Tensor::zeros(elem, *shape));
  }
  return inputs;
}

TEST_P(ImportedModel, GivesTheRecordedLogits) {
  std::string folder = std::string(LLMC_TEST_DATA) + "/" + GetParam();
  auto model = onnx::readModel(folder + "/model.onnx");
  ASSERT_TRUE(model) << model.error().render();
  auto module = onnx::buildModule(context, *model);
  ASSERT_TRUE(module) << module.error().render();
  auto function = (*module)->lookupSymbol<mlir::func::FuncOp>("main");
  auto ids = readArray<int64_t>(folder + "/expected/prompt_ids.npy");
  auto expected = readArray<float>(folder + "/expected/prefill_logits.npy");
  ASSERT_FALSE(expected.empty());

  reference::FileWeights weights(**module);
  reference::Evaluator evaluator(**module, &weights);
  auto inputs = promptInputs(**module, function, ids);
  auto outputs = evaluator.evaluateFunction(function, inputs);
  ASSERT_TRUE(succeeded(outputs)) << evaluator.error();
  const reference::Tensor &logits = outputs->front();
  ASSERT_EQ(logits.numElements(), int64_t(expected.size()));
  double worst = 0;
  for (int64_t i = 0; i < logits.numElements(); ++i)
    worst = std::max(worst, std::abs(logits.getDouble(i) - expected[i]));
  // ONNX Runtime dequantizes activations to 8 bits in some int4 kernels.
  bool quantized = std::string(GetParam()).find("int4") != std::string::npos;
  EXPECT_LT(worst, quantized ? 0.2 : 1e-3);
}

TEST_P(ImportedModel, HasNoShapeArithmeticLeft) {
  std::string folder = std::string(LLMC_TEST_DATA) + "/" + GetParam();
  auto model = onnx::readModel(folder + "/model.onnx");
  ASSERT_TRUE(model) << model.error().render();
  auto module = onnx::buildModule(context, *model);
  ASSERT_TRUE(module) << module.error().render();
  (*module)->walk([](mlir::Operation *op) {
    llvm::StringRef name = op->getName().getStringRef();
    EXPECT_FALSE(name == "onnx.shape" || name == "onnx.dynamic_slice")
        << name.str();
    for (mlir::Type type : op->getResultTypes()) {
      auto tensor = dyn_cast<mlir::RankedTensorType>(type);
      if (!tensor)
        continue;
      for (mlir::AffineExpr dim : onnx::symbolicDims(tensor))
        EXPECT_TRUE(!!dim) << name.str();
    }
  });
  EXPECT_FALSE((*module)->getOperation()->hasAttr("onnx.equal_dims"));
  EXPECT_FALSE((*module)->getOperation()->hasAttr("onnx.non_negative"));
}

INSTANTIATE_TEST_SUITE_P(
    Exports, ImportedModel,
    ::testing::Values("stories260K-optimum", "stories260K-plain",
                      "stories260K-dynamo", "stories260K-dynamo23",
                      "stories260K-genai", "stories260K-genai-int4"),
    [](const auto &info) {
      std::string name = info.param;
      for (char &c : name)
        if (!isalnum(c))
          c = '_';
      return name;
    });

} // namespace
