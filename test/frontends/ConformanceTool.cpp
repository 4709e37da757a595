/// `onnx-conformance DIR...`: imports each folder's model.onnx, evaluates it on
/// the recorded inputs, and compares with the recorded outputs. One line a
/// folder: name, outcome (pass; bound: passes with integer inputs as constants;
/// FAIL, build, read, eval, skip), detail.
#include "compiler/reference/FileWeights.h"
#include "frontends/onnx/builder/BuildModule.h"
#include "frontends/onnx/reader/OnnxReader.h"
#include "mlir/IR/MLIRContext.h"
#include "test/frontends/TensorFile.h"

#include <cstdio>
#include <filesystem>
#include <set>

using namespace llmc;
namespace fs = std::filesystem;

namespace {

struct Outcome {
  const char *kind;
  std::string detail;
};

std::string oneLine(std::string text) {
  for (char &c : text)
    if (c == '\n' || c == '\t')
      c = ' ';
  return text;
}

std::string firstOf(const Error &error) {
  return oneLine(error.what + ": " + error.why);
}

/// The files input_0.pb, input_1.pb, … or output_….
Outcome runSet(mlir::ModuleOp module, const onnx::Model &model,
               const fs::path &set) {
  mlir::MLIRContext &context = *module.getContext();
  auto function = module.lookupSymbol<mlir::func::FuncOp>("main");
  mlir::SmallVector<reference::Tensor> inputs;
  std::set<std::string> bound;
  for (const onnx::TensorData &tensor : model.graph.initializers)
    bound.insert(tensor.name);
  std::vector<std::string> paths = test::numberedTensors(set.string(), "input_");
  for (size_t i = 0; i < paths.size(); ++i) {
    if (i < model.graph.inputs.size() &&
        bound.count(model.graph.inputs[i].name))
      continue;
    auto tensor = test::readTensorFile(paths[i], context);
    if (!tensor)
      return {"skip", firstOf(tensor.error())};
    inputs.push_back(*tensor);
  }
  if (inputs.size() < function.getNumArguments())
    return {"skip", "fewer inputs than the graph has"};
  inputs.resize(function.getNumArguments());
  reference::FileWeights weights(module);
  reference::Evaluator evaluator(module, &weights);
  auto outputs = evaluator.evaluateFunction(function, inputs);
  if (failed(outputs))
    return {"eval", oneLine(evaluator.error())};
  std::vector<std::string> files = test::numberedTensors(set.string(), "output_");
  for (size_t i = 0; i < files.size() && i < outputs->size(); ++i) {
    auto expected = test::readTensorFile(files[i], context);
    if (!expected)
      return {"skip", firstOf(expected.error())};
    std::string difference = test::compareTensors((*outputs)[i], *expected);
    if (!difference.empty())
      return {"FAIL", "output " + std::to_string(i) + ": " + difference};
  }
  return {"pass", ""};
}

Outcome runFolder(const fs::path &folder) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  auto model = onnx::readModel((folder / "model.onnx").string());
  if (!model)
    return {"read", firstOf(model.error())};
  auto module = onnx::buildModule(context, *model);
  if (!module) {
    Outcome first{"build", firstOf(module.error())};
    test::bindIntegers(*model, folder / "test_data_set_0");
    module = onnx::buildModule(context, *model);
    if (!module)
      return first;
    auto set = folder / "test_data_set_0";
    Outcome bound = fs::exists(set) ? runSet(**module, *model, set)
                                    : Outcome{"skip", "no recorded data"};
    if (std::string(bound.kind) == "pass")
      bound.kind = "bound";
    return bound;
  }
  Outcome last{"skip", "no recorded data"};
  for (unsigned i = 0;; ++i) {
    fs::path set = folder / ("test_data_set_" + std::to_string(i));
    if (!fs::exists(set))
      return last;
    last = runSet(**module, *model, set);
    if (std::string(last.kind) != "pass")
      return last;
  }
}

} // namespace

int main(int argc, char **argv) {
  bool failed = false;
  for (int i = 1; i < argc; ++i) {
    fs::path folder = argv[i];
    Outcome outcome = runFolder(folder);
    failed |= std::string(outcome.kind) == "FAIL";
    std::printf("%s\t%s\t%s\n", folder.filename().c_str(), outcome.kind,
                outcome.detail.c_str());
    std::fflush(stdout);
  }
  return failed;
}
